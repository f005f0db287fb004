"""Bottom-up search keeps each value once, counts what it tries, and finds short programs."""

from __future__ import annotations

import numpy as np
import pytest

from medalist.families.arc.grids.cells import same
from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.solving.stage import Meter, Spent
from medalist.families.arc.solving.states import Exploration
from medalist.families.arc.stages.bottom_up import stage


def _puzzle() -> Puzzle:
    """The crop of what lies on the background, beside itself."""
    rng = np.random.default_rng(3)

    def scene() -> tuple[np.ndarray, np.ndarray]:
        grid = np.zeros((9, 8), np.int8)
        figure = rng.integers(1, 5, (3, 2)).astype(np.int8)
        row, column = rng.integers(0, 6, 2)
        grid[row : row + 3, column : column + 2] = figure
        return grid, np.concatenate((figure, figure), axis=1)

    return Puzzle(tuple(Pair(*scene()) for _ in range(3)), (scene()[0],))


def test_states_differ_and_their_programs_give_their_values() -> None:
    puzzle = _puzzle()
    states = list(Exploration(puzzle).run(Meter(10_000), 600))
    assert len({fingerprint(state.values) for state in states}) == len(states) > 100
    for state in states[::17]:
        values = [state.program.run(grid) for grid in puzzle.inputs]
        assert fingerprint(values) == fingerprint(state.values)


def test_an_exploration_goes_on_where_it_stopped_and_is_the_same_again() -> None:
    puzzle = _puzzle()
    one, other = Exploration(puzzle), Exploration(puzzle)
    with pytest.raises(Spent):
        list(one.run(Meter(200), 10_000))
    first = [state.program for state in one.run(Meter(10_000), 500)]
    second = [state.program for state in other.run(Meter(10_000), 500)]
    assert first[: len(second)] == second[: len(first)]
    assert min(len(first), len(second)) > 100


def test_a_short_program_is_found_and_right_on_the_test() -> None:
    puzzle = _puzzle()
    proposal = next(iter(stage.propose(puzzle, Meter(stage.states))))
    given, figure = proposal.program.answer(puzzle.tests[0]), puzzle.tests[0]
    rows, columns = np.flatnonzero(figure.any(axis=1)), np.flatnonzero(figure.any(axis=0))
    crop = figure[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert given is not None
    assert same(given, np.concatenate((crop, crop), axis=1))
    assert 0 < proposal.confidence < 1
