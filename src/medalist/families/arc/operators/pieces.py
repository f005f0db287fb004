"""Pieces and the grids they come from: cutting them out, putting them on a canvas, taking them off it.

Also what the other operator files share: which colour is the background, and what a set of labels cuts out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.language.operator import NoValue, operator

MOST_PIECES = 100
"""More pieces than this are noise, and slow."""


def background(grid: Grid) -> int:
    """The colour that things lie on: 0 in a grid that has it or is of one colour, else the most frequent one.

    A puzzle on another background that also has cells of 0 is seen through a view in which its background is 0.

    >>> background(np.array([[0, 7, 7, 7]], np.int8)), background(np.array([[7, 7, 2]], np.int8))
    (0, 7)
    """
    if not grid.all():
        return 0
    counts = np.bincount(grid.ravel(), minlength=10)
    found = int(counts.argmax())
    return 0 if counts[found] == grid.size else found


def main_colour(cells: Grid) -> int:
    """The most frequent colour that is neither ``CLEAR`` nor the background 0. Raises NoValue where there is none.

    >>> main_colour(np.array([[0, 0, 0], [-1, 7, 7], [-1, -1, 3]], np.int8))
    7
    """
    counts = np.bincount(cells.ravel() + 1, minlength=11)
    counts[:2] = 0
    found = int(counts.argmax())
    if not counts[found]:
        raise NoValue("nothing but background")
    return found - 1


def box(mask: Mask) -> tuple[int, int, int, int]:
    """First row, one past the last, first column, one past the last of what is true. NoValue where nothing is.

    >>> box(np.array([[False, False, False], [False, True, True]]))
    (1, 2, 1, 3)
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        raise NoValue("nothing is there")
    columns = np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def cut(grid: Grid, labels: npt.NDArray[np.int16]) -> tuple[Piece, ...]:
    """A piece for each label from 1 on, in the order of labels; every label up to the largest must be there.

    Raises NoValue where there are none or more than ``MOST_PIECES``.

    >>> [each.cells.tolist() for each in cut(np.array([[4, 5]], np.int8), np.array([[1, 2]], np.int16))]
    [[[4]], [[5]]]
    """
    count = int(labels.max(initial=0))
    if not 1 <= count <= MOST_PIECES:
        raise NoValue("no pieces, or too many")
    places = np.flatnonzero(labels)
    rows, columns = np.divmod(places, labels.shape[1])
    owners = labels.ravel()[places] - 1
    tops, lefts = np.full(count, 99), np.full(count, 99)
    bottoms, rights = np.zeros(count, np.intp), np.zeros(count, np.intp)
    np.minimum.at(tops, owners, rows)
    np.minimum.at(lefts, owners, columns)
    np.maximum.at(bottoms, owners, rows)
    np.maximum.at(rights, owners, columns)
    edges = zip(tops.tolist(), bottoms.tolist(), lefts.tolist(), rights.tolist(), strict=True)
    pieces = []
    for number, (top, bottom, left, right) in enumerate(edges, 1):
        window = slice(top, bottom + 1), slice(left, right + 1)
        cells = grid[window].copy()
        cells[labels[window] != number] = CLEAR
        pieces.append(Piece(cells, top, left))
    return tuple(pieces)


def painted(canvas: Grid, pieces: tuple[Piece, ...]) -> Grid:
    """A copy of ``canvas`` with the pieces at their places, later ones on top; what lies outside is left out.

    >>> painted(np.zeros((1, 3), np.int8), (Piece(np.array([[4, 4]], np.int8), 0, 2),)).tolist()
    [[0, 0, 4]]
    """
    out = canvas.copy()
    height, width = out.shape
    for cells, row, column in pieces:
        top, left = max(row, 0), max(column, 0)
        bottom, right = min(row + cells.shape[0], height), min(column + cells.shape[1], width)
        if top < bottom and left < right:
            seen = cells[top - row : bottom - row, left - column : right - column]
            np.copyto(out[top:bottom, left:right], seen, where=seen != CLEAR)
    return out


def emptied(grid: Grid) -> Grid:
    """A grid of the same shape, all background."""
    return np.full(grid.shape, background(grid), np.int8)


@operator(tags=("object detection",), cost=0.9)
def whole(grid: Grid) -> Piece:
    """Everything but the background as one piece.

    >>> whole(np.array([[0, 0, 0], [0, 3, 0]], np.int8))
    Piece(cells=array([[3]], dtype=int8), row=1, column=1)
    """
    shown = grid != background(grid)
    top, bottom, left, right = box(shown)
    cells = grid[top:bottom, left:right].copy()
    cells[~shown[top:bottom, left:right]] = CLEAR
    return Piece(cells, top, left)


