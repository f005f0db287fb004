"""Rules over objects are learned from few pairs, hold on a test never seen, and do not depend on colours or turns."""

import json

import numpy as np
import pytest

from medalist.families.arc.grids.cells import same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.language.program import INPUT, Program, call
from medalist.families.arc.operators.object_rules_features import features, holds
from medalist.families.arc.operators.object_rules_scene import look
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.object_rules import stage


def blocks(seed, colours=(1, 2, 3)):
    """A grid of 12 x 14 with four full rectangles of different areas, apart from each other."""
    rng = np.random.default_rng(seed)
    grid = np.zeros((12, 14), np.int8)
    sizes = rng.permutation([(1, 2), (2, 2), (2, 4), (3, 4)])
    for place, (height, width) in enumerate(sizes):
        row, column = 6 * (place // 2) + rng.integers(0, 2), 7 * (place % 2) + rng.integers(0, 2)
        grid[row : row + height, column : column + width] = rng.choice(colours)
    return grid


def rings(seed):
    """Three rectangles of one colour, one of them hollow."""
    rng = np.random.default_rng(seed)
    grid = np.zeros((12, 12), np.int8)
    for place, number in enumerate(rng.permutation(3)):
        row, column = 4 * place, int(rng.integers(0, 7))
        grid[row : row + 3, column : column + 3 + int(number == 1)] = 4
        if number == 0:
            grid[row + 1, column + 1] = 0
    return grid


def areas(grid):
    return [(int((o.cells >= 0).sum()), o) for o in look(grid, 0, "four")["objects"]]


def recolour_largest(grid):
    out = grid.copy()
    _, piece = max(areas(grid), key=lambda each: each[0])
    height, width = piece.cells.shape
    out[piece.row : piece.row + height, piece.column : piece.column + width] = 7
    return out


def keep_two_cells(grid):
    out = np.zeros_like(grid)
    for area, piece in areas(grid):
        height, width = piece.cells.shape
        if area <= 4:
            out[piece.row : piece.row + height, piece.column : piece.column + width] = piece.cells
    return out


def fall(grid):
    return np.sort(grid > 0, axis=0).astype(np.int8) * 5


def single_cells(seed):
    """One cell of colour 5 in each of five columns: where all end when they fall is known."""
    rng = np.random.default_rng(seed)
    grid = np.zeros((9, 10), np.int8)
    grid[rng.integers(0, 8, 5), np.arange(0, 10, 2)] = 5
    return grid


def fill_holes(grid):
    out = grid.copy()
    for piece in look(grid, 0, "holes")["objects"]:
        out[piece.row, piece.column] = 3
    return out


def crop_hollow(grid):
    for piece in look(grid, 0, "four")["objects"]:
        if (piece.cells < 0).any():
            return np.where(piece.cells < 0, 0, piece.cells).astype(np.int8)
    raise AssertionError


def smallest_first(grid):
    return np.array([[int(o.cells[0, 0]) for _, o in sorted(areas(grid), key=lambda each: each[0])]], np.int8)


TASKS = {
    "recolour the largest": (blocks, recolour_largest),
    "delete the large ones": (blocks, keep_two_cells),
    "fall": (single_cells, fall),
    "fill holes": (rings, fill_holes),
    "crop the hollow one": (rings, crop_hollow),
    "colours by area": (blocks, smallest_first),
}


def puzzle_of(make, rule, view=lambda grid: grid):
    grids = [make(seed) for seed in range(5)]
    return Puzzle(tuple(Pair(view(g), view(rule(g))) for g in grids[:4]), (view(grids[4]),)), view(
        rule(grids[4])
    )


def proposals(puzzle, states=None):
    return list(stage.propose(puzzle, Meter(states or stage.states)))


@pytest.mark.parametrize("name", TASKS)
def test_the_rule_is_learned_and_holds_on_a_test_never_seen(name):
    puzzle, wanted = puzzle_of(*TASKS[name])
    found = proposals(puzzle)
    before = [grid.copy() for grid in puzzle.inputs]
    for proposal in found:
        assert 0 <= proposal.confidence <= 1
        again = Program.from_json(json.loads(json.dumps(proposal.program.as_json())))
        assert again == proposal.program
        assert all(same(again.answer(pair.input), pair.output) for pair in puzzle.train)
    best = max(found, key=lambda proposal: proposal.confidence)
    assert same(best.program.answer(puzzle.tests[0]), wanted)
    assert all(same(a, b) for a, b in zip(before, puzzle.inputs, strict=True))


@pytest.mark.parametrize(
    "view",
    [
        lambda grid: np.array([9, 3, 8, 1, 6, 2, 0, 5, 7, 4], np.int8)[grid],
        lambda grid: np.ascontiguousarray(np.rot90(grid)),
        lambda grid: np.ascontiguousarray(grid[:, ::-1]),
    ],
    ids=["colours", "turned", "mirrored"],
)
@pytest.mark.parametrize("name", ["recolour the largest", "fall", "crop the hollow one"])
def test_other_colours_and_turned_grids_are_as_good(name, view):
    puzzle, wanted = puzzle_of(*TASKS[name], view)
    best = max(proposals(puzzle), key=lambda proposal: proposal.confidence)
    assert same(best.program.answer(puzzle.tests[0]), wanted)


def test_the_same_puzzle_gives_the_same_proposals_and_a_spent_meter_no_error():
    puzzle, _ = puzzle_of(*TASKS["recolour the largest"])
    assert proposals(puzzle) == proposals(puzzle)
    assert proposals(puzzle, states=2) == []


def test_a_scene_has_every_cell_of_an_object_once_and_its_features_are_whole_numbers():
    grid = blocks(1)
    for split in ("four", "eight", "four_any", "eight_any", "colours", "regions"):
        scene = look(grid, 0, split)
        covered = sum(int((o.cells >= 0).sum()) for o in scene["objects"])
        assert covered == (grid.size if split == "regions" else int((grid > 0).sum()))
        assert all(isinstance(value, int) for column in features(scene).values() for value in column)
    assert sum(holds(look(grid, 0, "four"), (("rank_area", "is", 0),))) == 1


def test_what_makes_no_sense_is_refused():
    grid = np.zeros((3, 3), np.int8)
    with pytest.raises(NoValue):
        look(grid, 0, "four")
    with pytest.raises(NoValue):
        look(grid, 0, "threes")
    rule = ("four", (), ("dance",))
    assert call("act_on_objects", INPUT, ground=0, rules=(rule,)).answer(blocks(0)) is None
    crop = call("crop_object", INPUT, ground=0, split="four", condition=(), show="own", turn="", dye=())
    assert crop.answer(blocks(0)) is None  # four objects that look different
