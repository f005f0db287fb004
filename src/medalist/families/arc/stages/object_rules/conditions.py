"""Conditions that tell objects of a puzzle apart, cheapest first: which objects each one holds for, and its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from medalist.families.arc.stages.object_rules.cast import Cast, object_set

FLAGS = {
    "full": 0.8,
    "square": 0.8,
    "block": 0.9,
    "line": 1.0,
    "mirror_lr": 1.0,
    "mirror_ud": 1.0,
    "symmetric": 0.8,
    "turned": 1.2,
    "even": 1.5,
    "even_side": 1.5,
    "border": 0.7,
    "inside": 0.9,
    "facing": 1.1,
    "elder": 1.0,
}
"""Features with two values, and the price of asking for one."""

KINDS = {
    "colour": 0.7,
    "marker": 1.2,
    "nearest_colour": 1.6,
    "holder_colour": 1.4,
    "content_colour": 1.4,
    "touch_colour": 1.4,
    "greater_colour": 1.5,
    "lie": 1.0,
    "form": 1.8,
    "shape": 1.8,
}
"""Features whose values are names: asked for one value."""

SIZES = {
    "area": 0.6,
    "height": 1.0,
    "width": 1.0,
    "box": 0.9,
    "longest": 0.9,
    "colours": 0.7,
    "others": 0.7,
    "holes": 0.7,
    "hole_area": 1.1,
    "same_colour": 0.8,
    "same_form": 0.8,
    "same_shape": 0.9,
    "same_look": 0.9,
    "same_area": 1.1,
    "colour_total": 0.9,
    "touching": 1.0,
    "contents": 0.9,
    "gap": 1.4,
    "lined": 1.0,
    "ends": 1.3,
    "joints": 1.4,
    "greater_gap": 1.5,
    "sides": 1.1,
}
"""Features that count: asked for the highest, the lowest, one value, or more than a value."""

PLACES = {"top": 1.0, "left": 1.0, "bottom": 1.0, "right": 1.0}
"""Distances from the four sides: asked for the least or for none."""

MANY_VALUES = 12
KEPT_ALIKE = 3
JOINED = 48


@dataclass(frozen=True)
class Asked:
    """A condition, the objects (of training and tests) it holds for, and its price."""

    condition: tuple[Any, ...]
    objects: int
    price: float


def single_conditions(cast: Cast) -> list[Asked]:
    """Of one test each, with the empty one; for one set of training objects the ``KEPT_ALIKE`` cheapest."""
    full = (1 << len(cast.places)) - 1
    found = [Asked((), full, 0.0)]
    for name, price in FLAGS.items():
        found += _asked(cast, name, "is", (0, 1), price)
    for name, price in KINDS.items():
        values = sorted(set(cast.column(name)[: cast.trained]))
        found += _asked(cast, name, "is", [v for v in values if v != -1][:MANY_VALUES], price)
        found += _asked(cast, name, "not", [v for v in values if v != -1][:MANY_VALUES], price + 0.5)
    for name, price in SIZES.items():
        values = sorted(set(cast.column(name)[: cast.trained]))
        found += _asked(cast, f"rank_{name}", "is", (0,), price)
        found += _asked(cast, f"low_{name}", "is", (0,), price + 0.1)
        found += _asked(cast, f"rank_{name}", "is", (1, 2), price + 1.0)
        found += _asked(cast, f"low_{name}", "is", (1,), price + 1.0)
        found += _asked(cast, f"rank_{name}", "not", (0,), price + 0.3)
        found += _asked(cast, f"low_{name}", "not", (0,), price + 0.3)
        found += _asked(cast, name, "is", values[:MANY_VALUES], _exact(name, price, len(values)))
        found += _asked(cast, name, "over", values[: min(len(values) - 1, MANY_VALUES)], price + 0.4)
        found += _asked(cast, name, "once", (1, 0), price + 0.6)
        found += _asked(cast, name, "most_common", (1, 0), price + 1.2)
    for name in ("colour", "form", "shape", "nearest_colour", "lie"):
        found += _asked(cast, name, "once", (1, 0), 1.0 + KINDS[name] / 2)
        found += _asked(cast, name, "most_common", (1, 0), 1.2 + KINDS[name] / 2)
    if cast.split in ("four_any", "eight_any", "panels"):
        for colour in _shared(cast)[:5]:
            found += _asked(cast, f"rank_cells_{colour}", "is", (0,), 1.2)
            found += _asked(cast, f"low_cells_{colour}", "is", (0,), 1.3)
            found += _asked(cast, f"cells_{colour}", "is", (0, 1), 1.2)
            found += _asked(cast, f"cells_{colour}", "over", (0, 1), 1.2)
    for name, price in PLACES.items():
        found += _asked(cast, f"low_{name}", "is", (0,), price)
        found += _asked(cast, f"rank_{name}", "is", (0,), price)
        found += _asked(cast, name, "is", (0,), price)
        found += _asked(cast, name, "not", (0,), price + 0.3)
    return few_alike(found, cast.seen)


def _shared(cast: Cast) -> list[int]:
    """Colours that stand in every input, in their order; the ground's too, which panels show."""
    sets = [{int(colour) for colour in np.unique(scene["grid"])} for scene in cast.scenes]
    return sorted(set.intersection(*sets))


def _exact(name: str, price: float, values: int) -> float:
    """What asking for one value of a size costs: dear for how many are alike, cheap where there are two values."""
    return price + (0.1 if values == 2 else 0.7) + (0.6 if name.startswith("same_") else 0.0)


def joined_conditions(cast: Cast, singles: Sequence[Asked]) -> list[Asked]:
    """Two tests at once, made of the cheapest single ones."""
    chosen = [each for each in singles if each.condition][:JOINED]
    found = []
    for one, other in combinations(chosen, 2):
        both = one.objects & other.objects
        if both & cast.seen and both != one.objects and both != other.objects:
            found.append(Asked(one.condition + other.condition, both, one.price + other.price + 0.7))
    return few_alike(found, cast.seen)


def few_alike(found: list[Asked], seen: int) -> list[Asked]:
    """The cheapest for each set of training objects: a few, and only such as differ on a test."""
    kept: dict[int, list[int]] = {}
    result = []
    for each in sorted(found, key=lambda a: (a.price, str(a.condition))):
        others = kept.setdefault(each.objects & seen, [])
        if each.objects & seen and len(others) < KEPT_ALIKE and each.objects not in others:
            others.append(each.objects)
            result.append(each)
    return result


def _asked(cast: Cast, name: str, test: str, values: Sequence[int], price: float) -> list[Asked]:
    found = []
    for value in values:
        flags: list[bool] = []
        for scene in cast.scenes:
            flags += _holds(scene, name, test, value)
        found.append(Asked(((name, test, value),), object_set(flags), price))
    return found


def _holds(scene: dict[str, Any], name: str, test: str, value: int) -> list[bool]:
    from medalist.families.arc.operators.object_rules_features import holds

    return holds(scene, ((name, test, value),))
