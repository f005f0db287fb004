"""Evolution finds what is further than a small change, the same for a seed in every process, within its states."""

import os
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from medalist.families.arc.grids.cells import same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.individual import judge
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.solving.refine_values import Values
from medalist.families.arc.solving.stage import Meter, Spent
from medalist.families.arc.stages.evolution import stage
from medalist.families.arc.stages.evolution.breeding import typed_breeding
from medalist.families.arc.stages.library import stage as library_stage

TRUE = call("add_mirror", call("turn", call("keep_colour", INPUT, colour=3), way="half"), side="down")
NEAR = call("add_mirror", call("turn", INPUT, way="half"), side="right")


def puzzle(true=TRUE):
    drawn = np.random.default_rng(4)
    grids = [(drawn.integers(1, 5, (5, 6)) * (drawn.random((5, 6)) < 0.6)).astype(np.int8) for _ in range(4)]
    return Puzzle(tuple(Pair(grid, true.answer(grid)) for grid in grids[:-1]), (grids[-1],))


def proposed(meter, **changes):
    """With a short exploration: in a run it is that of the stages before."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("medalist.families.arc.stages.evolution.stage"), "_EXPLORED", 500)
        try:
            for proposal in stage.propose(puzzle(), meter, population=20, generations=6, **changes):
                found.append(proposal)
        except Spent:
            pass
    return found


def test_near_misses_are_bred_into_a_solution():
    asked = puzzle()
    answers = [each.program.answer(asked.tests[0]) for each in proposed(Meter(6_000), seeds=[NEAR])]
    assert any(answer is not None and same(answer, TRUE.answer(asked.tests[0])) for answer in answers)


def test_it_keeps_to_its_states():
    meter = Meter(300)
    proposed(meter)
    assert meter.spent < 2_000


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_evolution import *
for each in proposed(Meter(3_000), seeds=[NEAR], seed=7):
    print(each.program, each.confidence, each.why)
"""


def test_the_same_seed_proposes_the_same_in_every_process():
    script = SCRIPT.format(folder=os.path.dirname(__file__))
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in ("1", "2")
    ]
    assert told[0] == told[1]
    assert told[0]


def test_python_source_lives_in_the_same_population_and_is_bred_by_others():
    asked = puzzle()
    breeding = typed_breeding(Values(asked, Meter(1_000)))
    written = judge("def solve(grid): ...", [None] * len(asked.inputs), asked, origin="language model")
    assert len(breeding.vector(written)) == 4 * len(asked.train)
    assert breeding.key(written)
    assert breeding.mutate(written, None) is None


@pytest.mark.parametrize(
    "kept",
    [TRUE, call("add_mirror", call("turn", call("keep_colour", INPUT, colour=1), way="half"), side="down")],
)
def test_what_solved_another_puzzle_is_tried_as_it_stands_and_with_other_literals(kept):
    asked = puzzle()
    found = list(library_stage.propose(asked, Meter(5_000), [call("fall", INPUT, side="up"), kept]))
    assert any(same(each.program.answer(asked.tests[0]), TRUE.answer(asked.tests[0])) for each in found[:1])
