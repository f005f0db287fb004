"""Scenes: a grid cut into objects in one of several ways, for the operators that act on or choose among objects.

A scene is a plain dict (``grid``, ``ground``, ``objects``, later ``table``: feature values by name), made anew in every
call of an operator. What the features of an object are stands in ``object_rules_features``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue

MOST_OBJECTS = 150


def ground_colour(grid: Grid, ground: int) -> int:
    """``ground`` itself, or for -1 the most frequent colour of the grid (the lowest of equally frequent ones)."""
    return int(np.bincount(grid.ravel(), minlength=10).argmax()) if ground < 0 else ground


def look(grid: Grid, ground: int, split: str) -> dict[str, Any]:
    """The scene of ``grid`` cut by ``split``. Raises NoValue for no object or more than ``MOST_OBJECTS``.

    >>> [(o.row, o.column, o.cells.tolist()) for o in look(np.array([[3, 0], [0, 4]], np.int8), 0, "four")["objects"]]
    [(0, 0, [[3]]), (1, 1, [[4]])]
    """
    below = ground_colour(grid, ground)
    objects = panels(grid) if split == "panels" else pieces_of(grid, labelled(grid, below, split))
    if not objects or len(objects) > MOST_OBJECTS:
        raise NoValue(f"{len(objects)} objects")
    return {"grid": grid, "ground": below, "objects": objects}


def labelled(grid: Grid, ground: int, split: str) -> Any:
    """Labels 1, 2, … of the objects that ``split`` names; 0 belongs to none. Raises NoValue for an unknown split."""
    if split in ("four", "eight", "four_any", "eight_any"):
        return components(grid, ground, split.startswith("eight"), not split.endswith("any"))
    if split == "cells":
        mask = grid != ground
        return np.where(mask, np.cumsum(mask).reshape(grid.shape), 0)
    if split == "regions":
        return components(grid, -1, False, True)
    if split in ("colours", "all_colours"):
        labels = np.zeros(grid.shape, np.int16)
        for number, colour in enumerate(colours_in_order(grid, ground if split == "colours" else -1)):
            labels[grid == colour] = number + 1
        return labels
    if split in ("holes", "spaces"):
        labels = components((grid != ground).astype(np.int8), 1, False, True)
        if split == "holes":
            rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
            labels = np.where(np.isin(labels, rim), 0, labels)
        return labels
    raise NoValue(f"no split is called {split}")


def colours_in_order(grid: Grid, ground: int) -> list[int]:
    """The colours but ``ground``, in reading order of their first cells."""
    values, first = np.unique(grid, return_index=True)
    return [int(colour) for _, colour in sorted(zip(first, values, strict=True)) if colour != ground]


def pieces_of(grid: Grid, labels: Any) -> tuple[Piece, ...]:
    """One piece a label, in the order of the labels; cells of others in its box are ``CLEAR``."""
    rows, columns = np.nonzero(labels)
    if not rows.size:
        return ()
    marks = labels[rows, columns]
    order = np.argsort(marks, kind="stable")
    rows, columns, marks = rows[order], columns[order], marks[order]
    edges = np.flatnonzero(np.diff(marks)) + 1
    if edges.size >= MOST_OBJECTS:
        raise NoValue(f"{edges.size + 1} objects")
    pieces = []
    for r, c in zip(np.split(rows, edges), np.split(columns, edges), strict=True):
        top, left = int(r.min()), int(c.min())
        cells = np.full((int(r.max()) - top + 1, int(c.max()) - left + 1), CLEAR, np.int8)
        cells[r - top, c - left] = grid[r, c]
        pieces.append(Piece(cells, top, left))
    return tuple(pieces)


def separators(grid: Grid) -> int:
    """The colour of the lines of one colour from border to border that part the grid. Raises NoValue for none."""
    best, found = 0, -1
    for colour in range(10):
        hits = grid == colour
        rows, columns = int(hits.all(axis=1).sum()), int(hits.all(axis=0).sum())
        if 0 < rows + columns < sum(grid.shape) / 2 and rows + columns > best and rows < grid.shape[0]:
            best, found = rows + columns, colour
    if found < 0:
        raise NoValue("no separators")
    return found


def panels(grid: Grid) -> tuple[Piece, ...]:
    """What lies between the separators, in reading order. Raises NoValue for fewer than two panels."""
    hits = grid == separators(grid)
    spans = [_between(hits.all(axis=1 - axis)) for axis in (0, 1)]
    pieces = [
        Piece(grid[top:bottom, left:right].copy(), top, left)
        for top, bottom in spans[0]
        for left, right in spans[1]
    ]
    if len(pieces) < 2:
        raise NoValue("one panel")
    return tuple(pieces)


def _between(lines: Any) -> list[tuple[int, int]]:
    """The runs of False, as half-open spans."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], lines, [True]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def spread(piece: Piece, shape: tuple[int, ...]) -> Mask:
    """Where the piece's own cells lie in a grid of ``shape``."""
    mask = np.zeros(shape, np.bool_)
    height, width = piece.cells.shape
    mask[piece.row : piece.row + height, piece.column : piece.column + width] = piece.cells != CLEAR
    return mask
