"""Grids of another size: enlarged, repeated or extended by what the grid itself tells, and cut or padded to a size."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.colours import by_frequency
from medalist.families.arc.operators.counting import enlarge_by, repeat_by
from medalist.families.arc.operators.geometry import SIDES, fits, upwards
from medalist.families.arc.operators.pieces import background

NUMBERS = ("colours", "colours and background", "cells", "cells left", "side")


def own_number(grid: Grid, of: str) -> int:
    """A number that a grid tells: its colours, with or without the background, its cells on it or of it, its side.

    >>> own_number(np.array([[0, 0, 3, 4]], np.int8), "colours and background")
    3
    """
    if of == "colours":
        return len(by_frequency(grid))
    if of == "colours and background":
        return int(np.count_nonzero(np.bincount(grid.ravel())))
    if of == "cells":
        return int(np.count_nonzero(grid != background(grid)))
    if of == "cells left":
        return int(np.count_nonzero(grid == background(grid)))
    if grid.shape[0] != grid.shape[1]:
        raise NoValue("not square")
    return grid.shape[0]


@operator(tags=("counting", "array manipulation"), of=NUMBERS, cost=1.2)
def enlarge_by_own(grid: Grid, *, of: str) -> Grid:
    """Each cell as a square whose side is a number that the grid tells.

    >>> enlarge_by_own(np.array([[0, 0, 3, 4]], np.int8), of="colours").shape
    (2, 8)
    """
    return enlarge_by(grid, own_number(grid, of))


@operator(tags=("counting", "pattern copy"), of=NUMBERS, cost=1.4)
def repeat_by_own(grid: Grid, *, of: str) -> Grid:
    """The grid as often below and beside itself as a number that it tells.

    >>> repeat_by_own(np.array([[0, 0, 3, 4]], np.int8), of="colours").shape
    (2, 8)
    """
    return repeat_by(grid, own_number(grid, of), down=True, across=True)


@operator(tags=("pattern copy",), cost=1.1)
def repeat_to_square(grid: Grid) -> Grid:
    """The grid repeated along its shorter side until it is square. NoValue where that does not come out even.

    >>> repeat_to_square(np.array([[1, 2]], np.int8)).tolist()
    [[1, 2], [1, 2]]
    """
    height, width = grid.shape
    if height == width or max(grid.shape) % min(grid.shape):
        raise NoValue("no number of times")
    return np.tile(grid, (max(1, width // height), max(1, height // width)))


@operator(tags=("array manipulation",), side=SIDES, cost=1.4)
def pad_to_square(grid: Grid, *, side: str) -> Grid:
    """The grid with background at one side, as much as makes it square.

    >>> pad_to_square(np.array([[1, 0]], np.int8), side="down").tolist()
    [[1, 0], [0, 0]]
    """
    seen = upwards(grid, side)
    missing = seen.shape[1] - seen.shape[0]
    if missing <= 0:
        raise NoValue("not wider than high")
    padded = np.full((seen.shape[1], seen.shape[1]), background(grid), np.int8)
    padded[missing:] = seen
    return upwards(padded, side).copy()


@operator(tags=("array manipulation",), side=SIDES, cost=1.4)
def doubled_with_background(grid: Grid, *, side: str) -> Grid:
    """The grid with as much background again at one side.

    >>> doubled_with_background(np.array([[1, 0]], np.int8), side="up").tolist()
    [[0, 0], [1, 0]]
    """
    seen = upwards(grid, side)
    fits(2 * seen.shape[0], seen.shape[1])
    return upwards(np.concatenate((np.full(seen.shape, background(grid), np.int8), seen)), side).copy()


@operator(
    tags=("array manipulation",), down=("first", "last", "both"), across=("first", "last", "both"), cost=1.4
)
def drop_lines(grid: Grid, *, down: str, across: str) -> Grid:
    """The grid without its first, its last or both of these rows, and columns.

    >>> drop_lines(np.array([[1, 2], [3, 4]], np.int8), down="first", across="last").tolist()
    [[3]]
    """
    rows, columns = (slice(each != "last", -1 if each != "first" else None) for each in (down, across))
    kept = grid[rows, columns]
    if not kept.size:
        raise NoValue("nothing is left")
    return kept.copy()


@operator(tags=("array manipulation",), cost=1.4)
def resized(grid: Grid, like: Grid) -> Grid:
    """The grid enlarged or thinned out, so that it has the shape of another.

    >>> resized(np.array([[1, 2]], np.int8), np.zeros((1, 4), np.int8)).tolist()
    [[1, 1, 2, 2]]
    """
    (height, width), (tall, wide) = grid.shape, like.shape
    for one, other in ((height, tall), (width, wide)):
        if one % other and other % one:
            raise NoValue("no multiple of the other")
    if grid.shape == like.shape:
        raise NoValue("of this shape already")
    rows, columns = np.arange(tall) * height // tall, np.arange(wide) * width // wide
    return grid[rows][:, columns]


@operator(tags=("pattern copy",), cost=1.4)
def tiled_like(grid: Grid, like: Grid) -> Grid:
    """The grid repeated from the top left corner on until it has the shape of another; the last copies are cut.

    >>> tiled_like(np.array([[1, 2]], np.int8), np.zeros((2, 3), np.int8)).tolist()
    [[1, 2, 1], [1, 2, 1]]
    """
    (height, width), (tall, wide) = grid.shape, like.shape
    if height > tall or width > wide or grid.shape == like.shape:
        raise NoValue("not smaller")
    return np.tile(grid, (-(-tall // height), -(-wide // width)))[:tall, :wide].copy()


@operator(tags=("array manipulation",), cost=1.4)
def centred_in(grid: Grid, frame: Grid) -> Grid:
    """``frame`` with the grid in its middle.

    >>> centred_in(np.array([[1]], np.int8), np.array([[5, 0, 5]], np.int8)).tolist()
    [[5, 1, 5]]
    """
    (height, width), (tall, wide) = grid.shape, frame.shape
    if (
        height > tall
        or width > wide
        or (tall - height) % 2
        or (wide - width) % 2
        or grid.shape == frame.shape
    ):
        raise NoValue("has no place in the middle")
    out = frame.copy()
    top, left = (tall - height) // 2, (wide - width) // 2
    out[top : top + height, left : left + width] = grid
    return out
