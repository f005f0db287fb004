"""What a stage is: something that looks at a puzzle and proposes programs, until it has none or its states are spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import Program


class Spent(Exception):
    """The states or the seconds of a search are used up; what was proposed until then stands."""


@dataclass
class Meter:
    """How many states (values computed for all inputs of a puzzle) a stage may still try.

    Counting states and no seconds makes a result the same on a slow and on a fast machine; ``deadline`` (of
    ``clock``, CPU seconds of the process) is the guard beyond which nobody waits.
    """

    states: int
    deadline: float = float("inf")
    clock: Callable[[], float] = time.process_time
    spent: int = 0
    _unchecked: int = field(default=0, repr=False)

    def spend(self, states: int = 1) -> None:
        """Count ``states`` as tried. Raises Spent when there are none left."""
        self.spent += states
        self._unchecked += states
        if self.spent > self.states:
            raise Spent
        if self._unchecked >= 64:
            self._unchecked = 0
            if self.clock() > self.deadline:
                raise Spent

    def part(self, states: int) -> Meter:
        """A meter of its own for a part of the work, within this one's deadline; its states are not this one's."""
        return Meter(states, self.deadline, self.clock)


@dataclass(frozen=True)
class Proposal:
    """A program, how far its stage believes in it (0 to 1), and why, in a short sentence that a person reads.

    ``confidence`` is the share of puzzles on which such a proposal's test answers are right, as far as its stage
    can tell from training pairs: for learned rules by leaving one pair out.
    """

    program: Program
    confidence: float
    why: str


class Stage(Protocol):
    """Stateless; all that it learns of a puzzle goes into the programs it proposes."""

    name: str

    states: int
    """How many states it may try on one puzzle."""

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        """Programs for the puzzle, the best first where it can. May let ``Spent`` through.

        Only programs that give every training output count as solutions; others are near misses, which refiner and
        evolution begin with, so a stage may propose a few of its closest.
        """
        ...
