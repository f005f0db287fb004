"""The stage that runs every detector, on the puzzle and on its inputs made simpler, and says what to believe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.solving.stage import Meter, Proposal
from medalist.families.arc.solving.views import (
    View,
    coarse_views,
    colour_views,
    input_views,
    output_views,
    put_in,
)
from medalist.families.arc.stages.detectors.choosing import choosing
from medalist.families.arc.stages.detectors.drawing import drawing
from medalist.families.arc.stages.detectors.fitting import Detector, Idea, finished, progress, test_answers
from medalist.families.arc.stages.detectors.listing import counting, deciding, listing
from medalist.families.arc.stages.detectors.panelling import combining, telling
from medalist.families.arc.stages.detectors.recolouring import attracting, falling, recolouring
from medalist.families.arc.stages.detectors.restoring import extending, restoring, symmetrising
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
    attracting,
    extending,
    listing,
    counting,
    deciding,
)


ENOUGH = 0.6
"""So good a proposal makes views superfluous."""

SEEN_OTHERWISE = 0.85
"""Of proposals that fit a view, how many are right for one that fits the puzzle itself."""


BY_ROLE = 0.7
"""The same where colours are seen by role."""

AFTER_A_STEP = 0.55
"""The same for one that fits what another step leaves."""


@dataclass(frozen=True)
class Detectors:
    """Runs detectors in turn. Ideas of one detector vote: those with the same test answers count together."""

    name: str = "detectors"
    states: int = 20_000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        best = 0.0
        for proposal in detected(puzzle, meter):
            best = max(best, proposal.confidence)
            yield proposal
        if best >= ENOUGH:
            return
        if puzzle.same_shape:
            yield from _after_a_step(puzzle, meter)
        for view in chain(
            input_views(puzzle), output_views(puzzle), coarse_views(puzzle), _few_colours(puzzle)
        ):
            for proposal in detected(view.puzzle, meter):
                trust = BY_ROLE if view.name.startswith("colours") else SEEN_OTHERWISE
                yield Proposal(
                    view.bring(proposal.program),
                    proposal.confidence * trust,
                    f"{view.name}: {proposal.why}",
                )


def detected(puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
    """What every detector proposes for a puzzle or a view of it."""
    for detector in DETECTORS:
        ideas = [finished(puzzle, idea) for idea in detector(puzzle, meter)]
        yield from voted(puzzle, [idea for idea in ideas if idea is not None])


STEPS_TAKEN = (drawing, symmetrising)
"""Detectors whose ideas may be right as far as they go: they add to what is drawn."""


def _after_a_step(puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
    """Detectors on what the best ideas leave to do that set nothing wrong: two rules, one after the other."""
    steps: dict[int, Idea] = {}
    for detector in STEPS_TAKEN:
        for idea in detector(puzzle, meter):
            steps.setdefault(progress(puzzle, idea.program), idea)
    for gain in sorted(steps, reverse=True)[:2]:
        inner = steps[gain].program
        after = [inner.answer(grid) for grid in puzzle.inputs]
        grids = [grid for grid in after if grid is not None]
        if not gain or len(grids) < len(after):
            return
        pairs = tuple(Pair(grid, out) for grid, out in zip(grids, puzzle.outputs, strict=False))
        for proposal in detected(Puzzle(pairs, tuple(grids[len(pairs) :])), meter):
            why = f"{steps[gain].why}; then {proposal.why}"
            yield Proposal(put_in(proposal.program, inner), proposal.confidence * AFTER_A_STEP, why)


def _few_colours(puzzle: Puzzle) -> Iterator[View]:
    return islice(colour_views(puzzle), 4)


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
