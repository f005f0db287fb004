"""What is known of each object of a scene: its features as whole numbers, conditions over them, and colours it names.

A condition is a tuple of tests ``(feature, test, value)`` that all must hold; the empty one always holds. A feature
named ``rank_F`` is the place of F's value among the scene's distinct values, highest 0; ``low_F`` counts from below;
``cells_3`` is how many of an object's cells have colour 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue

LARGEST_FORM = 100
"""Boxes of more cells have no ``form``: their literals would be too long."""


def features(scene: dict[str, Any]) -> dict[str, list[int]]:
    """The table of the scene's objects: feature name to one value an object. Worked out once a scene."""
    if "table" not in scene:
        known: dict[Any, dict[str, int]] = {}
        rows = []
        for piece in scene["objects"]:
            look = (piece.cells.shape, piece.cells.tobytes())
            if look not in known:
                known[look] = own_features(piece.cells)
            rows.append({**known[look], **placed_features(piece, scene["grid"].shape)})
        table = {name: [row[name] for row in rows] for name in rows[0]}
        _add_shared(scene, table)
        _add_relations(scene, table)
        scene["table"] = table
    return scene["table"]


def placed_features(piece: Piece, shape: tuple[int, ...]) -> dict[str, int]:
    """Where a piece lies in a grid of ``shape``."""
    bottom, right = piece.row + piece.cells.shape[0], piece.column + piece.cells.shape[1]
    sides = (piece.row == 0, bottom == shape[0], piece.column == 0, right == shape[1])
    return {
        "sides": sum(sides),
        "border": int(any(sides)),
        "top": piece.row,
        "left": piece.column,
        "bottom": shape[0] - bottom,
        "right": shape[1] - right,
    }


def own_features(cells: Grid) -> dict[str, int]:
    """What an object of these cells shows wherever it lies."""
    mask = cells != CLEAR
    height, width = mask.shape
    values = cells[mask]
    counts = np.bincount(values, minlength=10)
    present = [int(colour) for colour in values[np.sort(np.unique(values, return_index=True)[1])]]
    colour = max(present, key=lambda each: int(counts[each]))
    rarest = min(present, key=lambda each: int(counts[each]))
    area = int(mask.sum())
    around = np.zeros((height + 2, width + 2), np.int8)
    around[1:-1, 1:-1] = mask
    outside = components(around, 1, False, True)
    mirrored = [bool((mask == mask[:, ::-1]).all()), bool((mask == mask[::-1]).all())]
    diagonal = height == width and (bool((mask == mask.T).all()) or bool((mask == mask[::-1, ::-1].T).all()))
    beside = (around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:])[mask]
    return {
        "colour": colour,
        "marker": rarest if len(present) > 1 else -1,
        "colours": len(present),
        "others": area - int(counts[colour]),
        "area": area,
        "height": height,
        "width": width,
        "box": height * width,
        "longest": max(height, width),
        "full": int(area == height * width),
        "square": int(height == width),
        "block": int(height == width and area == height * width),
        "lie": (width > height) - (height > width),
        "line": int(min(height, width) == 1),
        "holes": int(outside.max()) - 1,
        "hole_area": int((outside > 1).sum()),
        "mirror_lr": int(mirrored[0]),
        "mirror_ud": int(mirrored[1]),
        "turned": int((mask == mask[::-1, ::-1]).all()),
        "symmetric": int(any(mirrored) or diagonal),
        "ends": int((beside == 1).sum()),
        "joints": int((beside == 3).sum()),
        "even": int(area % 2 == 0),
        "even_side": int(max(height, width) % 2 == 0),
        "form": form(mask, free=True),
        "shape": form(mask, free=False),
    }


def form(mask: Any, free: bool) -> int:
    """A number that only equal masks share; with ``free`` also turned and mirrored ones. -1 for large ones."""
    if mask.size > LARGEST_FORM:
        return -1
    views = [mask]
    if free:
        views = [each[::down, ::across] for each in (mask, mask.T) for down in (1, -1) for across in (1, -1)]
    found = []
    for view in views:
        bits = int.from_bytes(b"\1" + np.packbits(view).tobytes(), "big")
        found.append(bits * 32 + view.shape[0])
    return min(found)


def times(values: list[Any]) -> list[int]:
    """How often each value stands in the list.

    >>> times([3, 5, 3])
    [2, 1, 2]
    """
    count: dict[Any, int] = {}
    for value in values:
        count[value] = count.get(value, 0) + 1
    return [count[value] for value in values]


