"""Self-similar grids: each cell becomes a block as large as the grid, a copy of it or a plain one."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid, Mask
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.geometry import fits
from medalist.families.arc.operators.panels_parts import ground

BLOCKS = ("copy", "blank", "solid", "inverse", "recoloured", "diagonal", "antidiagonal")


def chosen_cells(grid: Grid, where: str, background: int) -> Mask:
    """The cells that are "filled", of the "most" or "least" frequent colour, of colour "N", or "every" cell.

    The background counts for none of these but "N", and "most" with background -1, which is then the most frequent.

    >>> chosen_cells(np.array([[0, 3, 3, 4]], np.int8), "least", 0).tolist()
    [[False, False, False, True]]
    """
    if where.isdecimal():
        return grid == int(where)
    base = ground(grid, background)
    if where == "every":
        return np.ones(grid.shape, bool)
    if where == "filled":
        return grid != base
    if where == "most":
        return grid == np.bincount(grid.ravel()).argmax()
    counts = np.bincount(grid.ravel(), minlength=10)
    counts[counts == 0] = grid.size + 1
    counts[base] = grid.size + 1
    if counts.min() > grid.size:
        raise NoValue("nothing but background")
    return grid == counts.argmin()


def block(grid: Grid, kind: str, colour: int, base: int) -> Grid:
    """What stands for a cell of ``colour``: one of ``BLOCKS``."""
    blank = np.full(grid.shape, base, np.int8)
    if kind == "copy":
        return grid
    if kind == "solid":
        return np.full(grid.shape, colour, np.int8)
    if kind == "inverse":
        ink = [each for each in np.unique(grid).tolist() if each != base]
        if len(ink) != 1:
            raise NoValue("several colours have no inverse")
        return np.where(grid == base, ink[0], base).astype(np.int8)
    if kind == "recoloured":
        return np.where(grid == base, base, colour).astype(np.int8)
    if kind in ("diagonal", "antidiagonal"):
        line = np.eye(grid.shape[0], grid.shape[1], dtype=bool)
        return np.where(line if kind == "diagonal" else line[:, ::-1], colour, base).astype(np.int8)
    return blank


@operator(tags=("pattern copy", "conditional logic"))
def fractal(grid: Grid, *, where: str, then: str, otherwise: str, background: int = -1) -> Grid:
    """Each cell becomes a block of the grid's own size: ``then`` where it is chosen, else ``otherwise``.

    >>> fractal(np.array([[0, 3]], np.int8), where="filled", then="copy", otherwise="blank", background=0).tolist()
    [[0, 0, 0, 3]]
    """
    height, width = grid.shape
    base = ground(grid, background)
    chosen = chosen_cells(grid, where, background)
    out = np.zeros(fits(height * height, width * width), np.int8)
    for row, column in np.ndindex(height, width):
        kind = then if chosen[row, column] else otherwise
        at = (slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width))
        out[at] = block(grid, kind, int(grid[row, column]), base)
    return out


@operator(tags=("pattern copy", "conditional logic"))
def expanded(grid: Grid, *, size: int, then: tuple, background: int = -1) -> Grid:
    """Each cell becomes a block of ``size``: the pattern that ``then`` gives for its colour, else a solid block.

    In a pattern -1 is the cell's colour and -2 the background.

    >>> expanded(np.array([[0, 3]], np.int8), size=2, then=((3, ((-1, 7), (-2, -1))),), background=0).tolist()
    [[0, 0, 3, 7], [0, 0, 0, 3]]
    """
    base = ground(grid, background)
    patterns = dict(then)
    fits(grid.shape[0] * size, grid.shape[1] * size)
    out = np.repeat(np.repeat(grid, size, axis=0), size, axis=1)
    for row, column in np.ndindex(*grid.shape):
        colour = int(grid[row, column])
        if colour in patterns:
            drawn = np.array(patterns[colour], np.int8)
            drawn = np.where(drawn == -1, colour, np.where(drawn == -2, base, drawn))
            out[row * size : (row + 1) * size, column * size : (column + 1) * size] = drawn
    return out
