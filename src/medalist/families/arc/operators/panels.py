"""Grids divided by full lines of one colour, and what is done to the panels between them."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.language.operator import NoValue


def runs_off(lines: list[bool]) -> list[tuple[int, int]]:
    """The spans (first, one past the last) of places that are no line.

    >>> runs_off([False, True, False, False])
    [(0, 1), (2, 4)]
    """
    spans = []
    start = -1
    for place, line in enumerate([*lines, True]):
        if not line and start < 0:
            start = place
        elif line and start >= 0:
            spans.append((start, place))
            start = -1
    return spans


def divided_by(grid: Grid, colour: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The spans of rows and of columns that full lines of ``colour`` leave between them."""
    is_line = grid == colour
    return runs_off(is_line.all(axis=1).tolist()), runs_off(is_line.all(axis=0).tolist())


def separator(grid: Grid) -> int:
    """The colour whose full rows and columns divide the grid best. Raises NoValue where no lines do.

    Panels of equal size come first, then lines that are not the most frequent colour, then more panels.

    >>> separator(np.array([[0, 5, 0], [5, 5, 5], [0, 5, 7]], np.int8))
    5
    """
    counts = np.bincount(grid.ravel(), minlength=10)
    best: tuple[bool, bool, int, int] = (False, False, 0, 0)
    for colour in np.flatnonzero(counts).tolist():
        rows, columns = divided_by(grid, colour)
        if len(rows) * len(columns) < 2:
            continue
        equal = len({b - a for a, b in rows}) == 1 and len({b - a for a, b in columns}) == 1
        usual = bool(counts[colour] == counts.max())
        best = max(best, (equal, not usual, len(rows) * len(columns), -colour))
    if best[2] == 0:
        raise NoValue("no lines divide the grid")
    return -best[3]


def panel_spans(grid: Grid) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Spans of rows and of columns of the panels between separator lines. Raises NoValue where there are none."""
    return divided_by(grid, separator(grid))