def _add_shared(scene: dict[str, Any], table: dict[str, list[int]]) -> None:
    """How many objects of the scene are alike in something, itself included, and how frequent its colour is."""
    objects, grid = scene["objects"], scene["grid"]
    looks = [(piece.cells.shape, piece.cells.tobytes()) for piece in objects]
    dims = list(zip(table["height"], table["width"], strict=True))
    kinds: dict[str, list[Any]] = {
        "same_colour": table["colour"],
        "same_form": list(zip(table["form"], dims, strict=True)) if -1 in table["form"] else table["form"],
        "same_shape": [(piece.cells.shape, (piece.cells != CLEAR).tobytes()) for piece in objects],
        "same_look": looks,
        "same_area": table["area"],
    }
    for name, values in kinds.items():
        table[name] = times(values)
    counts = np.bincount(grid.ravel(), minlength=10)
    table["colour_total"] = [int(counts[colour]) for colour in table["colour"]]


def _add_relations(scene: dict[str, Any], table: dict[str, list[int]]) -> None:
    """Nearest, surrounding and enclosed objects, by their boxes; the colours of these, -1 where there is none."""
    objects = scene["objects"]
    top = np.array([piece.row for piece in objects])
    left = np.array([piece.column for piece in objects])
    bottom = top + np.array(table["height"])
    right = left + np.array(table["width"])
    down = np.maximum(0, np.maximum(top[:, None] - bottom[None], top[None] - bottom[:, None]))
    across = np.maximum(0, np.maximum(left[:, None] - right[None], left[None] - right[:, None]))
    gap = down + across
    np.fill_diagonal(gap, 999)
    within = (top[:, None] >= top[None]) & (bottom[:, None] <= bottom[None])
    within &= (left[:, None] >= left[None]) & (right[:, None] <= right[None])
    within &= np.array(table["box"])[:, None] < np.array(table["box"])[None]
    box, colour = table["box"], table["colour"]
    count = range(len(objects))
    nearest = [int(gap[i].argmin()) if len(objects) > 1 else -1 for i in count]
    holder = [min((j for j in count if within[i, j]), key=lambda j: box[j], default=-1) for i in count]
    content = [min((j for j in count if within[j, i]), key=lambda j: box[j], default=-1) for i in count]
    area = np.array(table["area"])
    larger = np.where(area[None] > area[:, None], gap, 999)
    greater = [int(larger[i].argmin()) if larger[i].min() < 999 else -1 for i in count]
    table["greater"] = greater
    table["greater_colour"] = [colour[j] if j >= 0 else -1 for j in greater]
    table["greater_gap"] = [int(larger[i, j]) if j >= 0 else -1 for i, j in zip(count, greater, strict=True)]
    ways = [
        heading(objects[i], objects[j]) if j >= 0 else (0, 0) for i, j in zip(count, greater, strict=True)
    ]
    table["facing"] = [int((down == 0) != (across == 0)) for down, across in ways]
    table["elder"] = [
        int(any(colour[j] == colour[i] and area[j] > area[i] for j in count)) if len(objects) <= 60 else 0
        for i in count
    ]
    table["nearest"], table["holder"], table["content"] = nearest, holder, content
    table["nearest_colour"] = [colour[j] if j >= 0 else -1 for j in nearest]
    table["holder_colour"] = [colour[j] if j >= 0 else -1 for j in holder]
    table["content_colour"] = [colour[j] if j >= 0 else -1 for j in content]
    table["inside"] = [int(row.any()) for row in within]
    table["contents"] = [int(row.sum()) for row in within.T]
    table["touching"] = [int(row.sum()) for row in (gap <= 0)]
    table["gap"] = [int(row.min()) for row in gap]
    lined = ((down == 0) | (across == 0)) & ~np.eye(len(objects), dtype=bool)
    alike = np.array(colour)[:, None] == np.array(colour)[None]
    table["lined"] = [int(row.sum()) for row in lined & alike]


def heading(piece: Piece, other: Piece) -> tuple[int, int]:
    """How many rows and columns a piece would have to go until the boxes meet; 0 where they share rows or columns."""
    (height, width), (other_height, other_width) = piece.cells.shape, other.cells.shape
    return apart(piece.row, height, other.row, other_height), apart(
        piece.column, width, other.column, other_width
    )


def apart(start: int, length: int, other_start: int, other_length: int) -> int:
    """The signed gap plus one between two spans; 0 where they overlap.

    >>> apart(0, 2, 5, 1), apart(5, 1, 0, 2), apart(0, 3, 2, 2)
    (4, -4, 0)
    """
    if other_start >= start + length:
        return other_start - (start + length) + 1
    if start >= other_start + other_length:
        return -(start - (other_start + other_length) + 1)
    return 0


def feature(scene: dict[str, Any], name: str) -> list[int]:
    """One column of the table. Raises NoValue for an unknown name."""
    table = features(scene)
    if name in table:
        return table[name]
    kind, _, base = name.partition("_")
    if kind in ("rank", "low"):
        values = feature(scene, base)
        order = {value: place for place, value in enumerate(sorted(set(values), reverse=kind == "rank"))}
        table[name] = [order[value] for value in values]
        return table[name]
    if name == "touch_colour":
        table[name] = [_touched(scene, number) for number in range(len(scene["objects"]))]
        return table[name]
    if kind == "cells":
        table[name] = [int((piece.cells == int(base)).sum()) for piece in scene["objects"]]
        return table[name]
    raise NoValue(f"no feature is called {name}")


