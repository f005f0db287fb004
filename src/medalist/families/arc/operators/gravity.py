"""Cells and objects that move one way until something stops them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import operator
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
