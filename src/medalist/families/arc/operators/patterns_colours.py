"""Colours exchanged by a table, for all cells or part by part by what is measured of each."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels_parts import (
    MOST_PARTS,
    cut_out,
    ground,
    measures,
    parts_of,
    standing_out,
)


@operator(tags=("colour fill",))
def exchanged(grid: Grid, *, table: tuple) -> Grid:
    """Colours exchanged by ``table`` of (old, new); others stay.

    >>> exchanged(np.array([[1, 2, 3]], np.int8), table=((1, 2), (2, 1))).tolist()
    [[2, 1, 3]]
    """
    to = np.arange(10, dtype=np.int8)
    for old, new in table:
        to[old] = new
    return to[grid]


def paintable(grid: Grid, parts: str, background: int) -> list[Piece]:
    """The parts that may be painted: as ``parts_of``, or "gaps", connected background; one is enough.

    >>> [piece.cells.size for piece in paintable(np.array([[0, 0, 5, 0]], np.int8), "gaps", 0)]
    [2, 1]
    """
    if parts != "gaps":
        return parts_of(grid, parts, background, 1)
    here = grid == ground(grid, background)
    labels = components(here.astype(np.int8), 0, False, False)
    count = int(labels.max())
    if not 1 <= count <= 2 * MOST_PARTS:
        raise NoValue("no gaps, or a texture of them")
    return [cut_out(grid, labels == label) for label in range(1, count + 1)]


def place_measures(pieces: list[Piece], grid: Grid) -> dict[str, list[int]]:
    """What is measured of pieces beside ``measures``: ranks, forms, and where they lie."""
    sizes = [int((piece.cells != CLEAR).sum()) for piece in pieces]
    spans = [(p.row, p.column, p.row + p.cells.shape[0], p.column + p.cells.shape[1]) for p in pieces]
    height, width = grid.shape
    ranks = sorted(set(sizes), reverse=True)
    outer = [
        top == 0 or left == 0 or bottom == height or right == width for top, left, bottom, right in spans
    ]
    inner = [size for size, touches in zip(sizes, outer, strict=True) if not touches]
    return {
        "at the edge": [int(touches) for touches in outer],
        "rank by cells": [ranks.index(size) for size in sizes],
        "rank by cells from the least": [len(ranks) - 1 - ranks.index(size) for size in sizes],
        "square": [int(p.cells.shape[0] == p.cells.shape[1]) for p in pieces],
        "solid": [int(size == p.cells.size) for size, p in zip(sizes, pieces, strict=True)],
        "upright": [int(p.cells.shape[0] > p.cells.shape[1]) for p in pieces],
        "odd cells": [size % 2 for size in sizes],
        "inner cells": [0 if out else size for size, out in zip(sizes, outer, strict=True)],
        "inner and odd": [0 if out else 1 + size % 2 for size, out in zip(sizes, outer, strict=True)],
        "inner and square": [
            0 if out else 1 + int(p.cells.shape[0] == p.cells.shape[1] and size == p.cells.size)
            for p, size, out in zip(pieces, sizes, outer, strict=True)
        ],
        "inner by size": [
            0 if out else 1 + int(size == max(inner)) + 2 * int(size == min(inner))
            for size, out in zip(sizes, outer, strict=True)
        ],
    }


def all_measures(pieces: list[Piece], grid: Grid, background: int) -> dict[str, list[int]]:
    """``place_measures``, then ``measures``."""
    return place_measures(pieces, grid) | measures(pieces, grid, background)


@operator(tags=("colour fill", "object detection", "conditional logic"))
def paint_parts(
    grid: Grid, *, parts: str, measure: str, how: str, table: tuple, background: int = -1
) -> Grid:
    """Each part painted the colour that ``table`` gives for what is measured of it; -1 leaves it as it is.

    With ``how`` "value" the table's keys are measures; with "most", "least", "only" they are 1 for the part that
    stands out and 0 for the others.

    >>> paint_parts(np.array([[1, 1, 0, 1]], np.int8), parts="shapes", measure="cells", how="value",
    ...     table=((1, 5), (2, 6)), background=0).tolist()
    [[6, 6, 0, 5]]
    """
    pieces = paintable(grid, parts, background)
    measured = all_measures(pieces, grid, background)
    if measure not in measured:
        raise NoValue("no such colour")
    values = measured[measure]
    if how != "value":
        chosen = standing_out(values, how)
        values = [int(place == chosen) for place in range(len(values))]
    answers = dict(table)
    out = grid.copy()
    for piece, value in zip(pieces, values, strict=True):
        if value not in answers:
            raise NoValue("a part measures what the table does not know")
        if answers[value] >= 0:
            rows, columns = np.nonzero(piece.cells != CLEAR)
            out[rows + piece.row, columns + piece.column] = answers[value]
    return out
