"""Grids made of copies: mosaics of turned copies, enlargements, repetitions, and the same taken back."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.geometry import fits
from medalist.families.arc.operators.panels_parts import ground
from medalist.families.arc.operators.views import UNTURN, cell_size, turned

AMOUNTS = (
    "colours",
    "filled cells",
    "objects",
    "shapes",
    "most of a colour",
    "height",
    "width",
    "empty cells",
)


def amount(grid: Grid, what: str, background: int) -> int:
    """A number that is counted on a grid, or the one that ``what`` spells. "squares" are solid, of one colour each.

    >>> amount(np.array([[0, 3], [3, 4]], np.int8), "filled cells", 0), amount(np.zeros((1, 1), np.int8), "2", 0)
    (3, 2)
    """
    if what.isdecimal():
        return int(what)
    base = ground(grid, background)
    counts = np.bincount(grid.ravel(), minlength=10)
    counts[base] = 0
    if what == "colours":
        return int((counts > 0).sum())
    if what == "filled cells":
        return int(counts.sum())
    if what == "most of a colour":
        return int(counts.max())
    if what == "empty cells":
        return int(grid.size - counts.sum())
    if what in ("height", "width"):
        return grid.shape[what == "width"]
    labels = components(grid, base, what != "squares", what != "objects")
    if what != "squares":
        return int(labels.max())
    squares = 0
    for label in range(1, int(labels.max()) + 1):
        rows, columns = np.nonzero(labels == label)
        side = int(np.ptp(rows)) + 1
        squares += int(side > 1 and np.ptp(columns) + 1 == side and rows.size == side * side)
    return squares


@operator(tags=("pattern copy", "flip", "rotation"))
def mosaic(grid: Grid, *, layout: tuple, shared: int = 0, background: int = -1) -> Grid:
    """Turned copies side by side: ``layout`` holds rows of turns (see ``turned``), -1 for an empty place.

    With ``shared`` 1 neighbours share their touching row or column.

    >>> mosaic(np.array([[1, 2]], np.int8), layout=((0, 2, -1),), background=0).tolist()
    [[1, 2, 2, 1, 0, 0]]
    """
    height, width = grid.shape
    blank = np.full(grid.shape, ground(grid, background), np.int8)
    down, across = height - shared, width - shared
    out = np.zeros(fits(down * len(layout) + shared, across * len(layout[0]) + shared), np.int8)
    for row, line in enumerate(layout):
        for column, turn in enumerate(line):
            tile = blank if turn < 0 else turned(grid, turn=turn)
            if tile.shape != grid.shape:
                raise NoValue("a turned copy does not fit")
            out[row * down : row * down + height, column * across : column * across + width] = tile
    return out


@operator(tags=("array manipulation",))
def enlarged(grid: Grid, *, down: str, across: str, background: int = -1) -> Grid:
    """Every cell as a block of ``down`` x ``across``, each a number or an amount that is counted (see ``amount``).

    >>> enlarged(np.array([[1, 2]], np.int8), down="1", across="colours", background=2).tolist()
    [[1, 2]]
    """
    rows, columns = amount(grid, down, background), amount(grid, across, background)
    fits(grid.shape[0] * rows, grid.shape[1] * columns)
    return np.repeat(np.repeat(grid, rows, axis=0), columns, axis=1)


@operator(tags=("pattern copy",))
def repeated(grid: Grid, *, down: str, across: str, background: int = -1) -> Grid:
    """The grid ``down`` times below and ``across`` times beside itself, numbers or amounts as for ``enlarged``.

    >>> repeated(np.array([[1, 0]], np.int8), down="2", across="filled cells", background=0).tolist()
    [[1, 0], [1, 0]]
    """
    rows, columns = amount(grid, down, background), amount(grid, across, background)
    fits(grid.shape[0] * rows, grid.shape[1] * columns)
    return np.tile(grid, (rows, columns))


@operator(tags=("array manipulation",))
def shrunk(grid: Grid, *, down: int = 0, across: int = 0) -> Grid:
    """Every block of ``down`` x ``across`` as one cell; with 0 blocks as large as the grid's drawing allows.

    >>> shrunk(np.array([[1, 1, 2, 2], [1, 1, 2, 2]], np.int8)).tolist()
    [[1, 2]]
    """
    rows, columns = down or cell_size(grid), across or cell_size(grid)
    if rows * columns == 1 or grid.shape[0] % rows or grid.shape[1] % columns:
        raise NoValue("no such blocks")
    return grid[::rows, ::columns].copy()


@operator(tags=("pattern copy", "grid partition"))
def one_period(grid: Grid) -> Grid:
    """The smallest tile whose repetition the grid is. Raises NoValue where it repeats nothing.

    >>> one_period(np.array([[1, 2, 1, 2], [1, 2, 1, 2]], np.int8)).tolist()
    [[1, 2]]
    """
    height, width = grid.shape
    downs = [n for n in range(1, height + 1) if height % n == 0 and (grid[n:] == grid[: height - n]).all()]
    acrosses = [
        n for n in range(1, width + 1) if width % n == 0 and (grid[:, n:] == grid[:, : width - n]).all()
    ]
    down, across = downs[0], acrosses[0]
    if (down, across) == grid.shape:
        raise NoValue("nothing repeats")
    return grid[:down, :across].copy()


@operator(tags=("array manipulation",))
def cut_at(grid: Grid, *, turn: int, row: int, column: int, height: int, width: int) -> Grid:
    """The rectangle of ``height`` x ``width`` that lies ``row`` down and ``column`` across in the grid turned by ``turn``.

    So that places can be counted from any corner; what is cut out is not turned.

    >>> cut_at(np.array([[1, 2, 3]], np.int8), turn=2, row=0, column=0, height=1, width=2).tolist()
    [[2, 3]]
    """
    seen = turned(grid, turn=turn)
    down, across = (height, width) if turn % 2 == 0 else (width, height)
    if row + down > seen.shape[0] or column + across > seen.shape[1]:
        raise NoValue("outside the grid")
    return turned(seen[row : row + down, column : column + across], turn=UNTURN[turn])
