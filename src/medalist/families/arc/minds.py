"""One puzzle solved with a language model: five roles propose into one population with what the playbook found.

A first generation of programs comes from analyses that begin in different places; later ones mend or cross parents
drawn by ``search.rex``. Every program is run on all inputs in sandboxed workers and judged as an ``Individual``; what
a parent got wrong goes back cell by cell. Programs that give every training output vote by their test outputs. For a
whole collection ``roles.engineer`` does so task by task.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import CostLimit, LlmError
from medalist.core.score import Direction, Score
from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.individual import TEST_WEIGHT, Individual, judge, judge_program
from medalist.families.arc.language.program import Program
from medalist.families.arc.roles.speakers import VIEWS, Speakers
from medalist.families.arc.roles.voting import Voted, vote
from medalist.families.arc.solving.attempts import choose_attempts
from medalist.families.arc.solving.solve import Believed, Solution
from medalist.families.arc.tagger import TECHNIQUES, tags_of
from medalist.families.arc.workers.pool import WorkerPool
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.search.rex import RexSearch, RexSettings

if TYPE_CHECKING:
    from medalist.families.arc.roles.answers import Code
    from medalist.llm.door import Door

T = TypeVar("T")

_SEEDS = 4
_EXAMPLES = 2
_WORTH_SHOWING = 0.5
_LEAST_PARENTS = 4
_REQUESTS_AT_ONCE = 8
_FAILURES_IN_A_ROW = 4
_LATE = "the time was over"
_LONGEST_RULE = 300


@dataclass(frozen=True)
class Switches:
    """What a person may switch off (SPEC A3), by the command line's names."""

    no_analyst: bool = False
    no_tagger: bool = False
    no_crossover: bool = False


