"""Recolouring by a legend that is drawn in the grid itself: pairs of colours side by side."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels_parts import ground, parts_of


@operator(tags=("colour fill", "conditional logic"))
def by_legend(grid: Grid, *, way: str, background: int = -1) -> Grid:
    """Colours exchanged by a legend: solid blocks two cells wide (or high), a pair of colours a row (or column).

    ``way`` "forward" takes the first colour of a pair to the second, "backward" the other way, "both" swaps them.
    The legend stays.

    >>> by_legend(np.array([[1, 2, 0, 1, 1, 1]], np.int8), way="forward", background=0).tolist()
    [[1, 2, 0, 2, 2, 2]]
    """
    base = ground(grid, background)
    to = np.arange(10, dtype=np.int8)
    out = grid.copy()
    legend = np.zeros(grid.shape, bool)
    for piece in parts_of(grid, "objects 4", background):
        cells = piece.cells if piece.cells.shape[1] == 2 else piece.cells.T
        if cells.shape[1] != 2 or (cells == CLEAR).any() or (cells[:, 0] == cells[:, 1]).any():
            continue
        height, width = piece.cells.shape
        legend[piece.row : piece.row + height, piece.column : piece.column + width] = True
        for one, other in cells.tolist():
            if way != "backward":
                to[one] = other
            if way != "forward":
                to[other] = one
    if not legend.any():
        raise NoValue("no legend")
    out[~legend] = to[grid[~legend]]
    out[grid == base] = base
    return out
