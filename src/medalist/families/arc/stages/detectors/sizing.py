"""Detectors for outputs that are copies, enlargements or reductions of the whole input."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from medalist.families.arc.grids.cells import Grid, Mask, same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.operators.fractal import BLOCKS, block, chosen_cells
from medalist.families.arc.operators.panels_parts import ground
from medalist.families.arc.operators.tiling import AMOUNTS, amount
from medalist.families.arc.operators.views import turned
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.detectors.fitting import Idea, backgrounds


def copying(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Mosaics of turned copies; enlargement, repetition and reduction by constants or by what is counted."""
    for turn in range(1, 8):
        yield Idea(call("turned", INPUT, turn=turn), 0.95, "the whole grid is turned")
    yield Idea(
        call("drop_repeated_lines", INPUT), 0.9, "neighbouring rows and columns that are alike are one"
    )
    yield Idea(call("one_period", INPUT), 0.9, "the smallest tile that the grid repeats")
    yield Idea(call("shrunk", INPUT), 0.9, "every square of cells as one cell")
    yield from _mosaics(puzzle, meter)
    yield from _corners(puzzle)
    for base in backgrounds(puzzle):
        for down in _amounts(puzzle, base, 0):
            for across in _amounts(puzzle, base, 1):
                meter.spend()
                if down == across == "1":
                    continue
                plain = 1.0 if down.isdecimal() and across.isdecimal() else 0.9
                for name in ("enlarged", "repeated"):
                    program = call(name, INPUT, down=down, across=across, background=base)
                    yield Idea(program, 0.9 * plain, f"{name} {down} times down, {across} times across")


def _corners(puzzle: Puzzle) -> Iterator[Idea]:
    """A rectangle that lies at the same place, counted from a corner, in every input."""
    shapes = {out.shape for out in puzzle.outputs}
    if len(shapes) > 1 or puzzle.same_shape:
        return
    height, width = shapes.pop()
    for turn in range(4):
        across, down = (width, height) if turn % 2 == 0 else (height, width)
        first = turned(puzzle.train[0].input, turn=turn)
        goal = turned(puzzle.outputs[0], turn=turn)
        for row in range(min(first.shape[0] - down + 1, 12)):
            for column in range(min(first.shape[1] - across + 1, 12)):
                if same(first[row : row + down, column : column + across], goal):
                    program = call(
                        "cut_at", INPUT, turn=turn, row=row, column=column, height=height, width=width
                    )
                    yield Idea(
                        program, 0.9 if height * width > 2 else 0.5, "what lies at one place of the grid"
                    )


