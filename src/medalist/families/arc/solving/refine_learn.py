"""A program mended by what is learned on its results: its values become the inputs of a puzzle of their own.

What a program gives for each pair is held against what it should give, and the stages that learn (detectors, rules
over cells, rules over objects) look for the rest of the way. A near miss that cuts out the right part in the wrong
colours is so finished by a colour map, one that draws too much by a rule of cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from medalist.families.arc.grids.cells import Grid, is_grid, same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import INPUT, Program
from medalist.families.arc.solving.refine_values import Values
from medalist.families.arc.solving.stage import Meter, Proposal, Spent, Stage
from medalist.families.arc.solving.views import put_in

_MOST_OF_ONE = 3
_FORESEE = frozenset({"cell rules"})
"""Stages whose own confidence says already how left-out pairs are foreseen."""

_UNSEEN = 0.1
"""What is left of the confidence in a rule that foresees no pair it was not learned from."""

TRUST = 0.9
"""How much of a learned rule's confidence is left for each operator before it."""


def residual(puzzle: Puzzle, values: Sequence[Grid]) -> Puzzle | None:
    """The puzzle of what is still to be done after a program with ``values``; None where they are no grids."""
    if not all(is_grid(value) for value in values):
        return None
    pairs = tuple(Pair(value, pair.output) for value, pair in zip(values, puzzle.train, strict=False))
    return Puzzle(pairs, tuple(values[len(puzzle.train) :]))


def learned_after(
    program: Program, values: Values, stages: Sequence[Stage], states: int
) -> Iterator[Proposal]:
    """Proposals of ``stages`` for what ``program`` leaves to do, written as programs for the puzzle itself.

    Each stage may try ``states``, counted on the meter of ``values`` too.
    """
    given = values.of(program)
    rest = residual(values.puzzle, given) if given is not None else None
    if rest is None or all(same(pair.input, rest.train[0].input) for pair in rest.train[1:]):
        return
    for stage in stages:
        for proposal in learned(stage, rest, values.meter, states):
            if proposal.program != INPUT:
                yield replace(
                    proposal,
                    program=put_in(proposal.program, program),
                    confidence=proposal.confidence * TRUST**program.cost,
                    why=f"after {program}: {proposal.why}"[:200],
                )


def learned(stage: Stage, puzzle: Puzzle, meter: Meter, states: int) -> Iterator[Proposal]:
    """What ``stage`` proposes within ``states`` that fits ``puzzle``, believed as far as it foresees left-out pairs.

    A stage is asked about many puzzles here, and on some of them finds a rule by accident; one that holds finds the
    same from all pairs but one.
    """
    found = _fitting(stage, puzzle, meter, states, _MOST_OF_ONE)
    if not found:
        return
    held = 1.0 if stage.name in _FORESEE else held_out(stage, puzzle, meter, states)
    for proposal in found:
        yield replace(proposal, confidence=proposal.confidence * (_UNSEEN + (1 - _UNSEEN) * held))


def held_out(stage: Stage, puzzle: Puzzle, meter: Meter, states: int) -> float:
    """The share of pairs whose output is what the first fitting proposal says that is made from the other pairs."""
    if len(puzzle.train) < 2:
        return 0.0
    right = 0
    for number, pair in enumerate(puzzle.train):
        for proposal in _fitting(stage, puzzle.without(number), meter, states, 1):
            answer = proposal.program.answer(pair.input)
            right += answer is not None and same(answer, pair.output)
    return right / len(puzzle.train)


def fits(puzzle: Puzzle, program: Program) -> bool:
    """Whether it gives every training output."""
    answers = ((program.answer(pair.input), pair.output) for pair in puzzle.train)
    return all(answer is not None and same(answer, output) for answer, output in answers)


def _fitting(stage: Stage, puzzle: Puzzle, meter: Meter, states: int, most: int) -> list[Proposal]:
    """The first ``most`` proposals that fit, within ``states``, which are counted on ``meter`` too."""
    own, found = meter.part(min(states, stage.states)), []
    try:
        for proposal in stage.propose(puzzle, own):
            if fits(puzzle, proposal.program):
                found.append(proposal)
            if len(found) >= most:
                break
    except Spent:
        pass
    meter.spend(own.spent + _price(stage, puzzle))
    return found


def _price(stage: Stage, puzzle: Puzzle) -> int:
    """States that a stage costs beyond those it counts: what it prepares for every cell is not counted, nor cheap."""
    cells = sum(grid.size for grid in puzzle.inputs)
    return 200 + (2 * cells if stage.name in _FORESEE else cells // 8)


def mapped_share(values: Sequence[Grid], puzzle: Puzzle) -> float:
    """The share of output cells that the best map from colour to colour would make right; 0.0 for other shapes.

    How promising it is to learn the rest: the shapes are right, and colours mostly tell what belongs where.
    """
    seen = np.zeros((10, 10), int)
    for value, pair in zip(values, puzzle.train, strict=False):
        if value.shape != pair.output.shape:
            return 0.0
        np.add.at(seen, (value.ravel(), pair.output.ravel()), 1)
    return float(seen.max(axis=1).sum() / seen.sum())
