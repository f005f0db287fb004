"""The playbook for ARC: the engineer that needs no language model, at work on all tasks of a collection at once.

A whole submission of fallbacks stands before the first task is solved; every task's answers go in the moment they are
there, and into a file of their own (``results``), so that no ending loses any and a resumed attempt goes on with the
rest. What solves, and within which limits, is ``pool``'s. Results depend on the seed and not on the number of workers:
the solver library is read once, before the first task, and written once, after the last, in the order of the tasks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import InputError
from medalist.core.patience import write_whole
from medalist.core.score import Direction, Score
from medalist.families.arc.formats import Entry, answers_at
from medalist.families.arc.pool import MEMORY_BYTES, SOLVER, Pool, PoolSettings
from medalist.families.arc.pool_solver import puzzle_as_json
from medalist.families.arc.public import read_entries
from medalist.families.arc.results import State, TaskResult, read_results, save
from medalist.families.arc.shelf import Shelf
from medalist.families.arc.submission import PRODUCT, Submission, fault_of
from medalist.families.arc.tally import SUMMARY
from medalist.session.session import Session

SECONDS_PER_TASK = 60.0

_MEMORY_SHARE = 0.8
_MOST_FAULTS_TOLD = 20
_WAIT_SECONDS = 0.5
_RESERVE_SECONDS = 5.0
_RESERVE_SHARE = 0.1
"""Of an attempt's time so much is kept for the last submission, whichever is less."""

_TOLD_EVERY_SECONDS = 1.0
_WRITING_SHARE = 0.05
_QUICK_SECONDS = 0.1
"""A submission that takes longer than this to write, one of tens of thousands of tasks, is brought up to date only as
often as that takes this share of the time."""


class ArcPlaybook:
    """Solves one collection a session. ``settings`` are the family's (see ``family``)."""

    name = "playbook"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def work(self, session: Session) -> None:
        """Solve until every task had its turn. Raises InputError for a collection without tasks."""
        desk = Desk.open(session, self._settings)
        shelf = Shelf.at(session.attempt_dir, desk.entries)
        with Pool(self._pool_settings(session, shelf), log=session.attempt_dir / "solver.log") as pool:
            _solve_all(desk, pool)
            desk.start_cpu_seconds += pool.start_cpu_seconds
        desk.close()
        put_back(session, shelf)

    def _pool_settings(self, session: Session, shelf: Shelf) -> PoolSettings:
        asked = self._settings
        jobs = int(asked.get("jobs") or len(session.cores) or 1)
        share = int(session.hardware.memory_bytes * _MEMORY_SHARE / jobs)
        return PoolSettings(
            jobs=jobs,
            seconds=float(asked.get("seconds_per_task") or SECONDS_PER_TASK),
            memory_bytes=min(int(asked.get("memory_bytes") or MEMORY_BYTES), share),
            seed=session.seed,
            population=asked.get("population"),
            generations=asked.get("generations"),
            library=shelf.programs,
            cores=session.cores,
            solver=str(asked.get("solver") or SOLVER),
        )


def put_back(session: Session, shelf: Shelf) -> None:
    """Keep what was found for later runs, and tell what the library suffered from."""
    shelf.put_back(read_results(session.attempt_dir), session.attempt_dir.parent.name)
    for problem in shelf.problems:
        session.events.append("warning", text=problem)


def _solve_all(desk: Desk, pool: Pool) -> None:
    """Every task that is not done yet, through the pool, in their order."""
    waiting = [number for number in range(len(desk.entries)) if number not in desk.done]
    waiting.reverse()
    while (waiting or pool.busy) and not desk.out_of_time:
        while waiting and pool.open_places > 0:
            entry = desk.entries[number := waiting.pop()]
            if entry.puzzle is None:
                desk.take(number, {"state": State.MALFORMED, "reason": entry.fault})
            else:
                pool.submit(number, puzzle_as_json(entry.puzzle), desk.targets.get(entry.id, ()))
        for reply in pool.collect(_WAIT_SECONDS) if pool.busy else ():
            desk.take(reply["number"], reply)
        desk.keep_up()


