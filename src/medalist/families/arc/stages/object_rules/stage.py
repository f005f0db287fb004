"""The stage that learns over objects: rules that act on them, and choices among them that make a new grid."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.solving.stage import Meter, Proposal, Spent
from medalist.families.arc.stages.object_rules.acting import acts
from medalist.families.arc.stages.object_rules.cast import grounds
from medalist.families.arc.stages.object_rules.choosing import choices
from medalist.families.arc.stages.object_rules.findings import Finding, votes

SURE = 2.5
"""With a finding cheaper than this no other ground is looked at."""


class ObjectRules:
    """Proposes ``act_on_objects`` for outputs of the inputs' shapes, and grids made of chosen objects for others."""

    name = "object rules"
    states = 30_000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        for vote in votes(learned(puzzle, meter)):
            price = vote.finding.price
            why = f"{vote.count} rules over objects agree, {vote.share:.0%} of all that fit"
            yield Proposal(vote.finding.program, vote.share * exp(-0.15 * price), why)


def learned(puzzle: Puzzle, meter: Meter) -> list[Finding]:
    """What fits every pair, with the likeliest ground that has anything fit; as far as the meter goes."""
    found: list[Finding] = []
    try:
        for ground in grounds(puzzle):
            if not any(each.price < SURE for each in found):
                (acts if puzzle.same_shape else choices)(puzzle, ground, meter, found)
    except Spent:
        pass
    return found


stage = ObjectRules()
