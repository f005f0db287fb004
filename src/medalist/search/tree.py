"""Tree search over candidates, after AIDE (Jiang et al. 2025, "AI-Driven Exploration in the Space of Code").

Drafts come first, since different beginnings differ more than variants of one; then a failed leaf
is debugged, or a good candidate improved. Beyond AIDE: candidates run in parallel, the parent is
drawn in proportion to what noise allows rather than always the best (which overfits the validation
split), and an ensemble of all finished candidates is proposed whenever enough new ones stand.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from medalist.search.moves import OneForEachSlot, improvable, repair
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


class TreeSearch(OneForEachSlot):
    """The policy. Deterministic for a seed and a sequence of asks and tells."""

    def __init__(self, settings: TreeSettings, rng: random.Random) -> None:
        super().__init__(ensemble_every=settings.ensemble_every, minimum_seconds=settings.minimum_seconds)
        self._settings = settings
        self._rng = rng

    def _next(self, population: Population, asked: list[Proposal]) -> Proposal | None:
        ensemble = self._ensembles.due(population, asked, self._declined)
        if ensemble:
            return ensemble
        draft = Proposal("draft")
        drafted = len(population.made_by("draft")) + asked.count(draft)
        can_draft = draft not in self._declined
        if can_draft and drafted < self._settings.drafts:
            return draft
        mended = repair(population, asked, self._declined, self._settings.debug_depth)
        return mended or self._improve(population) or (draft if can_draft else None)

    def _improve(self, population: Population) -> Proposal | None:
        parents = improvable(population, self._declined)
        if not parents:
            return None
        chosen = self._settings.select(parents, self._rng)
        return Proposal("improve", (chosen.candidate.id,))
