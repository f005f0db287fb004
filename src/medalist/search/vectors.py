"""Choosing among candidates that are scored on several cases at once, larger being better in each.

A candidate is a row of numbers, one a case; all functions give places in the sequence of rows, take a random generator
where they draw, and change nothing. A mean over cases hides the candidate that alone solves a hard one; these keep it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

Vector = Sequence[float]


def lexicase(vectors: Sequence[Vector], rng: random.Random, *, slack: float = 0.0) -> int:
    """One that is best on a first case, among equals best on a second, and so on; cases in a drawn order.

    After Spector (2012); with ``slack`` within that distance of the best counts as best (La Cava et al. 2016).
    Raises ValueError when there is none.
    """
    if not vectors:
        raise ValueError("nothing to select from")
    left = list(range(len(vectors)))
    cases = list(range(len(vectors[0])))
    rng.shuffle(cases)
    for case in cases:
        best = max(vectors[each][case] for each in left)
        left = [each for each in left if vectors[each][case] >= best - slack]
        if len(left) == 1:
            break
    return left[0] if len(left) == 1 else rng.choice(left)


def tournament(vectors: Sequence[Vector], rng: random.Random, *, size: int = 3) -> int:
    """The one with the largest sum among ``size`` drawn with replacement. Raises ValueError when there is none."""
    if not vectors:
        raise ValueError("nothing to select from")
    drawn = [rng.randrange(len(vectors)) for _ in range(size)]
    return max(drawn, key=lambda each: (sum(vectors[each]), -each))


def elite(vectors: Sequence[Vector], number: int) -> list[int]:
    """Those that must not be lost, at most ``number``: the largest sum, then for each case its best, then by sum.

    Of equals the earlier; nobody twice.
    """
    by_sum = sorted(range(len(vectors)), key=lambda each: (-sum(vectors[each]), each))
    kept = by_sum[:1]
    for case in range(len(vectors[0]) if vectors else 0):
        if max(vectors[each][case] for each in kept) < max(vector[case] for vector in vectors):
            kept.append(max(by_sum, key=lambda each: vectors[each][case]))
    kept += [each for each in by_sum if each not in kept]
    return kept[:number]


def complement(vectors: Sequence[Vector], first: int, rng: random.Random) -> int:
    """A partner for ``first``: drawn in proportion to how much it is better, summed over the cases where it is.

    Anyone else where nobody is better anywhere; ``first`` itself where it is alone.
    """
    others = [each for each in range(len(vectors)) if each != first]
    if not others:
        return first
    gains = [
        sum(max(0.0, theirs - own) for theirs, own in zip(vectors[each], vectors[first], strict=True))
        for each in others
    ]
    return rng.choices(others, gains)[0] if any(gains) else rng.choice(others)
