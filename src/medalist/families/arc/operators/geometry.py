"""The whole grid turned, mirrored, halved, scaled, repeated, shifted or dropped, with no look at objects."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import LARGEST_SIDE, Grid, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.pieces import background

SIDES = ("up", "down", "left", "right")
TURNS = ("quarter left", "half", "quarter right", "up-down", "left-right", "diagonal", "other diagonal")


def turned_to(cells: Grid, way: str) -> Grid:
    """A view of ``cells`` rotated, flipped or transposed in one of the ``TURNS``.

    >>> [turned_to(np.array([[1, 2]], np.int8), way).tolist() for way in ("half", "diagonal")]
    [[[2, 1]], [[1], [2]]]
    """
    if way == "quarter left":
        return cells.T[::-1]
    if way == "half":
        return cells[::-1, ::-1]
    if way == "quarter right":
        return cells.T[:, ::-1]
    if way == "up-down":
        return cells[::-1]
    if way == "left-right":
        return cells[:, ::-1]
    if way == "diagonal":
        return cells.T
    if way == "other diagonal":
        return cells[::-1, ::-1].T
    raise NoValue(f"no turn {way}")


def upwards(grid: Grid, side: str) -> Grid:
    """A view in which ``side`` is up; applied to what is done in it, the same call turns it back.

    >>> upwards(np.array([[1, 2]], np.int8), "right").tolist()
    [[2], [1]]
    """
    if side == "up":
        return grid
    if side == "down":
        return grid[::-1]
    if side == "left":
        return grid.T
    if side == "right":
        return grid[::-1, ::-1].T
    raise NoValue(f"no side {side}")


def fits(height: int, width: int) -> tuple[int, int]:
    """This shape. Raises NoValue where no grid may have it."""
    if not (1 <= height <= LARGEST_SIDE and 1 <= width <= LARGEST_SIDE):
        raise NoValue("too large or empty")
    return height, width


@operator(tags=("rotation", "flip", "transpose"), way=TURNS)
def turn(grid: Grid, *, way: str) -> Grid:
    """The grid rotated, flipped or transposed.

    >>> turn(np.array([[1, 2]], np.int8), way="left-right").tolist()
    [[2, 1]]
    """
    return turned_to(grid, way).copy()


@operator(tags=("rotation", "flip", "transpose"), way=TURNS, cost=1.4)
def turn_piece(piece: Piece, *, way: str) -> Piece:
    """The piece rotated, flipped or transposed; its top left corner stays where it was.

    >>> turn_piece(Piece(np.array([[1, 2]], np.int8), 5, 5), way="half").cells.tolist()
    [[2, 1]]
    """
    return Piece(turned_to(piece.cells, way).copy(), piece.row, piece.column)


@operator(tags=("rotation", "flip", "transpose"), way=TURNS, cost=1.4)
def turn_each(pieces: tuple[Piece, ...], *, way: str) -> tuple[Piece, ...]:
    """Each piece rotated, flipped or transposed; their top left corners stay where they were.

    >>> turn_each((Piece(np.array([[1, 2]], np.int8), 5, 5),), way="half")[0].cells.tolist()
    [[2, 1]]
    """
    return tuple(turn_piece(each, way=way) for each in pieces)


@operator(tags=("flip", "pattern copy", "symmetry"), side=SIDES, cost=0.9)
def add_mirror(grid: Grid, *, side: str) -> Grid:
    """The grid with its mirror image beside it.

    >>> add_mirror(np.array([[1, 2]], np.int8), side="right").tolist()
    [[1, 2, 2, 1]]
    """
    seen = upwards(grid, side)
    fits(2 * seen.shape[0], seen.shape[1])
    return upwards(np.concatenate((seen[::-1], seen)), side).copy()


@operator(tags=("flip", "pattern copy", "symmetry"), corner=("top left", "bottom right"))
def add_mirrors(grid: Grid, *, corner: str) -> Grid:
    """The grid in one corner, with its mirror images in the other three.

    >>> add_mirrors(np.array([[1, 2]], np.int8), corner="top left").tolist()
    [[1, 2, 2, 1], [1, 2, 2, 1]]
    """
    if corner == "top left":
        return add_mirror(add_mirror(grid, side="right"), side="down")
    return add_mirror(add_mirror(grid, side="left"), side="up")


@operator(tags=("rotation", "pattern copy", "symmetry"), cost=1.1)
def add_rotations(grid: Grid) -> Grid:
    """A square grid top left, and its rotations around the middle.

    >>> add_rotations(np.array([[1]], np.int8)).tolist()
    [[1, 1], [1, 1]]
    """
    height, width = grid.shape
    fits(2 * height, 2 * width)
    if height != width:
        raise NoValue("not square")
    right, left, half = grid.T[:, ::-1], grid.T[::-1], grid[::-1, ::-1]
    return np.block([[grid, right], [left, half]])


@operator(tags=("pattern copy",), down=(1, 2, 3), across=(1, 2, 3), cost=1.1)
def repeat(grid: Grid, *, down: int, across: int) -> Grid:
    """The grid several times below and beside itself.

    >>> repeat(np.array([[1, 2]], np.int8), down=1, across=2).tolist()
    [[1, 2, 1, 2]]
    """
    if down * across == 1:
        raise NoValue("once is nothing new")
    fits(grid.shape[0] * down, grid.shape[1] * across)
    return np.tile(grid, (down, across))


@operator(tags=("array manipulation",), by=(2, 3))
def enlarge(grid: Grid, *, by: int) -> Grid:
    """Each cell as a square of ``by`` times ``by``.

    >>> enlarge(np.array([[1, 2]], np.int8), by=2).tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    if by < 1:
        raise NoValue("cells of no size")
    fits(grid.shape[0] * by, grid.shape[1] * by)
    return grid.repeat(by, axis=0).repeat(by, axis=1)


