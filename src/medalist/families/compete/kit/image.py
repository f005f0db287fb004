"""The kit for images: what to try first, what to change next, and the scripts for a recipe.

Quick estimators on gradients and colours come first, then networks as time and hardware allow:
small ones on a CPU, deep ones on a GPU, pretrained ones where weights are given. Without torch the
estimators on features do it alone.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit.assemble import Setting
from medalist.families.compete.kit.features import (
    block_names,
    build_features_code,
    feature_columns,
    feature_settings,
)
from medalist.families.compete.kit.image_estimators import ESTIMATORS
from medalist.families.compete.kit.image_networks import (
    NETWORKS,
    candidate_sides,
    network_pieces,
    network_recipe,
    network_threads,
    torch_installed,
)
from medalist.families.compete.kit.image_sources import (
    image_of,
    output_count,
    write_feature_scripts,
    write_joined_scripts,
    write_network_scripts,
)
from medalist.families.compete.kit.scripts import Pieces, working_problem
from medalist.families.compete.recipes import Recipe
from medalist.machine.hardware import Hardware
from medalist.training.sizing import MeasuredSizes

_FEW_CLASSES = 4
_TINY_PIXELS, _SMALL_PIXELS = 16, 40
_MANY_ROWS = 2000
_LONG_SECONDS = 200
_READ_PIXELS_PER_SECOND = 9e6
_NETWORK_SHARE = (
    0.3  # of the budget on the cores that one network gets: time for a second one, and for the rest
)
_SETTING_NAMES = ("params", "rounds", "patience", "penalty", "trees")


def drafts(
    facts: Facts,
    hardware: Hardware,
    budget_seconds: float,
    weights: Path | None = None,
    measured: MeasuredSizes | None = None,
) -> list[Recipe]:
    """Recipes in the order to try them: a quick baseline, then by value per second.

    ``weights`` is a file or folder of pretrained weights, ``measured`` what batches fitted before. Where
    torch is not installed there are no networks; the titles of the recipes say what is trained.
    """
    affordable = budget_seconds * hardware.cores
    recipes = [_features_recipe(facts, name) for name in _feature_estimators(facts)]
    quick, *others = sorted(recipes, key=lambda recipe: recipe.expected_cpu_seconds)
    others = [recipe for recipe in others if recipe.expected_cpu_seconds < affordable / 3]
    networks = (
        _network_recipes(facts, hardware, budget_seconds, weights, measured) if torch_installed() else []
    )
    joined = [_joined_recipe(facts)] if facts.modality == "mixed" else []
    if joined or not (hardware.gpus or weights or _suits_small_networks(facts)):
        return [quick, *joined, *others[:1], *networks, *others[1:]]
    return [quick, *networks[:1], *others[:1], *networks[1:], *others[1:]]


def _suits_small_networks(facts: Facts) -> bool:
    """Whether a network from random weights beats other estimators within minutes of a CPU."""
    return candidate_sides(facts)[0] <= _SMALL_PIXELS and facts.rows_train >= _MANY_ROWS


def _network_recipes(
    facts: Facts,
    hardware: Hardware,
    budget_seconds: float,
    weights: Path | None,
    measured: MeasuredSizes | None,
) -> list[Recipe]:
    share = budget_seconds * network_threads(hardware) * _NETWORK_SHARE
    names = ["residual"] if hardware.gpus else ["small"]
    if not hardware.gpus and budget_seconds >= _LONG_SECONDS:
        names.append("small_residual")
    chosen = [("pretrained", weights)] if weights else []
    chosen += [(name, None) for name in names]
    return [network_recipe(facts, hardware, name, share, at, measured) for name, at in chosen]


def improve(facts: Facts, parent: Recipe, rng: random.Random) -> Recipe | None:
    """One sensible change to ``parent``: another seed, strength or size."""
    changes = _network_changes(parent) if parent.estimator in NETWORKS else _feature_changes(parent)
    changed = rng.choice(changes)
    options = {**parent.options, **changed}
    words = ", ".join(f"{name} {_short(value)}" for name, value in changed.items())
    title = f"{parent.title.split(' (')[0]} ({words})" if words else parent.title
    return replace(parent, options=options, seed=rng.randrange(1, 1000), title=title)


def scripts(facts: Facts, recipe: Recipe) -> dict[str, str]:
    """Stand-alone ``train.py`` and ``predict.py`` for this recipe."""
    if recipe.estimator in NETWORKS:
        return write_network_scripts(facts, recipe, network_pieces(facts, recipe))
    estimator = ESTIMATORS[recipe.estimator]
    settings = [Setting(n.upper(), recipe.options[n]) for n in _SETTING_NAMES if n in recipe.options]
    if recipe.options.get("blocks") is not None:
        pieces = Pieces(
            features=build_features_code(facts, recipe.options["blocks"]),
            fit=estimator.fit,
            predict=estimator.predict,
            parts=("columns", "groups", "texts", *estimator.parts),
            settings=(*settings, *feature_settings(facts)),
        )
        return write_joined_scripts(facts, recipe, pieces)
    side = Setting("SIDE", min(recipe.options["size"], _TINY_PIXELS), "pixels of a thumbnail's side")
    pieces = Pieces(
        features=estimator.features,
        fit=estimator.fit,
        predict=estimator.predict,
        parts=estimator.parts,
        settings=(*settings, side),
    )
    return write_feature_scripts(facts, recipe, pieces)


def _feature_estimators(facts: Facts) -> list[str]:
    """Estimators on features that suit the problem."""
    if working_problem(facts) == "regression":
        return ["ridge", "boosted", "svr", "forest_values"]
    if candidate_sides(facts)[0] <= _TINY_PIXELS:
        return ["logistic", "pixel_svm", "svm", "forest"]
    boosted = ["boosted"] if output_count(facts) <= _FEW_CLASSES else []
    return ["logistic", "svm", *boosted, "forest"]


def _features_recipe(facts: Facts, name: str) -> Recipe:
    estimator = ESTIMATORS[name]
    rows, outputs = facts.rows_train, output_count(facts)
    side = _feature_side(facts)
    reading = _images(facts) * (side**2 + 400) / _READ_PIXELS_PER_SECOND * 2 + 2
    options: dict[str, Any] = {**estimator.options, "size": side}
    if name == "boosted":
        options["params"] = {**estimator.options["params"], **_objective(facts)}
    return Recipe(
        "image",
        name,
        options,
        title=estimator.title,
        expected_cpu_seconds=round(reading + estimator.cost(rows, outputs), 1),
    )


def _joined_recipe(facts: Facts) -> Recipe:
    """LightGBM on the table's features beside the images'."""
    recipe = _features_recipe(facts, "boosted")
    columns = feature_columns(facts)
    blocks = [name for name in block_names(facts) if name != "topics" or columns.texts]
    return replace(
        recipe,
        options={**recipe.options, "blocks": blocks},
        title="LightGBM on the table beside gradients and colours",
        expected_cpu_seconds=round(1.3 * recipe.expected_cpu_seconds + 1, 1),
    )


def _feature_side(facts: Facts) -> int:
    """The size at which features are taken: small enough for all images in a few seconds."""
    sides = [side for side in candidate_sides(facts) if side <= 64]
    return next((side for side in sides if _images(facts) * side**2 <= 4e7), sides[-1])


def _images(facts: Facts) -> int:
    image = image_of(facts)
    return max(facts.rows_train, 1) + max(facts.rows_test, image.count_test // 2, 1)


def _objective(facts: Facts) -> Mapping[str, Any]:
    problem = working_problem(facts)
    if problem == "multiclass":
        return {"objective": "multiclass", "num_class": len(facts.classes)}
    return {"objective": problem}


def _network_changes(parent: Recipe) -> list[dict[str, Any]]:
    rate, shift = parent.options["learning_rate"], parent.options["shift"]
    changes: list[dict[str, Any]] = [
        {},
        {"learning_rate": rate * 0.6},
        {"learning_rate": rate * 1.5},
        {"shift": min(0.2, shift * 1.5)},
        {"zoom": min(0.3, parent.options["zoom"] * 1.5)},
        {"width": parent.options["width"] * 3 // 2},
    ]
    return changes


def _feature_changes(parent: Recipe) -> list[dict[str, Any]]:
    options = parent.options
    changes: list[dict[str, Any]] = []
    if "penalty" in options:
        changes += [{"penalty": options["penalty"] * factor} for factor in (0.3, 3.0)]
    if "trees" in options:
        changes += [{}, {"trees": options["trees"] * 2}]
    if "params" in options:
        params = options["params"]
        rate = params["learning_rate"]
        changes += [
            {"params": {**params, "learning_rate": rate / 2}, "rounds": options["rounds"] * 2},
            {"params": {**params, "num_leaves": params["num_leaves"] * 2}},
            {"params": {**params, "colsample_bytree": params["colsample_bytree"] / 2}},
        ]
    return changes or [{}]


def _short(value: Any) -> str:
    return (
        f"{value:.3g}" if isinstance(value, float) else "changed" if isinstance(value, dict) else str(value)
    )
