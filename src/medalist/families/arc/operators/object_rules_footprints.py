"""Footprints: the cells that an object claims beyond or within itself, such as its box, its holes or a ray to the border.

A footprint is named by a word and a mode: ``over`` takes every cell, ``under`` only those of the ground, ``stop`` only
the ground's cells before the first other one on the way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Mask, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.operators.object_rules_features import features, heading
from medalist.families.arc.operators.object_rules_scene import spread

STEPS = {
    "up": (-1, 0),
    "down": (1, 0),
    "left": (0, -1),
    "right": (0, 1),
    "nw": (-1, -1),
    "ne": (-1, 1),
    "sw": (1, -1),
    "se": (1, 1),
}
UNIONS = {
    "row": ("left", "right"),
    "column": ("up", "down"),
    "cross": ("left", "right", "up", "down"),
    "falling": ("nw", "se"),
    "rising": ("ne", "sw"),
    "diagonals": ("nw", "ne", "sw", "se"),
}


def footprint(scene: dict[str, Any], number: int, name: str, mode: str) -> Mask:
    """The cells, shape of the grid, of footprint ``name`` of object ``number``. Raises NoValue for an unknown one."""
    grid, piece = scene["grid"], scene["objects"][number]
    free = grid == scene["ground"]
    if name == "own":
        return spread(piece, grid.shape)
    if name in STEPS:
        return ray(free, spread(piece, grid.shape), STEPS[name], mode)
    if name in UNIONS:
        own = spread(piece, grid.shape)
        found = np.zeros(grid.shape, np.bool_)
        for each in UNIONS[name]:
            found |= ray(free, own, STEPS[each], mode)
        return found
    word, _, rest = name.partition("_")
    if word in ("link", "meet"):
        return links(scene, number, STEPS[rest], word == "link")
    if word == "tip":
        return ray(free, tip(piece, grid.shape, STEPS[rest]), STEPS[rest], mode) & ~spread(piece, grid.shape)
    if word in ("toward", "away"):
        greater = features(scene)["greater"][number]
        if greater < 0:
            raise NoValue("nothing greater")
        down, across = heading(piece, scene["objects"][greater])
        if down and across and abs(down) != abs(across):
            return np.zeros(grid.shape, np.bool_)
        sign = 1 if word == "toward" else -1
        step = (sign * int(np.sign(down)), sign * int(np.sign(across)))
        if step == (0, 0):
            return np.zeros(grid.shape, np.bool_)
        return ray(free, spread(piece, grid.shape), step, mode)
    if name in ("beyond", "behind"):
        return pointed(scene, number, name == "beyond", mode)
    if name == "open":
        return poured(scene, number, mode)
    if word in ("odd", "even"):
        return ray(free, spread(piece, grid.shape), STEPS[rest], mode, 2, 0 if word == "odd" else 1)
    found = boxed(scene, number, name)
    return found & free if mode == "under" else found


def pointed(scene: dict[str, Any], number: int, beyond: bool, mode: str) -> Mask:
    """The ray from an object's marker cells away from the rest of it; or, not ``beyond``, out of its other side.

    Raises NoValue for an object without a marker, or with one in its middle.
    """
    grid, piece = scene["grid"], scene["objects"][number]
    marker = features(scene)["marker"][number]
    marked = spread(
        Piece(np.where(piece.cells == marker, piece.cells, CLEAR), piece.row, piece.column), grid.shape
    )
    own = spread(piece, grid.shape)
    if marker < 0:
        raise NoValue("no marker")
    (row, column), (other_row, other_column) = (
        [float(axis.mean()) for axis in np.nonzero(each)] for each in (marked, own & ~marked)
    )
    down, across = row - other_row, column - other_column
    step = (
        int(np.sign(down)) if 2 * abs(down) >= abs(across) else 0,
        int(np.sign(across)) if 2 * abs(across) >= abs(down) else 0,
    )
    if step == (0, 0):
        raise NoValue("the marker points nowhere")
    step = step if beyond else (-step[0], -step[1])
    found = ray(grid == scene["ground"], marked, step, "over" if mode == "under" else mode) & ~own
    return found & (grid == scene["ground"]) if mode == "under" else found


def poured(scene: dict[str, Any], number: int, mode: str) -> Mask:
    """The ray out of the gap in one side of an object's box, from the gap on. Raises NoValue unless one side has one."""
    grid, piece = scene["grid"], scene["objects"][number]
    clear = piece.cells == CLEAR
    found = []
    for step, line in (
        ((-1, 0), clear[0]),
        ((1, 0), clear[-1]),
        ((0, -1), clear[:, 0]),
        ((0, 1), clear[:, -1]),
    ):
        filled = np.flatnonzero(~line)
        inside = line.copy()
        inside[: filled[0]] = inside[filled[-1] :] = False
        if inside.any():
            found.append((step, inside))
    if len(found) != 1:
        raise NoValue("not one gap")
    step, inside = found[0]
    cells = np.full(piece.cells.shape, CLEAR, np.int8)
    edge = 0 if min(step) < 0 else -1
    if step[0]:
        cells[edge, inside] = 0
    else:
        cells[inside, edge] = 0
    start = spread(Piece(cells, piece.row, piece.column), grid.shape)
    return start | ray(grid == scene["ground"], start, step, mode)


def tip(piece: Piece, shape: tuple[int, ...], step: tuple[int, int]) -> Mask:
    """The one corner of the piece's box that lies in the direction of a slanting ``step``."""
    found = np.zeros(shape, np.bool_)
    row = piece.row if step[0] < 0 else piece.row + piece.cells.shape[0] - 1
    column = piece.column if step[1] < 0 else piece.column + piece.cells.shape[1] - 1
    found[row, column] = True
    return found


