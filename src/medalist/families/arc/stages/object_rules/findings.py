"""Programs that give every training output, with their prices; those with the same test answers vote together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.language.program import Program

ANSWERS = 4


@dataclass(frozen=True, eq=False)
class Finding:
    """A program that is right on every pair, its price (lower is likelier), and its answers for the tests."""

    program: Program
    price: float
    answers: tuple[Grid, ...]


@dataclass(frozen=True, eq=False)
class Vote:
    """The cheapest finding with certain answers, the share of all weight that agrees, and how many findings do."""

    finding: Finding
    share: float
    count: int


def votes(found: Sequence[Finding]) -> list[Vote]:
    """Each different set of answers once, the one with the most weight first; a finding weighs exp(-price)."""
    groups: list[list[Finding]] = []
    for each in sorted(found, key=lambda f: (f.price, str(f.program))):
        for group in groups:
            if all(same(a, b) for a, b in zip(group[0].answers, each.answers, strict=True)):
                group.append(each)
                break
        else:
            groups.append([each])
    weights = [sum(exp(-each.price) for each in group) for group in groups]
    total = sum(weights)
    order = sorted(range(len(groups)), key=lambda n: (-weights[n], n))[:ANSWERS]
    return [Vote(groups[n][0], weights[n] / total, len(groups[n])) for n in order]
