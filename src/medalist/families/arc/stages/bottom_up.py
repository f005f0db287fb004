"""Bottom-up search: operators applied to operators, blindly, until one gives every training output.

The shorter a program, the likelier it means what the pairs mean; so does an answer that several programs give.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log2

import numpy as np

from medalist.families.arc.grids.cells import is_grid
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.solving.stage import Meter, Proposal, Spent
from medalist.families.arc.solving.states import State, explored

_AFTER_FIRST = 3_000
"""So many states more are tried once a program fits, or as many as before it: others may give another answer."""
_NEAR_MISSES = 3


class BottomUp:
    """Programs of blind operators whose values are the training outputs."""

    name = "bottom up"
    states = 12_500

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        fitting, near = found(puzzle, meter, self.states - 500)
        for state in fitting:
            yield Proposal(state.program, confidence(state), "a short program that gives every output")
        if not fitting:
            for share, state in near:
                yield Proposal(state.program, 0.01, f"gives {share:.0%} of the cells of the outputs")


def found(puzzle: Puzzle, meter: Meter, most: int) -> tuple[list[State], list[tuple[float, State]]]:
    """States that give every training output, the likeliest first, and the nearest misses with their share of cells."""
    exploration = explored(puzzle)
    fitting: list[State] = []
    near: list[tuple[float, int, State]] = []
    cells = sum(output.size for output in puzzle.outputs)
    last = most
    try:
        for number, state in enumerate(exploration.run(meter, most)):
            if state.sized:
                right = cells_right(state, puzzle)
                near.append((right / cells, -number, state))
                if right == cells and could_answer(state, puzzle):
                    fitting.append(state)
                    if len(fitting) == 1:
                        last = exploration.tried + max(exploration.tried, _AFTER_FIRST)
            if exploration.tried > last:
                break
    except Spent:
        pass
    fitting.sort(key=lambda each: -confidence(each))
    near.sort(key=lambda each: each[:2], reverse=True)
    return fitting, [(share, state) for share, _, state in near[:_NEAR_MISSES]]


def cells_right(state: State, puzzle: Puzzle) -> int:
    """In how many cells of training outputs a state of their sizes equals them."""
    return sum(
        int(np.count_nonzero(value == output))
        for value, output in zip(state.values, puzzle.outputs, strict=False)
    )


def could_answer(state: State, puzzle: Puzzle) -> bool:
    """Whether its values for the tests may stand in a submission."""
    return all(is_grid(value) for value in state.values[len(puzzle.train) :])


def confidence(state: State) -> float:
    """Less for longer programs and for sizes that nobody expects, more for what several give."""
    believed = min(0.95, max(0.2, 0.95 - 0.08 * state.cost + 0.02 * log2(state.ways)))
    return believed if state.expected else 0.5 * believed


stage = BottomUp()
