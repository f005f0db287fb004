"""Beams from cells, lines between cells, halos around things, and colours that spread over the background."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid, Mask
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.colours import COLOUR
from medalist.families.arc.operators.geometry import SIDES, upwards
from medalist.families.arc.operators.pieces import background

DIAGONALS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


@operator(tags=("neighbourhood analysis",), towards=(*SIDES, "rows", "columns", "both"), cost=1.1)
def beams(grid: Grid, *, towards: str) -> Grid:
    """Every cell draws a line of its colour over the background, to the next thing or the edge.

    ``towards``: up, down, left or right, both ways along its row or column, or all four.

    >>> beams(np.array([[0, 0, 3, 0]], np.int8), towards="left").tolist()
    [[3, 3, 3, 0]]
    """
    if towards in SIDES:
        return _rayed(grid, towards)
    ways = {"rows": ("left", "right"), "columns": ("up", "down"), "both": ("left", "right", "up", "down")}[
        towards
    ]
    empty, out = background(grid), grid
    for way in ways:
        out = np.where(out == empty, _rayed(grid, way), out)
    return out


def _rayed(grid: Grid, side: str) -> Grid:
    """Each background cell takes the colour of the next thing away from ``side``, if there is one."""
    seen = upwards(grid, side)[::-1]
    places = np.where(seen == background(grid), 0, np.arange(seen.shape[0])[:, None])
    nearest = np.maximum.accumulate(places, axis=0)
    return upwards(np.take_along_axis(seen, nearest, axis=0)[::-1], side).copy()


@operator(tags=("neighbourhood analysis",), which=("falling", "rising", "both"), cost=1.2)
def diagonal_beams(grid: Grid, *, which: str) -> Grid:
    """Every cell draws diagonal lines of its colour over the background, both ways, to the next thing or the edge.

    >>> diagonal_beams(np.array([[3, 0], [0, 0]], np.int8), which="falling").tolist()
    [[3, 0], [0, 3]]
    """
    wanted = {"falling": ((-1, -1), (1, 1)), "rising": ((-1, 1), (1, -1)), "both": DIAGONALS}[which]
    empty, out = background(grid), grid
    for down, right in wanted:
        out = np.where(out == empty, _drawn(grid, empty, down, right), out)
    return out


def _drawn(grid: Grid, empty: int, down: int, right: int) -> Grid:
    out = grid.copy()
    for _ in range(max(grid.shape)):
        free = out == empty
        came = moved(out, down, right, empty)
        new = free & (came != empty)
        if not new.any():
            break
        out[new] = came[new]
    return out


def moved(grid: Grid, down: int, right: int, fill: int) -> Grid:
    """The grid moved by so many cells; ``fill`` comes in.

    >>> moved(np.array([[1, 2, 3]], np.int8), 0, 1, 0).tolist()
    [[0, 1, 2]]
    """
    height, width = grid.shape
    out = np.full(grid.shape, fill, grid.dtype)
    if abs(down) < height and abs(right) < width:
        target = out[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
        target[...] = grid[max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
    return out


@operator(tags=("neighbourhood analysis",), along=("rows", "columns", "both", "diagonals"), cost=1.1)
def connect(grid: Grid, *, along: str) -> Grid:
    """Lines over the background between cells of the same colour in a row, a column, both, or on diagonals.

    >>> connect(np.array([[3, 0, 0, 3, 0, 4]], np.int8), along="rows").tolist()
    [[3, 3, 3, 3, 0, 4]]
    """
    empty, out = background(grid), grid
    if along == "diagonals":
        for down, right in ((1, 1), (1, -1)):
            here, there = _drawn(grid, empty, down, right), _drawn(grid, empty, -down, -right)
            out = np.where((out == empty) & (here == there), here, out)
        return out
    for way, (one, other) in (("columns", ("up", "down")), ("rows", ("left", "right"))):
        if along in (way, "both"):
            here, there = _rayed(grid, one), _rayed(grid, other)
            out = np.where((out == empty) & (here == there), here, out)
    return out


@operator(tags=("neighbourhood analysis",), along=("rows", "columns", "both"), colour=COLOUR[1:], cost=1.2)
def bridge(grid: Grid, *, along: str, colour: int) -> Grid:
    """A colour on the background between any two things in a row, a column, or either.

    >>> bridge(np.array([[3, 0, 4, 0]], np.int8), along="rows", colour=5).tolist()
    [[3, 5, 4, 0]]
    """
    shown = grid != background(grid)
    between = np.zeros(grid.shape, np.bool_)
    for way, axis in (("columns", 0), ("rows", 1)):
        if along in (way, "both"):
            before = np.logical_or.accumulate(shown, axis=axis)
            between |= before & np.flip(np.logical_or.accumulate(np.flip(shown, axis), axis=axis), axis)
    return np.where(between & ~shown, np.int8(colour), grid)


def around(shown: Mask, diagonal: bool) -> Mask:
    """What is true, and its four (or eight) neighbours.

    >>> around(np.array([[True, False, False]]), False).tolist()
    [[True, True, False]]
    """
    out = shown.copy()
    out[1:] |= shown[:-1]
    out[:-1] |= shown[1:]
    wide = out.copy() if diagonal else shown
    out[:, 1:] |= wide[:, :-1]
    out[:, :-1] |= wide[:, 1:]
    return out


@operator(tags=("neighbourhood analysis",), diagonal=(True, False), colour=COLOUR[1:], cost=1.2)
def halo(grid: Grid, *, diagonal: bool, colour: int) -> Grid:
    """A colour on the background beside things; ``diagonal``: at their corners too.

    >>> halo(np.array([[0, 0, 3]], np.int8), diagonal=True, colour=5).tolist()
    [[0, 5, 3]]
    """
    shown = grid != background(grid)
    return np.where(around(shown, diagonal) & ~shown, np.int8(colour), grid)


@operator(tags=("neighbourhood analysis",), diagonal=(True, False), cost=1.2)
def spread(grid: Grid, *, diagonal: bool) -> Grid:
    """Every colour spreads over the background until it is full: each cell takes the nearest thing's colour.

    >>> spread(np.array([[3, 0, 0, 0, 4]], np.int8), diagonal=False).tolist()
    [[3, 3, 3, 4, 4]]
    """
    empty = background(grid)
    out = grid
    for _ in range(sum(grid.shape)):
        new = grown(out, empty, diagonal)
        if (new == out).all():
            break
        out = new
    return out


@operator(tags=("neighbourhood analysis",), diagonal=(True, False), cost=1.1)
def grow(grid: Grid, *, diagonal: bool) -> Grid:
    """Every thing one cell larger, in the colours of its cells.

    >>> grow(np.array([[3, 0, 0, 0, 4]], np.int8), diagonal=False).tolist()
    [[3, 3, 0, 4, 4]]
    """
    return grown(grid, background(grid), diagonal)


def grown(grid: Grid, empty: int, diagonal: bool) -> Grid:
    """Background cells take a neighbour's colour: above, below, left, right, then corners, whichever is first."""
    sides = ((1, 0), (-1, 0), (0, 1), (0, -1))
    out = grid.copy()
    for down, right in sides + DIAGONALS if diagonal else sides:
        came = moved(grid, down, right, empty)
        np.copyto(out, came, where=(out == empty) & (came != empty))
    return out


