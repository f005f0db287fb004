"""Parents by Thompson sampling on how much they solve and how often they were tried.

After REx (Tang et al. 2024, "Code Repair with LLMs gives an Exploration-Exploitation Tradeoff", arXiv:2405.17503): the
parent is the one with the largest draw from Beta(1 + C h, 1 + C (1 - h) + N), h the share of its score and N the
times it was chosen. Beyond it: where two parents solve different cases they may be crossed, and what can be a parent
is bounded, yet always holds one that solves each case that anybody solves.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from medalist.core.candidate import Outcome
from medalist.search.policy import Proposal
from medalist.search.population import Population


@dataclass(frozen=True)
class RexSettings:
    """``full``: the score of a candidate that solves all. ``capacity``: how many may be parents, more where each
    solved case needs one. ``certainty`` is C; ``crossover_share`` of the proposals, where two parents allow one.
    """

    full: float
    capacity: int
    certainty: float = 10.0
    crossover_share: float = 0.3


class RexSearch:
    """The policy. Deterministic for a seed and a sequence of asks.

    A candidate's recipe holds ``solved``, the numbers of the cases it solves, and may hold ``near``, how near it
    comes to solving the others, which breaks ties.
    """

    def __init__(self, settings: RexSettings, rng: random.Random) -> None:
        self.chosen: dict[str, int] = {}
        """How often each candidate was chosen as a parent."""
        self._settings = settings
        self._rng = rng
        self._declined: set[Proposal] = set()

    def ask(self, population: Population, free_slots: int, remaining_seconds: float) -> list[Proposal]:
        parents = survivors(population.finished, self._settings.capacity)
        if not parents or remaining_seconds <= 0:
            return []
        asked: list[Proposal] = []
        for _ in range(free_slots):
            proposal = self._next(parents, asked)
            if proposal is None:
                break
            for name in proposal.parents:
                self.chosen[name] = self.chosen.get(name, 0) + 1
            asked.append(proposal)
        return asked

    def tell(self, outcome: Outcome) -> None:
        """Nothing is learned from outcomes but through the population."""

    def declined(self, proposal: Proposal) -> None:
        self._declined.add(proposal)

    def _next(self, parents: Sequence[Outcome], asked: Collection[Proposal]) -> Proposal | None:
        first = self._draw(parents)
        if self._rng.random() < self._settings.crossover_share:
            crossed = self._crossing(first, parents, asked)
            if crossed is not None:
                return crossed
        improved = Proposal("improve", (first.candidate.id,))
        if improved not in self._declined:
            return improved
        rest = [p for p in parents if Proposal("improve", (p.candidate.id,)) not in self._declined]
        return Proposal("improve", (self._draw(rest).candidate.id,)) if rest else None

    def _crossing(
        self, first: Outcome, parents: Sequence[Outcome], asked: Collection[Proposal]
    ) -> Proposal | None:
        """With one that solves what the first does not, and the other way round; each pair once a round."""
        proposals = {}
        for other in parents:
            if _solved(other) - _solved(first) and _solved(first) - _solved(other):
                names = tuple(p.candidate.id for p in parents if p in (first, other))
                proposals[other.candidate.id] = Proposal("crossover", names)
        partners = [
            other
            for other in parents
            if (proposal := proposals.get(other.candidate.id)) is not None
            and proposal not in asked
            and proposal not in self._declined
        ]
        return proposals[self._draw(partners).candidate.id] if partners else None

    def _draw(self, outcomes: Sequence[Outcome]) -> Outcome:
        draws = [self._rng.betavariate(*self._shape(outcome)) for outcome in outcomes]
        return outcomes[draws.index(max(draws))]

    def _shape(self, outcome: Outcome) -> tuple[float, float]:
        share = min(1.0, _value(outcome) / self._settings.full)
        tried = self.chosen.get(outcome.candidate.id, 0)
        certainty = self._settings.certainty
        return 1 + certainty * share, 1 + certainty * (1 - share) + tried


def survivors(outcomes: Sequence[Outcome], capacity: int) -> list[Outcome]:
    """The ``capacity`` best in order of creation; before all, for each solved case the best that solves it."""
    ranked = sorted(
        outcomes, key=lambda outcome: (-_value(outcome), -outcome.candidate.recipe.get("near", 0.0))
    )
    kept: set[str] = set()
    for case in sorted(set().union(*map(_solved, outcomes))):
        kept.add(next(outcome.candidate.id for outcome in ranked if case in _solved(outcome)))
    for outcome in ranked:
        if len(kept) >= capacity:
            break
        kept.add(outcome.candidate.id)
    return [outcome for outcome in outcomes if outcome.candidate.id in kept]


def _solved(outcome: Outcome) -> frozenset[int]:
    return frozenset(outcome.candidate.recipe.get("solved", ()))


def _value(outcome: Outcome) -> float:
    return outcome.score.value if outcome.score is not None and outcome.score.value is not None else 0.0
