"""Bottom-up search: operators applied to operators, blindly, until one gives every training output.

The shorter a program, the likelier it means what the pairs mean; so does an answer that several programs give.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medalist.families.arc.grids.cells import is_grid
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.solving.stage import Meter, Proposal
from medalist.families.arc.solving.states import State, explored


class BottomUp:
    """Programs of blind operators whose values are the training outputs."""

    name = "bottom up"
    states = 12_000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        for state in explored(puzzle).run(meter, self.states):
            if state.sized and gives_outputs(state, puzzle):
                yield Proposal(state.program, confidence(state), "a short program that gives every output")


def gives_outputs(state: State, puzzle: Puzzle) -> bool:
    """Whether a state of the outputs' sizes equals them, and could be an answer for the tests."""
    pairs = len(puzzle.train)
    return all(
        np.array_equal(value, output) for value, output in zip(state.values, puzzle.outputs, strict=False)
    ) and all(is_grid(value) for value in state.values[pairs:])


def confidence(state: State) -> float:
    return max(0.2, 0.95 - 0.08 * state.cost)


stage = BottomUp()
