"""The stage that runs every detector, on the puzzle and on its inputs made simpler, and says what to believe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.solving.stage import Meter, Proposal
from medalist.families.arc.stages.detectors.choosing import choosing
from medalist.families.arc.stages.detectors.drawing import drawing
from medalist.families.arc.stages.detectors.fitting import Detector, Idea, finished, test_answers
from medalist.families.arc.stages.detectors.listing import counting, deciding, listing
from medalist.families.arc.stages.detectors.panelling import combining, telling
from medalist.families.arc.stages.detectors.recolouring import falling, recolouring
from medalist.families.arc.stages.detectors.restoring import restoring, symmetrising
from medalist.families.arc.stages.detectors.sizing import copying, self_similar

DETECTORS: tuple[Detector, ...] = (
    copying,
    self_similar,
    combining,
    telling,
    choosing,
    restoring,
    symmetrising,
    drawing,
    recolouring,
    falling,
    listing,
    counting,
    deciding,
)


@dataclass(frozen=True)
class Detectors:
    """Runs detectors in turn. Ideas of one detector vote: those with the same test answers count together."""

    name: str = "detectors"
    states: int = 20_000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        for detector in DETECTORS:
            ideas = [finished(puzzle, idea) for idea in detector(puzzle, meter)]
            yield from voted(puzzle, [idea for idea in ideas if idea is not None])


def voted(puzzle: Puzzle, ideas: list[Idea]) -> Iterator[Proposal]:
    """The best idea of each set of test answers, believed by the set's share of all priors; the best three sets."""
    sets: dict[bytes, list[Idea]] = {}
    for idea in ideas:
        answers = test_answers(puzzle, idea.program)
        if answers is not None:
            sets.setdefault(fingerprint(answers), []).append(idea)
    total = sum(idea.prior for group in sets.values() for idea in group)
    ranked = sorted(sets.values(), key=lambda group: -sum(idea.prior for idea in group))
    for group in ranked[:3]:
        best = max(group, key=lambda idea: idea.prior)
        share = sum(idea.prior for idea in group) / total
        yield Proposal(best.program, best.prior * share**0.5, best.why)


stage = Detectors()
