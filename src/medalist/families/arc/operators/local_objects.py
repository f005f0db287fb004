"""Columns of objects: for every cell, what the connected object that it belongs to is like among all of the grid.

Three ways to see objects: ``part`` joins cells of one colour side by side, background included; ``shape`` joins
coloured cells of one colour, corners too; ``thing`` joins coloured cells of any colour, corners too.
"""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.operators.local_colours import WAYS, moved

MANY = 400
"""A grid with more objects than that is noise; its columns are left at -1."""


def part_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """Objects of one colour side by side, with the background's own regions, enclosed ones among them."""
    return _columns("part", grid, components(grid, -1, False, True), background)


def shape_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """Objects of one colour, corners too, without background."""
    return _columns("shape", grid, components(grid, background, True, True), background)


def thing_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """Objects of several colours, corners too, without background."""
    return _columns("thing", grid, components(grid, background, True, False), background)


def group_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """Objects of several colours that touch side by side, without background."""
    return _columns("group", grid, components(grid, background, False, False), background)


def _columns(name: str, grid: Grid, labels: np.ndarray, background: int) -> tuple[dict, dict]:
    """One value an object, spread over its cells; 0 (colours -1) where no object is."""
    count = int(labels.max()) if labels.size else 0
    cells = grid.astype(np.int16)
    colours, numbers = {}, {}
    if count > MANY:
        labels, count = np.zeros_like(labels), 0
    boxes = _boxes(labels, count)
    inked = _inked(grid, labels, count, background)
    for title, values in _measures(labels, count, boxes, inked).items():
        numbers[f"{name} {title}"] = _spread(values, labels, 0)
    for title, values in _forms(cells, labels, count, boxes, inked).items():
        numbers[f"{name} {title}"] = _spread(values, labels, 0)
    for title, values in _object_colours(cells, labels, count, background).items():
        target = numbers if title in ("colours", "colours touching", "touches", "odd cells") else colours
        target[f"{name} {title}"] = _spread(values, labels, 0 if target is numbers else -1)
    for title, column in _positions(labels, boxes, count).items():
        numbers[f"{name} {title}"] = column
    if name in ("shape", "thing"):
        covered = _covered(cells, labels, boxes, count)
        numbers[f"{name} aims"] = _aims(labels, boxes)
        for title in ("box size", "box depth", "box count", "box middle"):
            numbers[f"{name} {title}"] = covered[title]
        for title in ("box colour", "box mirrored left-right", "box mirrored up-down", "box turned"):
            colours[f"{name} {title}"] = covered[title]
    return colours, numbers


def _spread(values: np.ndarray, labels: np.ndarray, none: int) -> np.ndarray:
    """``values[k]`` belongs to label ``k + 1``."""
    return np.concatenate([[none], values]).astype(np.int16)[labels]


def _boxes(labels: np.ndarray, count: int) -> np.ndarray:
    """(count, 4): first and last row, first and last column of each label."""
    boxes = np.zeros((count + 1, 4), np.int64)
    boxes[:, (0, 2)] = 99
    boxes[:, (1, 3)] = -1
    flat = labels.ravel()
    rows, columns = np.indices(labels.shape).reshape(2, -1)
    np.minimum.at(boxes[:, 0], flat, rows)
    np.maximum.at(boxes[:, 1], flat, rows)
    np.minimum.at(boxes[:, 2], flat, columns)
    np.maximum.at(boxes[:, 3], flat, columns)
    return boxes[1:]


def _inked(grid: Grid, labels: np.ndarray, count: int, background: int) -> np.ndarray:
    """Which labels are not of background."""
    inked = np.zeros(count + 1, bool)
    inked[labels[grid != background]] = True
    return inked[1:]


