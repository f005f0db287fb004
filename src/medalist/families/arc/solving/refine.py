"""The refiner's playbook form: a near miss is mended by small changes and by learning what it leaves to do.

Best first: of the programs known, the nearest is taken, the learned stages look at what it leaves to do, then every
program one typed change away is tried; those that come nearer are taken up in turn. Greedy by design: it repairs
what is nearly right, evolution finds what is further away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.individual import Individual
from medalist.families.arc.language.program import Program
from medalist.families.arc.solving.refine_edits import neighbours
from medalist.families.arc.solving.refine_learn import learned_after
from medalist.families.arc.solving.refine_values import Values, fitness_vector
from medalist.families.arc.solving.stage import Meter, Spent, Stage

LEARNING_STATES = 2_000
"""What each learned stage may try on what a near miss leaves to do."""

_BEAM = 4
"""Of the neighbours that come nearer, so many are taken up."""


def stages_called(*names: str) -> Sequence[Stage]:
    """Found late: the schedule, which knows where they stand, may itself name those that refine."""
    from medalist.families.arc.solving.schedule import find_stage

    return [find_stage(name) for name in names]


def refine(puzzle: Puzzle, program: Program, meter: Meter) -> Iterator[Program]:
    """Programs nearer to ``puzzle`` than ``program`` and than those given before; solutions among them, all of them.

    Ends when nothing nearer is found or ``meter`` is spent. A program that gives no grids has no neighbours here.
    """
    values = Values(puzzle, meter)
    try:
        yield from _climb(puzzle, program, values)
    except Spent:
        return


def _climb(puzzle: Puzzle, program: Program, values: Values) -> Iterator[Program]:
    start = values.individual(program, "refiner")
    if start is None:
        return
    stages = stages_called("detectors", "cell_rules")
    nearest = nearness(start, puzzle)
    queue: list[tuple[float, float, int, Program]] = [(-nearest, program.cost, 0, program)]
    seen, pushed = {values.key(program)}, 0
    while queue:
        score, _, _, base = heappop(queue)
        for proposal in learned_after(base, values, stages, LEARNING_STATES):
            mended = values.individual(proposal.program, "refiner")
            if mended is not None and mended.fits:
                yield proposal.program
        nearer: list[tuple[float, float, int, Program]] = []
        for changed in neighbours(base):
            key = values.key(changed)
            one = values.individual(changed, "refiner") if key not in seen else None
            seen.add(key)
            if one is None:
                continue
            if one.fits or nearness(one, puzzle) > nearest:
                nearest = max(nearest, nearness(one, puzzle))
                yield changed
            if nearness(one, puzzle) > -score:
                pushed += 1
                nearer.append((-nearness(one, puzzle), changed.cost, pushed, changed))
        for each in sorted(nearer)[:_BEAM]:
            heappush(queue, each)


def nearness(individual: Individual, puzzle: Puzzle) -> float:
    """The mean over pairs of what is right: pair, shape, changes, colours; 4.0 at best."""
    return sum(fitness_vector(individual, puzzle)) / len(puzzle.train)
