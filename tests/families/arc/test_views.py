"""Views of puzzles: what is solved on a view is solved on the puzzle."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.operators.views import UNTURN, from_roles, to_roles, turned
from medalist.families.arc.solving.views import put_in, views


def grid(rows: list[list[int]]) -> np.ndarray:
    return np.array(rows, np.int8)


def identity(inputs: list[np.ndarray]) -> Puzzle:
    return Puzzle(tuple(Pair(each, each) for each in inputs), (inputs[0],))


def test_every_view_gives_back_what_it_shows() -> None:
    lines = [grid([[a, 5, b], [5, 5, 5], [b, 5, b]]) for a, b in ((1, 2), (3, 2), (4, 7))]
    squares = [np.kron(line, np.ones((2, 2), np.int8)) for line in lines]
    names = set()
    for puzzle in (identity(lines), identity(squares)):
        for view in views(puzzle):
            names.add(view.name.split()[0])
            program = view.bring(INPUT)
            assert all(same(program.run(each), each) for each in puzzle.inputs), view.name
    assert names == {"colours", "blocks", "cells", "turned"}


def test_roles_undo_and_do_not_depend_on_the_colours() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        one = random.choice(10, (4, 5), p=np.arange(1, 11) / 55).astype(np.int8)
        for order in ("background", "most", "least", "place"):
            for fixed in ((), (0, 3)):
                seen = to_roles(one, fixed=fixed, order=order)
                assert same(from_roles(seen, one, fixed=fixed, order=order), one)
        permuted = random.permutation(10).astype(np.int8)[one]
        assert same(to_roles(one, fixed=(), order="most"), to_roles(permuted, fixed=(), order="most"))


def test_turns_undo() -> None:
    one = grid([[1, 2, 3], [4, 5, 6]])
    assert len({turned(one, turn=turn).tobytes() for turn in range(8)}) == 8
    assert all(same(turned(turned(one, turn=turn), turn=UNTURN[turn]), one) for turn in range(8))


def test_put_in_reaches_every_input() -> None:
    program = call("from_roles", call("to_roles", INPUT), INPUT)
    turn = call("turned", INPUT, turn=1)
    assert put_in(program, turn) == call("from_roles", call("to_roles", turn), turn)
