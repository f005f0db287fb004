"""Puzzles in a puzzle: where each piece of a grid changes by itself, the pieces are the pairs that a rule is learned on.

Three grids of five panels each are fifteen worked examples of one small change. A rule for a panel is found where
the whole is too large to see it, and is put around every piece of the test by ``each_apart``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from medalist.families.arc.grids.cells import Grid, Piece
from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import INPUT, Program, call
from medalist.families.arc.operators.bodies import body_of
from medalist.families.arc.solving.refine_learn import learned
from medalist.families.arc.solving.refine_values import Values
from medalist.families.arc.solving.stage import Proposal, Stage

_MOST_PAIRS = 10
"""Of pieces that differ, so many are learned from; the whole grids are checked afterwards."""

_TRUST = 0.8


def splits() -> Iterator[Program]:
    """Ways to cut a grid into pieces that may live by themselves."""
    yield call("panels", INPUT)
    for diagonal in (True, False):
        yield call("objects", INPUT, diagonal=diagonal, by_colour=False)
        yield call("objects", INPUT, diagonal=diagonal, by_colour=True)
    yield call("solid_rectangles", INPUT)
    for down, across in ((1, 2), (2, 1), (2, 2), (1, 3), (3, 1), (3, 3)):
        yield call("equal_parts", INPUT, down=down, across=across)


def learned_apart(values: Values, stages: Sequence[Stage], states: int) -> Iterator[Proposal]:
    """Proposals of ``stages`` for the pieces of each way to cut, as programs for the puzzle. Same shapes only."""
    if not values.puzzle.same_shape:
        return
    tried: set[bytes] = set()
    for split in splits():
        pieces = values.of(split)
        inner = pieces_puzzle(values.puzzle, pieces) if pieces is not None else None
        if inner is None:
            continue
        key = fingerprint((*inner.inputs, *inner.outputs))
        if key in tried:
            continue
        tried.add(key)
        for stage in stages:
            for proposal in learned(stage, inner, values.meter, states):
                yield replace(
                    proposal,
                    program=call("each_apart", split, INPUT, body=body_of(proposal.program)),
                    confidence=proposal.confidence * _TRUST,
                    why=f"in every piece: {proposal.why}"[:200],
                )


def pieces_puzzle(puzzle: Puzzle, pieces: Sequence[tuple[Piece, ...]]) -> Puzzle | None:
    """The puzzle whose pairs are what is in the boxes of pieces, before and after; the tests' boxes are its tests.

    None where something changes outside the boxes, where boxes overlap, where one box is the grid, or where two
    equal boxes become different: then the pieces do not live by themselves.
    """
    pairs: dict[bytes, Pair] = {}
    for found, pair in zip(pieces, puzzle.train, strict=False):
        if not _apart(found, pair.input) or _changed_outside(found, pair):
            return None
        for piece in found:
            box = _box(piece)
            inner = Pair(np.ascontiguousarray(pair.input[box]), np.ascontiguousarray(pair.output[box]))
            known = pairs.setdefault(fingerprint((inner.input,)), inner)
            if not np.array_equal(known.output, inner.output):
                return None
    tests: dict[bytes, Grid] = {}
    for found, grid in zip(pieces[len(puzzle.train) :], puzzle.tests, strict=True):
        if not _apart(found, grid):
            return None
        for piece in found:
            cells = np.ascontiguousarray(grid[_box(piece)])
            tests.setdefault(fingerprint((cells,)), cells)
    changed = [pair for pair in pairs.values() if not np.array_equal(pair.input, pair.output)]
    kept = [pair for pair in pairs.values() if np.array_equal(pair.input, pair.output)]
    if len(changed) < 2:
        return None
    # The largest say most; a few that stay as they are show where nothing is to be done.
    changed.sort(key=lambda pair: -pair.input.size)
    kept.sort(key=lambda pair: -pair.input.size)
    chosen = changed[: max(_MOST_PAIRS - len(kept), 2 * _MOST_PAIRS // 3)]
    return Puzzle((*chosen, *kept[: _MOST_PAIRS - len(chosen)]), tuple(tests.values()))


def _box(piece: Piece) -> tuple[slice, slice]:
    height, width = piece.cells.shape
    return slice(piece.row, piece.row + height), slice(piece.column, piece.column + width)


def _apart(pieces: Sequence[Piece], grid: Grid) -> bool:
    covered = np.zeros(grid.shape, int)
    for piece in pieces:
        covered[_box(piece)] += 1
    return int(covered.max()) <= 1 and not (len(pieces) == 1 and bool(covered.all()))


def _changed_outside(pieces: Sequence[Piece], pair: Pair) -> bool:
    outside = np.ones(pair.input.shape, bool)
    for piece in pieces:
        outside[_box(piece)] = False
    return bool((pair.input != pair.output)[outside].any())
