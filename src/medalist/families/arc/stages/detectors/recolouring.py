"""Detectors for what changes colours or places and keeps shapes: tables, parts by a measure, legends, gravity."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Piece
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.operators.panels_parts import keyed
from medalist.families.arc.operators.patterns_colours import all_measures, paintable, tint_of
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.detectors.fitting import Idea, backgrounds, colours_of

WEAK = ("colour", "cells of", "row", "column", "last")
"""Measures that are seldom the reason."""

SPLITS = ("gaps", "shapes 4", "shapes", "objects 4", "objects")


def recolouring(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """A table of colours, the parts' colours by a measure, or a legend."""
    if not puzzle.same_shape:
        return
    meter.spend()
    table = _exchange(puzzle)
    if table:
        unseen = colours_of(puzzle.tests) - colours_of(pair.input for pair in puzzle.train)
        prior = 0.5 if unseen else 0.97
        yield Idea(call("exchanged", INPUT, table=table), prior, "each colour becomes another")
    for most in (1, 2):
        yield Idea(call("denoised", INPUT, most=most), 0.8, "specks take the colour around them")
    for base in backgrounds(puzzle):
        for way in ("forward", "backward", "both"):
            yield Idea(
                call("by_legend", INPUT, way=way, background=base), 0.85, "a legend says which becomes which"
            )
        for parts in SPLITS:
            yield from _painted(puzzle, parts, base, meter)


def _exchange(puzzle: Puzzle) -> tuple[tuple[int, int], ...]:
    """What each colour becomes; empty where one becomes several."""
    to: dict[int, int] = {}
    for pair in puzzle.train:
        for old, new in {
            (int(a), int(b)) for a, b in zip(pair.input.ravel(), pair.output.ravel(), strict=True)
        }:
            if to.setdefault(old, new) != new:
                return ()
    return tuple(sorted((old, new) for old, new in to.items() if old != new))


def _painted(puzzle: Puzzle, parts: str, base: int, meter: Meter) -> Iterator[Idea]:
    try:
        pieces = [paintable(pair.input, parts, base) for pair in puzzle.train]
    except NoValue:
        return
    goals = []
    for each, pair in zip(pieces, puzzle.train, strict=True):
        goal, elsewhere = [], pair.input.copy()
        for piece in each:
            rows, columns = _cells(piece)
            shown = np.unique(pair.output[rows, columns])
            kept = (pair.output[rows, columns] == pair.input[rows, columns]).all()
            if len(shown) > 1 and not kept:
                return
            goal.append({-1} if kept else set())
            if len(shown) == 1:
                goal[-1].add(int(shown[0]))
                goal[-1] |= {paint for paint in (-2, -3) if _tint(pair.input, piece, paint) == shown[0]}
            elsewhere[rows, columns] = pair.output[rows, columns]
        if not (elsewhere == pair.output).all():
            return
        goals.append(goal)
    tables = [all_measures(each, pair.input, base) for each, pair in zip(pieces, puzzle.train, strict=True)]
    count = sum(len(each) for each in pieces)
    for measure in (name for name in tables[0] if all(name in table for table in tables)):
        for how in ("value", "most", "least", "only"):
            meter.spend()
            table = _paint_table([t[measure] for t in tables], goals, how)
            if table and any(paint != -1 for _, paint in table):
                prior = 0.75 * min(1.0, count / (3 * len(table))) * (0.6 if measure.startswith(WEAK) else 1.0)
                program = call(
                    "paint_parts", INPUT, parts=parts, measure=measure, how=how, table=table, background=base
                )
                yield Idea(program, prior, f"{parts} are painted by {how} of {measure}")


def _tint(grid: Grid, piece: Piece, paint: int) -> int:
    try:
        return tint_of(grid, piece, paint)
    except NoValue:
        return -1


def _cells(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(piece.cells != CLEAR)
    return rows + piece.row, columns + piece.column


def _paint_table(
    values: list[list[int]], goals: list[list[set[int]]], how: str
) -> tuple[tuple[int, int], ...] | None:
    """From what is measured to a paint, -1 for what stays as it is; None where one value has several."""
    left: dict[int, set[int]] = {}
    for measured, goal in zip(values, goals, strict=True):
        try:
            measured = keyed(measured, how)
        except NoValue:
            return None
        for value, possible in zip(measured, goal, strict=True):
            left[value] = left.get(value, possible) & possible
            if not left[value]:
                return None
    order = (-1, *range(10), -3, -2)
    return tuple((value, min(paints, key=order.index)) for value, paints in sorted(left.items()))


def falling(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Gravity: which colours move, as what bodies, and which way."""
    if not puzzle.same_shape:
        return
    for base in backgrounds(puzzle):
        if any(
            (
                np.bincount(pair.input.ravel(), minlength=10)
                != np.bincount(pair.output.ravel(), minlength=10)
            ).any()
            for pair in puzzle.train
        ):
            return
        moving = colours_of(pair.input[pair.input != pair.output] for pair in puzzle.train) - {base}
        for movers in ((), tuple(sorted(moving))):
            for bodies in ("cells", "shapes", "objects"):
                for turn in range(4):
                    meter.spend()
                    program = call("drop", INPUT, turn=turn, movers=movers, bodies=bodies, background=base)
                    yield Idea(program, 0.9 - 0.1 * bool(movers), f"{bodies} fall until something stops them")


def attracting(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Things that go straight to others, by colour or by size."""
    if not puzzle.same_shape:
        return
    for base in backgrounds(puzzle):
        if any((pair.output != base)[pair.input == base].sum() == 0 for pair in puzzle.train if base >= 0):
            continue
        colours = colours_of(puzzle.inputs) - {base}
        moving = colours_of(pair.input[(pair.input != pair.output)] for pair in puzzle.train) - {base}
        groups = [((), ()), (tuple(sorted(moving)), tuple(sorted(colours - moving)))]
        groups += [(tuple(sorted(colours - {anchor})), (anchor,)) for anchor in sorted(colours - moving)]
        for movers, anchors in dict.fromkeys(groups):
            if bool(movers) != bool(anchors):
                continue
            for bodies in ("cells", "shapes", "objects"):
                for lost in ("stay", "vanish"):
                    meter.spend()
                    program = call(
                        "attracted", INPUT, movers=movers, anchors=anchors, bodies=bodies, lost=lost, background=base
                    )  # fmt: skip
                    yield Idea(program, 0.85, f"{bodies} go straight to what draws them")
