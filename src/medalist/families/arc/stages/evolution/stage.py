"""Genetic programming over typed programs, and learning on what the most promising of them leave to do.

The population begins with near misses of earlier stages, with the states of the shared bottom-up exploration that
come nearest, and with random programs. Fitness is a vector over the training pairs; selection, islands and elitism
are the search room's. Test inputs are run, so that a program which fails there is no candidate, but no test output
is known to anybody here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.individual import Individual
from medalist.families.arc.language.operator import Kind
from medalist.families.arc.language.program import INPUT, Program
from medalist.families.arc.solving.refine import nearness, refine, stages_called
from medalist.families.arc.solving.refine_apart import learned_apart
from medalist.families.arc.solving.refine_edits import length_of, random_program, simplified
from medalist.families.arc.solving.refine_fuse import fused_pairs
from medalist.families.arc.solving.refine_learn import fits, learned_after, mapped_share
from medalist.families.arc.solving.refine_values import Values
from medalist.families.arc.solving.stage import Meter, Proposal, Spent
from medalist.families.arc.solving.states import explored
from medalist.families.arc.stages.evolution.breeding import typed_breeding
from medalist.search.generations import EvolutionSettings, evolve

_EXPLORED = 12_000
"""States of the exploration that are looked at; those that earlier stages found cost nothing."""

_FROM_EXPLORATION = 24
_ENOUGH = 12
"""Solutions after which nothing more is bred."""

_LEARNED_AFTER = 4
"""On so many programs' values the learned stages are tried before breeding, and on as many new ones after it."""

_REFINED = 2
_REFINING_STATES = 1_500
"""So many of the seeds are refined, each within so many states."""

_LONGEST_BASE = 5.0
_PER_LENGTH = 0.02
"""A program of one operator more must leave this share of cells less to be learned."""

_LEARNING_STATES = 1_500
_RANDOM_DEPTH = 3


@dataclass(frozen=True)
class Evolution:
    """Proposes what gives every training output."""

    name: str = "evolution"
    states: int = 25_000

    def propose(
        self,
        puzzle: Puzzle,
        meter: Meter,
        seeds: Sequence[Program] = (),
        seed: int = 0,
        population: int | None = None,
        generations: int | None = None,
    ) -> Iterator[Proposal]:
        """As every stage; ``seeds`` are programs to begin with. None: this stage's own size and length."""
        settings = EvolutionSettings(population=150, generations=25)
        settings = replace(
            settings,
            population=settings.population if population is None else population,
            generations=settings.generations if generations is None else generations,
        )
        rng = random.Random(seed)
        values = Values(puzzle, meter)
        first = _beginning(puzzle, values, seeds, settings.population, rng)
        tried: set[bytes] = set()
        yield from fused_pairs(puzzle, first)
        yield from _refined(puzzle, first, meter)
        if not puzzle.same_shape:  # there the learned stages have seen nothing like it yet
            yield from _finished(first, values, tried)
        bred: list[Individual] = []
        yield from _bred(values, first, settings, rng, bred)
        yield from fused_pairs(puzzle, bred)
        yield from _finished(bred, values, tried)
        yield from learned_apart(values, stages_called("detectors", "bottom_up"), _LEARNING_STATES)


def _bred(
    values: Values,
    first: Sequence[Individual],
    settings: EvolutionSettings,
    rng: random.Random,
    bred: list[Individual],
) -> Iterator[Proposal]:
    """Solutions as they are bred, each without what it does not need; all that is bred goes to ``bred``."""

    def still_fits(program: Program) -> bool:
        one = values.individual(program, "simplified")
        return one is not None and one.fits

    found: set[Program] = set()
    for individual in evolve(first, typed_breeding(values), settings, rng):
        bred.append(individual)
        if individual.fits and individual.program is not None:
            program = simplified(individual.program, still_fits)
            if program not in found:
                found.add(program)
                yield Proposal(
                    program, _confidence(program), "bred from near misses, and made as short as it goes"
                )
        if len(found) >= _ENOUGH:
            return


def _beginning(
    puzzle: Puzzle, values: Values, seeds: Sequence[Program], population: int, rng: random.Random
) -> list[Individual]:
    """Seeds, then the nearest states of the exploration, then random programs until there are enough."""
    found = [values.individual(program, "seed") for program in seeds]
    found += [values.individual(program, "exploration") for program in _explored(puzzle, values)]
    draws = 0
    while sum(each is not None for each in found) < population and draws < 4 * population:
        draws += 1
        found.append(values.individual(random_program(Kind.GRID, _RANDOM_DEPTH, rng), "random"))
    return [each for each in found if each is not None]


def _explored(puzzle: Puzzle, values: Values) -> list[Program]:
    """Programs whose values could be mapped to the outputs colour by colour best, unlike one another."""
    ranked: list[tuple[float, float, int, Program]] = []
    meter = values.meter.part(_EXPLORED)
    try:
        for number, state in enumerate(explored(puzzle).run(meter, _EXPLORED)):
            if state.sized and state.program != INPUT:
                ranked.append((-mapped_share(state.values, puzzle), state.cost, number, state.program))
    except Spent:
        pass
    values.meter.spend(meter.spent)
    return [program for *_, program in sorted(ranked)[:_FROM_EXPLORATION]]


def _refined(puzzle: Puzzle, individuals: Sequence[Individual], meter: Meter) -> Iterator[Proposal]:
    """What the refiner makes of the nearest seeds: what other stages found is seldom more than a change away."""
    seeds = [one for one in individuals if one.origin == "seed" and one.program is not None and not one.fits]
    seeds.sort(key=lambda one: -nearness(one, puzzle))
    for one in seeds[:_REFINED]:
        own = meter.part(_REFINING_STATES)
        for program in refine(puzzle, one.program, own) if one.program else ():
            if fits(puzzle, program):
                yield Proposal(program, _confidence(program), "a near miss, mended")
        meter.spend(own.spent)


def _finished(individuals: Sequence[Individual], values: Values, tried: set[bytes]) -> Iterator[Proposal]:
    """What the learned stages make of the most promising programs, those ``tried`` before apart."""
    puzzle = values.puzzle
    ranked: list[tuple[float, int, Program]] = []
    for number, one in enumerate(individuals):
        if one.program is None or one.program == INPUT or one.fits or "decide" in str(one.program):
            continue
        if values.key(one.program) in tried:
            continue
        share = mapped_share([each for each in one.answers if each is not None], puzzle)
        if share > 0.0 and length_of(one.program) <= _LONGEST_BASE:
            ranked.append((_PER_LENGTH * length_of(one.program) - share, number, one.program))
    stages = stages_called("detectors", "cell_rules")
    for _, _, program in sorted(ranked, key=lambda each: each[:2])[:_LEARNED_AFTER]:
        tried.add(values.key(program))
        yield from learned_after(program, values, stages, _LEARNING_STATES)


def _confidence(program: Program) -> float:
    return max(0.03, 0.6 - 0.08 * length_of(program))


stage = Evolution()
