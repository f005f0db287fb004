"""A population on islands, after ShinkaEvolve (Lange, Imajuku & Cetin 2025, arXiv:2509.19349).

Parents are drawn by score and novelty: in proportion to a sigmoid of how far a score lies above the
island's median, and to 1 / (1 + children), so that what is good and little tried comes first. A
candidate lives on the island of the draft that it descends from; islands meet in crossovers, whose
second parent comes from another one. As in ``search.tree`` failures are mended and ensembles of
all finished candidates come in between, since scores here are noisy and blends are better than any one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from medalist.core.candidate import Outcome
from medalist.search.moves import OneForEachSlot, improvable, repair, singles
from medalist.search.policy import Proposal
from medalist.search.population import Population


@dataclass(frozen=True)
class ShinkaSettings:
    """``drafts``: beginnings before anything is improved; ``islands``: how many groups of lineages there are.

    ``crossover_share`` and ``fresh_share``: of the proposals after that, how many join two candidates
    and how many begin anew. ``ensemble_every`` and ``debug_depth`` are those of ``TreeSettings``.
    """

    drafts: int = 4
    islands: int = 2
    crossover_share: float = 0.2
    fresh_share: float = 0.1
    ensemble_every: int = 3
    debug_depth: int = 2


class ShinkaSearch(OneForEachSlot):
    """The policy. Deterministic for a seed and a sequence of asks and tells."""

    def __init__(self, settings: ShinkaSettings, rng: random.Random) -> None:
        super().__init__(ensemble_every=settings.ensemble_every)
        self._settings = settings
        self._rng = rng

    def _next(self, population: Population, asked: list[Proposal]) -> Proposal | None:
        settings, draft = self._settings, Proposal("draft")
        ensemble = self._ensembles.due(population, asked, self._declined)
        if ensemble:
            return ensemble
        can_draft = draft not in self._declined
        if can_draft and len(population.made_by("draft")) + asked.count(draft) < settings.drafts:
            return draft
        mended = repair(population, asked, self._declined, settings.debug_depth)
        if mended:
            return mended
        chance = self._rng.random()
        if can_draft and chance < settings.fresh_share:
            return draft
        crossed = self._crossover(population)
        improved = self._improve(population)
        if crossed and (chance < settings.fresh_share + settings.crossover_share or improved is None):
            return crossed
        return improved or (draft if can_draft else None)

    def _improve(self, population: Population) -> Proposal | None:
        parents = improvable(population, self._declined)
        if not parents:
            return None
        island = self._rng.choice(sorted({self._island(population, parent) for parent in parents}))
        on_it = [parent for parent in parents if self._island(population, parent) == island]
        return Proposal("improve", (self._draw(population, on_it).candidate.id,))

    def _crossover(self, population: Population) -> Proposal | None:
        """Two parents that differ: from two islands where there are two, else two of any descent."""
        pairs = [
            pair
            for pair in combinations(singles(population), 2)
            if Proposal("crossover", (pair[0].candidate.id, pair[1].candidate.id)) not in self._declined
        ]
        apart = [
            (a, b) for a, b in pairs if self._island(population, a) != self._island(population, b)
        ] or pairs
        if not apart:
            return None
        first = self._draw(population, _distinct(outcome for pair in apart for outcome in pair))
        partners = [b if a is first else a for a, b in apart if first in (a, b)]
        second = self._draw(population, partners)
        # Named in order of creation, so that a pair has one name.
        ordered = next((a, b) for a, b in apart if {a.candidate.id, b.candidate.id} == _ids(first, second))
        return Proposal("crossover", (ordered[0].candidate.id, ordered[1].candidate.id))

    def _draw(self, population: Population, outcomes: Sequence[Outcome]) -> Outcome:
        """One of ``outcomes`` by score and novelty."""
        goodness = _above_median(outcomes)
        weights = [
            good / (1 + len(population.children(outcome.candidate.id)))
            for outcome, good in zip(outcomes, goodness, strict=True)
        ]
        return self._rng.choices(outcomes, weights)[0]

    def _island(self, population: Population, outcome: Outcome) -> int:
        """The island of the beginning that a candidate's first parents lead back to."""
        while outcome.candidate.parents:
            outcome = population[outcome.candidate.parents[0]]
        beginnings = [o.candidate.id for o in population.outcomes if not o.candidate.parents]
        return beginnings.index(outcome.candidate.id) % self._settings.islands


def _above_median(outcomes: Sequence[Outcome]) -> list[float]:
    """A sigmoid of each score's lead over the median, in units of the noise, or of a third of the spread."""
    scores = [outcome.score for outcome in outcomes if outcome.score is not None]
    sign = -1.0 if scores[0].direction.better(0.0, 1.0) else 1.0
    values = [sign * (score.value or 0.0) for score in scores]
    middle = median(values)
    unit = max((score.noise or 0.0 for score in scores), default=0.0) or (max(values) - min(values)) / 3
    if unit <= 0:
        return [0.5] * len(values)
    leads = [max(-30.0, min(30.0, (value - middle) / unit)) for value in values]
    return [1 / (1 + math.exp(-lead)) for lead in leads]


def _distinct(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return list({outcome.candidate.id: outcome for outcome in outcomes}.values())


def _ids(*outcomes: Outcome) -> set[str]:
    return {outcome.candidate.id for outcome in outcomes}
