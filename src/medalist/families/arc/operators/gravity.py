"""Cells and objects that move one way until something stops them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.cells import Grid, Mask
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels_parts import ground
from medalist.families.arc.operators.views import UNTURN, turned

Places: TypeAlias = npt.NDArray[np.intp]
"""Rows and columns of cells, shape (n, 2)."""


@operator(tags=("array manipulation", "object detection"))
def drop(grid: Grid, *, turn: int, movers: tuple, bodies: str, background: int = -1) -> Grid:
    """Movers fall until they meet the edge or something drawn: down in the grid turned by ``turn`` (see ``turned``).

    ``movers`` are colours, all that are drawn where it is empty. ``bodies`` that stay whole: "cells", "shapes" (of
    one colour, corners count), "objects" (of any).

    >>> drop(np.array([[3, 4], [0, 0], [5, 0]], np.int8), turn=0, movers=(3, 4), bodies="cells", background=0).tolist()
    [[0, 0], [3, 0], [5, 4]]
    """
    base = ground(grid, background)
    out = turned(grid, turn=turn).copy()
    moving = np.isin(out, movers) & (out != base) if movers else out != base
    if bodies == "cells":
        labels = (np.cumsum(moving.ravel()) * moving.ravel()).reshape(out.shape)
    else:
        labels = components(np.where(moving, out, -1).astype(np.int8), -1, True, bodies == "shapes")
    falling = [np.argwhere(labels == label) for label in range(1, int(labels.max()) + 1)]
    falling.sort(key=lambda cells: -int(cells[:, 0].max()))
    for _ in range(3):
        falling = [fall_of(out, cells, base) for cells in falling]
    return turned(out, turn=UNTURN[turn])


def fall_of(cells: Grid, body: Places, base: int) -> Places:
    """Let a body, places of shape (n, 2), fall in ``cells``, which is changed; where it comes to rest."""
    rows, columns = body.T
    colours = cells[rows, columns].copy()
    cells[rows, columns] = base
    down = 0
    while rows.max() + down + 1 < cells.shape[0] and (cells[rows + down + 1, columns] == base).all():
        down += 1
    cells[rows + down, columns] = colours
    return body + np.array([down, 0])


@operator(tags=("array manipulation", "object detection"))
def attracted(
    grid: Grid, *, movers: tuple, anchors: tuple, bodies: str, lost: str, background: int = -1
) -> Grid:
    """Movers go straight to an anchor that they face, until they touch it.

    ``movers`` and ``anchors`` are colours; with none, the largest object of each colour draws all others of that
    colour. ``bodies`` that stay whole as for ``drop``. Those that face none "stay" or "vanish", by ``lost``.

    >>> attracted(np.array([[3, 0, 0, 5]], np.int8), movers=(3,), anchors=(5,), bodies="cells", lost="stay",
    ...     background=0).tolist()
    [[0, 0, 3, 5]]
    """
    base = ground(grid, background)
    drawn = grid != base
    still = np.isin(grid, anchors) & drawn if anchors else largest_of_each(grid, base)
    moving = np.isin(grid, movers) & ~still & drawn if movers else drawn & ~still
    if not still.any() or not moving.any():
        raise NoValue("nothing draws, or nothing is drawn")
    if bodies == "cells":
        labels = (np.cumsum(moving.ravel()) * moving.ravel()).reshape(grid.shape)
    else:
        labels = components(np.where(moving, grid, -1).astype(np.int8), -1, True, bodies == "shapes")
    out = np.where(moving, base, grid).astype(np.int8)
    for label in range(1, int(labels.max()) + 1):
        body = np.argwhere(labels == label)
        rows, columns = body.T
        colours = grid[rows, columns]
        goal = still & (grid == colours[0]) if not anchors else still
        step = way_to(goal, body)
        if step is not None:
            out[rows + step[0], columns + step[1]] = colours
        elif lost == "stay":
            out[rows, columns] = colours
    return out


def largest_of_each(grid: Grid, base: int) -> Mask:
    """The largest object of each colour (the first of equals) that has more than one cell."""
    labels = components(grid, base, True, True)
    sizes = np.bincount(labels.ravel())
    still = np.zeros(grid.shape, bool)
    for colour in np.unique(grid[labels > 0]).tolist():
        of_colour = np.unique(labels[grid == colour])
        largest = of_colour[sizes[of_colour].argmax()]
        still |= (labels == largest) & (sizes[largest] > 1)
    return still


def way_to(goal: Mask, body: Places) -> tuple[int, int] | None:
    """The nearest straight way (down, right) after which a body touches the goal; None where it faces none."""
    height, width = goal.shape
    rows, columns = body.T
    for distance in range(max(height, width)):
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            row, column = rows + down * (distance + 1), columns + right * (distance + 1)
            if row.min() < 0 or column.min() < 0 or row.max() >= height or column.max() >= width:
                continue
            if goal[row, column].any():
                return down * distance, right * distance
    return None
