"""How close a program's answers come to the reference's, as a share of what the contract allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from medalist.families.speedup.contract import Output
from medalist.families.speedup.judging import largest_gap
from medalist.families.speedup.worker import unpack


class Comparison:
    """Answers to several calls beside the reference's answers to the same."""

    def __init__(self, rules: Sequence[tuple[str, float, float]]) -> None:
        """``rules``: a pattern of names with a relative and an absolute tolerance; the first that matches holds."""
        self._rules = [Output(*rule) for rule in rules]
        self.excess: dict[str, float] = {}
        """For each array, how much of its tolerance the worst of its elements took."""
        self.worst = ""
        """The largest of these in words."""

    @property
    def largest(self) -> float:
        return max(self.excess.values(), default=0.0)

    def add(self, answer: bytes, reference: bytes) -> None:
        """One more call. Raises ValueError for bytes that are no answer."""
        found = unpack(answer)
        for name, expected in unpack(reference).items():
            rule = next((each for each in self._rules if fnmatchcase(name, each.pattern)), None)
            if rule is None:
                continue
            share, words = _compare(found.get(name), expected, rule)
            if not self.worst or share > self.largest:
                self.worst = f"{name} {words}"
            self.excess[name] = max(share, self.excess.get(name, 0.0))


def _compare(found: NDArray | None, expected: NDArray, rule: Output) -> tuple[float, str]:
    if found is None:
        return math.inf, "is missing"
    if found.shape != expected.shape:
        return math.inf, f"has the shape {found.shape}, not {expected.shape}"
    finite = np.isfinite(expected)
    if (
        not np.array_equal(found[~finite], expected[~finite], equal_nan=True)
        or not np.isfinite(found[finite]).all()
    ):
        return math.inf, "is not finite where the reference's is"
    gap = largest_gap(found[finite], expected[finite], rule)
    if gap.difference == 0.0:
        return 0.0, "is the same to the last bit"
    where = f"at a value of {gap.expected:.3g}, where {gap.allowed:.2g} is allowed"
    return gap.excess, f"is off by {gap.difference:.2g} {where}"
