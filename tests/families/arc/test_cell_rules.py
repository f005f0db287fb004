"""Cell rules learn what a cell becomes from its surroundings, in roles rather than colours, and say it as programs."""

import numpy as np
import pytest

from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import Program
from medalist.families.arc.operators.cell_rules import by_tree, family_columns
from medalist.families.arc.operators.local_colours import moved, usual_background
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.cell_rules import stage
from medalist.families.arc.stages.cell_rules.tables import FAMILIES


def _noise(seed, colours=(0, 0, 0, 0, 0, 0, 5), shape=(9, 8)):
    return np.random.default_rng(seed).choice(np.array(colours, np.int8), shape)


def _puzzle(rule, grids, recolour=None):
    """Four grids made a puzzle by a rule; ``recolour`` permutes the colours of everything."""
    table = np.arange(10, dtype=np.int8) if recolour is None else np.array(recolour, np.int8)
    pairs = [Pair(table[grid], table[rule(grid)]) for grid in grids]
    return Puzzle(tuple(pairs[:-1]), (pairs[-1].input,)), pairs[-1].output


def _best(puzzle):
    found = list(stage.propose(puzzle, Meter(stage.states)))
    return max(found, key=lambda each: each.confidence)


def _shadows(grid):
    """Every cell under a coloured one is 3."""
    above = moved(grid, -1, 0, 0)
    return np.where((above != 0) & (grid == 0), 3, grid).astype(np.int8)


def _falling(grid):
    """Colours run down until something stops them."""
    found = grid.copy()
    for row in range(1, len(found)):
        found[row] = np.where(found[row] == 0, found[row - 1], found[row])
    return found


@pytest.mark.parametrize("recolour", [None, (4, 1, 2, 9, 0, 7, 6, 5, 8, 3)])
def test_a_local_rule_is_found_whatever_colours_it_is_told_in(recolour):
    puzzle, output = _puzzle(_shadows, [_noise(seed) for seed in range(4)], recolour)
    best = _best(puzzle)
    assert (best.program.answer(puzzle.tests[0]) == output).all()
    assert best.confidence > 0.6
    assert Program.from_json(best.program.as_json()) == best.program


def test_a_colour_never_seen_in_training_is_carried_along():
    grids = [_noise(seed, (0,) * 12 + (seed + 1, seed + 2)) for seed in range(4)]
    puzzle, output = _puzzle(_falling, grids)
    assert (_best(puzzle).program.answer(puzzle.tests[0]) == output).all()


def test_growth_is_learned_from_its_end_alone():
    grids = [_noise(seed, (0,) * 20 + (5, 2)) for seed in range(4)]

    def spread(grid):
        found = grid.copy()
        for column in range(1, found.shape[1]):
            found[:, column] = np.where(
                (found[:, column] == 0) & (found[:, column - 1] == 5), 5, found[:, column]
            )
        return found

    puzzle, output = _puzzle(spread, grids)
    grown = [p for p in stage.propose(puzzle, Meter(stage.states)) if p.program.operator == "grow_by_rules"]
    assert (grown[0].program.answer(puzzle.tests[0]) == output).all()


def test_proposals_are_the_same_every_time_and_right_on_training():
    puzzle, _ = _puzzle(_shadows, [_noise(seed) for seed in range(4)])
    once, again = (list(stage.propose(puzzle, Meter(stage.states))) for _ in range(2))
    assert once == again
    for proposal in once:
        assert all((proposal.program.answer(pair.input) == pair.output).all() for pair in puzzle.train)


def test_noise_with_no_rule_is_not_believed():
    grids = [_noise(seed, range(4)) for seed in range(4)]
    outputs = iter([_noise(seed + 50, range(4)) for seed in range(4)])
    puzzle, _ = _puzzle(lambda grid: next(outputs), grids)
    assert all(proposal.confidence < 0.3 for proposal in stage.propose(puzzle, Meter(stage.states)))


@pytest.mark.parametrize("grid", [np.zeros((1, 1)), np.eye(3), np.arange(30).reshape(1, 30) % 10, _noise(3)])
def test_every_column_has_a_number_for_every_cell_and_leaves_the_grid_alone(grid):
    grid = grid.astype(np.int8)
    before = grid.copy()
    for family in FAMILIES:
        colours, numbers = family_columns(
            "to first" if family == "to" else family, grid, usual_background(grid)
        )
        for name, column in {**colours, **numbers}.items():
            assert column.shape == grid.shape, name
            assert column.dtype == np.int16, name
            assert name.split(" ")[0] in (family, "background"), name
        assert all(column.min() >= -1 and column.max() <= 9 for column in colours.values())
    assert (grid == before).all()
    assert (by_tree(grid, background=-1, tree="own") == grid).all()


def test_rules_after_a_step_choose_between_the_grid_and_what_the_step_made_of_it():
    from medalist.families.arc.stages.cell_rules_after import stage as after

    def mirrored_where_empty(grid):
        whole = np.concatenate([grid, grid[:, ::-1]], axis=1)
        return np.where(whole == 5, 2, whole).astype(np.int8)

    puzzle, output = _puzzle(
        mirrored_where_empty, [_noise(seed, (0, 0, 0, 5, 3), (6, 5)) for seed in range(4)]
    )
    best = max(after.propose(puzzle, Meter(after.states)), key=lambda each: each.confidence)
    assert (best.program.answer(puzzle.tests[0]) == output).all()
    assert best.program.operator == "by_tree"


@pytest.mark.parametrize(
    "pairs",
    [[([[1]], [[2]])], [([[1]], [[2]]), ([[1]], [[3]])], [([[0, 0]], [[0, 0]])], [([[4, 4]], [[5, 6]])]],
)
def test_puzzles_with_next_to_nothing_in_them_break_nothing(pairs):
    train = tuple(Pair(np.array(a, np.int8), np.array(b, np.int8)) for a, b in pairs)
    for proposal in stage.propose(Puzzle(train, (np.array([[1, 7]], np.int8),)), Meter(stage.states)):
        assert 0 < proposal.confidence < 1
