"""Detectors for outputs that are one part of the input: an object, a colour, a panel, a tile, by what stands out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Piece
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.language.program import INPUT, Program, call
from medalist.families.arc.operators.panels_parts import (
    colour_of,
    flat,
    ground,
    measures,
    parts_of,
    standing_out,
)
from medalist.families.arc.operators.views import turned
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.detectors.fitting import Idea, backgrounds, tilings

PARTS = ("objects", "objects 4", "shapes", "shapes 4", "colours", "panels", "fields")

TELLING = 8
"""The measures that come first in ``measures`` and make better reasons than those after them."""


def choosing(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Choose one part by a measure; show it alone or with what lies in its box, inside its frame, or turned."""
    for base in backgrounds(puzzle):
        for parts in (*PARTS, *tilings(puzzle)):
            yield from _chosen(puzzle, parts, base, meter)


def _chosen(puzzle: Puzzle, parts: str, base: int, meter: Meter) -> Iterator[Idea]:
    try:
        pieces = [parts_of(pair.input, parts, base) for pair in puzzle.train]
    except NoValue:
        return
    meter.spend(len(pieces))
    shows = [show for show in _shows(base) if _possible(puzzle, pieces, show)]
    if not shows:
        return
    tables = [measures(each, pair.input, base) for each, pair in zip(pieces, puzzle.train, strict=True)]
    for show in shows:
        right = [
            {
                place
                for place, piece in enumerate(each)
                if _equal(_shown(piece, pair.input, base, show), pair.output)
            }
            for each, pair in zip(pieces, puzzle.train, strict=True)
        ]
        for number, measure in enumerate(
            name for name in tables[0] if all(name in table for table in tables)
        ):
            values = sorted({tables[0][measure][place] for place in right[0]})
            for how in ("most", "least", "only", *(f"is {value}" for value in values)):
                meter.spend()
                if all(
                    _picked(table[measure], how) in good for table, good in zip(tables, right, strict=True)
                ):
                    prior = 0.8 if number < TELLING else 0.5
                    prior *= 0.4 if how.startswith("is ") and measure not in ("copies", "symmetric") else 1.0
                    prior *= 0.9 if show[1] else 1.0
                    piece = call("choose", INPUT, parts=parts, measure=measure, how=how, background=base)
                    yield Idea(
                        _program(piece, base, show), prior, f"the part of {parts} with {how} {measure}"
                    )


def _picked(values: list[int], how: str) -> int:
    try:
        return standing_out(values, how)
    except NoValue:
        return -1


def _shows(base: int) -> Iterator[tuple[str, int]]:
    """How a part may be shown: "alone", "flat" in its main colour, in its "box", "inside" its frame, with a turn; or
    as one cell of its "colour"."""
    for turn in range(8):
        for cut in ("alone", "box", "inside", "flat", "colour"):
            if (cut not in ("alone", "flat") or base >= 0) and not (turn and cut in ("flat", "colour")):
                yield cut, turn


def _shown(piece: Piece, grid: Grid, base: int, show: tuple[str, int]) -> Grid:
    cut, turn = show
    if cut == "colour":
        return colour_of(piece)
    if cut == "flat":
        piece = flat(piece)
    height, width = piece.cells.shape
    cells = grid[piece.row : piece.row + height, piece.column : piece.column + width]
    if cut in ("alone", "flat"):
        cells = np.where(piece.cells == CLEAR, ground(grid, base), piece.cells)
    elif cut == "inside":
        cells = cells[1:-1, 1:-1]
    return turned(cells, turn=turn) if turn else cells


def _equal(one: Grid, other: Grid) -> bool:
    return one.shape == other.shape and bool((one == other).all())


def _possible(puzzle: Puzzle, pieces: list[list[Piece]], show: tuple[str, int]) -> bool:
    """Whether some part is right for every pair; shapes are compared first, which is cheap."""
    for pair, each in zip(puzzle.train, pieces, strict=True):
        inset = 2 if show[0] == "inside" else 0
        height, width = pair.output.shape[::-1] if show[1] % 2 != show[1] // 4 else pair.output.shape
        fitting = [p for p in each if show[0] == "colour" or p.cells.shape == (height + inset, width + inset)]
        if show[0] == "colour" and pair.output.size > 1:
            return False
        if not any(_equal(_shown(piece, pair.input, 0, show), pair.output) for piece in fitting):
            return False
    return True


def _program(piece: Program, base: int, show: tuple[str, int]) -> Program:
    cut, turn = show
    if cut == "colour":
        return call("colour_of", piece)
    if cut == "flat":
        return call("alone", call("flat", piece), background=base)
    shown = call("alone", piece, background=base) if cut == "alone" else call("crop_to", INPUT, piece)
    if cut == "inside":
        shown = call("trim", shown)
    return call("turned", shown, turn=turn) if turn else shown
