"""How typed programs are changed and joined: the playbook's mutation and crossover, over individuals of any sort.

Python source passes through untouched: a language model breeds that, into the same population.
"""

from __future__ import annotations

import random

from medalist.families.arc.individual import Individual
from medalist.families.arc.language.program import Program
from medalist.families.arc.solving.refine_edits import grafted, mutated
from medalist.families.arc.solving.refine_fuse import fused
from medalist.families.arc.solving.refine_values import Values, fitness_vector
from medalist.search.generations import Breeding

_DRAWS = 4
"""Draws after which a parent has no child: most changes make no sense for a puzzle."""


def typed_breeding(values: Values) -> Breeding[Individual]:
    """Breeding of typed programs on the puzzle of ``values``; whoever answers every input alike counts once.

    Raises ``Spent`` from the meter of ``values``.
    """
    vectors: dict[int, tuple[float, ...]] = {}
    puzzle = values.puzzle

    def vector(individual: Individual) -> tuple[float, ...]:
        if id(individual) not in vectors:
            vectors[id(individual)] = fitness_vector(individual, puzzle)
            kept.append(individual)
        return vectors[id(individual)]

    def key(individual: Individual) -> bytes:
        return individual.bucket if individual.program is None else values.key(individual.program)

    def mutate(individual: Individual, rng: random.Random) -> Individual | None:
        if individual.program is None:
            return None
        for _ in range(_DRAWS):
            program = mutated(individual.program, rng)
            if rng.random() < 0.25:
                program = mutated(program, rng)
            child = _made(program, individual.program, values, "mutation")
            if child is not None:
                return child
        return None

    def cross(first: Individual, second: Individual, rng: random.Random) -> Individual | None:
        if first.program is None or second.program is None:
            return None
        if len(first.solved | second.solved) == len(puzzle.train):
            joined = fused(puzzle, first, second)
            return values.individual(joined, "crossover") if joined else None
        for _ in range(_DRAWS):
            child = _made(grafted(first.program, second.program, rng), first.program, values, "crossover")
            if child is not None:
                return child
        return None

    kept: list[Individual] = []  # so that no two have one id
    return Breeding(vector, key, mutate, cross)


def _made(program: Program, parent: Program, values: Values, origin: str) -> Individual | None:
    if program == parent:
        return None
    return values.individual(program, origin)
