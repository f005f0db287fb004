"""Columns of colours: for every cell, which colours stand around it, along its rays and at its mirror images.

A column is an ``int16`` array of the grid's shape. A family is a function of a grid and its background that gives
columns by name, those that hold colours (-1 for none) and those that hold numbers. Cell rules are made of them.
"""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid

WAYS = (
    ("up", -1, 0),
    ("down", 1, 0),
    ("left", 0, -1),
    ("right", 0, 1),
    ("up-left", -1, -1),
    ("up-right", -1, 1),
    ("down-left", 1, -1),
    ("down-right", 1, 1),
)
FAR = 99


def usual_background(grid: Grid) -> int:
    """The most frequent colour, the lowest of equals.

    >>> usual_background(np.array([[3, 3, 0]], np.int8))
    3
    """
    return int(np.bincount(grid.ravel(), minlength=10).argmax())


def moved(values: np.ndarray, down: int, right: int, outside: int) -> np.ndarray:
    """For each cell the value ``down`` rows and ``right`` columns further, ``outside`` beyond the edge.

    >>> moved(np.array([[1, 2, 3]]), 0, 1, -1).tolist()
    [[2, 3, -1]]
    """
    height, width = values.shape
    found = np.full((height, width), outside, values.dtype)
    if abs(down) < height and abs(right) < width:
        rows = slice(max(down, 0), height + min(down, 0))
        columns = slice(max(right, 0), width + min(right, 0))
        into_rows = slice(max(-down, 0), height + min(-down, 0))
        into_columns = slice(max(-right, 0), width + min(-right, 0))
        found[into_rows, into_columns] = values[rows, columns]
    return found


def own_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """The cell's own colour, and what stands at the grid's corners and among its colours by frequency."""
    cells = grid.astype(np.int16)
    counts = np.bincount(grid.ravel(), minlength=10)
    others = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] and c != background]
    alike = np.ones_like(cells)
    names = ("first", "second", "third")
    colours = {"own": cells, "background": alike * background}
    for place, name in enumerate(names):
        colours[f"own {name} colour"] = alike * (others[place] if place < len(others) else -1)
    colours["own rarest colour"] = alike * (others[-1] if others else -1)
    colours["own second rarest colour"] = alike * (others[-2] if len(others) > 1 else -1)
    rank = np.full(10, 0, np.int16)
    rank[others] = np.arange(1, len(others) + 1)
    numbers = {
        "own count": counts[cells].astype(np.int16),
        "own rank": rank[cells],
        "own rank from rarest": np.where(rank[cells] > 0, len(others) + 1 - rank[cells], 0).astype(np.int16),
        "own colours": alike * len(others),
    }
    return colours, numbers


def near_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """The eight neighbours' colours, and how many of them are coloured or like the cell."""
    cells = grid.astype(np.int16)
    colours, around = {}, []
    for name, down, right in WAYS:
        around.append(moved(cells, down, right, -1))
        colours[f"near {name}"] = around[-1]
    stack = np.stack(around)
    inked = (stack != background) & (stack >= 0)
    like = stack == cells
    differs = inked & ~like
    top = np.zeros((10, *cells.shape), np.int16)
    for colour in range(10):
        if colour != background:
            top[colour] = (stack == colour).sum(axis=0)
    colours["near most"] = np.where(top.max(axis=0) > 0, top.argmax(axis=0), -1).astype(np.int16)
    numbers = {
        "near inked beside": inked[:4].sum(axis=0),
        "near inked at corners": inked[4:].sum(axis=0),
        "near inked": inked.sum(axis=0),
        "near like beside": like[:4].sum(axis=0),
        "near like at corners": like[4:].sum(axis=0),
        "near like": like.sum(axis=0),
        "near different": differs.sum(axis=0),
        "near most count": top.max(axis=0),
        "near across": (inked[0] & inked[1]) * 1 + (inked[2] & inked[3]) * 2,
        "near like across": (like[0] & like[1]) * 1 + (like[2] & like[3]) * 2,
    }
    return colours, {name: column.astype(np.int16) for name, column in numbers.items()}


def wide_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """The sixteen cells two away, and how many of each ring are coloured."""
    cells = grid.astype(np.int16)
    colours = {}
    inked = np.zeros_like(cells)
    for down in range(-2, 3):
        for right in range(-2, 3):
            if max(abs(down), abs(right)) == 2:
                ring = moved(cells, down, right, -1)
                colours[f"wide {down},{right}"] = ring
                inked += (ring != background) & (ring >= 0)
    for down, right in ((-3, 0), (3, 0), (0, -3), (0, 3)):
        colours[f"wide {down},{right}"] = moved(cells, down, right, -1)
    return colours, {"wide inked": inked}


