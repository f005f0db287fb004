"""Lines that cells send out, and lines that join cells of a row, a column or a diagonal."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid, Mask
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels_parts import ground

STEPS = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""Up, down, left, right, then the four diagonals: a direction is its place in this list."""

AXES = {"rows": (3,), "columns": (1,), "rows and columns": (3, 1), "diagonals": (6, 7), "all": (3, 1, 6, 7)}


def shifted(mask: Mask, step: tuple[int, int]) -> Mask:
    """The mask moved by (down, right), nothing coming in from outside.

    >>> shifted(np.array([[True, False]]), (0, 1)).tolist()
    [[False, True]]
    """
    out = np.zeros_like(mask)
    height, width = mask.shape
    down, right = step
    if abs(down) < height and abs(right) < width:
        out[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = mask[
            max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
        ]
    return out


def sources(grid: Grid, colour: int, direction: int, origin: str, base: int) -> Mask:
    """The cells of ``colour`` that send a line: "every" one, a "line" end that has its colour behind it, one that has
    "another" colour behind it, or a "tail", whose one drawn neighbour lies behind it."""
    from_here = grid == colour
    if origin == "tail":
        drawn = grid != base
        neighbours = np.sum([shifted(drawn, step) for step in STEPS], axis=0)
        return from_here & (neighbours == 1) & shifted(drawn, STEPS[direction])
    if origin == "line":
        return from_here & shifted(from_here, STEPS[direction])
    if origin == "another":
        return from_here & shifted((grid != base) & ~from_here, STEPS[direction])
    return from_here


def ray(grid: Grid, start: Mask, direction: int, stop: str, base: int) -> Mask:
    """The cells of the lines from ``start`` to the border; "at" the first that is drawn, "through" (only over
    background) or "over" it."""
    hit = np.zeros_like(start)
    front = start
    for _ in range(max(grid.shape)):
        front = shifted(front, STEPS[direction])
        if stop == "at":
            front = front & (grid == base)
        if not front.any():
            break
        hit |= front
    return hit & (grid == base) if stop == "through" else hit


@operator(tags=("neighbourhood analysis", "array manipulation"))
def rays(grid: Grid, *, rules: tuple, background: int = -1) -> Grid:
    """Lines that cells send out by ``rules`` (colour, direction, paint, stop, origin), later ones on top.

    Colour -1 is every colour that is drawn, least frequent last. A paint of -1 is the cell's own colour; directions
    are places in ``STEPS``; see ``ray`` and ``sources``.

    >>> rays(np.array([[0, 3, 0]], np.int8), rules=((3, 3, -1, "at", "every"),), background=0).tolist()
    [[0, 3, 3]]
    """
    base = ground(grid, background)
    out = grid.copy()
    for colour, direction, paint, stop, origin in rules:
        for each in drawn_colours(grid, colour, base):
            start = sources(grid, each, direction, origin, base)
            out[ray(grid, start, direction, stop, base)] = each if paint < 0 else paint
    return out


def drawn_colours(grid: Grid, colour: int, base: int) -> list[int]:
    """The colour itself, or with -1 all that are drawn, the least frequent last.

    >>> drawn_colours(np.array([[0, 4, 3, 3]], np.int8), -1, 0)
    [3, 4]
    """
    if colour >= 0:
        return [colour]
    counts = np.bincount(grid.ravel(), minlength=10)
    return sorted((c for c in range(10) if counts[c] and c != base), key=lambda c: -counts[c])


@operator(tags=("neighbourhood analysis", "array manipulation"))
def linked(
    grid: Grid, *, colours: tuple, axes: str, paint: int = -1, over: bool = False, background: int = -1
) -> Grid:
    """Each two cells of one of ``colours`` that face each other along ``axes`` joined by a line.

    Nothing may be drawn between them, unless ``over``, which looks only for the next cell of the colour and draws
    over what is there. Paint -1 is their own colour.

    >>> linked(np.array([[2, 0, 0, 2]], np.int8), colours=(2,), axes="rows", paint=8, background=0).tolist()
    [[2, 8, 8, 2]]
    """
    base = ground(grid, background)
    out = grid.copy()
    for direction in AXES[axes]:
        back = tuple(-step for step in STEPS[direction])
        for colour in colours:
            ends = grid == colour
            free = ~ends if over else grid == base
            after = reach(ends, free, STEPS[direction])
            before = reach(ends, free, (back[0], back[1]))
            out[after & before] = colour if paint < 0 else paint
    if (out == grid).all() and not any((grid == colour).any() for colour in colours):
        raise NoValue("none of the colours")
    return out


def reach(ends: Mask, free: Mask, step: tuple[int, int]) -> Mask:
    """The free cells that one comes to from an end, stepping over free cells alone."""
    hit = np.zeros_like(ends)
    front = ends
    for _ in range(max(ends.shape)):
        front = shifted(front, step) & free
        if not front.any():
            break
        hit |= front
    return hit


@operator(tags=("pattern copy", "neighbourhood analysis"))
def stamped(grid: Grid, *, stamps: tuple, over: bool = False, background: int = -1) -> Grid:
    """Around each cell of a colour its stamp: ``stamps`` holds (colour, ((down, right, paint), ...)), later on top.

    Colour -1 is every colour that is drawn. Paint -1 is the cell's own colour. Only background is painted, unless ``over``.

    >>> stamped(np.array([[0, 2, 0]], np.int8), stamps=((2, ((0, -1, 7), (0, 1, -1))),), background=0).tolist()
    [[7, 2, 2]]
    """
    base = ground(grid, background)
    out = grid.copy()
    for colour, offsets in stamps:
        for each in drawn_colours(grid, colour, base):
            here = grid == each
            for down, right, paint in offsets:
                there = shifted(here, (down, right))
                if not over:
                    there &= grid == base
                out[there] = each if paint == -1 else paint
    return out
