"""Choosing a parent among scored candidates: one algorithm a function, each named after where it comes from.

All take outcomes whose score has a value, all in one metric, and a random generator; none mutates
anything. A worse candidate may win by design in all but ``greedy``: the scores carry noise.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from medalist.core.candidate import Outcome

Select = Callable[[Sequence[Outcome], random.Random], Outcome]


def greedy(outcomes: Sequence[Outcome], rng: random.Random) -> Outcome:
    """The best one (AIDE's rule, Jiang et al. 2025); ``rng`` is unused. Raises ValueError when empty."""
    return _ranked(outcomes)[0]


def tournament(outcomes: Sequence[Outcome], rng: random.Random, *, size: int = 3) -> Outcome:
    """The best of ``size`` drawn with replacement (Goldberg & Deb 1991). Raises ValueError when empty."""
    ranked = _ranked(outcomes)
    return ranked[min(rng.randrange(len(ranked)) for _ in range(size))]


def boltzmann(
    outcomes: Sequence[Outcome], rng: random.Random, *, temperature: float | None = None
) -> Outcome:
    """One drawn with probability proportional to exp(-gap / temperature) (de la Maza & Tidor 1993).

    ``gap`` is the distance to the best score in the metric's unit. The default temperature is the
    best one's own noise, or, unknown, a third of the spread: candidates that noise could swap are
    then about equally likely. Raises ValueError when empty.
    """
    ranked = _ranked(outcomes)
    values = [outcome.score.value for outcome in ranked if outcome.score and outcome.score.value is not None]
    gaps = [abs(value - values[0]) for value in values]
    if temperature is None:
        best = ranked[0].score
        temperature = (best.noise if best else None) or gaps[-1] / 3
    if temperature <= 0:
        return ranked[0]
    return rng.choices(ranked, [math.exp(-gap / temperature) for gap in gaps])[0]


def _ranked(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Best first; equal scores keep their order."""
    scored = [o for o in outcomes if o.score is not None and o.score.value is not None]
    if not scored:
        raise ValueError("nothing to select from: no outcome has a score")
    ranked: list[Outcome] = []
    for outcome in scored:
        place = next(
            (i for i, other in enumerate(ranked) if outcome.score and outcome.score.better_than(other.score)),
            len(ranked),
        )
        ranked.insert(place, outcome)
    return ranked
