"""Cell rules after a step: what blind operators make of the input is a grid that learned rules choose from or mend.

Where grids keep their shape, a rule over the input may also take the colour that such a grid has at the same place.
Where they do not, rules are learned on grids of the outputs' shapes instead of on the inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from medalist.families.arc.grids.cells import is_grid
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.solving.stage import Meter, Proposal, Spent
from medalist.families.arc.solving.states import State, explored
from medalist.families.arc.stages.cell_rules.learn import BRIEF
from medalist.families.arc.stages.cell_rules.proposing import proposed
from medalist.families.arc.stages.cell_rules.tables import FAMILIES, build_table, puzzle_background

EXPLORED = 3000
"""States of the exploration, which bottom-up search goes on with."""
STEPS = 3
"""Grids that rules are learned with."""
EFFORT = replace(BRIEF, sets=40, nodes=300)
BELIEVED, DEARER = 0.88, 0.04
"""Steps are chosen among many for being near the outputs: their rules are believed less, and less for longer steps.

On 38 tasks of the design half whose grids change shape, the first answer was right on 12 of 13 where more than 0.25
was said, and on none of 3 where less was. Where grids keep their shape it seldom adds to what ``cell_rules`` finds.
"""


@dataclass(frozen=True)
class CellRulesAfter:
    name: str = "cell rules after a step"
    states: int = 16000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        for state in nearest_states(puzzle, meter):
            if puzzle.same_shape:
                yield from _choosing(puzzle, state, meter)
            else:
                yield from _mending(puzzle, state, meter)


def nearest_states(puzzle: Puzzle, meter: Meter) -> list[State]:
    """Grids of the outputs' shapes that are right in most cells; where shapes are kept, in more than the inputs are.

    Those that are right everywhere need no rule.
    """
    scored: list[tuple[float, int, State]] = []
    try:
        for place, state in enumerate(explored(puzzle).run(meter.part(EXPLORED), EXPLORED)):
            if state.sized and state.depth and all(is_grid(value) for value in state.values):
                fits = _fits(puzzle, state)
                if (0.15 if puzzle.same_shape else 0.4) < fits < 1.0:
                    scored.append((fits - 0.02 * state.cost, -place, state))
    except Spent:
        pass
    return [state for _, _, state in sorted(scored, key=lambda each: each[:2], reverse=True)[:STEPS]]


def _fits(puzzle: Puzzle, state: State) -> float:
    """The share of cells that are right, or of wrong cells that it mends where shapes are kept; the worst pair counts."""
    shares = []
    for pair, value in zip(puzzle.train, state.values, strict=False):
        wrong = int((value != pair.output).sum())
        before = int((pair.input != pair.output).sum()) if puzzle.same_shape else pair.output.size
        shares.append(1.0 - wrong / before if before else float(wrong == 0))
    tests = zip(puzzle.tests, state.values[len(puzzle.train) :], strict=True)
    if puzzle.same_shape and any(test.shape != value.shape for test, value in tests):
        return 0.0
    return float(np.mean(shares)) / 2 + min(shares) / 2


def _choosing(puzzle: Puzzle, state: State, meter: Meter) -> Iterator[Proposal]:
    background = puzzle_background(puzzle.inputs)
    table = build_table(puzzle.inputs, len(puzzle.train), background, tuple(FAMILIES), state.values)
    yield from proposed(
        puzzle,
        table,
        lambda tree: call("by_tree_with", INPUT, state.program, background=background, tree=tree),
        BELIEVED - DEARER * state.cost,
        replace(EFFORT, wanted="other"),
        meter,
    )


def _mending(puzzle: Puzzle, state: State, meter: Meter) -> Iterator[Proposal]:
    train = len(puzzle.train)
    pairs = [Pair(value, pair.output) for value, pair in zip(state.values, puzzle.train, strict=False)]
    stepped = Puzzle(tuple(pairs), tuple(state.values[train:]))
    background = puzzle_background(stepped.inputs)
    table = build_table(stepped.inputs, train, background, tuple(FAMILIES))
    yield from proposed(
        stepped,
        table,
        lambda tree: call("by_tree", state.program, background=background, tree=tree),
        BELIEVED - DEARER * state.cost,
        EFFORT,
        meter,
    )


stage = CellRulesAfter()
