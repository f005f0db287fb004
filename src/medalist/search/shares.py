"""Who makes the next candidate, where several can: a share to begin with, corrected by what has paid off.

Probability matching (Thompson 1933): a source is drawn in proportion to its share times a draw from
what is believed of its success, Beta(1 + paid, 1 + unpaid). Nobody is ever shut out for good.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence


class PaidShares:
    """``shares`` by source, each at least zero; a source with share zero is drawn only where no other is there."""

    def __init__(self, shares: Mapping[str, float], rng: random.Random) -> None:
        self._shares = dict(shares)
        self._rng = rng
        self._paid = dict.fromkeys(shares, 0)
        self._unpaid = dict.fromkeys(shares, 0)

    def choose(self, available: Sequence[str]) -> str:
        """One of ``available``. Raises ValueError when there is none."""
        if not available:
            raise ValueError("no source to choose from")
        weights = [
            self._shares[source] * self._rng.betavariate(1 + self._paid[source], 1 + self._unpaid[source])
            for source in available
        ]
        return self._rng.choices(available, weights)[0] if any(weights) else available[0]

    def tell(self, source: str, *, paid: bool) -> None:
        """What ``source`` made has been tried, and was it worth it?"""
        counts = self._paid if paid else self._unpaid
        counts[source] += 1
