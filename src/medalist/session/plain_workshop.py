"""A workshop for families whose tasks are one script and one product: what a small plug-in needs and no more.

A family with operators of its own, with steps after training, or with something to blend, brings its
own (``families/compete/workshop.py`` does).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import SubmissionInvalid
from medalist.core.score import Direction, Score, ScoreStatus
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.session.session import Session
from medalist.session.supervisor import Watched
from medalist.session.workshop import Draft
from medalist.training.review import ScriptFacts
from medalist.workspace.handover import take_tree

Scoring = Callable[[Session, str], Score]
"""Scores what a folder of the workspace holds; a score without a value says why."""

_MOST_FILES = 40


@dataclass
class _InFlight:
    candidate: Candidate
    cores: tuple[int, ...]
    watched: Watched
    began: float


class PlainWorkshop:
    """Candidates that are one script each, ``scripts[0]``, run in their folder, where they leave the product.

    ``task`` says in Markdown what is to be solved; how to hand it in is added. ``scoring`` gives the
    validation score of a folder; without one every product is a guess without a score, and the last
    valid one stands. The family has no operators of its own, so ``propose`` has nothing to offer.
    """

    def __init__(
        self,
        session: Session,
        task: str,
        *,
        scripts: Sequence[str] = ("solve.py",),
        scoring: Scoring | None = None,
    ) -> None:
        self.population = Population(session.history)
        self.scripts = scripts
        self._session = session
        self._task = task
        self._scoring = scoring
        self._flights: list[_InFlight] = []
        self._free = list(session.cores)

    def prepare(self) -> None:
        """Nothing: there is no emergency submission that every task of this kind would have."""

    def brief(self) -> str:
        product = self._session.family.product
        return (
            f"{self._task.strip()}\n\n## What to hand in\n\n"
            f"A candidate is a folder `candidates/NAME/` with {', '.join(self.scripts)}. `{self.scripts[0]}` is run in "
            f"that folder, finds the task's files in `../../input` (read-only) and writes `{product}` beside itself.\n"
        )

    def script_facts(self) -> ScriptFacts:
        return ScriptFacts()

    def files_of(self, candidate: Candidate) -> dict[str, str]:
        try:
            names = sorted(os.listdir(self._session.workspace.root / candidate.folder))
        except OSError:
            return {}
        found = {}
        for name in [name for name in names if name.endswith(".py")][:_MOST_FILES]:
            with suppress(SubmissionInvalid):
                found[name] = self._session.read(f"{candidate.folder}/{name}")
        return found

    def log_of(self, candidate: Candidate) -> str:
        with suppress(SubmissionInvalid):
            return self._session.read(f"{candidate.folder}/run.log")
        return self.population[candidate.id].reason if candidate.id in self.population else ""

    def score(self, folder: str) -> Score:
        if self._scoring is not None:
            return self._scoring(self._session, folder)
        metric, direction = self._session.task.metric, self._session.task.direction or Direction.MAXIMIZE
        reason = "this task has no validation score"
        return Score(metric, direction, "validation", None, ScoreStatus.UNSCORED, reason)

    def submit(self, candidate: Candidate, score: Score | None) -> bool:
        scored = score if score is not None and score.scored else None
        if scored is not None and candidate.id not in self.population:
            self.population.tell(Outcome(candidate, CandidateState.FINISHED, scored))
        return self._session.submit(candidate, scored, files=tuple(self.files_of(candidate)))

    def adopt(self, folder: Path, title: str) -> Outcome:
        name = self.population.next_id()
        candidate = Candidate(id=name, operator="member", folder=f"candidates/{name}", title=title)
        take_tree(folder.resolve(), ".", self._session.workspace.root / candidate.folder)
        self._session.created(candidate)
        return self._judged(candidate, 0.0, 0.0)

    # ------------------------------------------------- candidates side by side

    def propose(self, proposal: Proposal) -> Draft | None:
        return None

    @property
    def has_free_cores(self) -> bool:
        return bool(self._free)

    def room_for(self, draft: Draft) -> bool:
        return self._threads(draft) <= len(self._free)

    def start(self, draft: Draft) -> Candidate:
        session, name = self._session, self.population.next_id()
        folder = f"candidates/{name}"
        candidate = Candidate(name, draft.operator, draft.parents, folder, draft.title, draft.recipe)
        for file_name, text in draft.files.items():
            session.write(f"{folder}/{file_name}", text)
        session.created(candidate)
        self.population.start(candidate)
        count = self._threads(draft)
        cores, self._free = tuple(self._free[:count]), self._free[count:]
        limit = min(draft.at_most_seconds, max(1.0, session.budget.remaining))
        watched = session.launch(
            [self.scripts[0]],
            cwd=folder,
            name="run",
            candidate_id=name,
            cores=cores,
            seconds_limit=limit,
            facts=self.script_facts(),
        )
        self._flights.append(_InFlight(candidate, cores, watched, session.budget.elapsed))
        return candidate

    def _threads(self, draft: Draft) -> int:
        return max(1, min(draft.threads, len(self._session.cores)))

    def collect(self, timeout_seconds: float) -> Sequence[Outcome]:
        self._session.wait(timeout_seconds)
        return [self._ended(flight) for flight in list(self._flights) if flight.watched.ended]

    def _ended(self, flight: _InFlight) -> Outcome:
        self._flights.remove(flight)
        self._free = sorted([*self._free, *flight.cores])
        completed, seconds = flight.watched.completed(), self._session.budget.elapsed - flight.began
        if completed.returncode == 0:
            return self._judged(flight.candidate, seconds, completed.cpu_seconds)
        reason, cpu_seconds = flight.watched.why_it_failed(), completed.cpu_seconds
        return self._told(
            Outcome(flight.candidate, CandidateState.FAILED, None, seconds, cpu_seconds, reason)
        )

    def _judged(self, candidate: Candidate, seconds: float, cpu_seconds: float) -> Outcome:
        """Score what a candidate left, and submit it if it is better; a product that is malformed is a failure."""
        product = f"{candidate.folder}/{self._session.family.product}"
        validation = self._session.validate(product)
        if not validation.valid:
            state, score, reason = CandidateState.FAILED, None, validation.reason
        else:
            state, score, reason = CandidateState.FINISHED, self.score(candidate.folder), ""
            score = score if score.scored else None
        outcome = self._told(Outcome(candidate, state, score, seconds, cpu_seconds, reason))
        if validation.valid and (score is None or score.better_than(self._session.best)):
            self.submit(candidate, score)
        return outcome

    def _told(self, outcome: Outcome) -> Outcome:
        self.population.tell(outcome)
        self._session.finished(outcome)
        return outcome

    @property
    def busy(self) -> bool:
        return bool(self._flights)

    @property
    def seconds_left(self) -> float:
        return self._session.budget.remaining

    def close(self) -> None:
        for flight in list(self._flights):
            self._session.supervisor.kill(flight.watched, "the budget ended first")
            self._ended(flight)
