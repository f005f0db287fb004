"""Detectors for hidden or missing parts of patterns: periods, mirror images, symmetry about a centre."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.operators.symmetry import SIDES
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.detectors.fitting import Idea, backgrounds, colours_of


def restoring(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Hidden cells restored, and the whole grid shown or only the place where they were."""
    for hidden in _hidden(puzzle):
        meter.spend(20)
        for name, prior in (("restore_mirrored", 0.95), ("continue_pattern", 0.9)):
            whole = call(name, INPUT, hidden=hidden)
            shown = whole if puzzle.same_shape else call("place_of", whole, INPUT, hidden=hidden)
            yield Idea(shown, prior, f"{hidden} hides a part of a regular pattern")
        if hidden.startswith("beyond"):
            once = call("continue_pattern", INPUT, hidden=hidden, seen=1.0)
            yield Idea(once, 0.7, "what is drawn is repeated over the grid")
        elif puzzle.same_shape:
            mirrored = call("restore_mirrored", INPUT, hidden=hidden)
            both = call("continue_pattern", mirrored, hidden=hidden)
            yield Idea(both, 0.8, f"{hidden} hides a part of a regular pattern")


def extending(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Patterns gone on with over larger grids."""
    parts = 6
    ratios = {
        (
            parts * pair.output.shape[0] / pair.input.shape[0],
            parts * pair.output.shape[1] / pair.input.shape[1],
        )
        for pair in puzzle.train
    }
    meter.spend(5)
    if len(ratios) == 1 and not puzzle.same_shape:
        down, across = ratios.pop()
        if min(down, across) >= parts and down == int(down) and across == int(across):
            program = call("extended", INPUT, down=int(down), across=int(across), parts=parts)
            yield Idea(program, 0.9, "the pattern goes on over a larger grid")


def _hidden(puzzle: Puzzle) -> Iterator[str]:
    """Colours (or regions beyond the drawing) that may hide: where outputs differ, or as large as they are."""
    for colour in sorted(colours_of(puzzle.inputs)):
        if all(_may_hide(pair.input == colour, pair.input, pair.output) for pair in puzzle.train):
            yield str(colour)
    if puzzle.same_shape:
        yield from ("beyond columns", "beyond rows", "beyond")


def _may_hide(mask: np.ndarray, grid: np.ndarray, output: np.ndarray) -> bool:
    if not mask.any():
        return False
    if grid.shape == output.shape:
        return bool((grid == output)[~mask].all()) and not (grid == output).all()
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == output.shape


def symmetrising(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Drawings completed by their images about a centre."""
    if not puzzle.same_shape:
        return
    for base in backgrounds(puzzle):
        if any((pair.input != pair.output)[pair.input != base].any() for pair in puzzle.train if base >= 0):
            continue
        lasting = set.intersection(*(colours_of([grid]) for grid in puzzle.inputs)) - {base}
        for centre in ("drawn", "grid", *map(str, sorted(lasting))):
            for sides in SIDES:
                meter.spend()
                program = call("symmetrised", INPUT, centre=centre, sides=sides, background=base)
                yield Idea(
                    program, 0.9, f"the drawing is made {sides} symmetric about the middle of {centre}"
                )
