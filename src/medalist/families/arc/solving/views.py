"""Views of a puzzle: the same puzzle with colours by role, turned, or with panels as cells, and the way back.

A stage that solves a view solves the puzzle: ``View.bring`` puts the view's operators around the program. All pairs
and tests of a view are seen the same way, and a view is only given where undoing it gives the true outputs back.
``views`` sees inputs and outputs alike otherwise; ``input_views`` and ``output_views`` take one step off at one end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import CANNOT, INPUT, Program, call
from medalist.families.arc.operators.panels import panel_spans
from medalist.families.arc.operators.tiling import mosaic
from medalist.families.arc.operators.views import (
    UNTURN,
    cell_size,
    from_blocks,
    from_cells,
    role_table,
    to_blocks,
    to_cells,
    turned,
)


@dataclass(frozen=True)
class View:
    """A puzzle seen otherwise."""

    name: str
    puzzle: Puzzle
    bring: Callable[[Program], Program]
    """From a program for ``puzzle`` to one for the puzzle that was viewed."""


def put_in(program: Program, inner: Program) -> Program:
    """``program`` applied to what ``inner`` gives: ``inner`` in the place of the input."""
    if program == INPUT:
        return inner
    arguments = tuple(put_in(argument, inner) for argument in program.arguments)
    return Program(program.operator, arguments, program.parameters)


def views(puzzle: Puzzle) -> Iterator[View]:
    """Every view that differs from the puzzle and from those before it: colours, blocks, cells, then turns."""
    yield from colour_views(puzzle)
    yield from coarse_views(puzzle)
    yield from turned_views(puzzle)


def colour_views(puzzle: Puzzle) -> Iterator[View]:
    """Colours by role: the background as 0; those that differ from pair to pair by frequency or place."""
    seen = [puzzle]
    for fixed in dict.fromkeys((lasting_colours(puzzle), _new_colours(puzzle), ())):
        for order in ("background", "most", "least", "place"):
            view = _role_view(puzzle, fixed, order)
            if not any(_same_puzzle(view.puzzle, other) for other in seen):
                seen.append(view.puzzle)
                yield view


def coarse_views(puzzle: Puzzle) -> Iterator[View]:
    """Panels between lines, or squares of several cells, as single cells."""
    for name, there, back in (("blocks", to_blocks, from_blocks), ("cells", to_cells, from_cells)):
        view = _coarse_view(puzzle, name, there, back)
        if view is not None:
            yield view


def turned_views(puzzle: Puzzle, turns: tuple[int, ...] = (4, 1, 2, 3, 5, 6, 7)) -> Iterator[View]:
    """Every grid turned the same way; transposed first."""
    for turn in turns:
        pairs = tuple(
            Pair(turned(pair.input, turn=turn), turned(pair.output, turn=turn)) for pair in puzzle.train
        )
        seen = Puzzle(pairs, tuple(turned(test, turn=turn) for test in puzzle.tests))

        def bring(program: Program, turn: int = turn) -> Program:
            return call("turned", put_in(program, call("turned", INPUT, turn=turn)), turn=UNTURN[turn])

        yield View(f"turned {turn}", seen, bring)


SIMPLER = (
    call("crop", INPUT),
    call("trim", INPUT),
    call("drop_empty_lines", INPUT),
    call("drop_plain_lines", INPUT),
    call("shrunk", INPUT),
    call("trim", INPUT),
    call("denoised", INPUT, most=1),
)
"""Steps that leave less of an input, when it is that rest which the outputs are made from."""


def input_views(puzzle: Puzzle) -> Iterator[View]:
    """Inputs made smaller, outputs as they are."""
    for inner in SIMPLER:
        inputs = [inner.answer(grid) for grid in puzzle.inputs]
        kept = [grid for grid in inputs if grid is not None]
        if len(kept) < len(inputs) or all(map(same, kept, puzzle.inputs)):
            continue
        pairs = tuple(Pair(grid, out) for grid, out in zip(kept, puzzle.outputs, strict=False))

        def bring(program: Program, inner: Program = inner) -> Program:
            return put_in(program, inner)

        yield View(f"inputs: {inner.operator}", Puzzle(pairs, tuple(kept[len(pairs) :])), bring)


def output_views(puzzle: Puzzle) -> Iterator[View]:
    """Outputs made smaller where all repeat, mirror or enlarge something in the same way, inputs as they are."""
    size = int(np.gcd.reduce([cell_size(out) for out in puzzle.outputs]))
    if size > 1:
        yield _last_step(
            puzzle, lambda out: out[::size, ::size], "enlarged", {"down": str(size), "across": str(size)}
        )
    for down, across in ((1, 2), (2, 1), (2, 2), (1, 3), (3, 1), (3, 3)):
        for mirrored in (False, True):
            layout = tuple(
                tuple((0, 5, 7, 2)[2 * (column % 2) + row % 2] if mirrored else 0 for column in range(across))
                for row in range(down)
            )
            if all(_made_of(out, down, across, layout) for out in puzzle.outputs):
                yield _last_step(
                    puzzle,
                    lambda out, down=down, across=across: out[
                        : out.shape[0] // down, : out.shape[1] // across
                    ].copy(),
                    "mosaic",
                    {"layout": layout},
                )


def _made_of(out: Grid, down: int, across: int, layout: tuple[tuple[int, ...], ...]) -> bool:
    """Whether an output is its first tile laid out so."""
    height, width = out.shape[0] // down, out.shape[1] // across
    if not height or not width or (height * down, width * across) != out.shape:
        return False
    return same(mosaic(out[:height, :width], layout=layout), out)


def _last_step(puzzle: Puzzle, undo: Callable[[Grid], Grid], name: str, parameters: dict[str, Any]) -> View:
    pairs = tuple(Pair(pair.input, undo(pair.output)) for pair in puzzle.train)

    def bring(program: Program) -> Program:
        return call(name, program, **parameters)

    return View(f"outputs: {name}", Puzzle(pairs, puzzle.tests), bring)


def lasting_colours(puzzle: Puzzle) -> tuple[int, ...]:
    """Colours that every input holds, tests too, and those that outputs bring in anew: they mean themselves."""
    everywhere = set(range(10))
    for grid in puzzle.inputs:
        everywhere &= set(grid.ravel().tolist())
    return tuple(sorted(everywhere | set(_new_colours(puzzle))))


def _new_colours(puzzle: Puzzle) -> tuple[int, ...]:
    """Colours that some output has and its input has not."""
    new: set[int] = set()
    for pair in puzzle.train:
        new |= set(pair.output.ravel().tolist()) - set(pair.input.ravel().tolist())
    return tuple(sorted(new))


def _role_view(puzzle: Puzzle, fixed: tuple[int, ...], order: str) -> View:
    pairs = []
    for pair in puzzle.train:
        table = role_table(pair.input, fixed, order)
        pairs.append(Pair(table[pair.input], table[pair.output]))
    tests = tuple(role_table(test, fixed, order)[test] for test in puzzle.tests)

    def bring(program: Program) -> Program:
        inner = put_in(program, call("to_roles", INPUT, fixed=fixed, order=order))
        return call("from_roles", inner, INPUT, fixed=fixed, order=order)

    return View(f"colours by {order}, fixed {fixed}", Puzzle(tuple(pairs), tests), bring)


def _coarse_view(
    puzzle: Puzzle, name: str, there: Callable[[Grid], Grid], back: Callable[[Grid, Grid], Grid]
) -> View | None:
    """None where a grid cannot be seen so, or where an output would be lost on the way back."""
    try:
        pairs = []
        for pair in puzzle.train:
            output = _output_as(name, there, pair)
            if not same(back(output, pair.input), pair.output):
                return None
            pairs.append(Pair(there(pair.input), output))
        tests = tuple(there(test) for test in puzzle.tests)
    except CANNOT:
        return None

    def bring(program: Program) -> Program:
        return call(f"from_{name}", put_in(program, call(f"to_{name}", INPUT)), INPUT)

    return View(name, Puzzle(tuple(pairs), tests), bring)


def _output_as(name: str, there: Callable[[Grid], Grid], pair: Pair) -> Grid:
    """The output as coarse as its input, whose lines and squares are taken: an output may hide its own."""
    if name == "cells":
        size = cell_size(pair.input)
        return pair.output[::size, ::size]
    if not pair.same_shape:
        return there(pair.output)
    rows, columns = panel_spans(pair.input)
    return pair.output[[first for first, _ in rows]][:, [first for first, _ in columns]]


def _same_puzzle(one: Puzzle, other: Puzzle) -> bool:
    return all(same(a, b) for a, b in zip(one.inputs, other.inputs, strict=True)) and all(
        same(a, b) for a, b in zip(one.outputs, other.outputs, strict=True)
    )