def boxed(scene: dict[str, Any], number: int, name: str) -> Mask:
    """Footprints that lie in or just around the object's box."""
    grid, piece = scene["grid"], scene["objects"][number]
    height, width = piece.cells.shape
    found = np.zeros(grid.shape, np.bool_)
    top, left, bottom, right = piece.row, piece.column, piece.row + height, piece.column + width
    if name == "box":
        found[top:bottom, left:right] = True
    elif name == "gaps":
        found[top:bottom, left:right] = piece.cells == CLEAR
    elif name == "holes":
        outside = components(np.pad(piece.cells != CLEAR, 1).astype(np.int8), 1, False, True)
        found[top:bottom, left:right] = outside[1:-1, 1:-1] > 1
    elif name == "inner":
        found[top + 1 : bottom - 1, left + 1 : right - 1] = True
    elif name == "frame":
        found[top:bottom, left:right] = True
        found[top + 1 : bottom - 1, left + 1 : right - 1] = False
    elif name == "dots":
        found[top + 1 : bottom : 2, left + 1 : right : 2] = True
    elif name == "checks":
        found[top:bottom, left:right] = np.add.outer(np.arange(height), np.arange(width)) % 2 == 1
    elif name == "rings":
        deep = np.minimum.outer(np.arange(height), np.arange(width))
        found[top:bottom, left:right] = np.minimum(deep, deep[::-1, ::-1]) % 2 == 1
    elif name in ("ring", "corners"):
        found[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = True
        found[top:bottom, left:right] = False
        if name == "corners":
            found[top:bottom] = False
            found[:, left:right] = False
    elif name in ("near4", "near8"):
        found = grown(spread(piece, grid.shape), name == "near8") & ~spread(piece, grid.shape)
    elif name in ("band", "pillar"):
        if name == "band":
            found[top:bottom] = True
        else:
            found[:, left:right] = True
    elif name in ("mid_row", "mid_column"):
        if (height if name == "mid_row" else width) % 2 == 0:
            raise NoValue("no middle line")
        if name == "mid_row":
            found[top + height // 2] = True
        else:
            found[:, left + width // 2] = True
    else:
        raise NoValue(f"no footprint is called {name}")
    return found


def grown(mask: Mask, diagonal: bool) -> Mask:
    """``mask`` with the cells beside it, those at its corners too with ``diagonal``.

    >>> grown(np.array([[True, False, False]]), False).tolist()
    [[True, True, False]]
    """
    found = mask.copy()
    found[1:] |= mask[:-1]
    found[:-1] |= mask[1:]
    base = found.copy() if diagonal else mask
    found[:, 1:] |= base[:, :-1]
    found[:, :-1] |= base[:, 1:]
    return found


def ray(free: Mask, own: Mask, step: tuple[int, int], mode: str, stride: int = 1, phase: int = 0) -> Mask:
    """The cells on the way from every outer cell of ``own`` by ``step`` to the border.

    With ``stride`` 2 only every other one of them, beginning with the first (``phase`` 0) or the second.
    """
    if 0 in step and stride == 1 and mode != "stop":
        axis = 0 if step[0] else 1
        turn = slice(None, None, -1 if sum(step) < 0 else 1)
        turned = own[turn] if axis == 0 else own[:, turn]
        found = np.logical_or.accumulate(turned, axis=axis)
        found = (found[turn] if axis == 0 else found[:, turn]) & ~own
        return found & free if mode == "under" else found
    found = np.zeros(own.shape, np.bool_)
    front = own
    for distance in range(max(own.shape)):
        front = shifted(front, step) & ~own
        if mode == "stop":
            front = front & free
        if not front.any():
            break
        if distance % stride == phase:
            found |= front
    return found & free if mode == "under" else found


def shifted(mask: Mask, step: tuple[int, int]) -> Mask:
    """``mask`` moved by ``step`` (rows, columns); what leaves the grid is lost.

    >>> shifted(np.array([[True, False]]), (0, 1)).tolist()
    [[False, True]]
    """
    found = np.zeros_like(mask)
    height, width = mask.shape
    down, across = step
    if abs(down) >= height or abs(across) >= width:
        return found
    found[max(0, down) : height + min(0, down), max(0, across) : width + min(0, across)] = mask[
        max(0, -down) : height - max(0, down), max(0, -across) : width - max(0, across)
    ]
    return found


def links(scene: dict[str, Any], number: int, step: tuple[int, int], alike: bool) -> Mask:
    """The ground's cells between an object and the next thing in a direction, of its own colour with ``alike``."""
    grid, piece = scene["grid"], scene["objects"][number]
    found = np.zeros(grid.shape, np.bool_)
    free = grid == scene["ground"]
    own = spread(piece, grid.shape)
    for row, column in zip(*np.nonzero(own & ~shifted(own, (-step[0], -step[1]))), strict=True):
        way = []
        r, c = int(row) + step[0], int(column) + step[1]
        while 0 <= r < grid.shape[0] and 0 <= c < grid.shape[1] and free[r, c]:
            way.append((r, c))
            r, c = r + step[0], c + step[1]
        hit = 0 <= r < grid.shape[0] and 0 <= c < grid.shape[1] and not own[r, c]
        if hit and (not alike or grid[r, c] == grid[row, column]):
            for cell in way:
                found[cell] = True
    return found
