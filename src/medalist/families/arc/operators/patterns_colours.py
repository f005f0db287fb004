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
    keyed,
    measures,
    parts_of,
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
    """Each part painted the colour that ``table`` gives for what is measured of it; -1 leaves it as it is, -2 takes
    its own least frequent colour, -3 the colour that touches it most (see ``tint_of``).

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
    values = keyed(measured[measure], how)
    answers = dict(table)
    out = grid.copy()
    for piece, value in zip(pieces, values, strict=True):
        if value not in answers:
            raise NoValue("a part measures what the table does not know")
        if answers[value] != -1:
            rows, columns = np.nonzero(piece.cells != CLEAR)
            out[rows + piece.row, columns + piece.column] = tint_of(grid, piece, answers[value])
    return out


def tint_of(grid: Grid, piece: Piece, paint: int) -> int:
    """The colour that a paint is for a piece: itself from 0 on, -2 its least frequent colour where it has several,
    -3 the colour of most cells that touch it, its own and the grid's most frequent left out.

    >>> tint_of(np.array([[0, 0, 0, 4, 5, 5]], np.int8), Piece(np.array([[4]], np.int8), 0, 3), -3)
    5
    """
    if paint >= 0:
        return paint
    solid = piece.cells != CLEAR
    inks = np.bincount(piece.cells[solid], minlength=10)
    if paint == -2:
        if (inks > 0).sum() < 2:
            raise NoValue("a part of one colour")
        return int(np.where(inks, inks, grid.size + 1).argmin())
    here = np.zeros((grid.shape[0] + 2, grid.shape[1] + 2), bool)
    height, width = piece.cells.shape
    here[piece.row + 1 : piece.row + 1 + height, piece.column + 1 : piece.column + 1 + width] = solid
    near = here.copy()
    for axis in (0, 1):
        near |= np.roll(here, 1, axis) | np.roll(here, -1, axis)
    touching = np.bincount(grid[(near & ~here)[1:-1, 1:-1]], minlength=10)
    touching[inks > 0] = 0
    touching[ground(grid, -1)] = 0
    if not touching.any():
        raise NoValue("nothing touches it")
    return int(touching.argmax())


@operator(tags=("neighbourhood analysis", "object detection"), most=(1, 2))
def denoised(grid: Grid, *, most: int) -> Grid:
    """Specks of at most ``most`` cells of one colour given the colour that most cells around them have.

    >>> denoised(np.array([[0, 0, 0], [0, 7, 0], [0, 0, 0]], np.int8), most=1).tolist()
    [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
    """
    labels = components(grid, -1, True, True)
    sizes = np.bincount(labels.ravel())
    out = grid.copy()
    for label in np.flatnonzero((sizes > 0) & (sizes <= most)).tolist():
        rows, columns = np.nonzero(labels == label)
        around = (
            slice(max(rows.min() - 1, 0), rows.max() + 2),
            slice(max(columns.min() - 1, 0), columns.max() + 2),
        )
        others = grid[around][labels[around] != label]
        if others.size:
            out[rows, columns] = np.bincount(others, minlength=10).argmax()
    return out