def _amounts(puzzle: Puzzle, base: int, axis: int) -> list[str]:
    """What tells by how much outputs are longer than inputs along an axis, a constant first."""
    wanted = []
    for pair in puzzle.train:
        if pair.output.shape[axis] % pair.input.shape[axis]:
            return []
        wanted.append(pair.output.shape[axis] // pair.input.shape[axis])
    if len(set(wanted)) == 1:
        return [str(wanted[0])]
    return [
        what
        for what in AMOUNTS
        if all(
            amount(pair.input, what, base) == number
            for pair, number in zip(puzzle.train, wanted, strict=True)
        )
    ]


def _mosaics(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    for shared in (0, 1):
        layouts: list[tuple[int, int]] = []
        for pair in puzzle.train:
            (h, w), (oh, ow) = pair.input.shape, pair.output.shape
            if min(h, w) <= shared or (oh - shared) % (h - shared) or (ow - shared) % (w - shared):
                break
            layouts.append(((oh - shared) // (h - shared), (ow - shared) // (w - shared)))
        if len(layouts) < len(puzzle.train) or len(set(layouts)) > 1 or layouts[0] == (1, 1):
            continue
        meter.spend()
        layout = _layout(puzzle, *layouts[0], shared)
        if layout:
            yield Idea(
                call("mosaic", INPUT, layout=layout, shared=shared), 0.95, "turned copies side by side"
            )


def _layout(puzzle: Puzzle, down: int, across: int, shared: int) -> tuple[tuple[int, ...], ...]:
    """The turn in each place that is right in every pair; empty where a place has none."""
    rows = []
    for row in range(down):
        line = []
        for column in range(across):
            turns = [
                turn
                for turn in (*range(8), -1)
                if all(
                    same(
                        np.full(pair.input.shape, ground(pair.input, -1), np.int8)
                        if turn < 0
                        else turned(pair.input, turn=turn),
                        _tile(pair, row, column, shared),
                    )
                    for pair in puzzle.train
                )
            ]
            if not turns:
                return ()
            line.append(turns[0])
        rows.append(tuple(line))
    return tuple(rows)


def _tile(pair: Pair, row: int, column: int, shared: int) -> Grid:
    height, width = pair.input.shape
    top, left = row * (height - shared), column * (width - shared)
    return pair.output[top : top + height, left : left + width]


def self_similar(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Each cell becomes a block of the input's size, or a pattern of its colour."""
    if all(p.output.shape == (p.input.shape[0] ** 2, p.input.shape[1] ** 2) for p in puzzle.train):
        for base in backgrounds(puzzle):
            yield from _fractals(puzzle, base, meter)
    for base in backgrounds(puzzle):
        yield from _expanded(puzzle, base, meter)


def _fractals(puzzle: Puzzle, base: int, meter: Meter) -> Iterator[Idea]:
    colours = [
        str(colour) for colour in np.unique(np.concatenate([g.ravel() for g in puzzle.inputs])).tolist()
    ]
    for where in ("every", "filled", "least", "most", *colours):
        meter.spend()
        then = _fitting_blocks(puzzle, where, base, lambda chosen: chosen)
        otherwise = _fitting_blocks(puzzle, where, base, lambda chosen: ~chosen)
        for one in then:
            for other in otherwise:
                program = call("fractal", INPUT, where=where, then=one, otherwise=other, background=base)
                prior = 0.6 if where.isdecimal() else 0.95
                yield Idea(program, prior, f"{one} where a cell is {where}, else {other}")


def _fitting_blocks(puzzle: Puzzle, where: str, base: int, side: Callable[[Mask], Mask]) -> list[str]:
    """The kinds of block that stand for every cell on one side of the choice."""
    fitting: list[str] = [*BLOCKS]
    for pair in puzzle.train:
        (height, width), real = pair.input.shape, ground(pair.input, base)
        try:
            chosen = side(chosen_cells(pair.input, where, base))
        except NoValue:
            return []
        for row, column in np.argwhere(chosen).tolist():
            goal = pair.output[row * height : (row + 1) * height, column * width : (column + 1) * width]
            fitting = [
                k for k in fitting if _is_block(pair.input, k, int(pair.input[row, column]), real, goal)
            ]
    return fitting[:2]


def _is_block(grid: Grid, kind: str, colour: int, base: int, goal: Grid) -> bool:
    try:
        return bool((block(grid, kind, colour, base) == goal).all())
    except NoValue:
        return False


def _expanded(puzzle: Puzzle, base: int, meter: Meter) -> Iterator[Idea]:
    """Blocks of a constant size whose pattern depends on the cell's colour."""
    sizes = {
        size
        for pair in puzzle.train
        for size in (
            pair.output.shape[0] / pair.input.shape[0],
            pair.output.shape[1] / pair.input.shape[1],
        )
    }
    size = int(sizes.pop())
    if sizes or size < 2:
        return
    meter.spend()
    patterns: dict[int, Grid] = {}
    for pair in puzzle.train:
        for row, column in np.ndindex(*pair.input.shape):
            colour = int(pair.input[row, column])
            tile = pair.output[row * size : (row + 1) * size, column * size : (column + 1) * size]
            if tile.shape != (size, size):
                return
            drawn = np.where(tile == colour, -1, np.where(tile == ground(pair.input, base), -2, tile))
            if not (patterns.setdefault(colour, drawn) == drawn).all():
                return
    unseen = {int(c) for test in puzzle.tests for c in np.unique(test)} - set(patterns)
    filled = [drawn for colour, drawn in sorted(patterns.items()) if colour != base]
    if unseen and filled and all((drawn == filled[0]).all() for drawn in filled):
        patterns.update(dict.fromkeys(unseen, filled[0]))
    then = tuple((colour, tuple(map(tuple, drawn.tolist()))) for colour, drawn in sorted(patterns.items()))
    program = call("expanded", INPUT, size=size, then=then, background=base)
    yield Idea(program, 0.8, "each cell becomes a pattern of its colour")
