"""The kit for tables: what to try first, what to change next, and the scripts for a recipe."""

from __future__ import annotations

import random
from dataclasses import replace

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit.assemble import Setting
from medalist.families.compete.kit.estimators import ESTIMATORS, Size
from medalist.families.compete.kit.features import (
    block_names,
    build_features_code,
    feature_columns,
    feature_settings,
)
from medalist.families.compete.kit.scripts import LOG_METRICS, Pieces, outputs, working_problem, write_scripts
from medalist.families.compete.recipes import Recipe
from medalist.machine.hardware import Hardware


def drafts(facts: Facts, hardware: Hardware, budget_seconds: float) -> list[Recipe]:
    """Recipes in the order to try them: a quick baseline first, then by value per CPU second."""
    del hardware, budget_seconds
    names = ["lightgbm"]
    if working_problem(facts) == "regression":
        names += ["elastic_net", "extra_trees_regressor"]
    else:
        names += ["logistic", "extra_trees_classifier"]
    return [_recipe(facts, name) for name in names]


def improve(facts: Facts, parent: Recipe, rng: random.Random) -> Recipe | None:
    """One sensible change to ``parent``."""
    del facts
    return replace(parent, seed=rng.randrange(1, 1000))


def scripts(facts: Facts, recipe: Recipe) -> dict[str, str]:
    """Stand-alone ``train.py`` and ``predict.py`` for this recipe."""
    estimator = ESTIMATORS[recipe.estimator]
    options = recipe.options
    settings = [*feature_settings(facts)]
    for name in ("params", "rounds", "patience", "penalty"):
        if name in options:
            settings.append(Setting(name.upper(), options[name]))
    pieces = Pieces(
        features=build_features_code(facts, options["blocks"]),
        fit=estimator.fit,
        predict=estimator.predict,
        parts=("columns", "groups", "texts", estimator.part),
        settings=tuple(settings),
    )
    return write_scripts(facts, recipe, pieces)


def _size(facts: Facts) -> Size:
    columns = feature_columns(facts)
    narrow = len(columns.numbers) + len(columns.flags) + len(columns.categories)
    one_hot = sum(min(c.unique, 60) for c in facts.columns if c.name in columns.categories)
    return Size(facts.rows_train, narrow + 8, narrow + one_hot + 8, outputs(facts))


def _recipe(facts: Facts, name: str) -> Recipe:
    estimator = ESTIMATORS[name]
    options = dict(estimator.options)
    options["blocks"] = list(block_names(facts))
    options["log_target"] = working_problem(facts) == "regression" and facts.metric in LOG_METRICS
    if name == "lightgbm":
        options["params"] = {**options["params"], **_objective(facts)}
    return Recipe(
        "tabular",
        name,
        options,
        title=estimator.title,
        expected_cpu_seconds=round(estimator.cost(_size(facts)), 1),
    )


def _objective(facts: Facts) -> dict[str, object]:
    problem = working_problem(facts)
    if problem == "multiclass":
        return {"objective": "multiclass", "num_class": len(facts.classes)}
    return {"objective": problem}