@operator(tags=("neighbourhood analysis",), along=("rows", "columns", "both"), cost=1.2)
def full_lines(grid: Grid, *, along: str) -> Grid:
    """Whole rows or columns, or both, in the colour of the only colour on the background in them.

    >>> full_lines(np.array([[0, 3, 0], [0, 0, 0]], np.int8), along="columns").tolist()
    [[0, 3, 0], [0, 3, 0]]
    """
    empty, out = background(grid), grid.copy()
    for way, axis in (("rows", 1), ("columns", 0)):
        if along in (way, "both"):
            high = np.where(grid == empty, -1, grid).max(axis=axis, keepdims=True)
            low = np.where(grid == empty, 10, grid).min(axis=axis, keepdims=True)
            out = np.where((high == low) & (out == empty), high.astype(np.int8), out)
    if (out == grid).all():
        raise NoValue("no line of one colour")
    return out


@operator(
    tags=("neighbourhood analysis",), along=("rows", "columns", "either", "both"), colour=COLOUR[1:], cost=1.4
)
def paint_lines(grid: Grid, *, along: str, colour: int) -> Grid:
    """A colour on the background that has a thing in its row, its column, either of them, or both.

    >>> paint_lines(np.array([[0, 3, 0], [0, 0, 0]], np.int8), along="columns", colour=5).tolist()
    [[0, 3, 0], [0, 5, 0]]
    """
    shown = grid != background(grid)
    rows, columns = shown.any(axis=1, keepdims=True), shown.any(axis=0, keepdims=True)
    if along == "rows":
        columns = rows
    elif along == "columns":
        rows = columns
    lit = rows & columns if along == "both" else rows | columns
    return np.where(lit & ~shown, np.int8(colour), grid)


@operator(
    tags=("neighbourhood analysis", "colour fill"), colour=COLOUR, along=("any", "rows", "columns"), cost=1.2
)
def as_nearest(grid: Grid, *, colour: int, along: str) -> Grid:
    """Cells of a colour take the colour of the nearest thing of another, or of the only one in their row or column.

    Along rows (or columns) a cell with things of two colours beside it stays as it is.

    >>> as_nearest(np.array([[3, 0, 5, 0, 0, 4]], np.int8), colour=5, along="any").tolist()
    [[3, 0, 3, 0, 0, 4]]
    """
    chosen, empty = grid == colour, background(grid)
    if colour == empty or not chosen.any():
        raise NoValue("no such things")
    others = np.where(chosen, np.int8(empty), grid)
    if along == "any":
        return np.where(chosen, spread(others, diagonal=False), grid)
    one, other = (_rayed(others, side) for side in (("left", "right") if along == "rows" else ("up", "down")))
    clear = (one == empty) | (other == empty) | (one == other)
    found = np.where(one == empty, other, one)
    return np.where(chosen & clear & (found != empty), found, grid)
