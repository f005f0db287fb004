"""All objects of a puzzle under one way of cutting it up, numbered through, and sets of objects or cells as whole numbers.

Bit ``o`` of an object set is object ``o`` of the training inputs, pairs in order, then of the test inputs. A cell set has
``CELLS`` bits a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import Mask
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.operators.object_rules_features import feature
from medalist.families.arc.operators.object_rules_scene import ground_colour, look

CELLS = 1024


@dataclass(frozen=True, eq=False)
class Cast:
    """The objects of every input. ``scenes`` has one scene an input, training pairs first."""

    puzzle: Puzzle
    ground: int
    split: str
    scenes: tuple[dict[str, Any], ...]

    @cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Of each object the input and its number there."""
        return tuple((s, i) for s, scene in enumerate(self.scenes) for i in range(len(scene["objects"])))

    @cached_property
    def trained(self) -> int:
        """How many objects lie in training inputs; they come first."""
        return sum(len(scene["objects"]) for scene in self.scenes[: len(self.puzzle.train)])

    @cached_property
    def seen(self) -> int:
        """The set of all training objects."""
        return (1 << self.trained) - 1

    @cached_property
    def pairs(self) -> tuple[int, ...]:
        """Of each input the set of its objects."""
        sets, start = [], 0
        for scene in self.scenes:
            count = len(scene["objects"])
            sets.append(((1 << count) - 1) << start)
            start += count
        return tuple(sets)

    def column(self, name: str) -> list[int]:
        """A feature of every object."""
        return [value for scene in self.scenes for value in feature(scene, name)]

    @cached_property
    def signature(self) -> tuple[bytes, ...]:
        """Equal for casts that cut the same pieces."""
        return tuple(
            repr([(o.row, o.column, o.cells.shape, o.cells.tobytes()) for o in scene["objects"]]).encode()
            for scene in self.scenes
        )


def grounds(puzzle: Puzzle) -> list[int]:
    """Which colour lies below, the likeliest first: one that most inputs share, or -1 for each grid's most frequent."""
    shares = np.zeros(10)
    present = np.ones(10, np.bool_)
    for grid in puzzle.inputs:
        counts = np.bincount(grid.ravel(), minlength=10)
        shares += counts / grid.size
        present &= counts > 0
    order = [int(c) for c in np.argsort(-shares, kind="stable") if present[c]]
    own = {ground_colour(grid, -1) for grid in puzzle.inputs}
    found = order[:1]
    if len(own) > 1:
        found.append(-1)
    if len(order) > 1 and shares[order[1]] > 0.2 * len(puzzle.inputs):
        found.append(order[1])
    return found


def casts(puzzle: Puzzle, ground: int, splits: tuple[str, ...]) -> list[Cast]:
    """The puzzle cut in each way that gives objects in every input and that no earlier one equals."""
    found: list[Cast] = []
    for split in splits:
        try:
            scenes = tuple(look(grid, ground, split) for grid in puzzle.inputs)
        except NoValue:
            continue
        cast = Cast(puzzle, ground, split, scenes)
        if all(cast.signature != other.signature for other in found):
            found.append(cast)
    return found


def cell_set(mask: Mask, pair: int) -> int:
    """The cells of ``mask`` in training pair ``pair`` as a set."""
    return int.from_bytes(np.packbits(mask).tobytes(), "big") << (CELLS * pair)


def object_set(flags: list[bool]) -> int:
    """
    >>> object_set([True, False, True])
    5
    """
    return sum(1 << place for place, flag in enumerate(flags) if flag)