def _measures(labels: np.ndarray, count: int, boxes: np.ndarray, inked: np.ndarray) -> dict:
    """Sizes, extents and ranks; ranks are among the coloured objects, or among background's for those."""
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1 : count + 1]
    tall, wide = boxes[:, 1] - boxes[:, 0] + 1, boxes[:, 3] - boxes[:, 2] + 1
    height, width = labels.shape
    border = (boxes[:, 0] == 0) * 1 + (boxes[:, 1] == height - 1) * 1
    border += (boxes[:, 2] == 0) * 1 + (boxes[:, 3] == width - 1) * 1
    larger, smaller, alike = (np.zeros(count, np.int64) for _ in range(3))
    taller, wider, order = (np.zeros(count, np.int64) for _ in range(3))
    for kind in (True, False):
        these = np.flatnonzero(inked == kind)
        larger[these] = _rank(-sizes[these])
        smaller[these] = _rank(sizes[these])
        taller[these] = _rank(-tall[these])
        wider[these] = _rank(-wide[these])
        order[these] = np.arange(1, len(these) + 1)
        alike[these] = (sizes[these][:, None] == sizes[these][None]).sum(axis=1)
    return {
        "size": sizes,
        "odd size": sizes % 2,
        "rank from largest": larger,
        "rank from smallest": smaller,
        "height": tall,
        "width": wide,
        "longer side": np.maximum(tall, wide),
        "shorter side": np.minimum(tall, wide),
        "lies": np.sign(wide - tall),
        "full": (sizes == tall * wide) * 1,
        "square": ((tall == wide) & (sizes == tall * wide)) * 1,
        "gaps in box": tall * wide - sizes,
        "sides at edge": border,
        "at edge": (border > 0) * 1,
        "from tallest": taller,
        "from widest": wider,
        "order": order,
        "of this size": alike,
        "number": np.full(count, int(inked.sum())),
    }


def _rank(values: np.ndarray) -> np.ndarray:
    """1 for the smallest value, equal values alike.

    >>> _rank(np.array([5, 3, 5])).tolist()
    [2, 1, 2]
    """
    return np.unique(values, return_inverse=True)[1].ravel() + 1


def _forms(cells: np.ndarray, labels: np.ndarray, count: int, boxes: np.ndarray, inked: np.ndarray) -> dict:
    """Holes, symmetries and how many objects have the same form; background's regions count no twins."""
    holes, twins, cousins, painted = (np.zeros(count, np.int64) for _ in range(4))
    mirrored, flipped, turned = (np.zeros(count, np.int64) for _ in range(3))
    forms: list = []
    for number, (top, bottom, left, right) in enumerate(boxes):
        mine = labels[top : bottom + 1, left : right + 1] == number + 1
        mirrored[number] = (mine == mine[:, ::-1]).all()
        flipped[number] = (mine == mine[::-1]).all()
        turned[number] = mine.shape[0] == mine.shape[1] and bool((mine == mine.T).all())
        if inked[number] and min(mine.shape) > 2:
            outside = components((~np.pad(mine, 1)).astype(np.int8), 0, False, True)
            holes[number] = int(outside.max()) - 1
        if inked[number]:
            images = [np.rot90(each, k) for each in (mine, mine.T) for k in range(4)]
            key = min((image.shape, image.tobytes()) for image in images)
            paint = np.where(mine, cells[top : bottom + 1, left : right + 1], -1)
            forms.append((number, (mine.shape, mine.tobytes()), key, (mine.shape, paint.tobytes())))
    for number, form, key, paint in forms:
        twins[number] = sum(form == other[1] for other in forms)
        cousins[number] = sum(key == other[2] for other in forms)
        painted[number] = sum(paint == other[3] for other in forms)
    return {
        "holes": holes,
        "twins": twins,
        "rank of twins": np.where(twins > 0, _rank(-twins), 0),
        "twins however turned": cousins,
        "twins in colour too": painted,
        "symmetric": mirrored + 2 * flipped,
        "symmetries": mirrored + flipped,
        "symmetric diagonally": turned,
    }


def _object_colours(cells: np.ndarray, labels: np.ndarray, count: int, background: int) -> dict:
    """An object's most and least frequent colours, and those of the cells beside it."""
    inside = np.zeros((count + 1, 10), np.int64)
    np.add.at(inside, (labels.ravel(), cells.ravel()), 1)
    inside = inside[1:]
    beside = np.zeros((count + 1, 10), np.int64)
    edge = np.zeros(count + 1, np.int64)
    for _, down, right in WAYS[:4]:
        other, there = moved(labels, down, right, -1), moved(cells, down, right, -1)
        touching = (other != labels) & (other >= 0)
        np.add.at(beside, (labels[touching], there[touching]), 1)
        np.add.at(edge, labels[other < 0], 1)
    beside, edge = beside[1:], edge[1:]
    inked = beside.copy()
    inked[:, background] = 0
    kinds = (inside > 0).sum(axis=1)
    surrounded = ((beside > 0).sum(axis=1) == 1) & (edge == 0)
    return {
        "most": inside.argmax(axis=1),
        "fewest": np.where(inside > 0, inside, 9999).argmin(axis=1),
        "other": np.where(kinds > 1, np.where(inside > 0, inside, 9999).argmin(axis=1), -1),
        "colours": kinds,
        "odd cells": inside.sum(axis=1) - inside.max(axis=1),
        "touching": np.where(inked.any(axis=1), inked.argmax(axis=1), -1),
        "colours touching": (inked > 0).sum(axis=1),
        "touches": inked.sum(axis=1),
        "within": np.where(surrounded, beside.argmax(axis=1), -1),
    }


