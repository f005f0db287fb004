"""One puzzle solved with no language model: stages from the cheapest to the dearest, then the two best answers.

A proposal that gives every training output is a solution; others are near misses, kept for those stages that mend.
What stages propose is weighed by test input: equal answers stand together, a second stage that gives the same answer
by another way makes it likelier, and the two likeliest that differ are the attempts. The dearer stages are left out
once an answer is believed enough. Everything is counted in states, so that a result is the same on any machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import Program
from medalist.families.arc.solving.attempts import choose_attempts
from medalist.families.arc.solving.stage import Meter, Proposal, Spent, Stage

BELIEVED = 0.9
"""A stage dearer than those before it is left out once an answer is believed this much for every test input."""

_MOST_NEAR_MISSES = 24
_MOST_OF_ONE_STAGE = 60
"""Solutions of one stage beyond this are more ways to say the same."""


@dataclass(frozen=True, eq=False)
class Believed:
    """A program with how far it is believed, by which stage and why.

    ``fits`` says whether it gives every training output; ``right`` is the share of training pairs and cells that it
    gives; ``answers`` are its grids for the test inputs, None where it has none.
    """

    program: Program
    stage: str
    confidence: float
    why: str
    fits: bool
    right: tuple[int, float]
    answers: tuple[Grid | None, ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Solution:
    """What is known of a puzzle when its search ends: always two attempts for each test input."""

    attempts: tuple[tuple[Grid, Grid], ...]
    believed: tuple[Believed, ...]
    """Solutions first, then near misses, each the likeliest first."""

    states: int
    stages: dict[str, float]
    """CPU seconds by stage."""

    @property
    def fits(self) -> bool:
        """Whether some program gives every training output."""
        return bool(self.believed) and self.believed[0].fits


class Search:
    """The state of one puzzle's search: what was proposed, and what each stage cost."""

    def __init__(
        self, puzzle: Puzzle, *, seconds: float, clock: Callable[[], float] = time.process_time
    ) -> None:
        self.puzzle = puzzle
        self.solutions: list[Believed] = []
        self.near: list[Believed] = []
        self.states = 0
        self.stages: dict[str, float] = {}
        self._clock = clock
        self._deadline = clock() + seconds
        self._seen: set[Program] = set()

    @property
    def out_of_time(self) -> bool:
        return self._clock() >= self._deadline

    def run(self, stage: Stage) -> None:
        """Take in what ``stage`` proposes within its states; nothing once the seconds are over."""
        self.take(stage.name, stage.states, lambda meter: stage.propose(self.puzzle, meter))

    def take(self, name: str, states: int, propose: Callable[[Meter], Iterator[Proposal]]) -> None:
        if self.out_of_time:
            return
        started, meter, found = self._clock(), Meter(states, self._deadline, self._clock), 0
        try:
            for proposal in propose(meter):
                found += self._weigh(name, proposal)
                if found >= _MOST_OF_ONE_STAGE:
                    break
        except Spent:
            pass
        self.states += meter.spent
        self.stages[name] = self.stages.get(name, 0.0) + self._clock() - started

    @property
    def sure(self) -> bool:
        """Whether every test input has an answer that is believed enough."""
        chosen = choose_attempts(self.puzzle, self.solutions, ())
        return bool(self.solutions) and all(each.belief >= BELIEVED for each in chosen)

    def solution(self) -> Solution:
        ranked = sorted(self.solutions, key=lambda each: (-each.confidence, each.program.cost))
        chosen = choose_attempts(self.puzzle, ranked, self.near)
        return Solution(
            tuple(each.grids for each in chosen), (*ranked, *self.near), self.states, dict(self.stages)
        )

    def _weigh(self, stage: str, proposal: Proposal) -> bool:
        """Whether it is a solution that nobody proposed before."""
        if proposal.program in self._seen:
            return False
        self._seen.add(proposal.program)
        gives = [proposal.program.answer(pair.input) for pair in self.puzzle.train]
        right = _rightness(self.puzzle, gives)
        answers = tuple(proposal.program.answer(grid) for grid in self.puzzle.tests)
        fits = right[0] == len(gives) and all(each is not None for each in answers)
        believed = Believed(proposal.program, stage, proposal.confidence, proposal.why, fits, right, answers)
        if fits:
            self.solutions.append(believed)
        else:
            self.near.append(believed)
            self.near.sort(key=lambda each: (-each.right[0], -each.right[1]))
            del self.near[_MOST_NEAR_MISSES:]
        return fits


def _rightness(puzzle: Puzzle, gives: Sequence[Grid | None]) -> tuple[int, float]:
    """Training outputs given, and the mean share of cells given where the shape is right."""
    pairs, cells = 0, 0.0
    for given, pair in zip(gives, puzzle.train, strict=True):
        if given is not None and given.shape == pair.output.shape:
            pairs += same(given, pair.output)
            cells += float((given == pair.output).mean())
    return pairs, cells / len(gives)