@operator(tags=("array manipulation",), cost=0.5)
def as_grid(piece: Piece) -> Grid:
    """The piece alone, 0 where it is clear.

    >>> as_grid(Piece(np.array([[3, -1]], np.int8), 4, 4)).tolist()
    [[3, 0]]
    """
    return np.maximum(piece.cells, 0)


@operator(tags=("array manipulation",), cost=0.9)
def crop_to(grid: Grid, piece: Piece) -> Grid:
    """The rectangle of the grid that the piece lies in, with all that is there.

    >>> crop_to(np.array([[1, 2, 3], [4, 5, 6]], np.int8), Piece(np.array([[9, 9]], np.int8), 1, 1)).tolist()
    [[5, 6]]
    """
    cells, row, column = piece
    inside = grid[max(row, 0) : row + cells.shape[0], max(column, 0) : column + cells.shape[1]]
    if not inside.size:
        raise NoValue("the piece lies outside")
    return inside.copy()


@operator(tags=("object detection",), cost=1.2)
def draw(grid: Grid, pieces: tuple[Piece, ...]) -> Grid:
    """The pieces alone, at their places on an empty canvas of the grid's size.

    >>> draw(np.array([[0, 5, 0]], np.int8), (Piece(np.array([[3]], np.int8), 0, 2),)).tolist()
    [[0, 0, 3]]
    """
    return painted(emptied(grid), pieces)


@operator(tags=("object detection",), cost=1.2)
def draw_one(grid: Grid, piece: Piece) -> Grid:
    """The piece alone, at its place on an empty canvas of the grid's size.

    >>> draw_one(np.array([[0, 5, 0]], np.int8), Piece(np.array([[3]], np.int8), 0, 2)).tolist()
    [[0, 0, 3]]
    """
    return painted(emptied(grid), (piece,))


@operator(tags=("object detection",), cost=1.8)
def draw_under(grid: Grid, pieces: tuple[Piece, ...]) -> Grid:
    """The grid with the pieces where it shows background.

    >>> draw_under(np.array([[0, 5, 0]], np.int8), (Piece(np.array([[3, 3]], np.int8), 0, 1),)).tolist()
    [[0, 5, 3]]
    """
    empty = background(grid)
    return np.where(grid == empty, painted(grid, pieces), grid)


@operator(tags=("object detection",), cost=1.8)
def erase(grid: Grid, pieces: tuple[Piece, ...]) -> Grid:
    """The grid with background where the pieces are.

    >>> erase(np.array([[0, 5, 4]], np.int8), (Piece(np.array([[5]], np.int8), 0, 1),)).tolist()
    [[0, 0, 4]]
    """
    empty = background(grid)
    return painted(grid, tuple(Piece(np.where(p.cells == CLEAR, CLEAR, empty), *p[1:]) for p in pieces))


@operator(tags=("object detection",), cost=1.4)
def joined(pieces: tuple[Piece, ...]) -> Piece:
    """All pieces as one, each at its place.

    >>> joined((Piece(np.array([[3]], np.int8), 1, 1), Piece(np.array([[4]], np.int8), 1, 3)))
    Piece(cells=array([[ 3, -1,  4]], dtype=int8), row=1, column=1)
    """
    if not pieces:
        raise NoValue("no pieces")
    top = min(each.row for each in pieces)
    left = min(each.column for each in pieces)
    bottom = max(each.row + each.cells.shape[0] for each in pieces)
    right = max(each.column + each.cells.shape[1] for each in pieces)
    if max(bottom - top, right - left) > 60:
        raise NoValue("too far apart")
    canvas = np.full((bottom - top, right - left), CLEAR, np.int8)
    moved = tuple(Piece(each.cells, each.row - top, each.column - left) for each in pieces)
    return Piece(painted(canvas, moved), top, left)


@operator(tags=("object detection",), cost=1.8)
def grounds(grid: Grid, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The rectangles of the grid that the pieces lie in, with all that is there.

    >>> grounds(np.array([[1, 2, 3]], np.int8), (Piece(np.array([[9, -1]], np.int8), 0, 1),))[0].cells.tolist()
    [[2, 3]]
    """
    return tuple(Piece(crop_to(grid, each), max(each.row, 0), max(each.column, 0)) for each in pieces)