def _positions(labels: np.ndarray, boxes: np.ndarray, count: int) -> dict:
    """Where in its object's box a cell lies, and how deep inside the object; -1 where no object is."""
    row, column = np.indices(labels.shape)
    ends = np.concatenate([[[0, 0, 0, 0]], boxes])[labels]
    some = labels > 0
    down, up = row - ends[..., 0], ends[..., 1] - row
    right, left = column - ends[..., 2], ends[..., 3] - column
    depth = np.zeros(labels.shape, np.int16)
    still = some.copy()
    layer = 0
    while still.any() and layer < 16 and count:
        layer += 1
        depth[still] = layer
        around = [moved(labels * still, d, r, -1) == labels for _, d, r in WAYS]
        still = still & np.logical_and.reduce(around)
    found = {
        "row": down,
        "row from bottom": up,
        "column": right,
        "column from right": left,
        "ring": np.minimum(np.minimum(down, up), np.minimum(right, left)),
        "odd row": down % 2,
        "odd column": right % 2,
        "odd sum": (down + right) % 2,
        "middle row": np.abs(down - up),
        "middle column": np.abs(right - left),
        "diagonal": down - right,
        "antidiagonal": down - left,
    }
    found = {title: np.where(some, values, -1).astype(np.int16) for title, values in found.items()}
    found["odd ring"] = np.where(some, found["ring"] % 2, -1).astype(np.int16)
    found["depth"] = depth
    found["odd depth"] = depth % 2
    return found


def _aims(labels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """1 in the middle row of an object's box, 2 in the middle column of one, 3 in both."""
    rows, columns = np.zeros(labels.shape[0], np.int16), np.zeros(labels.shape[1], np.int16)
    for top, bottom, left, right in boxes.tolist():
        if (top + bottom) % 2 == 0:
            rows[(top + bottom) // 2] = 1
        if (left + right) % 2 == 0:
            columns[(left + right) // 2] = 2
    return rows[:, None] + columns[None]


def _covered(cells: np.ndarray, labels: np.ndarray, boxes: np.ndarray, count: int) -> dict:
    """The smallest object's box that a cell lies in: its size, the cell's depth in it, its colours, its mirror images."""
    titles = ("box size", "box depth", "box count", "box middle")
    titles += ("box colour", "box mirrored left-right", "box mirrored up-down", "box turned")
    found = {title: np.full(labels.shape, -1, np.int16) for title in titles}
    found["box count"][:] = 0
    tall, wide = boxes[:, 1] - boxes[:, 0] + 1, boxes[:, 3] - boxes[:, 2] + 1
    for number in np.argsort(-(tall * wide), kind="stable").tolist():
        top, bottom, left, right = boxes[number]
        here = (slice(top, bottom + 1), slice(left, right + 1))
        inside = cells[here]
        down, across = np.indices(inside.shape)[0], np.indices(inside.shape)[1]
        up, back = down[::-1], across[:, ::-1]
        found["box size"][here] = tall[number] * wide[number]
        found["box depth"][here] = np.minimum(np.minimum(down, up), np.minimum(across, back))
        found["box middle"][here] = (down == up) * 1 + (across == back) * 2
        found["box count"][here] += 1
        found["box colour"][here] = np.bincount(inside[labels[here] == number + 1]).argmax()
        found["box mirrored left-right"][here] = inside[:, ::-1]
        found["box mirrored up-down"][here] = inside[::-1]
        found["box turned"][here] = inside[::-1, ::-1]
    return found
