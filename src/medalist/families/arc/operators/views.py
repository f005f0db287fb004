"""Views of a grid that make a puzzle easier, in pairs: one operator on the way in, its inverse on the way out.

The inverse takes the original grid too, since what was done (which colour plays which role, where the lines lie) was
read from it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels import panel_spans


def role_table(grid: Grid, fixed: tuple[int, ...], order: str) -> npt.NDArray[np.int8]:
    """The role of each of the ten colours: a permutation, shape (10,).

    Colours in ``fixed`` stay what they are. ``order`` "background" swaps 0 and the most frequent colour; "most" and
    "least" number the others from the most or least frequent on, "place" in reading order of their first cells, with
    the numbers that fixed colours leave free; colours that are absent take what is left, in order. Ties go by place.
    """
    flat = grid.ravel()
    counts = np.bincount(flat, minlength=10)
    places = [int(np.argmax(flat == colour)) if counts[colour] else flat.size for colour in range(10)]
    table = np.arange(10, dtype=np.int8)
    if order == "background":
        usual = min(range(10), key=lambda colour: (-counts[colour], colour))
        if usual not in fixed and 0 not in fixed:
            table[0], table[usual] = usual, 0
        return table
    sign = {"most": -1, "least": 1, "place": 0}[order]
    free = [colour for colour in range(10) if colour not in fixed]
    present = [colour for colour in free if counts[colour]]
    present.sort(key=lambda colour: (sign * counts[colour], places[colour]))
    absent = [colour for colour in free if not counts[colour]]
    for role, colour in zip(free, present + absent, strict=True):
        table[colour] = role
    return table


@operator(tags=("colour fill", "counting"))
def to_roles(grid: Grid, *, fixed: tuple = (), order: str = "most") -> Grid:
    """Colours by the role they play in this grid, as ``role_table`` numbers them.

    >>> to_roles(np.array([[7, 7, 2]], np.int8), fixed=(), order="most").tolist()
    [[0, 0, 1]]
    """
    return role_table(grid, fixed, order)[grid]


@operator(tags=("colour fill", "counting"))
def from_roles(result: Grid, grid: Grid, *, fixed: tuple = (), order: str = "most") -> Grid:
    """Roles turned back into the colours that play them in ``grid``: the inverse of ``to_roles``.

    >>> from_roles(np.array([[1, 0, 0]], np.int8), np.array([[7, 7, 2]], np.int8), fixed=(), order="most").tolist()
    [[2, 7, 7]]
    """
    return np.argsort(role_table(grid, fixed, order)).astype(np.int8)[result]


@operator(tags=("rotation", "flip", "transpose"))
def turned(grid: Grid, *, turn: int) -> Grid:
    """One of the eight symmetries of the square: ``turn % 4`` quarter turns anticlockwise, after a transpose from 4 on.

    >>> turned(np.array([[1, 2], [3, 4]], np.int8), turn=4).tolist()
    [[1, 3], [2, 4]]
    """
    return np.ascontiguousarray(np.rot90(grid.T if turn >= 4 else grid, turn % 4))


UNTURN = (0, 3, 2, 1, 4, 5, 6, 7)
"""The turn that undoes each turn."""


@operator(tags=("grid partition",))
def to_blocks(grid: Grid) -> Grid:
    """One cell a panel between separator lines, where every panel is of one colour.

    >>> to_blocks(np.array([[1, 5, 2], [5, 5, 5], [0, 5, 0]], np.int8)).tolist()
    [[1, 2], [0, 0]]
    """
    rows, columns = panel_spans(grid)
    cells = [[grid[a:b, c:d] for c, d in columns] for a, b in rows]
    if any(int(panel.min()) != int(panel.max()) for line in cells for panel in line):
        raise NoValue("a panel has several colours")
    return np.array([[panel[0, 0] for panel in line] for line in cells], np.int8)


@operator(tags=("grid partition",))
def from_blocks(result: Grid, grid: Grid) -> Grid:
    """``grid`` with each panel filled with the colour of its cell of ``result``: the inverse of ``to_blocks``.

    >>> from_blocks(np.array([[3, 4]], np.int8), np.array([[0, 5, 0], [0, 5, 0]], np.int8)).tolist()
    [[3, 5, 4], [3, 5, 4]]
    """
    rows, columns = panel_spans(grid)
    if result.shape != (len(rows), len(columns)):
        raise NoValue("not one cell a panel")
    out = grid.copy()
    for line, (a, b) in enumerate(rows):
        for place, (c, d) in enumerate(columns):
            out[a:b, c:d] = result[line, place]
    return out


def cell_size(grid: Grid) -> int:
    """The side of the largest squares, all of one colour, that the grid is made of; 1 where it is of single cells.

    >>> cell_size(np.array([[1, 1, 2, 2], [1, 1, 2, 2]], np.int8))
    2
    """
    steps = [0]
    for axis in (0, 1):
        changed = np.flatnonzero((np.diff(grid, axis=axis) != 0).any(axis=1 - axis)) + 1
        steps += [*changed.tolist(), grid.shape[axis]]
    return int(np.gcd.reduce(steps))


@operator(tags=("grid partition",))
def to_cells(grid: Grid) -> Grid:
    """A grid that is drawn in squares of several cells, one cell a square. Raises NoValue for one of single cells.

    >>> to_cells(np.array([[1, 1, 2, 2], [1, 1, 2, 2]], np.int8)).tolist()
    [[1, 2]]
    """
    size = cell_size(grid)
    if size == 1:
        raise NoValue("not drawn in squares")
    return grid[::size, ::size].copy()


@operator(tags=("grid partition",))
def from_cells(result: Grid, grid: Grid) -> Grid:
    """Each cell as a square of the size that ``grid`` is drawn in: the inverse of ``to_cells``.

    >>> from_cells(np.array([[3]], np.int8), np.array([[1, 1, 2, 2], [1, 1, 2, 2]], np.int8)).tolist()
    [[3, 3], [3, 3]]
    """
    size = cell_size(grid)
    return np.repeat(np.repeat(result, size, axis=0), size, axis=1)
