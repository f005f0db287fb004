"""Two programs that each solve some of the pairs, fused: one of them where a trait of the grid is high, else the other.

The crossover of those who are right on different pairs. The trait is the simplest that tells the pairs of one apart
from those of the other; with few pairs one is easily found, so that the belief in what comes of it is small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.individual import Individual
from medalist.families.arc.language.program import INPUT, Program, call
from medalist.families.arc.operators.bodies import TRAITS, body_of, grid_trait
from medalist.families.arc.solving.refine_edits import length_of
from medalist.families.arc.solving.stage import Proposal

_CONFIDENCE = 0.1

_LONGEST = 3.0
"""Longer programs fit a pair or two by accident, and are not fused."""


def fused_pairs(puzzle: Puzzle, individuals: Sequence[Individual]) -> Iterator[Proposal]:
    """Every fusion of two that solve all pairs between them, the shortest first; of two alike the first stands."""
    solvers: dict[frozenset[int], Individual] = {}
    for each in sorted(individuals, key=lambda one: one.program.cost if one.program else 0.0):
        if each.program is not None and each.solved:
            solvers.setdefault(each.solved, each)
    everything = frozenset(range(len(puzzle.train)))
    found = list(solvers.values())
    for number, first in enumerate(found):
        for second in found[number + 1 :]:
            if first.solved | second.solved == everything != first.solved:
                program = fused(puzzle, first, second)
                if program is not None:
                    yield Proposal(program, _CONFIDENCE, "one of two rules, by what the grid is like")


def fused(puzzle: Puzzle, first: Individual, second: Individual) -> Program | None:
    """``decide`` between two typed programs by the first of ``TRAITS`` that tells their pairs apart; else None.

    Pairs that both solve may go either way.
    """
    if first.program is None or second.program is None:
        return None
    if max(length_of(first.program), length_of(second.program)) > _LONGEST:
        return None
    of_first = [puzzle.train[number].input for number in sorted(first.solved - second.solved)]
    of_second = [puzzle.train[number].input for number in sorted(second.solved - first.solved)]
    if not of_first or not of_second:
        return None
    for trait in TRAITS:
        one = [grid_trait(grid, trait) for grid in of_first]
        other = [grid_trait(grid, trait) for grid in of_second]
        for high, low, above, below in ((first, second, one, other), (second, first, other, one)):
            if min(above) > max(below) and high.program is not None and low.program is not None:
                bound = (min(above) + max(below) + 1) // 2
                bodies = {"high": body_of(high.program), "low": body_of(low.program)}
                return call("decide", INPUT, trait=trait, bound=bound, **bodies)
    return None
