"""The kit for tables: what to try first, what to change next, and the scripts for a recipe."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit.assemble import Setting
from medalist.families.compete.kit.estimators import ESTIMATORS, Size, objective
from medalist.families.compete.kit.features import (
    block_names,
    build_features_code,
    default_blocks,
    feature_columns,
    feature_settings,
)
from medalist.families.compete.kit.scripts import (
    LOG_METRICS,
    Pieces,
    never_negative,
    outputs,
    working_problem,
    write_scripts,
)
from medalist.families.compete.recipes import Recipe
from medalist.machine.hardware import Hardware

_FEW_ROWS_A_CLASS = 60  # below this, linear models come before boosting
_MANY_ROWS = 3000
_LARGE_TREES = {"num_leaves": 127, "min_child_samples": 5, "learning_rate": 0.1}
_LARGEST_SHARE = 0.4
_BASELINE_SECONDS = 8.0
_SETTINGS = ("params", "rounds", "patience")
_SOLVED = ("ridge", "elastic_net", "support_vectors", "logistic", "discriminant")


def drafts(facts: Facts, hardware: Hardware, budget_seconds: float) -> list[Recipe]:
    """Recipes in the order to try them: a quick baseline first, then by value per CPU second.

    Leaves out what is not installed and what would take more than 40 % of the whole budget.
    """
    affordable = _LARGEST_SHARE * budget_seconds * max(1, hardware.cores)
    plan = list(_plan(facts))
    if plan[0].expected_cpu_seconds > _BASELINE_SECONDS:
        plan.insert(0, _hurried(plan[0]))
    found = [r for r in plan if r.expected_cpu_seconds <= affordable]
    return found or [min(plan, key=lambda recipe: recipe.expected_cpu_seconds)]


def improve(facts: Facts, parent: Recipe, rng: random.Random) -> Recipe | None:
    """One sensible change to ``parent``: a hyper-parameter, a block of features, the target's scale, or the seed.

    None where there is nothing to change.
    """
    moves = []
    if any(name in parent.options["params"] for name in _STEPS):
        moves += [_other_parameter, _other_parameter]
    if block_names(facts):
        moves.append(_other_blocks)
    if _draws(facts, parent):
        moves.append(_other_seed)
    if working_problem(facts) == "regression" and never_negative(facts):
        moves.append(_other_scale)
    return rng.choice(moves)(facts, parent, rng) if moves else None


def scripts(facts: Facts, recipe: Recipe) -> dict[str, str]:
    """Stand-alone ``train.py`` and ``predict.py`` for this recipe."""
    estimator = ESTIMATORS[recipe.estimator]
    chosen = [Setting(name.upper(), recipe.options[name]) for name in _SETTINGS if name in recipe.options]
    pieces = Pieces(
        features=build_features_code(facts, recipe.options["blocks"]),
        fit=estimator.fit,
        predict=estimator.predict,
        parts=("columns", "groups", "texts", estimator.part),
        settings=(*feature_settings(facts), *chosen),
    )
    return write_scripts(facts, recipe, pieces)


def _plan(facts: Facts) -> Iterator[Recipe]:
    """All drafts, best value first; with rows enough, large trees and forests come before what is smooth.

    They are cheap and remember: where rows resemble each other closely they are worth more than slow,
    careful boosting.
    """
    many_rows = facts.rows_train >= _MANY_ROWS
    if working_problem(facts) == "regression":
        forests = [_recipe(facts, f"{name}_regressor") for name in ("forest", "extra_trees")]
        yield _recipe(facts, "lightgbm")
        yield _recipe(facts, "ridge")
        if many_rows:
            yield _recipe(facts, "lightgbm", **_LARGE_TREES)
            yield from forests
        for name in ("catboost", "support_vectors", "xgboost", "elastic_net"):
            yield from _installed(facts, name)
        yield _recipe(facts, "lightgbm", extra_trees=True)
        yield from _other_scales(facts)
        yield _recipe(facts, "network_regressor")
        if not many_rows:
            yield from forests
        return
    few_rows = facts.rows_train < _FEW_ROWS_A_CLASS * len(facts.classes)
    linear = [_recipe(facts, name) for name in ("logistic", "discriminant", "kernel_logistic")]
    boosted = [r for name in ("lightgbm", "catboost", "xgboost") for r in _installed(facts, name)]
    trees = [_recipe(facts, "extra_trees_classifier")]
    loose = [_recipe(facts, "logistic", C=5.0), _recipe(facts, "kernel_logistic", C=1.0)]
    if few_rows:
        yield from linear + loose + trees + boosted
    else:
        large = [_recipe(facts, "lightgbm", **_LARGE_TREES)] if many_rows else []
        yield from boosted[:2] + linear[:1] + boosted[2:] + large + linear[2:] + trees
    yield _recipe(facts, "network_classifier")
    yield _recipe(facts, "lightgbm", extra_trees=True)
    yield _recipe(facts, "forest_classifier")
    if not few_rows:
        yield from (*linear[1:2], *loose)


def _hurried(recipe: Recipe) -> Recipe:
    """The same with large steps and little patience: a first submission from a large table."""
    if recipe.estimator != "lightgbm":
        return replace(recipe, folds=3, expected_cpu_seconds=0.6 * recipe.expected_cpu_seconds)
    params = {**recipe.options["params"], "learning_rate": 0.3, "num_leaves": 31}
    options = {**recipe.options, "params": params, "rounds": 100, "patience": 10}
    seconds = round(recipe.expected_cpu_seconds * 0.15, 1)
    return replace(recipe, options=options, title="LightGBM in large steps", expected_cpu_seconds=seconds)


def _installed(facts: Facts, name: str) -> Iterator[Recipe]:
    package = ESTIMATORS[name].package
    if not package or find_spec(package):
        yield _recipe(facts, name)


def _other_scales(facts: Facts) -> Iterator[Recipe]:
    """The target on the other scale, where its range makes that a sensible thing to try."""
    low, high = facts.target_minimum, facts.target_maximum
    if never_negative(facts) and low is not None and high is not None and high > 10 * (low + 1):
        yield _other_scale(facts, _recipe(facts, "lightgbm"), random.Random(0))


def _recipe(facts: Facts, name: str, **params: Any) -> Recipe:
    estimator = ESTIMATORS[name]
    columns = feature_columns(facts)
    narrow = len(columns.numbers) + len(columns.flags) + len(columns.categories) + 5 * len(columns.dates)
    narrow += 60 * bool(columns.texts)
    one_hot = sum(min(c.unique, 60) for c in facts.columns if c.name in columns.categories)
    size = Size(facts.rows_train, narrow + 5, narrow + one_hot + 5, outputs(facts))
    options = estimator.options(size)
    problem = working_problem(facts)
    options["params"] = {
        **options["params"],
        **objective(name, problem, facts.metric, len(facts.classes)),
        **params,
    }
    options["blocks"] = list(default_blocks(facts))
    if problem == "regression" and facts.problem != "ordinal":
        options["log_target"] = facts.metric in LOG_METRICS
    title = estimator.title + (" with random cuts" if params.get("extra_trees") else "")
    title += " with large trees" if "num_leaves" in params else ""
    title += f", C {params['C']:g}" if "C" in params else ""
    return Recipe("tabular", name, options, title=title, expected_cpu_seconds=round(estimator.cost(size), 1))


def _changed(parent: Recipe, title: str, **options: Any) -> Recipe:
    return replace(
        parent, options={**parent.options, **options}, title=f"{ESTIMATORS[parent.estimator].title}, {title}"
    )


def _draws(facts: Facts, recipe: Recipe) -> bool:
    """Whether another seed makes another model: linear models are solved, not drawn."""
    if recipe.estimator == "kernel_logistic":
        return facts.rows_train > 2 * recipe.options["params"]["components"]
    return recipe.estimator not in _SOLVED


def _other_parameter(facts: Facts, parent: Recipe, rng: random.Random) -> Recipe:
    """One numeric parameter a step up or down."""
    params = dict(parent.options["params"])
    name = rng.choice([name for name in _STEPS if name in params])
    low, high, factors = _STEPS[name]
    value = min(high, max(low, params[name] * rng.choice(factors)))
    params[name] = round(value) if isinstance(params[name], int) else round(value, 4)
    return _changed(parent, f"{name} {params[name]}", params=params)


_STEPS: dict[str, tuple[float, float, tuple[float, ...]]] = {
    # parameter: lowest, highest, factors to step by
    "num_leaves": (4, 255, (0.5, 0.7, 1.5, 2.0)),
    "min_child_samples": (3, 200, (0.5, 2.0)),
    "min_child_weight": (1, 50, (0.5, 2.0, 3.0)),
    "colsample_bytree": (0.1, 1.0, (0.5, 0.7, 1.5)),
    "reg_lambda": (0.1, 100.0, (0.3, 3.0, 10.0)),
    "max_depth": (2, 10, (0.7, 1.34)),
    "depth": (3, 9, (0.75, 1.25)),
    "rsm": (0.1, 1.0, (0.5, 0.7, 1.5)),
    "C": (1e-4, 300.0, (0.2, 0.4, 2.5, 5.0)),
    "spread": (0.05, 5.0, (0.4, 2.5)),
    "l1_ratio": (0.05, 1.0, (0.3, 2.0)),
    "alpha": (1e-4, 100.0, (0.1, 0.3, 3.0, 10.0)),
    "min_samples_leaf": (1, 30, (0.5, 2.0, 3.0)),
    "max_features": (0.1, 1.0, (0.5, 1.5, 2.5)),
}


def _other_blocks(facts: Facts, parent: Recipe, rng: random.Random) -> Recipe:
    """One block of features more or less."""
    possible = block_names(facts)
    block = rng.choice(possible)
    blocks = [name for name in possible if (name in parent.options["blocks"]) != (name == block)]
    return _changed(parent, f"{'with' if block in blocks else 'without'} {block}", blocks=blocks)


def _other_scale(facts: Facts, parent: Recipe, rng: random.Random) -> Recipe:
    """The logarithm of the target instead of the target, or the other way round."""
    del facts, rng
    log = not parent.options.get("log_target")
    return _changed(parent, "log target" if log else "plain target", log_target=log)


def _other_seed(facts: Facts, parent: Recipe, rng: random.Random) -> Recipe:
    """The same again from another seed: a blend of both is steadier."""
    del facts
    seed = rng.randrange(1, 10_000)
    return replace(parent, seed=seed, title=f"{ESTIMATORS[parent.estimator].title}, seed {seed}")
