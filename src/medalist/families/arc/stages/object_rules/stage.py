"""The stage that learns over objects: rules that act on them, and choices among them that make a new grid."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.solving.stage import Meter, Proposal, Spent
from medalist.families.arc.stages.object_rules.acting import acts
from medalist.families.arc.stages.object_rules.cast import grounds
from medalist.families.arc.stages.object_rules.choosing import choices
from medalist.families.arc.stages.object_rules.findings import Finding, Vote, votes

SURE = 2.5
"""With a finding cheaper than this no other ground is looked at."""


class ObjectRules:
    """Proposes ``act_on_objects`` for outputs of the inputs' shapes, and grids made of chosen objects for others."""

    name = "object rules"
    states = 30_000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        for vote in votes(learned(puzzle, meter)):
            why = f"{vote.count} rules over objects agree, {vote.share:.0%} of the weight of all that fit"
            yield Proposal(vote.finding.program, confidence(vote), why)


def confidence(vote: Vote) -> float:
    """How often answers with such a vote are right, as a logistic of the share, the number and the price of its rules.

    Fitted on the half of the training tasks that this stage was designed on, with the price made to count for more
    than it did there: dear rules are the ones that fit by chance on what was never seen.
    """
    share = min(max(vote.share, 0.01), 0.97)
    return 1 / (
        1 + exp(0.6 - 0.75 * log(share / (1 - share)) - 0.45 * log(vote.count) + 0.25 * vote.finding.price)
    )


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
