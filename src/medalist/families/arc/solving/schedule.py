"""In which order the stages run on a puzzle, and when the dear ones need not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import Program
from medalist.families.arc.solving.solve import Search, Solution
from medalist.families.arc.solving.stage import Meter, Proposal, Stage

_STAGES = "medalist.families.arc.stages"
LEARNED = ("detectors", "cell_rules", "object_rules")
SEARCHED = ("bottom_up", "cell_rules_after", "composition")


def find_stage(name: str) -> Stage:
    """The stage of the module ``name`` in ``stages/``."""
    return import_module(f"{_STAGES}.{name}").stage


def solve(
    puzzle: Puzzle,
    *,
    seed: int = 0,
    seconds: float = 60.0,
    library: Sequence[Program] = (),
    population: int | None = None,
    generations: int | None = None,
) -> Solution:
    """Every stage in turn, within ``seconds`` of this process's CPU time; evolution where no program fits by then.

    ``library`` holds programs that solved other puzzles. ``population`` and ``generations`` are evolution's, its own
    where None; only there does ``seed`` matter.
    """
    search = Search(puzzle, seconds=seconds)
    _run(search, LEARNED)
    if library and not search.sure:
        _recall(search, library)
    _run(search, SEARCHED)
    if not search.solutions:
        _evolve(search, seed, population, generations)
    return search.solution()


def _run(search: Search, names: Sequence[str]) -> None:
    for name in names:
        if not search.sure:
            search.run(find_stage(name))


def _recall(search: Search, library: Sequence[Program]) -> None:
    """What solved other puzzles, before anything is searched for."""
    stage = import_module(f"{_STAGES}.library").stage
    search.take(stage.name, stage.states, lambda meter: stage.propose(search.puzzle, meter, library))


def _evolve(search: Search, seed: int, population: int | None, generations: int | None) -> None:
    """Breed what the other stages' near misses begin."""
    stage = import_module(f"{_STAGES}.evolution").stage
    seeds = [near.program for near in search.near]

    def propose(meter: Meter) -> Iterator[Proposal]:
        return stage.propose(search.puzzle, meter, seeds, seed, population, generations)

    search.take(stage.name, stage.states, propose)
