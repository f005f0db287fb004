"""Two attempts for each test input, out of everything that was proposed: the likeliest answers that differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.grids.puzzle import Puzzle

_SECOND_WAY = 0.5
"""How much of a further stage's confidence counts for an answer that another stage gave already: stages read the
same pairs, so they are not independent."""


class Backed(Protocol):
    """What speaks for an answer: ``medalist.families.arc.solving.solve.Believed`` and its like."""

    @property
    def stage(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def answers(self) -> tuple[Grid | None, ...]: ...


@dataclass(frozen=True, eq=False)
class Chosen:
    """The two attempts for one test input; ``belief`` is in the first, 0 for a fallback."""

    grids: tuple[Grid, Grid]
    belief: float


def choose_attempts(
    puzzle: Puzzle, solutions: Sequence[Backed], near: Sequence[Backed]
) -> tuple[Chosen, ...]:
    """For each test input two grids, different ones wherever two were proposed.

    ``near`` are near misses, the nearest first: they fill what solutions leave empty, and the input itself what they
    leave. Answers believed alike keep the order of ``solutions``.
    """
    return tuple(_choose(puzzle, number, solutions, near) for number in range(len(puzzle.tests)))


def _choose(puzzle: Puzzle, number: int, solutions: Sequence[Backed], near: Sequence[Backed]) -> Chosen:
    grids: dict[tuple[tuple[int, ...], bytes], Grid] = {}
    backing: dict[tuple[tuple[int, ...], bytes], dict[str, float]] = {}
    for each in solutions:
        grid = each.answers[number]
        if grid is not None:
            stages = backing.setdefault(_key(grid), {})
            grids.setdefault(_key(grid), grid)
            stages[each.stage] = max(stages.get(each.stage, 0.0), each.confidence)
    ranked = sorted(backing, key=lambda key: -_belief(backing[key].values()))
    order = [grids[key] for key in ranked]
    for grid in (*(each.answers[number] for each in near), *_fallbacks(puzzle, number)):
        if len(order) >= 2:
            break
        if grid is not None and _key(grid) not in grids:
            grids[_key(grid)] = grid
            order.append(grid)
    belief = _belief(backing[ranked[0]].values()) if ranked else 0.0
    return Chosen((order[0], order[1]), belief)


def _belief(confidences: Iterable[float]) -> float:
    """The likeliest stage's confidence, and what further stages add to it."""
    ordered = sorted(confidences, reverse=True)
    doubt = 1.0 - ordered[0]
    for further in ordered[1:]:
        doubt *= 1.0 - _SECOND_WAY * further
    return 1.0 - doubt


def _fallbacks(puzzle: Puzzle, number: int) -> tuple[Grid, Grid]:
    """Valid grids that differ, for a puzzle nobody has an idea of: the input, and an empty grid of its size."""
    given = puzzle.tests[number]
    empty = np.zeros_like(given)
    return given, empty if given.any() else np.ones_like(given)


def _key(grid: Grid) -> tuple[tuple[int, ...], bytes]:
    return grid.shape, grid.astype(np.int8, copy=False).tobytes()
