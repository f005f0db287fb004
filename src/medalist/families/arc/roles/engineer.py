"""The engineer for ARC that asks a language model: the playbook on every task first, then the five roles on the rest.

Stands at the playbook's desk, so what it promises holds: a whole submission from the first second, every task's
answers in place the moment they are there, a resumed attempt that goes on with the rest. A task that the playbook
believes in is left as it is. On the others several are asked about at once, each in a thread with a worker of its
own, since answers take longer than programs. At the limit in money or tokens, or when the model fails again and
again, the playbook's answers stand for all that is left.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from medalist.core.errors import JobError, LlmError, SandboxUnavailable, UsageError
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.individual import judge_program
from medalist.families.arc.language.program import Program
from medalist.families.arc.minds import ModelSolution, Switches, solve_with_model
from medalist.families.arc.playbook import ArcPlaybook, Desk, put_back
from medalist.families.arc.pool import Pool, PoolSettings
from medalist.families.arc.pool_solver import puzzle_as_json, told
from medalist.families.arc.results import State
from medalist.families.arc.shelf import Shelf
from medalist.families.arc.solving.attempts import choose_attempts
from medalist.families.arc.solving.solve import BELIEVED, Believed, Solution
from medalist.families.arc.workers.pool import WorkerPool
from medalist.llm.settings import LlmSettings
from medalist.session.session import Session

if TYPE_CHECKING:
    from medalist.llm.door import Door

POPULATION, GENERATIONS = 4, 4
_WAIT_SECONDS = 0.25


class ArcMinds(ArcPlaybook):
    """Solves one collection a session. ``settings`` are the family's (see ``family``)."""

    name = "evolution"

    def __init__(self, llm: LlmSettings, settings: Mapping[str, Any]) -> None:
        """Raises UsageError when no language model is named."""
        if not llm.model:
            raise UsageError(
                "This engineer needs a language model.",
                where="--model",
                next_step="Name one, or work without: --engineer playbook.",
            )
        super().__init__(settings)
        self._llm = llm

    def work(self, session: Session) -> None:
        """Solve until every task had its turn. Raises LlmError before anything is begun when the model cannot be asked,
        InputError for a collection without tasks."""
        from medalist.llm.door import Door

        with Door(self._llm, session.events, session.attempt_dir / "llm.jsonl") as door:
            door.check(self._llm.model)
            desk = Desk.open(session, self._settings)
            shelf = Shelf.at(session.attempt_dir, desk.entries)
            asked = self._pool_settings(session, shelf)
            with Pool(asked, log=session.attempt_dir / "solver.log") as pool:
                _Round(session, desk, pool, door, self._settings, jobs=asked.jobs).work()
                desk.start_cpu_seconds += pool.start_cpu_seconds
            desk.close()
        put_back(session, shelf)

    def _pool_settings(self, session: Session, shelf: Shelf) -> PoolSettings:
        """The playbook's, whose own evolution keeps its own sizes: those asked for are the language model's."""
        return replace(super()._pool_settings(session, shelf), population=None, generations=None)


