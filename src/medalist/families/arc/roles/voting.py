"""Votes among programs that give every training output: equal test outputs stand together, and most votes win."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.individual import Individual
from medalist.families.arc.language.program import Program

STAGE = "language model"


@dataclass(frozen=True, eq=False)
class Voted:
    """An individual among the answers, with how many programs gave its test outputs; as ``solving.solve.Believed``."""

    individual: Individual
    confidence: float
    votes: int
    stage: str = STAGE

    @property
    def program(self) -> Program | str:
        return self.individual.source

    @property
    def fits(self) -> bool:
        return self.individual.fits

    @property
    def answers(self) -> tuple[Grid | None, ...]:
        """Its grids for the test inputs."""
        return self.individual.tests

    @property
    def right(self) -> tuple[int, float]:
        """Training outputs it gives, and how near it comes to all of them, 0 to 1."""
        near = self.individual.closeness
        return len(self.individual.solved), sum(near) / len(near)

    @property
    def why(self) -> str:
        rule = f": {self.individual.why}" if self.individual.why else ""
        return f"{self.individual.origin}, {self.votes} of its programs agree{rule}"


def vote(individuals: Sequence[Individual]) -> list[Voted]:
    """Those that fit, one for each answer to the tests: the shortest program, with how many gave the same.

    The most votes come first. Confidence is the rule of succession on the votes: a lone program is believed less
    than one of three that agree, and that more than one of three that do not.
    """
    buckets: dict[bytes, list[Individual]] = {}
    for each in individuals:
        if each.fits:
            buckets.setdefault(each.bucket, []).append(each)
    total = sum(map(len, buckets.values()))
    voted = [
        Voted(min(bucket, key=lambda each: len(each.text)), (len(bucket) + 1) / (total + 2), len(bucket))
        for bucket in buckets.values()
    ]
    return sorted(voted, key=lambda each: -each.votes)