@dataclass
class Desk:
    """What an attempt at a collection has: its tasks, what is done, and the submission in place.

    ``targets`` are the tests' outputs by task, for development; empty otherwise. Any engineer that works task by
    task may use one.
    """

    session: Session
    entries: Sequence[Entry]
    submission: Submission
    copy: Path | None
    targets: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    done: dict[int, TaskResult] = field(default_factory=dict)
    start_cpu_seconds: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _done_before: int = 0
    _told: float = 0.0
    _written: float = 0.0
    _write_seconds: float = 0.0
    _unwritten: bool = False

    @staticmethod
    def open(session: Session, settings: Mapping[str, Any]) -> Desk:
        """Take up the collection: tell what is odd about it, and have a whole submission in place.

        What an earlier process of the attempt finished is done. Raises InputError for a collection without tasks.
        """
        entries = read_entries(session.task.public)
        if not entries:
            raise InputError(
                "There are no tasks here to solve.",
                where=session.task.id,
                next_step="Name a file of challenges, not of solutions.",
            )
        copy = settings.get("submission")
        desk = Desk(session, entries, Submission(entries), Path(copy) if copy else None)
        answers = session.task.settings.get("development_answers")
        if answers:
            desk.targets = answers_at(Path(answers))
        desk._take_up_earlier()
        desk._begin()
        return desk

    @property
    def fitting(self) -> int:
        """Tasks for which some program gives every training output."""
        return sum(result.state is State.FITS for result in self.done.values())

    @property
    def out_of_time(self) -> bool:
        """Whether what is left of the attempt's time is for its last submission."""
        budget = self.session.budget
        return budget.remaining < min(_RESERVE_SECONDS, _RESERVE_SHARE * budget.total_seconds)

    @property
    def outputs(self) -> int:
        return sum(entry.tests for entry in self.entries)

    def take(self, number: int, outcome: Mapping[str, Any]) -> TaskResult:
        """Put a task's answers in place, and keep what became of it, by names of ``TaskResult``'s fields."""
        entry = self.entries[number]
        known = {key: value for key, value in outcome.items() if key not in ("number", "last")}
        result = TaskResult.from_dict(
            {
                "number": number,
                "task": entry.id,
                **known,
                "collection": self.session.task.public.name,
                "development": bool(self.targets),
            }
        )
        if result.attempts and (fault := fault_of(entry.id, result.attempts, entry.tests)):
            result = replace(result, state=State.FAILED, reason=fault, attempts=(), answered_by=(), belief=())
        self.done[number] = result
        if result.attempts:
            self.submission.put(entry.id, result.attempts)
            self._unwritten = True
        self.keep_up()
        save(self.session.attempt_dir, result)
        self._tell(result)
        return result

    def close(self) -> None:
        """The last word: the submission as a candidate with the share of outputs that is believed to be right."""
        self._write()
        if len(self.done) < len(self.entries):
            left = len(self.entries) - len(self.done)
            self.session.events.append("warning", text=f"The time is over; {left} tasks keep their fallback.")
        belief = sum(sum(result.belief) for result in self.done.values())
        score = Score(
            self.session.task.metric,
            Direction.MAXIMIZE,
            "validation",
            min(1.0, belief / max(1, self.outputs)),
        )
        title = f"{self.fitting} of {len(self.entries)} tasks with a program"
        self._summarise()
        self._submit("answers", "solve", title, score)

    def _take_up_earlier(self) -> None:
        collection = self.session.task.public.name
        for result in read_results(self.session.attempt_dir):
            if result.collection == collection and result.number < len(self.entries):
                self.done[result.number] = result
                if result.attempts:
                    self.submission.put(self.entries[result.number].id, result.attempts)
        self._done_before = len(self.done)

    def _begin(self) -> None:
        session = self.session
        self._summarise()
        if not session.submissions:
            self._submit("fallback", "draft", "a valid answer to everything", None)
        self._write()
        for doubt in session.task.settings.get("doubts", ()):
            session.events.append("warning", text=doubt)
        faults = [entry.fault for entry in self.entries if entry.fault]
        for fault in faults[:_MOST_FAULTS_TOLD]:
            session.events.append("warning", text=f"{fault} It keeps its fallback.")
        if len(faults) > _MOST_FAULTS_TOLD:
            more = len(faults) - _MOST_FAULTS_TOLD
            session.events.append("warning", text=f"{more} more tasks are malformed and keep their fallback.")
        if self._done_before:
            session.note(f"{self._done_before} of {len(self.entries)} tasks are done already.")

    def _submit(self, name: str, operator: str, title: str, score: Score | None) -> None:
        session = self.session
        folder = f"candidates/{name}"
        session.write(f"{folder}/{PRODUCT}", self.submission.text)
        candidate = Candidate(name, operator, folder=folder, title=title)
        session.created(candidate)
        cpu_seconds = sum(result.cpu_seconds for result in self.done.values())
        session.finished(
            Outcome(candidate, CandidateState.FINISHED, score, session.budget.elapsed, cpu_seconds)
        )
        session.submit(candidate, score, decided=True)

    def keep_up(self) -> None:
        """Bring the submission up to date, unless writing it has become most of the work: then now and then."""
        due = self._write_seconds / _WRITING_SHARE if self._write_seconds > _QUICK_SECONDS else 0.0
        if self._unwritten and time.monotonic() - self._written >= due:
            self._write()

    def _write(self) -> None:
        began = time.process_time()
        text = self.submission.text
        self.session.update(text)
        if self.copy is not None:
            write_whole(self.copy, text)
        self._unwritten = False
        self._written, self._write_seconds = time.monotonic(), time.process_time() - began

    def _tell(self, result: TaskResult) -> None:
        self.session.events.append(
            "family.task_done",
            task=result.task,
            state=result.state,
            reason=result.reason,
            belief=list(result.belief),
            cpu_seconds=result.cpu_seconds,
        )
        if result.state in (State.TIMED_OUT, State.OUT_OF_MEMORY, State.FAILED):
            kept = "It keeps its fallback."
            self.session.events.append(
                "warning", text=f"Task {result.task} {result.state}: {result.reason}. {kept}"
            )
        now, count = time.monotonic(), len(self.done)
        if now - self._told < _TOLD_EVERY_SECONDS and count < len(self.entries):
            return
        self._told = now
        pace = (now - self._began) / max(1, count - self._done_before)
        self.session.events.append(
            "progress",
            done=count,
            of=len(self.entries),
            what="tasks",
            good=self.fitting,
            goodness="with a program",
            eta_seconds=round(pace * (len(self.entries) - count), 1),
        )

    def _summarise(self) -> None:
        data = {
            "tasks": len(self.entries),
            "outputs": self.outputs,
            "development": bool(self.targets),
            "start_cpu_seconds": self.start_cpu_seconds,
        }
        write_whole(self.session.attempt_dir / SUMMARY, json.dumps(data) + "\n")
