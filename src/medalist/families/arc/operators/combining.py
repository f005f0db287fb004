"""Two grids made one: on top of each other, cell by cell, beside each other, one inside the cells of the other."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid, Mask, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.geometry import fits
from medalist.families.arc.operators.pieces import background, painted


def both_shown(one: Grid, other: Grid) -> tuple[Mask, Mask]:
    """Where each of two grids of the same shape is not background. NoValue for different shapes."""
    if one.shape != other.shape:
        raise NoValue("not of the same shape")
    return one != background(one), other != background(other)


@operator(tags=("array manipulation", "conditional logic"))
def where_both(one: Grid, other: Grid) -> Grid:
    """``one`` where neither is background, else background.

    >>> where_both(np.array([[1, 2, 0, 0]], np.int8), np.array([[0, 3, 0, 0]], np.int8)).tolist()
    [[0, 2, 0, 0]]
    """
    here, there = both_shown(one, other)
    return np.where(here & ~there, np.int8(background(one)), one)


@operator(tags=("array manipulation", "conditional logic"))
def where_not(one: Grid, other: Grid) -> Grid:
    """``one`` where ``other`` is background, else the background of ``one``.

    >>> where_not(np.array([[1, 2, 0, 0]], np.int8), np.array([[0, 3, 0, 0]], np.int8)).tolist()
    [[1, 0, 0, 0]]
    """
    here, there = both_shown(one, other)
    return np.where(here & there, np.int8(background(one)), one)


@operator(tags=("array manipulation", "conditional logic"), cost=1.1)
def where_one(one: Grid, other: Grid) -> Grid:
    """Where exactly one of them is not background: that one; else background.

    >>> where_one(np.array([[1, 2, 0, 0]], np.int8), np.array([[0, 3, 0, 5]], np.int8)).tolist()
    [[1, 0, 0, 5]]
    """
    here, there = both_shown(one, other)
    return np.where(here & there, np.int8(background(one)), np.where(there, other, one))


@operator(tags=("array manipulation", "conditional logic"))
def where_same(one: Grid, other: Grid) -> Grid:
    """What two grids of a shape have in common, else background.

    >>> where_same(np.array([[1, 2, 0]], np.int8), np.array([[1, 3, 0]], np.int8)).tolist()
    [[1, 0, 0]]
    """
    both_shown(one, other)
    return np.where(one == other, one, np.int8(background(one)))


@operator(tags=("array manipulation",))
def beside(left: Grid, right: Grid) -> Grid:
    """Two grids of the same height side by side.

    >>> beside(np.array([[1]], np.int8), np.array([[2]], np.int8)).tolist()
    [[1, 2]]
    """
    if left.shape[0] != right.shape[0]:
        raise NoValue("not of the same height")
    fits(left.shape[0], left.shape[1] + right.shape[1])
    return np.concatenate((left, right), axis=1)


@operator(tags=("array manipulation",))
def above(top: Grid, bottom: Grid) -> Grid:
    """Two grids of the same width, one above the other.

    >>> above(np.array([[1]], np.int8), np.array([[2]], np.int8)).tolist()
    [[1], [2]]
    """
    if top.shape[1] != bottom.shape[1]:
        raise NoValue("not of the same width")
    fits(top.shape[0] + bottom.shape[0], top.shape[1])
    return np.concatenate((top, bottom), axis=0)


@operator(tags=("pattern copy",))
def copies_at(places: Grid, pattern: Grid) -> Grid:
    """A copy of ``pattern`` in place of every cell of ``places`` that is not background.

    >>> copies_at(np.array([[0, 9, 0]], np.int8), np.array([[1, 2]], np.int8)).tolist()
    [[0, 0, 1, 2, 0, 0]]
    """
    outer, inner, empty = _nested(places, pattern)
    return np.where(outer == empty, outer, inner)


@operator(tags=("pattern copy",))
def stencils_at(places: Grid, pattern: Grid) -> Grid:
    """Every cell of ``places`` as the shape of ``pattern`` in that cell's colour.

    >>> stencils_at(np.array([[0, 9, 0]], np.int8), np.array([[1, 0]], np.int8)).tolist()
    [[0, 0, 9, 0, 0, 0]]
    """
    outer, inner, empty = _nested(places, pattern)
    return np.where(inner == background(pattern), np.int8(empty), outer)


def _nested(places: Grid, pattern: Grid) -> tuple[Grid, Grid, int]:
    height, width = pattern.shape
    fits(places.shape[0] * height, places.shape[1] * width)
    outer = places.repeat(height, axis=0).repeat(width, axis=1)
    return outer, np.tile(pattern, places.shape), background(places)


@operator(tags=("pattern copy",), cost=1.4)
def fill_with(grid: Grid, pattern: Grid) -> Grid:
    """The background of ``grid`` shows a tiling of ``pattern`` that begins top left.

    >>> fill_with(np.array([[0, 0, 5, 0]], np.int8), np.array([[1, 2]], np.int8)).tolist()
    [[1, 2, 5, 2]]
    """
    height, width = grid.shape
    times = -(-height // pattern.shape[0]), -(-width // pattern.shape[1])
    return np.where(grid == background(grid), np.tile(pattern, times)[:height, :width], grid)


@operator(tags=("pattern copy", "object detection"), cost=2.0)
def stamp_at(grid: Grid, piece: Piece, places: tuple[Piece, ...]) -> Grid:
    """The grid with the middle of ``piece`` on the middle of each of the ``places``.

    >>> dot = Piece(np.array([[4]], np.int8), 0, 2)
    >>> stamp_at(np.zeros((1, 4), np.int8), Piece(np.array([[1, 2, 3]], np.int8), 0, 0), (dot,)).tolist()
    [[0, 1, 2, 3]]
    """
    height, width = piece.cells.shape
    stamps = [
        Piece(
            piece.cells,
            each.row + (each.cells.shape[0] - height) // 2,
            each.column + (each.cells.shape[1] - width) // 2,
        )
        for each in places
    ]
    return painted(grid, tuple(stamps))
