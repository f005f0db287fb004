"""Detectors: they work out what made puzzles that are drawn here at random, and say how sure they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import INPUT, Program, call
from medalist.families.arc.solving.stage import Meter, Proposal
from medalist.families.arc.solving.views import input_views, output_views
from medalist.families.arc.stages.detectors import stage


def scattered(random: np.random.Generator, shape: tuple[int, int], colours: list[int], share: float) -> Grid:
    """Cells of some colours on 0."""
    drawn = random.random(shape) < share
    return np.where(drawn, random.choice(colours, shape), 0).astype(np.int8)


def halves(random: np.random.Generator) -> Grid:
    left, right = scattered(random, (4, 4), [3], 0.5), scattered(random, (4, 4), [6], 0.5)
    return np.hstack([left, np.full((4, 1), 5, np.int8), right])


def wallpaper(random: np.random.Generator) -> Grid:
    grid = np.tile(random.integers(1, 8, (3, 4)), (4, 3)).astype(np.int8)
    row, column = random.integers(0, 8, 2)
    grid[row : row + 3, column : column + 2] = 9
    return grid


def few(random: np.random.Generator) -> Grid:
    grid = np.zeros((9, 9), np.int8)
    for row, column in zip(random.permutation(9)[:3], random.permutation(9)[:3], strict=True):
        grid[row, column] = 2
    return grid


def blots(random: np.random.Generator) -> Grid:
    grid = np.zeros((10, 10), np.int8)
    for at, size in enumerate(random.permutation(3)):
        grid[1 : 2 + size, 3 * at : 3 * at + 2] = random.integers(1, 9)
    return grid


MADE = {
    "xor": (halves, call("combine_panels", INPUT, parts="panels", keys="filled", background=0,
        table=(((0, 0), 0), ((0, 1), 4), ((1, 0), 4), ((1, 1), 0)))),
    "wallpaper": (wallpaper, call("continue_pattern", INPUT, hidden="9")),
    "cross": (few, call("rays", INPUT, background=0, rules=tuple((2, way, 7, "over", "every") for way in range(4)))),
    "largest": (blots, call("alone", call("choose", INPUT, parts="shapes", measure="cells", how="most",
        background=0), background=0)),
    "mosaic": (lambda r: scattered(r, (3, 3), [1, 4], 0.6), call("mosaic", INPUT, layout=((0, 7), (5, 2)))),
    "self-similar": (lambda r: scattered(r, (3, 3), [6], 0.6), call("fractal", INPUT, where="filled", then="copy",
        otherwise="blank", background=0)),
    "gravity": (lambda r: scattered(r, (6, 7), [1, 2], 0.3), call("drop", INPUT, turn=0, movers=(), bodies="cells",
        background=0)),
    "two steps": (lambda r: np.pad(blots(r), 2)[:, : 13], call("mosaic", call("crop", INPUT), layout=((0, 7),))),
}  # fmt: skip


def puzzle_of(draw: Callable[[np.random.Generator], Grid], program: Program) -> tuple[Puzzle, Grid]:
    random = np.random.default_rng(7)
    grids = [draw(random) for _ in range(5)]
    pairs = tuple(Pair(grid, program.run(grid)) for grid in grids[:4])
    return Puzzle(pairs, (grids[4],)), program.run(grids[4])


def proposals(puzzle: Puzzle) -> list[Proposal]:
    return sorted(stage.propose(puzzle, Meter(stage.states)), key=lambda each: -each.confidence)


@pytest.mark.parametrize("name", MADE)
def test_what_made_a_puzzle_is_worked_out(name: str) -> None:
    puzzle, wanted = puzzle_of(*MADE[name])
    best = proposals(puzzle)[0]
    answer = best.program.answer(puzzle.tests[0])
    assert answer is not None
    assert same(answer, wanted), str(best.program)
    assert 0.4 < best.confidence <= 1.0
    assert best.why


def test_proposals_are_the_same_each_time_and_none_fits_noise_with_belief() -> None:
    random = np.random.default_rng(1)
    noise = [scattered(random, (5, 5), [1, 2, 3], 0.5) for _ in range(9)]
    puzzle = Puzzle(tuple(map(Pair, noise[:4], noise[4:8])), (noise[8],))
    assert not [each for each in proposals(puzzle) if each.confidence > 0.2]
    made, _ = puzzle_of(*MADE["cross"])
    assert proposals(made) == proposals(made)


def test_a_step_is_taken_off_at_one_end() -> None:
    random = np.random.default_rng(3)
    grids = [np.pad(random.integers(1, 9, (2, 3)), 1).astype(np.int8) for _ in range(3)]
    enlarged = call("enlarged", call("crop", INPUT), down="2", across="2")
    puzzle = Puzzle(tuple(Pair(grid, enlarged.run(grid)) for grid in grids[:2]), (grids[2],))
    for views in (input_views, output_views):
        view = next(view for view in views(puzzle) if view.name in ("inputs: crop", "outputs: enlarged"))
        program = view.bring(call("enlarged" if views is input_views else "crop", INPUT, **(
            {"down": "2", "across": "2"} if views is input_views else {})))  # fmt: skip
        assert program == enlarged
