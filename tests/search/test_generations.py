"""Genetic programming's loop on bit strings: it finds what is asked, keeps what is best, and repeats for a seed."""

import random

import pytest

from medalist.search.generations import Breeding, EvolutionSettings, evolve

LENGTH = 12


def flip(bits, rng):
    place = rng.randrange(LENGTH)
    return (*bits[:place], 1 - bits[place], *bits[place + 1 :])


def cross(one, other, rng):
    place = rng.randrange(1, LENGTH)
    return one[:place] + other[place:]


BITS = Breeding(vector=lambda bits: bits, key=lambda bits: bits, mutate=flip, cross=cross)


def bred(seed, **changes):
    rng = random.Random(seed)
    first = [tuple(rng.randrange(2) for _ in range(LENGTH)) for _ in range(20)]
    return list(evolve(first, BITS, EvolutionSettings(population=30, generations=15, **changes), rng))


@pytest.mark.parametrize("selection", ["lexicase", "tournament"])
def test_every_case_is_solved_in_the_end(selection):
    assert (1,) * LENGTH in bred(1, selection=selection)


def test_a_seed_repeats_itself_and_nobody_comes_twice():
    assert bred(2) == bred(2) != bred(3)
    assert len(set(bred(2))) == len(bred(2))


def test_islands_that_never_meet_breed_apart_and_those_that_do_go_on():
    assert (1,) * LENGTH in bred(1, islands=5, migrate_every=2)
    assert bred(1, islands=5, migrate_every=0) != bred(1, islands=5, migrate_every=2)


def test_no_generation_or_nobody_to_begin_with_ends_at_once():
    rng = random.Random(0)
    assert list(evolve([], BITS, EvolutionSettings(), rng)) == []
    start = [(0,) * LENGTH]
    assert list(evolve(start, BITS, EvolutionSettings(generations=0), rng)) == start