def _touched(scene: dict[str, Any], number: int) -> int:
    """The colour, not the ground's, of most cells beside an object's own; -1 for none."""
    piece, grid = scene["objects"][number], scene["grid"]
    mask = np.pad(piece.cells != CLEAR, 1)
    near = np.zeros_like(mask)
    near[1:] |= mask[:-1]
    near[:-1] |= mask[1:]
    near[:, 1:] |= mask[:, :-1]
    near[:, :-1] |= mask[:, 1:]
    rows, columns = np.nonzero(near & ~mask)
    rows, columns = rows + piece.row - 1, columns + piece.column - 1
    kept = (rows >= 0) & (columns >= 0) & (rows < grid.shape[0]) & (columns < grid.shape[1])
    counts = np.bincount(grid[rows[kept], columns[kept]], minlength=10)
    counts[scene["ground"]] = 0
    return int(counts.argmax()) if counts.any() else -1


def holds(scene: dict[str, Any], condition: tuple[Any, ...]) -> list[bool]:
    """For each object whether every test of ``condition`` holds. Raises NoValue for an unknown test or feature."""
    found = [True] * len(scene["objects"])
    for name, test, wanted in condition:
        values = feature(scene, name)
        found = [old and new for old, new in zip(found, _tested(values, test, wanted), strict=True)]
    return found


def _tested(values: list[int], test: str, wanted: int) -> list[bool]:
    if test == "is":
        return [value == wanted for value in values]
    if test == "not":
        return [value != wanted for value in values]
    if test == "over":
        return [value > wanted for value in values]
    found = times(values)
    if test == "once":
        return [(time == 1) == bool(wanted) for time in found]
    if test == "most_common":
        most = max(found)
        return [(time == most) == bool(wanted) for time in found]
    raise NoValue(f"no test is called {test}")


def legend(grid: Grid, ground: int) -> dict[int, int]:
    """Partners of colours: the pairs of a full block of two rows or two columns that shows different colours.

    >>> legend(np.array([[1, 2, 0], [3, 4, 0], [0, 0, 1]], np.int8), 0)
    {1: 2, 2: 1, 3: 4, 4: 3}
    """
    labels = components(grid, ground, False, False)
    found: dict[int, set[int]] = {}
    for label in range(1, int(labels.max()) + 1):
        rows, columns = np.nonzero(labels == label)
        block = grid[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        if block.size != rows.size or 2 not in block.shape or block.size > 20:
            continue
        pairs = block if block.shape[1] == 2 else block.T
        if (pairs[:, 0] == pairs[:, 1]).any():
            continue
        for one, other in pairs.tolist():
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {one: others.pop() for one, others in sorted(found.items()) if len(others) == 1}


def named_colours(scene: dict[str, Any], name: tuple[Any, ...]) -> list[int]:
    """The colour that ``name`` means for each object, -1 where it means none. Raises NoValue for an unknown name.

    Names: ``("is", 3)``; ``("of", feature)`` for features that are colours; ``("object", feature)`` for the colour
    of the scene's one object that has the highest value; ``("table", feature, ((value, colour), …))``; ``("twin",)``
    for that of an object of the same form and another colour; ``("ground",)``; ``("rarest",)`` of the grid;
    ``("legend",)`` for the partner of its colour in the grid's legend.
    """
    count = len(scene["objects"])
    kind = name[0]
    if kind == "is":
        return [name[1]] * count
    if kind == "of":
        return feature(scene, name[1])
    if kind == "ground":
        return [scene["ground"]] * count
    if kind == "table":
        known = dict(name[2])
        return [known.get(value, -1) for value in feature(scene, name[1])]
    colours = feature(scene, "colour")
    if kind == "object":
        values = feature(scene, name[1])
        first = [place for place, value in enumerate(values) if value == 0]
        return [colours[first[0]] if len({colours[place] for place in first}) == 1 else -1] * count
    if kind == "legend":
        partners = legend(scene["grid"], scene["ground"])
        return [partners.get(colour, -1) for colour in colours]
    if kind == "twin":
        forms = feature(scene, "form")
        pairs = [
            {c for f, c in zip(forms, colours, strict=True) if f == forms[i] and c != colours[i]}
            for i in range(count)
        ]
        return [pair.pop() if len(pair) == 1 else -1 for pair in pairs]
    if kind == "rarest":
        counts = np.bincount(scene["grid"].ravel(), minlength=10)
        present = [c for c in range(10) if counts[c] and c != scene["ground"]]
        return [min(present, key=lambda c: int(counts[c])) if present else -1] * count
    raise NoValue(f"no colour is called {name}")
