"""Genetic programming's loop, for candidates of any sort: generations on islands, elitism, lexicase or tournaments.

A candidate is judged on several cases at once (``vector``, larger being better). Parents are drawn by lexicase or by
tournament, a second parent for what the first lacks; those who say the same (``key``) count once; the best in all and
the best in each case survive. Who breeds, a typed change or a language model, is the caller's. Deterministic for a
seed. After Koza (1992); lexicase by Spector (2012); islands by Tanese (1989).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from medalist.search.islands import deal, migrate
from medalist.search.vectors import complement, elite, lexicase, tournament

T = TypeVar("T")


@dataclass(frozen=True)
class EvolutionSettings:
    """``population`` over all ``islands``; of an island's survivors ``elite_share`` are its best, others drawn.

    ``crossover_share``: of the children, how many have two parents. Every ``migrate_every`` generations (0 for
    never) the ``movers`` best of an island are copied to the next.
    """

    population: int = 60
    generations: int = 20
    islands: int = 3
    selection: Literal["lexicase", "tournament"] = "lexicase"
    elite_share: float = 0.75
    crossover_share: float = 0.35
    migrate_every: int = 4
    movers: int = 2


@dataclass(frozen=True)
class Breeding(Generic[T]):
    """What a family brings: how candidates are judged, told apart, and made of one or two parents.

    ``mutate`` and ``cross`` give None where nothing came of it.
    """

    vector: Callable[[T], Sequence[float]]
    key: Callable[[T], Hashable]
    mutate: Callable[[T, random.Random], T | None]
    cross: Callable[[T, T, random.Random], T | None]


def evolve(
    first: Iterable[T], breeding: Breeding[T], settings: EvolutionSettings, rng: random.Random
) -> Iterator[T]:
    """Every new candidate as it comes, those of ``first`` too, until the generations are over.

    The caller stops when it has what it wants, or raises from ``breeding`` when its means are spent.
    """
    known: set[Hashable] = set()
    beginning: list[T] = []
    for candidate in first:
        if _is_new(breeding.key(candidate), known):
            beginning.append(candidate)
            yield candidate
    if not beginning:
        return
    size = max(2, settings.population // max(1, settings.islands))
    groups = deal(beginning, settings.islands)
    for generation in range(1, settings.generations + 1):
        for number, group in enumerate(groups):
            parents = _survivors(group, breeding, settings, size, rng)
            children: list[T] = []
            for _ in range(size):
                child = _child(parents, breeding, settings, rng)
                if child is not None and _is_new(breeding.key(child), known):
                    children.append(child)
                    yield child
            groups[number] = _survivors([*parents, *children], breeding, settings, size, rng)
        if settings.migrate_every and generation % settings.migrate_every == 0:
            groups = migrate(groups, lambda each: sum(breeding.vector(each)), settings.movers)


def _child(
    group: Sequence[T], breeding: Breeding[T], settings: EvolutionSettings, rng: random.Random
) -> T | None:
    vectors = [breeding.vector(each) for each in group]
    choose = lexicase if settings.selection == "lexicase" else tournament
    first = choose(vectors, rng)
    if len(group) > 1 and rng.random() < settings.crossover_share:
        return breeding.cross(group[first], group[complement(vectors, first, rng)], rng)
    return breeding.mutate(group[first], rng)


def _survivors(
    group: Sequence[T], breeding: Breeding[T], settings: EvolutionSettings, size: int, rng: random.Random
) -> list[T]:
    """At most ``size``: first those who are best at something, then some by chance."""
    if len(group) <= size:
        return list(group)
    places = elite([breeding.vector(each) for each in group], max(1, int(size * settings.elite_share)))
    rest = [place for place in range(len(group)) if place not in places]
    places += rng.sample(rest, size - len(places))
    return [group[place] for place in places]


def _is_new(key: Hashable, known: set[Hashable]) -> bool:
    if key in known:
        return False
    known.add(key)
    return True
