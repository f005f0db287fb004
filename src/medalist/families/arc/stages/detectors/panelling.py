"""Detectors for panels and equal tiles: laid over each other, or each told as one cell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.operators.panels_combined import arrangement, stacked
from medalist.families.arc.operators.panels_parts import ground, keyed, measures, parts_of
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.detectors.fitting import Idea, backgrounds, tilings


def combining(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Panels laid over each other by a table of what is filled, by priority, or by a table of colours."""
    ways = ("panels", *tilings(puzzle))
    for parts in (*ways, *(f"{fold} {way}" for fold in ("mirrored", "back-mirrored") for way in ways)):
        try:
            layers = [stacked(pair.input, parts) for pair in puzzle.train]
        except NoValue:
            continue
        meter.spend(len(layers))
        if any(each.shape[1:] != out.shape for each, out in zip(layers, puzzle.outputs, strict=True)):
            continue
        if len({len(each) for each in layers}) > 1:
            continue
        for base in backgrounds(puzzle):
            table = _table(puzzle, layers, base, "filled")
            if table:
                seen = sum(out.size for out in puzzle.outputs)
                prior = 0.95 if seen >= 8 * len(table) else 0.6
                program = call(
                    "combine_panels", INPUT, parts=parts, keys="filled", table=table, background=base
                )
                yield Idea(program, prior, f"{parts} laid over each other by a table of which are filled")
            yield from _layered(puzzle, layers, parts, base)
        table = _table(puzzle, layers, 0, "colours")
        if table:
            program = call("combine_panels", INPUT, parts=parts, keys="colours", table=table)
            yield Idea(program, 0.5, f"{parts} laid over each other by a table of colours")


def _table(puzzle: Puzzle, layers: list[Grid], base: int, keys: str) -> tuple:
    """Keys with answers that hold in every pair; empty where some key has none."""
    left: dict[tuple[int, ...], set[int]] = {}
    for each, pair in zip(layers, puzzle.train, strict=True):
        shown = (each != ground(pair.input, base)).astype(np.int8) if keys == "filled" else each
        for place in np.ndindex(*pair.output.shape):
            at = (slice(None), *place)
            key = tuple(shown[at].tolist())
            answer = int(pair.output[place])
            possible = {answer, *(-1 - n for n, colour in enumerate(each[at].tolist()) if colour == answer)}
            left[key] = left.get(key, possible) & possible
    if not all(left.values()):
        return ()
    # A colour that every such place has is a colour; only where it varies is it that of a panel.
    return tuple((key, max(answers)) for key, answers in sorted(left.items()))


def _layered(puzzle: Puzzle, layers: list[Grid], parts: str, base: int) -> Iterator[Idea]:
    count = len(layers[0])
    if count > 5:
        return
    for order in permutations(range(count)):
        if all(
            _lies_on_top(each, ground(pair.input, base), order, pair.output)
            for each, pair in zip(layers, puzzle.train, strict=True)
        ):
            program = call("overlay_panels", INPUT, parts=parts, order=order, background=base)
            yield Idea(program, 0.9, f"{parts} laid over each other, the first of {order} on top")


def _lies_on_top(layers: Grid, base: int, order: tuple[int, ...], output: Grid) -> bool:
    out = np.full(output.shape, base, np.int8)
    for number in reversed(order):
        out = np.where(layers[number] != base, layers[number], out)
    return bool((out == output).all())


def telling(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Each panel or tile is one cell of the output, coloured by what is measured of it."""
    shapes = {out.shape for out in puzzle.outputs}
    ways = ["panels"]
    if len(shapes) == 1 and not puzzle.same_shape:
        down, across = shapes.pop()
        ways += [f"tiles {down} {across}"] if down * across > 1 else []
    for parts in ways:
        for base in backgrounds(puzzle):
            yield from _told(puzzle, parts, base, meter)


def _told(puzzle: Puzzle, parts: str, base: int, meter: Meter) -> Iterator[Idea]:
    try:
        pieces = [parts_of(pair.input, parts, base) for pair in puzzle.train]
        shapes = [arrangement(pair.input, parts) for pair in puzzle.train]
    except NoValue:
        return
    goals, filling = _goals(puzzle, parts, shapes)
    if goals is None:
        return
    tables = [measures(each, pair.input, base) for each, pair in zip(pieces, puzzle.train, strict=True)]
    for number, measure in enumerate(name for name in tables[0] if all(name in table for table in tables)):
        for how in ("value", "most", "least", "only"):
            meter.spend()
            table = _tell_table([t[measure] for t in tables], [t["colour"] for t in tables], goals, how)
            if table is None:
                continue
            program = call(
                "tell_panels", INPUT, parts=parts, measure=measure, how=how, table=table, background=base
            )
            if filling:
                program = call("fill_panels", program, INPUT, keep=-1)
            prior = (0.8 if number < 8 else 0.5) * (1.0 if len(table) <= 3 else 0.6)
            yield Idea(program, prior, f"one cell for each of the {parts}, by {how} of {measure}")


def _goals(puzzle: Puzzle, parts: str, shapes: list[tuple[int, int]]) -> tuple[list[list[int]] | None, bool]:
    """What each part's cell should be, by pair, and whether outputs fill panels with it; None where neither."""
    if all(out.shape == shape for out, shape in zip(puzzle.outputs, shapes, strict=True)):
        return [out.ravel().tolist() for out in puzzle.outputs], False
    if not puzzle.same_shape or parts != "panels":
        return None, False
    goals = []
    for pair in puzzle.train:
        pieces = parts_of(pair.input, parts, -1)
        fills = [
            np.unique(pair.output[p.row : p.row + p.cells.shape[0], p.column : p.column + p.cells.shape[1]])
            for p in pieces
        ]
        if any(len(fill) > 1 for fill in fills) or same(pair.input, pair.output):
            return None, False
        goals.append([int(fill[0]) for fill in fills])
    return goals, True


def _tell_table(
    values: list[list[int]], mains: list[list[int]], goals: list[list[int]], how: str
) -> tuple | None:
    """From what is measured to a colour; () where the measure is the colour; None where nothing fits."""
    left: dict[int, set[int]] = {}
    for measured, main, goal in zip(values, mains, goals, strict=True):
        try:
            measured = keyed(measured, how)
        except NoValue:
            return None
        for value, colour, wanted in zip(measured, main, goal, strict=True):
            possible = {wanted, -1} if colour == wanted else {wanted}
            left[value] = left.get(value, possible) & possible
    if how == "value" and values == goals:
        return ()
    if not all(left.values()):
        return None
    return tuple((value, max(answers)) for value, answers in sorted(left.items()))
