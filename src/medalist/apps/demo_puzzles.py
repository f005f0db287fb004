"""Puzzles of the demo's own, drawn on the spot: each hides a rule, shown by three pairs and asked for on a fourth input.

They are in the manner of ARC and from none of its sets. ``write_puzzles`` writes Kaggle's two files.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.int8]
Draw = Callable[[np.random.Generator], tuple[Grid, Grid]]

_PAIRS = 3


def rooms(rng: np.random.Generator) -> tuple[Grid, Grid]:
    """Closed rooms are painted; one with a gap in its wall is not."""
    given = np.zeros((12, 12), np.int8)
    for corner, (row, column) in enumerate(((0, 0), (0, 6), (6, 0), (6, 6))):
        height, width = rng.integers(4, 6, 2)
        top, left = row + int(rng.integers(0, 6 - height + 1)), column + int(rng.integers(0, 6 - width + 1))
        given[top : top + height, left : left + width] = 8
        given[top + 1 : top + height - 1, left + 1 : left + width - 1] = 0
        if corner == 3:
            given[top + height - 1, left + int(rng.integers(1, width - 1))] = 0
    wanted = given.copy()
    reached = np.zeros(given.shape, bool)
    todo = [cell for place in range(12) for cell in ((place, 0), (place, 11), (0, place), (11, place))]
    while todo:
        row, column = todo.pop()
        if not (0 <= row < 12 and 0 <= column < 12) or reached[row, column] or given[row, column]:
            continue
        reached[row, column] = True
        todo += [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
    wanted[(given == 0) & ~reached] = 4
    return given, wanted


def falling(rng: np.random.Generator) -> tuple[Grid, Grid]:
    """Every cell falls to the floor of its column."""
    given = np.where(rng.random((8, 9)) < 0.3, rng.integers(1, 4, (8, 9)), 0).astype(np.int8)
    wanted = np.zeros_like(given)
    for column in range(9):
        stones = given[:, column][given[:, column] > 0]
        wanted[8 - len(stones) :, column] = stones
    return given, wanted


def largest(rng: np.random.Generator) -> tuple[Grid, Grid]:
    """The largest of several rectangles is cut out."""
    given = np.zeros((13, 13), np.int8)
    sizes = sorted([(2, 2), (2, 3), (3, 4), (int(rng.integers(4, 6)), 5)], key=lambda _: rng.random())
    colours = rng.permutation(np.arange(1, 10))[: len(sizes)]
    best: Grid = given
    for (height, width), colour, (row, column) in zip(
        sizes, colours, ((0, 0), (0, 7), (7, 0), (7, 7)), strict=True
    ):
        piece = np.full((height, width), colour, np.int8)
        piece[int(rng.integers(0, height)), int(rng.integers(0, width))] = 5 if colour != 5 else 6
        given[row : row + height, column : column + width] = piece
        best = piece if best is given or piece.size > best.size else best
    return given, best


def mosaic(rng: np.random.Generator) -> tuple[Grid, Grid]:
    """A symmetric mosaic has a hole, which is filled as its mirror image says."""
    quarter = rng.integers(1, 8, (6, 6)).astype(np.int8)
    half = np.hstack([quarter, quarter[:, ::-1]])
    wanted = np.vstack([half, half[::-1]])
    given = wanted.copy()
    row, column = rng.integers(0, 4, 2)
    given[row : row + 3, column : column + 4] = 0
    return given, wanted


PUZZLES: dict[str, Draw] = {"rooms": rooms, "falling": falling, "largest": largest, "mosaic": mosaic}


def write_puzzles(folder: Path, seed: int = 7) -> tuple[Path, Path]:
    """``challenges.json`` and ``solutions.json`` in ``folder``."""
    challenges, solutions = {}, {}
    for number, (name, draw) in enumerate(PUZZLES.items()):
        rng = np.random.default_rng((seed, number))
        drawn = [[grid.tolist() for grid in draw(rng)] for _ in range(_PAIRS + 1)]
        *train, (asked, answer) = drawn
        pairs = [{"input": given, "output": wanted} for given, wanted in train]
        challenges[name] = {"train": pairs, "test": [{"input": asked}]}
        solutions[name] = [answer]
    paths = folder / "challenges.json", folder / "solutions.json"
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in zip(paths, (challenges, solutions), strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    return paths