@dataclass(frozen=True, eq=False)
class ModelSolution:
    """What is known of a puzzle at the end: always two attempts for each test input.

    ``believed`` are solutions first, the likeliest first, then near misses; the playbook's among them. ``tags`` are
    the techniques of the best solution, or of the puzzle where there is none. ``seconds`` and ``requests`` are by
    role; ``seconds`` also has "evaluation". ``ended`` says why no further generation was begun. ``development``: test
    outputs were part of the fitness, which must be stamped on every figure made of this.
    """

    attempts: tuple[tuple[Grid, Grid], ...]
    belief: tuple[float, ...]
    """In the first attempt for each test input; 0 for a fallback."""

    believed: tuple[Voted | Believed, ...]
    tags: tuple[str, ...]
    individuals: tuple[Individual, ...]
    generations: int
    ended: str
    closed: bool
    """Whether nothing more can be asked of the model: a limit was reached, or it fails again and again."""

    development: bool
    seconds: Mapping[str, float] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether some program gives every training output."""
        return bool(self.believed) and self.believed[0].fits

    @property
    def states(self) -> int:
        """How many programs were tried."""
        return len(self.individuals)

    @property
    def stages(self) -> dict[str, float]:
        """Seconds by the clock on the wall, by role; requests that ran side by side count each."""
        return dict(self.seconds)


def solve_with_model(
    puzzle: Puzzle,
    door: Door,
    playbook_solution: Solution | None,
    *,
    population: int,
    generations: int,
    seed: int,
    switches: Switches | None = None,
    development: Sequence[Grid] | None = None,
    tell: Callable[[str], None] = lambda text: None,
    workers: WorkerPool | None = None,
    seconds: float = math.inf,
) -> ModelSolution:
    """Up to ``generations`` of ``population`` programs each, by ``door.settings.model``; ends when one fits all pairs.

    Everything asked passes ``door``: its limits in money and tokens hold over all puzzles that share it, its cache
    answers equal requests (the same seed asks the same questions), its transcript and events tell who asked what in
    which role. At a limit, or after some failures in a row, nothing more is asked, and what there is counts. No key
    and no variable of this process reaches a program. ``playbook_solution`` gives near misses for the population and
    as examples, and its solutions stand beside the model's in the end. ``development`` are the test outputs, which
    then steer the evolution (SPEC A4) and never the vote. ``workers`` may be shared by puzzles one after another; it
    is the caller's. After ``seconds`` by the clock on the wall nothing more is asked, and what is asked is given up.

    Raises LlmError before anything is asked when the model cannot be asked at all, SandboxUnavailable when no worker
    runs, StoreError when the transcript cannot be written.
    """
    door.check(door.settings.model)
    pool = workers or WorkerPool()
    try:
        mind = _Mind(
            puzzle, door, playbook_solution, pool, population, seed, switches or Switches(), development
        )
        return mind.work(generations, tell, seconds)
    finally:
        if workers is None:
            pool.close()


class _Mind:
    """The state of one puzzle's evolution with a language model."""

    def __init__(
        self,
        puzzle: Puzzle,
        door: Door,
        playbook: Solution | None,
        pool: WorkerPool,
        size: int,
        seed: int,
        switches: Switches,
        development: Sequence[Grid] | None,
    ) -> None:
        self._puzzle = puzzle
        self._door = door
        self._pool = pool
        self._size = size
        self._switches = switches
        self._development = development
        self._speakers = Speakers(door, door.settings.model, puzzle)
        full = len(puzzle.train) + TEST_WEIGHT * len(development or ())
        share = 0.0 if switches.no_crossover else RexSettings.crossover_share
        settings = RexSettings(full, max(size, _LEAST_PARENTS), crossover_share=share)
        self._policy = RexSearch(settings, random.Random(seed))
        self._full = full
        self._population = Population()
        self._individuals: dict[str, Individual] = {}
        self._made: list[Individual] = []
        self._given: Counter[Proposal] = Counter()
        self._seconds_of_evaluation = 0.0
        self._failures = 0
        self._closed = ""
        self._deadline = math.inf
        self._believed = playbook.believed if playbook is not None else ()
        for each in [b for b in self._believed if not b.fits][:_SEEDS]:
            seeded = judge_program(each.program, puzzle, origin=f"playbook, {each.stage}", why=each.why)
            self._join(seeded, Proposal("playbook"))
        self._near = tuple(self._individuals.values())
        self._tags = () if switches.no_tagger else _all_tags(each.source for each in self._near)

    def work(self, generations: int, tell: Callable[[str], None], seconds: float) -> ModelSolution:
        self._deadline = time.monotonic() + seconds
        number, ended = 0, ""
        while not ended:
            number += 1
            left = self._deadline - time.monotonic()
            proposals = self._policy.ask(self._population, self._size, left) if number > 1 else []
            codes = self._door.run(self._children(proposals) if proposals else self._first())
            self._take(codes)
            tell(self._standing(number))
            ended = self._why_ended(number >= generations)
        return self._solution(number, ended)

    def _why_ended(self, all_generations: bool) -> str:
        best = max((each.fitness(self._development) for each in self._made), default=0.0)
        if best >= self._full and any(each.fits for each in self._made):
            return "a program solves every pair"
        if self._closed:
            return self._closed
        if all_generations:
            return "all generations were made"
        return _LATE if time.monotonic() >= self._deadline else ""

    # ------------------------------------------------------------- asking, in the door's thread

    async def _first(self) -> list[tuple[Proposal, Code]]:
        """The first generation: what is needed to know of the puzzle, then a program from each point of view."""
        views = [_view(number) for number in range(self._size)]
        examples = [each for each in self._near if max(each.closeness) >= _WORTH_SHOWING][:_EXAMPLES]
        wanted: list[Callable[[], Awaitable[Any]]] = []
        if not self._switches.no_tagger:
            wanted.append(self._speakers.tag)
        if not self._switches.no_analyst:
            wanted += [partial(self._speakers.analyse, view) for view in views]
        found = await self._ask_all(wanted)
        if not self._switches.no_tagger:
            said = set(self._tags) | set(found.pop(0) or ())
            self._tags = tuple(each for each in TECHNIQUES if each in said)
        analyses = found or [None] * len(views)
        codes = await self._ask_all(
            [
                partial(self._speakers.program, view, analysis, self._tags, examples)
                for view, analysis in zip(views, analyses, strict=True)
            ]
        )
        return [(Proposal("programmer"), code) for code in codes if code is not None]

    async def _children(self, proposals: Sequence[Proposal]) -> list[tuple[Proposal, Code]]:
        codes = await self._ask_all([self._question(proposal) for proposal in proposals])
        pairs = zip(proposals, codes, strict=True)
        return [(proposal, code) for proposal, code in pairs if code is not None]

    def _question(self, proposal: Proposal) -> Callable[[], Awaitable[Code]]:
        parents = [self._individuals[name] for name in proposal.parents]
        if proposal.operator == "crossover":
            return partial(self._speakers.cross, parents[0], parents[1])
        self._given[proposal] += 1
        return partial(self._speakers.refine, parents[0], self._given[proposal])

    async def _ask_all(self, questions: Sequence[Callable[[], Awaitable[T]]]) -> list[T | None]:
        """Answers in order, several requests at once; None where there is none."""
        room = asyncio.Semaphore(_REQUESTS_AT_ONCE)

        async def ask(question: Callable[[], Awaitable[T]]) -> T | None:
            async with room:
                return None if self._closed else await self._answer(question)

        return list(await asyncio.gather(*map(ask, questions)))

    async def _answer(self, question: Callable[[], Awaitable[T]]) -> T | None:
        try:
            async with asyncio.timeout(
                self._deadline - time.monotonic() if self._deadline < math.inf else None
            ):
                answer = await question()
        except TimeoutError:
            self._closed = _LATE
            return None
        except CostLimit as limit:
            self._closed = limit.what
            return None
        except LlmError as error:
            self._failures += 1
            if self._failures >= _FAILURES_IN_A_ROW:
                self._closed = (
                    f"{self._failures} requests in a row came to nothing, the last one: {error.what}"
                )
            return None
        self._failures = 0
        return answer

    # ------------------------------------------------------------- judging, in the caller's thread

    def _take(self, codes: Sequence[tuple[Proposal, Code]]) -> None:
        """Run what was written, and let it join the population; the same text again is nothing new."""
        known = {each.text for each in self._made}
        fresh = {code.code: (proposal, code) for proposal, code in codes if code.code not in known}
        began = time.monotonic()
        outcomes = self._pool.run(list(fresh), self._puzzle.inputs)
        self._seconds_of_evaluation += time.monotonic() - began
        for (proposal, code), outcome in zip(fresh.values(), outcomes, strict=True):
            origin = "refiner" if proposal.operator == "improve" else proposal.operator
            individual = judge(
                code.code,
                outcome.answers,
                self._puzzle,
                origin=origin,
                faults=outcome.texts,
                why=" ".join(code.rule.split())[:_LONGEST_RULE],
            )
            self._made.append(individual)
            self._join(individual, proposal)

    def _join(self, individual: Individual, proposal: Proposal) -> None:
        """It may become a parent, unless one that answers just the same is there already."""
        if any(_alike(individual, other) for other in self._individuals.values()):
            return
        name = self._population.next_id()
        near = sum(individual.closeness) / len(individual.closeness)
        recipe = {"solved": sorted(individual.solved), "near": near}
        candidate = Candidate(name, proposal.operator, proposal.parents, recipe=recipe)
        value = individual.fitness(self._development)
        score = Score("pairs", Direction.MAXIMIZE, "validation", value)
        self._population.tell(Outcome(candidate, CandidateState.FINISHED, score))
        self._individuals[name] = individual

    def _standing(self, number: int) -> str:
        best = max((len(each.solved) for each in self._made), default=0)
        solved = f"the best solves {best} of {len(self._puzzle.train)} pairs" if self._made else "none yet"
        return f"Generation {number}: {len(self._made)} programs written, {solved}."

    # ------------------------------------------------------------- the end

    def _solution(self, generations: int, ended: str) -> ModelSolution:
        voted = vote(self._made)
        solutions: list[Voted | Believed] = [*voted, *(each for each in self._believed if each.fits)]
        solutions.sort(key=lambda each: -each.confidence)
        near = [each for each in (*self._near, *self._made) if not each.fits]
        near.sort(key=lambda each: (-len(each.solved), -sum(each.closeness)))
        missed = [Voted(each, 0.0, 0, each.origin) for each in near]
        tags = self._tags
        if voted and not self._switches.no_tagger and not self._closed:
            (said,) = self._door.run(self._ask_all([partial(self._speakers.tag, voted[0].individual)]))
            tags = said or tags
        chosen = choose_attempts(self._puzzle, solutions, missed)
        return ModelSolution(
            tuple(each.grids for each in chosen),
            tuple(each.belief for each in chosen),
            (*solutions, *missed),
            tags,
            tuple(self._made),
            generations,
            ended,
            bool(self._closed) and self._closed != _LATE,
            self._development is not None,
            {**self._speakers.seconds, "evaluation": self._seconds_of_evaluation},
            dict(self._speakers.requests),
        )


def _alike(one: Individual, other: Individual) -> bool:
    """Whether two give the same answers, of which there is one at least: two that crash are two ideas."""
    if all(answer is None for answer in one.answers):
        return False
    return all(
        a is b if a is None or b is None else a.shape == b.shape and bool((a == b).all())
        for a, b in zip(one.answers, other.answers, strict=True)
    )


def _all_tags(sources: Any) -> tuple[str, ...]:
    found = {tag for source in sources if isinstance(source, Program) for tag in tags_of(source)}
    return tuple(each for each in TECHNIQUES if each in found)


def _view(number: int) -> str:
    """Where the ``number``-th request begins to look; no two are the same."""
    again = (
        f" Earlier looks found nothing; this is look {number // len(VIEWS) + 1}."
        if number >= len(VIEWS)
        else ""
    )
    return VIEWS[number % len(VIEWS)] + again