@operator(tags=("array manipulation",), side=SIDES, cost=0.9)
def half(grid: Grid, *, side: str) -> Grid:
    """The half of the grid on one side, without the middle line of an odd number.

    >>> half(np.array([[1, 2, 3]], np.int8), side="right").tolist()
    [[3]]
    """
    seen = upwards(grid, side)
    if seen.shape[0] < 2:
        raise NoValue("nothing to halve")
    return upwards(seen[: seen.shape[0] // 2], side).copy()


@operator(tags=("array manipulation",), side=SIDES, cost=1.1)
def shift(grid: Grid, *, side: str) -> Grid:
    """The grid moved by one cell; background comes in, and what leaves is lost.

    >>> shift(np.array([[0, 1, 0, 0]], np.int8), side="right").tolist()
    [[0, 0, 1, 0]]
    """
    out = np.full(grid.shape, background(grid), np.int8)
    upwards(out, side)[:-1] = upwards(grid, side)[1:]
    return out


@operator(tags=("array manipulation",), side=SIDES, cost=1.4)
def roll(grid: Grid, *, side: str) -> Grid:
    """The grid moved by one cell; what leaves comes in at the other side.

    >>> roll(np.array([[0, 1, 2]], np.int8), side="right").tolist()
    [[2, 0, 1]]
    """
    return upwards(np.roll(upwards(grid, side), -1, axis=0), side).copy()


@operator(tags=("array manipulation",), side=SIDES, cost=1.1)
def fall(grid: Grid, *, side: str) -> Grid:
    """Every cell that is not background falls to one side, and stays in its order.

    >>> fall(np.array([[3, 0, 4, 0]], np.int8), side="right").tolist()
    [[0, 0, 3, 4]]
    """
    seen = upwards(grid, side)
    order = np.argsort(seen == background(grid), axis=0, kind="stable")
    return upwards(np.take_along_axis(seen, order, axis=0), side).copy()


@operator(tags=("array manipulation", "counting"), side=SIDES, cost=1.4)
def sort_lines(grid: Grid, *, side: str) -> Grid:
    """The rows (or columns) sorted so that the fullest are at one side; equals stay in their order.

    >>> sort_lines(np.array([[0, 0], [0, 3], [3, 3]], np.int8), side="up").tolist()
    [[3, 3], [0, 3], [0, 0]]
    """
    seen = upwards(grid, side)
    order = np.argsort((seen == background(grid)).sum(axis=1), kind="stable")
    return upwards(seen[order], side).copy()


@operator(tags=("array manipulation", "conditional logic"), side=SIDES, colour=tuple(range(1, 10)), cost=1.4)
def fall_colour(grid: Grid, *, side: str, colour: int) -> Grid:
    """Every cell of a colour falls over background to one side, until something else stops it.

    >>> fall_colour(np.array([[3, 0, 4, 3, 0]], np.int8), side="right", colour=3).tolist()
    [[0, 3, 4, 0, 3]]
    """
    seen = upwards(grid, side)
    moving, empty = seen == colour, seen == background(grid)
    fixed = ~(moving | empty)
    if not moving.any():
        raise NoValue("the colour is not there")
    stretch = 2 * np.cumsum(fixed, axis=0) - fixed
    order = np.argsort(2 * stretch + empty, axis=0, kind="stable")
    return upwards(np.take_along_axis(seen, order, axis=0), side).copy()
