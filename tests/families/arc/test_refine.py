"""A near miss is mended by small changes, by learning what it leaves to do, piece by piece, and by fusing two."""

import random

import numpy as np
import pytest

from medalist.families.arc.grids.cells import same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.individual import judge_program
from medalist.families.arc.language.operator import Kind
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.operators.bodies import body_of
from medalist.families.arc.solving.refine import nearness, refine, stages_called
from medalist.families.arc.solving.refine_apart import learned_apart
from medalist.families.arc.solving.refine_edits import (
    LONGEST,
    kind_of,
    length_of,
    mutated,
    neighbours,
    random_program,
    simplified,
)
from medalist.families.arc.solving.refine_fuse import fused_pairs
from medalist.families.arc.solving.refine_learn import learned_after
from medalist.families.arc.solving.refine_values import Values, changes_right
from medalist.families.arc.solving.stage import Meter


def pictures(count, seed=0, shape=(7, 9)):
    drawn = np.random.default_rng(seed)
    return [(drawn.integers(1, 5, shape) * (drawn.random(shape) < 0.4)).astype(np.int8) for _ in range(count)]


def puzzle_of(program, inputs):
    """The puzzle that ``program`` solves; the last input is its test."""
    return Puzzle(tuple(Pair(grid, program.answer(grid)) for grid in inputs[:-1]), (inputs[-1],))


def random_programs(count):
    rng = random.Random(5)
    return [random_program(Kind.GRID, 3, rng) for _ in range(count)]


def test_values_are_what_programs_give_and_are_counted_once():
    puzzle = puzzle_of(INPUT, pictures(3))
    values = Values(puzzle, Meter(10**6))
    counted = 0
    for program in random_programs(60):
        answers = [program.answer(grid) for grid in puzzle.inputs]
        one = values.individual(program, "test")
        if one is not None:
            counted += 1
            assert all(same(a, b) for a, b in zip(one.answers, answers, strict=True))
        spent = values.meter.spent
        values.of(program)
        assert values.meter.spent == spent
    assert counted > 10


def test_changes_keep_types_and_length():
    rng = random.Random(6)
    for program in random_programs(12):
        near = list(neighbours(program))
        assert len(set(near)) == len(near)
        assert program not in near
        for changed in [*near[::40], *(mutated(program, rng) for _ in range(20))]:
            assert kind_of(changed) is Kind.GRID
            assert length_of(changed) <= LONGEST
            for part in set(changed.parts()) - {INPUT}:
                assert str(part)


def test_leaving_a_grid_as_it_is_makes_no_change_right():
    pair = puzzle_of(call("keep_colour", INPUT, colour=2), pictures(2)).train[0]
    assert changes_right(pair.input, pair) == 0.0
    assert changes_right(pair.output, pair) == 1.0


@pytest.mark.parametrize(
    ("true", "near"),
    [
        (
            call("turn", call("keep_colour", INPUT, colour=3), way="half"),
            call("turn", call("keep_colour", INPUT, colour=3), way="up-down"),
        ),
        (
            call("turn", call("drop_colour", INPUT, colour=1), way="half"),
            call("drop_colour", INPUT, colour=1),
        ),
    ],
)
def test_refining_mends_a_near_miss_and_only_gives_what_is_nearer(true, near):
    puzzle = puzzle_of(true, pictures(4))
    given = refine(puzzle, near, Meter(20_000))
    last = nearness(judge_program(near, puzzle, origin="test"), puzzle)
    for program in given:
        one = judge_program(program, puzzle, origin="test")
        assert one.fits or nearness(one, puzzle) > last
        if one.fits:
            assert same(program.answer(puzzle.tests[0]), true.answer(puzzle.tests[0]))
            return
    raise AssertionError("never mended")


def test_refining_keeps_to_its_states():
    meter = Meter(200)
    list(
        refine(
            puzzle_of(call("fall", INPUT, side="down"), pictures(3)), call("turn", INPUT, way="half"), meter
        )
    )
    assert meter.spent <= 2_000


def test_what_a_near_miss_leaves_to_do_is_learned():
    grids = [np.where(grid > 2, 0, grid).astype(np.int8) for grid in pictures(4)]
    near = call("half", INPUT, side="left")
    true = call("exchanged", near, table=((1, 6), (2, 8)))
    puzzle = puzzle_of(true, grids)
    values = Values(puzzle, Meter(10**6))
    found = list(learned_after(near, values, stages_called("detectors"), 2_000))
    assert any(same(each.program.answer(puzzle.tests[0]), true.answer(puzzle.tests[0])) for each in found)
    assert all(near in each.program.parts() for each in found)


def test_pieces_that_change_each_by_itself_are_pairs_of_their_own():
    drawn = np.random.default_rng(2)
    grids = []
    for _ in range(3):
        grid = np.full((7, 11), 5, np.int8)
        for row in (0, 4):
            for column in (0, 4, 8):
                grid[row : row + 3, column : column + 3] = drawn.integers(1, 5, (3, 3))
        grids.append(grid)
    true = call(
        "each_apart", call("panels", INPUT), INPUT, body=body_of(call("turn", INPUT, way="left-right"))
    )
    puzzle = puzzle_of(true, grids)
    found = list(learned_apart(Values(puzzle, Meter(10**6)), stages_called("bottom_up"), 1_000))
    assert any(same(each.program.answer(grids[-1]), true.answer(grids[-1])) for each in found)


def test_two_who_solve_different_pairs_are_fused_by_what_tells_the_pairs_apart():
    wide, tall = pictures(2, 1, (3, 8)), pictures(3, 2, (8, 3))
    one, other = call("turn", INPUT, way="left-right"), call("turn", INPUT, way="up-down")
    pairs = [Pair(grid, one.answer(grid)) for grid in wide] + [
        Pair(grid, other.answer(grid)) for grid in tall[:2]
    ]
    puzzle = Puzzle(tuple(pairs), (tall[2],))
    both = [judge_program(program, puzzle, origin="test") for program in (one, other, INPUT)]
    (proposal,) = fused_pairs(puzzle, both)
    assert judge_program(proposal.program, puzzle, origin="test").fits
    assert same(proposal.program.answer(tall[2]), other.answer(tall[2]))


def test_what_is_not_needed_is_left_out():
    puzzle = puzzle_of(call("turn", INPUT, way="half"), pictures(3))
    long = call("turn", call("turn", call("turn", INPUT, way="up-down"), way="up-down"), way="half")
    values = Values(puzzle, Meter(10**6))
    short = simplified(long, lambda each: (one := values.individual(each, "test")) is not None and one.fits)
    assert short == call("turn", INPUT, way="half")
