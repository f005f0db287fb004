"""Greedy composition stacks layers that are never wrong where nothing covers them."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.operator import Kind
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.solving.states import State
from medalist.families.arc.stages.composition import Composition, program_of
from medalist.families.arc.stages.composition_layers import Greedy, Layers
from medalist.families.arc.stages.composition_tables import tables


def _crossing() -> Puzzle:
    """Cells of 2 draw their row, cells of 3 their column, and rows lie on top."""
    rng = np.random.default_rng(8)

    def scene() -> tuple[np.ndarray, np.ndarray]:
        before = np.zeros((9, 10), np.int8)
        row, column = rng.integers(0, 9, 2)
        before[row, rng.integers(0, 10)] = 2
        before[(row + 4) % 9, column] = 3
        after = before.copy()
        after[:, before.max(axis=0) == 3] = 3
        after[row] = 2
        return before, after

    pairs = [scene() for _ in range(4)]
    return Puzzle(tuple(Pair(*pair) for pair in pairs[:3]), (pairs[3][0],))


def test_layers_are_chosen_from_the_top_and_cover_all() -> None:
    puzzle = _crossing()
    rows, columns = [], []
    for grid in puzzle.inputs:
        two, three = np.zeros_like(grid), np.zeros_like(grid)
        two[(grid == 2).any(axis=1)] = 2
        three[:, (grid == 3).any(axis=0)] = 3
        rows.append(two)
        columns.append(three)
    layers = Layers(puzzle, (0,))
    for name, values in (("rows", rows), ("columns", columns), ("input", puzzle.inputs)):
        program = INPUT if name == "input" else call(name, INPUT)
        state = State(Kind.GRID, tuple(values), program, 1.0, 1, True)
        state.expected = True
        layers.add(state)
    stack = next(iter(Greedy(layers).stacks(np.zeros_like(layers.pair_bits(0)), 1, 4)))
    assert stack.left == 0
    assert str(program_of(layers, stack)) == "over(rows(input), columns(input), clear=0)"


def test_a_puzzle_of_two_layers_is_solved_and_believed() -> None:
    puzzle = _crossing()
    stage = Composition()
    proposals = list(stage.propose(puzzle, Meter(4_000)))
    best = max(proposals, key=lambda each: each.confidence)
    for pair in puzzle.train:
        given = best.program.answer(pair.input)
        assert given is not None
        assert same(given, pair.output)
    answer = best.program.answer(puzzle.tests[0])
    assert answer is not None
    assert set(np.unique(answer).tolist()) == {0, 2, 3}


def _table_states(tests_in: tuple[int, ...]) -> tuple[Puzzle, list[State]]:
    """Two panels of 0 and 3, and 0 and 4, whose output is 8 where both are filled; tests show ``tests_in`` above."""
    rng = np.random.default_rng(2)
    above = [np.where(rng.random((5, 5)) < 0.5, 3, 0).astype(np.int8) for _ in range(3)]
    below = [np.where(rng.random((5, 5)) < 0.5, 4, 0).astype(np.int8) for _ in range(4)]
    outputs = [
        np.where((a == 3) & (b == 4), 8, 0).astype(np.int8) for a, b in zip(above, below, strict=False)
    ]
    test = rng.choice(tests_in, (5, 5)).astype(np.int8)
    puzzle = Puzzle(tuple(Pair(a, b) for a, b in zip(above, outputs, strict=True)), (test,))
    one = State(Kind.GRID, (*above, test), call("above", INPUT), 1.0, 1, True)
    other = State(Kind.GRID, tuple(below), call("below", INPUT), 1.0, 1, True)
    return puzzle, [one, other]


def test_two_pictures_are_looked_up_in_a_table_that_every_pair_bears() -> None:
    found = list(tables(*_table_states((0, 3))))
    assert len(found) == 1
    assert found[0].borne == 1.0
    assert dict(found[0].program.parameters)["table"] == ((3, 0, 0), (3, 4, 8))


def test_a_table_is_not_proposed_where_the_test_needs_an_entry_nobody_has() -> None:
    assert not list(tables(*_table_states((0, 7))))