class _Round:
    """One attempt's way through its tasks."""

    def __init__(
        self,
        session: Session,
        desk: Desk,
        pool: Pool,
        door: Door,
        settings: Mapping[str, Any],
        *,
        jobs: int,
    ) -> None:
        self._session = session
        self._desk = desk
        self._pool = pool
        self._door = door
        self._jobs = jobs
        self._sandbox = session.workspace.sandbox
        self._population = int(settings.get("population") or POPULATION)
        self._generations = int(settings.get("generations") or GENERATIONS)
        self._switches = Switches(
            **{f"no_{name}": settings.get(name) is False for name in ("analyst", "tagger", "crossover")}
        )
        self._asked: dict[Future[ModelSolution], tuple[int, Mapping[str, Any], float]] = {}
        self._closed = ""

    def work(self) -> None:
        desk, pool = self._desk, self._pool
        waiting = [number for number in range(len(desk.entries)) if number not in desk.done]
        waiting.reverse()
        threads = ThreadPoolExecutor(self._jobs, thread_name_prefix="puzzle")
        try:
            while (waiting or pool.busy or self._asked) and not desk.out_of_time:
                while waiting and pool.open_places > 0 and len(self._asked) <= self._jobs:
                    self._begin(waiting.pop())
                for reply in pool.collect(_WAIT_SECONDS) if pool.busy else ():
                    self._go_on(reply["number"], reply, threads)
                self._take_answers(0.0 if pool.busy else _WAIT_SECONDS)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, number: int) -> None:
        entry = self._desk.entries[number]
        if entry.puzzle is None:
            self._desk.take(number, {"state": State.MALFORMED, "reason": entry.fault})
        else:
            self._pool.submit(number, puzzle_as_json(entry.puzzle))

    def _go_on(self, number: int, reply: Mapping[str, Any], threads: ThreadPoolExecutor) -> None:
        """Take what the playbook believes in; ask about the rest."""
        believed = reply.get("belief") or [0.0]
        if self._closed or (reply["state"] == State.FITS and min(believed) >= BELIEVED):
            self._desk.take(number, reply)
        else:
            asking = threads.submit(self._ask, number, reply.get("programs") or ())
            self._asked[asking] = (number, reply, time.monotonic())

    def _take_answers(self, seconds: float) -> None:
        if not self._asked:
            return
        done, _ = wait(self._asked, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            number, reply, began = self._asked.pop(future)
            try:
                solution = future.result()
            except (LlmError, JobError, SandboxUnavailable) as error:
                task = self._desk.entries[number].id
                text = f"Task {task} keeps the playbook's answers: {error.what}"
                self._session.events.append("warning", text=text)
                self._desk.take(number, reply)
                continue
            self._desk.take(number, self._joined(number, reply, solution, time.monotonic() - began))
            if solution.closed and not self._closed:
                self._closed = solution.ended.rstrip(".")
                text = f"The language model is asked no more: {self._closed}. The playbook's answers stand for the rest."
                self._session.note(text)

    def _joined(
        self, number: int, reply: Mapping[str, Any], solution: ModelSolution, seconds: float
    ) -> dict[str, Any]:
        """What both made of a task, by names of ``TaskResult``'s fields."""
        puzzle = self._desk.entries[number].puzzle
        assert puzzle is not None
        found = outcome_of(puzzle, solution)
        evaluating = solution.seconds.get("evaluation", 0.0)
        return {
            **reply,
            **found,
            "states": found["states"] + reply.get("states", 0),
            "stages": {**reply.get("stages", {}), **found["stages"]},
            "cpu_seconds": round(reply.get("cpu_seconds", 0.0) + evaluating, 3),
            "seconds": round(reply.get("seconds", 0.0) + seconds, 3),
        }

    # ---- in threads

    def _ask(self, number: int, programs: Sequence[Mapping[str, Any]]) -> ModelSolution:
        """What the language model makes of a task."""
        puzzle = self._desk.entries[number].puzzle
        assert puzzle is not None
        cores = self._session.cores
        with WorkerPool(
            cores=cores[number % len(cores) :][:1] if cores else (), sandbox=self._sandbox
        ) as workers:
            return solve_with_model(
                puzzle,
                self._door,
                solution_from(puzzle, programs),
                population=self._population,
                generations=self._generations,
                seed=self._session.seed,
                switches=self._switches,
                development=self._outputs(number),
                workers=workers,
                seconds=self._session.budget.remaining,
            )

    def _outputs(self, number: int) -> Sequence[Any] | None:
        """The tests' outputs, for development alone."""
        import numpy as np

        targets = self._desk.targets.get(self._desk.entries[number].id)
        return None if targets is None else [np.array(rows, np.int8) for rows in targets]


def solution_from(puzzle: Puzzle, programs: Sequence[Mapping[str, Any]]) -> Solution:
    """The playbook's solution out of the programs of a ``TaskResult``, each run again."""
    believed = []
    for each in programs:
        if each.get("program") is None:
            continue
        made = judge_program(Program.from_json(each["program"]), puzzle, origin=each["stage"])
        right = (len(made.solved), sum(made.closeness) / len(made.closeness))
        confidence = float(each["confidence"]) if made.fits else 0.0
        assert made.program is not None
        believed.append(
            Believed(made.program, each["stage"], confidence, each["why"], made.fits, right, made.tests)
        )
    fitting = [each for each in believed if each.fits]
    missed = [each for each in believed if not each.fits]
    chosen = choose_attempts(puzzle, fitting, missed)
    return Solution(tuple(each.grids for each in chosen), (*fitting, *missed), 0, {})


def outcome_of(puzzle: Puzzle, solution: ModelSolution) -> dict[str, Any]:
    """A solution by the names of ``TaskResult``'s fields; the tests' outputs have no part in it."""
    found = told(puzzle, solution, ())
    return {**found, "belief": [round(each, 4) for each in solution.belief], "reason": ""}
