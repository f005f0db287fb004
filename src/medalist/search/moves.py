"""What policies share: one proposal for each free slot, when a new ensemble is due, which failure is worth mending,
who may be a parent."""

from __future__ import annotations

from abc import ABC, abstractmethod
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


class OneForEachSlot(ABC):
    """A policy that decides on one proposal after the other, and makes none again that was declined."""

    def __init__(self, *, ensemble_every: int, minimum_seconds: float = 0.0) -> None:
        """With less than ``minimum_seconds`` left nothing new is begun, nor with none."""
        self._minimum_seconds = minimum_seconds
        self._declined: set[Proposal] = set()
        self._ensembles = EnsembleRhythm(ensemble_every)

    def ask(self, population: Population, free_slots: int, remaining_seconds: float) -> list[Proposal]:
        proposals: list[Proposal] = []
        if remaining_seconds <= 0 or remaining_seconds < self._minimum_seconds:
            return proposals
        while len(proposals) < free_slots:
            proposal = self._next(population, proposals)
            if proposal is None:
                break
            proposals.append(proposal)
        return proposals

    def tell(self, outcome: Outcome) -> None:
        self._ensembles.tell(outcome)

    def declined(self, proposal: Proposal) -> None:
        self._declined.add(proposal)

    @abstractmethod
    def _next(self, population: Population, asked: list[Proposal]) -> Proposal | None:
        """The next proposal beside those ``asked`` in this round; None when nothing is worth starting."""


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
