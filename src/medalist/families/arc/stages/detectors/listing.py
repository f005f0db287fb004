"""Detectors for outputs that tell of the input: lists of parts, counts, and a choice among few constant grids."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medalist.families.arc.grids.cells import Grid, Piece
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.language.program import CANNOT, INPUT, call
from medalist.families.arc.operators.panels_listed import FORMS, TRAITS, counted_of, trait
from medalist.families.arc.operators.panels_parts import ground, parts_of
from medalist.families.arc.operators.tiling import AMOUNTS
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.detectors.fitting import Idea, backgrounds, colours_of, fits

Places = tuple[tuple[int, int], ...]


def listing(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Parts in order of a measure: their colours, bars as long as they measure, or the parts themselves."""
    if puzzle.same_shape:
        return
    first = puzzle.train[0]
    for base in backgrounds(puzzle):
        for parts in ("colours", "every colour", "objects", "shapes", "panels"):
            try:
                pieces = parts_of(first.input, parts, base, 1)
            except NoValue:
                continue
            for show, across in _layouts(pieces, first.output):
                for measure in (
                    "cells",
                    "height",
                    "width",
                    "row",
                    "column",
                    "box",
                    "objects",
                    "holes",
                    "colours",
                ):
                    for least_first in (False, True):
                        meter.spend()
                        program = call(
                            "listed",
                            INPUT,
                            parts=parts,
                            measure=measure,
                            least_first=least_first,
                            show=show,
                            across=across,
                            background=base,
                        )
                        prior = 0.85 if measure in ("cells", "row", "column") else 0.6
                        yield Idea(program, prior, f"the {parts} in order of {measure}")


def _layouts(pieces: list[Piece], output: Grid) -> Iterator[tuple[str, bool]]:
    """What may be shown of the parts, below or beside each other, as far as the output's size allows."""
    for across in (False, True):
        length, breadth = output.shape[::-1] if across else output.shape
        if length == len(pieces):
            yield ("colours", across) if breadth == 1 else ("bars", across)
        along, wide = (1, 0) if across else (0, 1)
        if sum(piece.cells.shape[along] for piece in pieces) == length and all(
            piece.cells.shape[wide] == breadth for piece in pieces
        ):
            yield "pieces", across


def counting(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """As many places filled as something counts, in an order that the outputs show."""
    shapes = {out.shape for out in puzzle.outputs}
    if puzzle.same_shape:
        return
    if len(shapes) > 1:
        yield from _sizes(puzzle, meter)
        return
    shape = shapes.pop()
    for base in backgrounds(puzzle):
        paints = colours_of(puzzle.outputs) - {base}
        filled = [
            out != ground(pair.input, base) for pair, out in zip(puzzle.train, puzzle.outputs, strict=True)
        ]
        counts = [int(mask.sum()) for mask in filled]
        if len(set(counts)) < 2 or any(
            len(colours_of([out[mask]])) > 1 for out, mask in zip(puzzle.outputs, filled, strict=True)
        ):
            continue
        paint = paints.pop() if len(paints) == 1 else -1
        for places in _orders(filled, shape):
            for what in _amounts(puzzle, base):
                meter.spend()
                if all(
                    _counts(pair.input, what, base) == count
                    for pair, count in zip(puzzle.train, counts, strict=True)
                ):
                    program = call(
                        "counted", INPUT, what=what, places=places, shape=shape, paint=paint, background=base
                    )
                    yield Idea(program, 0.8, f"as many places are filled as there are {what}")


def _sizes(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Plain grids or diagonals as large as something counts."""
    for base in backgrounds(puzzle):
        if any(len(colours_of([out]) - {base}) > 1 for out in puzzle.outputs):
            continue
        sides = [max(out.shape) for out in puzzle.outputs]
        inks = {min(colours_of([out]) - {base}, default=-2) for out in puzzle.outputs}
        paints = [-1, -2, *sorted(inks - {-2})] if len(inks) == 1 else [-1, -2]
        whats = [
            what
            for what in _amounts(puzzle, base)
            if all(_counts(pair.input, what, base) == n for pair, n in zip(puzzle.train, sides, strict=True))
        ]
        for paint in paints:
            for form in FORMS:
                for what in ["1"] if form == "panels" else whats:
                    meter.spend()
                    program = call("as_large_as", INPUT, what=what, form=form, paint=paint, background=base)
                    yield Idea(program, 0.85, f"a {form} as large as there are {what}")


def _amounts(puzzle: Puzzle, base: int) -> list[str]:
    """What may be counted: amounts, of the whole or of one colour."""
    colours = sorted(colours_of(puzzle.inputs) - {base})
    alone = [
        f"{what} of {colour}"
        for colour in colours
        for what in ("objects", "filled cells", "shapes", "squares")
    ]
    return [*AMOUNTS, *alone]


def _counts(grid: np.ndarray, what: str, base: int) -> int:
    try:
        return counted_of(grid, what, base)
    except NoValue:
        return -1


def _orders(filled: list[np.ndarray], shape: tuple[int, ...]) -> Iterator[Places]:
    """Orders of places in which every output is filled from the first on: as one reads, or as the outputs grow."""
    every = [(row, column) for row in range(shape[0]) for column in range(shape[1])]
    ways = [
        sorted(every, key=lambda at, signs=signs, swap=swap: (signs[0] * at[swap], signs[1] * at[1 - swap]))
        for swap in (0, 1)
        for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1))
    ]
    grown: list[tuple[int, int]] = []
    for mask in sorted(filled, key=lambda mask: int(mask.sum())):
        grown += [at for at in every if mask[at] and at not in grown]
    for way in [*ways, grown]:
        if all({at for at in every if mask[at]} == set(way[: int(mask.sum())]) for mask in filled):
            yield tuple(way)


def deciding(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """One of few constant grids, by something that is told of the whole input."""
    outputs = {tuple(map(tuple, out.tolist())) for out in puzzle.outputs}
    if puzzle.same_shape or len(outputs) in (1, len(puzzle.train)):
        return
    if max(out.size for out in puzzle.outputs) > 100:
        return
    for base in backgrounds(puzzle):
        for what in (*_amounts(puzzle, base), *TRAITS):
            meter.spend()
            table: dict[int, tuple] = {}
            try:
                for pair in puzzle.train:
                    table.setdefault(trait(pair.input, what, base), tuple(map(tuple, pair.output.tolist())))
            except CANNOT:
                continue
            if len(table) == len(puzzle.train):
                continue
            program = call("decided", INPUT, what=what, table=tuple(sorted(table.items())), background=base)
            if fits(puzzle, program):
                prior = 0.7 * min(1.0, (len(puzzle.train) - len(table) + 1) / 3)
                yield Idea(program, prior, f"one of {len(outputs)} grids by {what}")
