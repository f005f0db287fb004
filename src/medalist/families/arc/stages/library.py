"""The stage that tries what solved other puzzles, as it stands and with other literals, on this one.

Programs that solved several puzzles come first. One that comes near is tried with each of its literals changed to
each of its choices; what needs more than that is the refiner's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.individual import Individual
from medalist.families.arc.language.program import Program
from medalist.families.arc.solving.refine_edits import other_literals, places, replaced
from medalist.families.arc.solving.refine_values import Values, fitness_vector
from medalist.families.arc.solving.stage import Meter, Proposal

_VARIED = 12
"""So many of the programs that come nearest are varied."""

_NEAR_MISSES = 4
_LONGEST = 2_000
"""Programs with more text than this have learned a puzzle by heart: they are tried on no other."""


@dataclass(frozen=True)
class Library:
    """Proposes programs of ``library`` that fit, then variations that fit, then the nearest misses."""

    name: str = "library"
    states: int = 4_000

    def propose(self, puzzle: Puzzle, meter: Meter, library: Sequence[Program] = ()) -> Iterator[Proposal]:
        values = Values(puzzle, meter)
        near: list[tuple[float, int, Individual]] = []
        for number, program in enumerate(library):
            if len(str(program)) > _LONGEST:
                continue
            one = values.individual(program, "library")
            if one is None:
                continue
            if one.fits:
                yield Proposal(program, _confidence(program), "it solved another puzzle")
            else:
                near.append((-sum(fitness_vector(one, puzzle)), number, one))
        near.sort(key=lambda each: each[:2])
        for _, _, one in near[:_VARIED]:
            if one.program is not None:
                yield from _variations(one.program, values)
        for _, _, one in near[:_NEAR_MISSES]:
            if one.program is not None:
                yield Proposal(one.program, 0.0, "it solved another puzzle and comes near")


def _variations(program: Program, values: Values) -> Iterator[Proposal]:
    for at, part in places(program):
        for other in other_literals(part):
            varied = replaced(program, at, other)
            one = values.individual(varied, "library")
            if one is not None and one.fits:
                yield Proposal(
                    varied, 0.9 * _confidence(varied), "with other literals it solved another puzzle"
                )


def _confidence(program: Program) -> float:
    return max(0.2, 0.9 - 0.06 * program.cost)


stage = Library()
