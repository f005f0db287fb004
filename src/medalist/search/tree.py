"""Tree search over candidates, after AIDE (Jiang et al. 2025, "AI-Driven Exploration in the Space of Code").

Drafts come first, since different beginnings differ more than variants of one; then a failed leaf
is debugged, or a good candidate improved. Beyond AIDE: candidates run in parallel, the parent is
drawn in proportion to what noise allows rather than always the best (which overfits the validation
split), and an ensemble of all finished candidates is proposed whenever enough new ones stand.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from medalist.core.candidate import Outcome
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.search.selection import Select, boltzmann


@dataclass(frozen=True)
class TreeSettings:
    """``drafts``: how many beginnings before improving starts (drafts go on when nothing else is left).

    ``ensemble_every``: finished candidates that warrant a new ensemble; the first one needs two.
    ``debug_depth``: how many repairs in a row one failure gets. ``minimum_seconds``: with less than
    this left nothing new is begun.
    """

    drafts: int = 5
    ensemble_every: int = 3
    debug_depth: int = 2
    minimum_seconds: float = 0.0
    select: Select = boltzmann


class TreeSearch:
    """The policy. Deterministic for a seed and a sequence of asks and tells."""

    def __init__(self, settings: TreeSettings, rng: random.Random) -> None:
        self._settings = settings
        self._rng = rng
        self._declined: set[Proposal] = set()
        self._since_ensemble = 0

    def ask(self, population: Population, free_slots: int, remaining_seconds: float) -> list[Proposal]:
        proposals: list[Proposal] = []
        if remaining_seconds < self._settings.minimum_seconds:
            return proposals
        while len(proposals) < free_slots:
            proposal = self._next(population, proposals)
            if proposal is None:
                break
            proposals.append(proposal)
        return proposals

    def tell(self, outcome: Outcome) -> None:
        if outcome.candidate.operator != "ensemble" and outcome.score is not None:
            self._since_ensemble += 1

    def declined(self, proposal: Proposal) -> None:
        self._declined.add(proposal)

    def _next(self, population: Population, asked: list[Proposal]) -> Proposal | None:
        ensemble = self._ensemble(population, asked)
        if ensemble:
            return ensemble
        draft = Proposal("draft")
        drafted = len(population.made_by("draft")) + asked.count(draft)
        can_draft = draft not in self._declined
        if can_draft and drafted < self._settings.drafts:
            return draft
        return self._debug(population, asked) or self._improve(population) or (draft if can_draft else None)

    def _ensemble(self, population: Population, asked: list[Proposal]) -> Proposal | None:
        """An ensemble of all finished singles, one at a time, when enough of them are new."""
        singles = tuple(o.candidate.id for o in population.finished if o.candidate.operator != "ensemble")
        waiting = any(o.candidate.operator == "ensemble" for o in population.running)
        waiting = waiting or any(p.operator == "ensemble" for p in asked)
        first = not population.made_by("ensemble")
        needed = 1 if first else self._settings.ensemble_every
        proposal = Proposal("ensemble", singles)
        if len(singles) < 2 or waiting or self._since_ensemble < needed or proposal in self._declined:
            return None
        self._since_ensemble = 0
        return proposal

    def _debug(self, population: Population, asked: list[Proposal]) -> Proposal | None:
        """The first failed leaf whose chain of repairs is not too long."""
        for outcome in population.failed:
            proposal = Proposal("debug", (outcome.candidate.id,))
            taken = population.children(outcome.candidate.id) or proposal in asked
            if outcome.candidate.operator == "ensemble" or taken or proposal in self._declined:
                continue
            if self._repairs(population, outcome) < self._settings.debug_depth:
                return proposal
        return None

    def _repairs(self, population: Population, outcome: Outcome) -> int:
        depth = 0
        while outcome.candidate.operator == "debug":
            depth += 1
            outcome = population[outcome.candidate.parents[0]]
        return depth

    def _improve(self, population: Population) -> Proposal | None:
        parents = [
            o
            for o in population.finished
            if o.candidate.operator != "ensemble"
            and Proposal("improve", (o.candidate.id,)) not in self._declined
        ]
        if not parents:
            return None
        chosen = self._settings.select(parents, self._rng)
        return Proposal("improve", (chosen.candidate.id,))
