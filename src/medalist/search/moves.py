"""Moves that policies share: when a new ensemble is due, which failure is worth mending, who may be a parent."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from medalist.core.candidate import Outcome
from medalist.search.policy import Proposal
from medalist.search.population import Population

ENSEMBLE = "ensemble"


def singles(population: Population) -> tuple[Outcome, ...]:
    """Finished candidates that are no ensembles."""
    return tuple(o for o in population.finished if o.candidate.operator != ENSEMBLE)


class EnsembleRhythm:
    """An ensemble of all finished singles, one at a time: the first of two, later ones when ``every`` are new."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._since_last = 0

    def tell(self, outcome: Outcome) -> None:
        if outcome.candidate.operator != ENSEMBLE and outcome.score is not None:
            self._since_last += 1

    def due(
        self, population: Population, asked: Sequence[Proposal], declined: Collection[Proposal]
    ) -> Proposal | None:
        """The proposal where one is due; counting begins again with it."""
        members = tuple(o.candidate.id for o in singles(population))
        waiting = any(o.candidate.operator == ENSEMBLE for o in population.running)
        waiting = waiting or any(p.operator == ENSEMBLE for p in asked)
        needed = self._every if population.made_by(ENSEMBLE) else 1
        proposal = Proposal(ENSEMBLE, members)
        if len(members) < 2 or waiting or self._since_last < needed or proposal in declined:
            return None
        self._since_last = 0
        return proposal


def repair(
    population: Population, asked: Sequence[Proposal], declined: Collection[Proposal], depth: int
) -> Proposal | None:
    """Debug the first failed leaf that has had fewer than ``depth`` repairs in a row."""
    for outcome in population.failed:
        proposal = Proposal("debug", (outcome.candidate.id,))
        taken = population.children(outcome.candidate.id) or proposal in asked
        if outcome.candidate.operator == ENSEMBLE or taken or proposal in declined:
            continue
        if _repairs(population, outcome) < depth:
            return proposal
    return None


def _repairs(population: Population, outcome: Outcome) -> int:
    depth = 0
    while outcome.candidate.operator == "debug":
        depth += 1
        outcome = population[outcome.candidate.parents[0]]
    return depth


def improvable(population: Population, declined: Collection[Proposal]) -> list[Outcome]:
    """Finished singles for which improving was not declined."""
    return [o for o in singles(population) if Proposal("improve", (o.candidate.id,)) not in declined]