def ray_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """Along each of eight rays: the first colour that is not background, its distance, and the first unlike one."""
    cells = grid.astype(np.int16)
    colours, numbers = {}, {}
    for name, down, right in WAYS:
        colour, distance, unlike, until = along(cells, background, down, right)
        colours[f"ray {name}"], numbers[f"ray {name} distance"] = colour, distance
        colours[f"ray unlike {name}"], numbers[f"ray unlike {name} distance"] = unlike, until
        numbers[f"ray {name} odd distance"] = np.where(distance == FAR, -1, distance % 2).astype(np.int16)
    for kind in ("", "unlike "):
        for title, ways in (("straight", WAYS[:4]), ("diagonal", WAYS[4:])):
            hits = np.stack([colours[f"ray {kind}{way[0]}"] for way in ways])
            far = np.stack([numbers[f"ray {kind}{way[0]} distance"] for way in ways])
            numbers[f"ray {kind}{title} hits"] = (hits >= 0).sum(axis=0).astype(np.int16)
            numbers[f"ray {kind}{title} nearest distance"] = far.min(axis=0)
            colours[f"ray {kind}{title} nearest"] = np.take_along_axis(hits, far.argmin(axis=0)[None], 0)[0]
    for title, one, other in (
        ("column", "up", "down"),
        ("row", "left", "right"),
        ("diagonal", "up-left", "down-right"),
        ("antidiagonal", "up-right", "down-left"),
    ):
        first, last = colours[f"ray {one}"], colours[f"ray {other}"]
        colours[f"ray between in {title}"] = np.where(first == last, first, -1).astype(np.int16)
    colours["ray behind"], numbers["ray behind distance"] = _behind(colours, numbers)
    return colours, numbers


def _behind(colours: dict, numbers: dict) -> tuple[np.ndarray, np.ndarray]:
    """Of a cell that one coloured cell is beside: what it meets on the ray away from that one; -1 for other cells."""
    beside = np.stack([numbers[f"ray {way[0]} distance"] == 1 for way in WAYS[:4]])
    alone = beside.sum(axis=0) == 1
    away = ("down", "up", "right", "left")
    hits = np.stack([colours[f"ray {name}"] for name in away])
    far = np.stack([numbers[f"ray {name} distance"] for name in away])
    side = beside.argmax(axis=0)[None]
    found = np.where(alone, np.take_along_axis(hits, side, 0)[0], -1)
    distance = np.where(alone, np.take_along_axis(far, side, 0)[0], FAR)
    return found.astype(np.int16), distance.astype(np.int16)


def along(cells: np.ndarray, background: int, down: int, right: int) -> tuple:
    """First colour and its distance, first colour unlike the cell's own and its distance."""
    found, far = np.full_like(cells, -1), np.full_like(cells, FAR)
    unlike, until = np.full_like(cells, -1), np.full_like(cells, FAR)
    reach = max(cells.shape) if 0 in (down, right) else min(cells.shape)
    for step in range(1, reach):
        there = moved(cells, step * down, step * right, -1)
        new = (found < 0) & (there >= 0) & (there != background)
        found[new], far[new] = there[new], step
        new = (unlike < 0) & (there >= 0) & (there != cells)
        unlike[new], until[new] = there[new], step
    return found, far, unlike, until


def mirror_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """The colours at the cell's images when the whole grid is mirrored or turned; the last four on squares only."""
    cells = grid.astype(np.int16)
    square = cells.shape[0] == cells.shape[1]
    none = np.full_like(cells, -1)
    colours = {
        "mirror left-right": cells[:, ::-1],
        "mirror up-down": cells[::-1],
        "mirror turned": cells[::-1, ::-1],
        "mirror diagonal": cells.T if square else none,
        "mirror antidiagonal": cells[::-1, ::-1].T if square else none,
        "mirror quarter": np.rot90(cells) if square else none,
        "mirror three quarters": np.rot90(cells, 3) if square else none,
    }
    first = none.copy()
    for image in colours.values():
        first = np.where((first < 0) & (image != background), image, first)
    colours["mirror any"] = first.astype(np.int16)
    return colours, {}


def nearest_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """The colour that is nearest in steps beside, or in steps around (corners too), and its distance.

    -1 where two colours are equally near.
    """
    cells = grid.astype(np.int16)
    colours, numbers = {}, {}
    for name, ways in (("nearest", WAYS[:4]), ("nearest around", WAYS)):
        colours[name], distance = _spread_out(cells, background, ways)
        numbers[f"{name} distance"] = distance
        numbers[f"{name} odd distance"] = distance % 2
    return colours, numbers


def _spread_out(cells: np.ndarray, background: int, ways: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Colours spread over the background step by step; where two meet in one step, neither is told."""
    spread = np.where(cells == background, -1, cells).astype(np.int16)
    distance = np.where(spread >= 0, 0, FAR).astype(np.int16)
    clash = -2
    for step in range(1, sum(cells.shape)):
        if not (distance == FAR).any() or (distance == FAR).all():
            break
        around = np.stack([moved(spread, down, right, -1) for _, down, right in ways])
        best = np.where(around == -1, -FAR, around).max(axis=0)
        lowest = np.where(around == -1, FAR, around).min(axis=0)
        new = (distance == FAR) & (lowest < FAR)
        spread = np.where(new, np.where(best == lowest, best, clash), spread).astype(np.int16)
        distance[new] = step
    return np.maximum(spread, -1), distance
