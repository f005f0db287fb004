"""Noise taken away and gaps closed: specks, broken lines, covered patches, holes in rectangles."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid, Mask
from medalist.families.arc.grids.kernels import Labels, components
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.colours import COLOUR
from medalist.families.arc.operators.lines import DIAGONALS, moved
from medalist.families.arc.operators.pieces import background


@operator(
    tags=("object detection", "neighbourhood analysis"),
    diagonal=(True, False),
    by_colour=(True, False),
    cost=1.2,
)
def drop_specks(grid: Grid, *, diagonal: bool, by_colour: bool) -> Grid:
    """Background in place of things of a single cell; ``diagonal``, ``by_colour``: see ``objects``.

    >>> drop_specks(np.array([[3, 0, 4, 4]], np.int8), diagonal=True, by_colour=True).tolist()
    [[0, 0, 4, 4]]
    """
    empty = background(grid)
    return np.where(_single(components(grid, empty, diagonal, by_colour)), np.int8(empty), grid)


@operator(tags=("object detection", "neighbourhood analysis"), cost=1.2)
def keep_specks(grid: Grid) -> Grid:
    """Background in place of things of more than one cell; corners connect.

    >>> keep_specks(np.array([[3, 0, 4, 4]], np.int8)).tolist()
    [[3, 0, 0, 0]]
    """
    empty = background(grid)
    specks = _single(components(grid, empty, True, False))
    return np.where(specks, grid, np.int8(empty))


def _single(labels: Labels) -> Mask:
    counts = np.bincount(labels.ravel())
    single = counts == 1
    single[0] = False
    if not single.any():
        raise NoValue("nothing is of a single cell")
    return single[labels]


@operator(tags=("neighbourhood analysis",), cost=1.2)
def absorb_specks(grid: Grid) -> Grid:
    """A cell that no neighbour shares the colour of takes a colour that most of its neighbours have.

    >>> absorb_specks(np.array([[3, 3, 3], [3, 4, 3], [3, 3, 3]], np.int8)).tolist()
    [[3, 3, 3], [3, 3, 3], [3, 3, 3]]
    """
    specks = _single(components(grid, -1, False, True))
    return usual_neighbour(grid, specks)


def usual_neighbour(grid: Grid, where: Mask) -> Grid:
    """The grid with cells of a mask in the most frequent colour of their eight neighbours that are not in it."""
    known = np.where(where, np.int8(-1), grid)
    sides = ((1, 0), (-1, 0), (0, 1), (0, -1), *DIAGONALS)
    beside = np.stack([moved(known, down, right, -1) for down, right in sides])
    out = grid.copy()
    for row, column in np.argwhere(where).tolist():
        counts = np.bincount(beside[:, row, column] + 1, minlength=11)[1:]
        if counts.any():
            out[row, column] = counts.argmax()
    return out


@operator(tags=("neighbourhood analysis", "colour fill"), colour=COLOUR, cost=1.2)
def absorb_colour(grid: Grid, *, colour: int) -> Grid:
    """Cells of a colour take the colour that most of their neighbours have, from their edges inwards.

    >>> absorb_colour(np.array([[3, 5, 5, 3]], np.int8), colour=5).tolist()
    [[3, 3, 3, 3]]
    """
    left = grid == colour
    if not left.any() or left.all():
        raise NoValue("no such cells, or no others")
    sides = ((1, 0), (-1, 0), (0, 1), (0, -1), *DIAGONALS)
    out = np.where(left, np.int8(-1), grid)
    every = np.arange(10, dtype=np.int8)[:, None, None]
    for _ in range(sum(grid.shape)):
        counts = np.zeros((10, *grid.shape), np.int8)
        for down, right in sides:
            counts += moved(out, down, right, -1) == every
        new = (out < 0) & counts.any(axis=0)
        out = np.where(new, counts.argmax(axis=0).astype(np.int8), out)
        if (out >= 0).all():
            break
    return out


@operator(tags=("neighbourhood analysis", "pattern copy"), along=("rows", "columns", "both"), cost=1.4)
def mend_lines(grid: Grid, *, along: str) -> Grid:
    """Rows or columns of which more than half is one colour off the background wholly in that colour.

    >>> mend_lines(np.array([[3, 3, 0, 3]], np.int8), along="rows").tolist()
    [[3, 3, 3, 3]]
    """
    empty, out = background(grid), grid
    every = np.arange(10, dtype=np.int8)[:, None, None]
    for way, axis in (("columns", 0), ("rows", 1)):
        if along in (way, "both"):
            counts = (grid == every).sum(axis=axis + 1)
            counts[empty] = 0
            whole = 2 * counts.max(axis=0) > grid.shape[axis]
            colours = np.expand_dims(counts.argmax(axis=0).astype(np.int8), axis)
            out = np.where(np.expand_dims(whole, axis), colours, out)
    return out


@operator(
    tags=("symmetry", "pattern copy"),
    way=("up-down", "left-right", "diagonal", "all", "half turn", "quarter turns"),
)
def mirror_over(grid: Grid, *, way: str) -> Grid:
    """Background takes the colour of its image in the grid: across the middle, the diagonal, all of these, or turned.

    >>> mirror_over(np.array([[3, 0]], np.int8), way="left-right").tolist()
    [[3, 3]]
    """
    empty, out = background(grid), grid
    if way in ("half turn", "quarter turns"):
        out = np.where(out == empty, out[::-1, ::-1], out)
        if way == "half turn":
            return out
    if way in ("diagonal", "all", "quarter turns"):
        if grid.shape[0] != grid.shape[1]:
            raise NoValue("not square")
        out = np.where(out == empty, out.T if way != "quarter turns" else out.T[::-1], out)
    if way in ("up-down", "all"):
        out = np.where(out == empty, out[::-1], out)
    if way in ("left-right", "all"):
        out = np.where(out == empty, out[:, ::-1], out)
    return out
