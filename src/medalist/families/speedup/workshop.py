"""The trade of speeding programs up as any engineer may use it: the family's side of ``session.workshop.Workshop``.

A candidate is one version of the program. The judge's own code scores it, on data for development; the machine is
taken for that, so candidates are judged one after the other. Engineers with tools get those of ``tools`` (SPEC S2).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import SubmissionInvalid
from medalist.core.score import Direction, Score, ScoreStatus
from medalist.families.speedup.brief import write_brief
from medalist.families.speedup.judged import METRIC, Judged
from medalist.families.speedup.operators import Operators
from medalist.families.speedup.refusals import Refused
from medalist.families.speedup.rescue import rescue
from medalist.families.speedup.tools import bring
from medalist.families.speedup.versions import CANDIDATES, Versions
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.session.session import Session
from medalist.session.workshop import Draft
from medalist.tools.brought import Brought
from medalist.training.review import ScriptFacts
from medalist.workspace.handover import take_tree

_OPERATOR_WORDS = {
    "draft": (
        "Write a version of the program that is fast in a way of its own: other libraries, another order of the work, "
        "native code. Keep it the same program, and simple enough to be right the first time."
    ),
    "improve": (
        "Make the parent faster by one deliberate change to what now takes the most time. Keep it the same program, do "
        "not repeat what its children tried already, and say in `notes` what you changed and why it should help."
    ),
    "debug": "The judge refused the parent. Find the cause and mend it; keep what makes it fast.",
    "crossover": "Join the two parents into one program that takes the faster way of each, part by part.",
    "ensemble": "Write one program that takes, part by part, the fastest way that any of the parents has found.",
}


@dataclass
class _InFlight:
    candidate: Candidate
    judged: Future[Judged]
    began: float
    given_up: threading.Event = field(default_factory=threading.Event)


class SpeedupWorkshop:
    """One session's workshop. See the protocol for what each method promises."""

    operator_words: Mapping[str, str] = _OPERATOR_WORDS

    def __init__(self, session: Session) -> None:
        self._session = session
        self.population = Population(session.history)
        self.scripts: Sequence[str] = (session.family.product,)
        self.versions = Versions(session, self.population)
        self._at_desk = False
        self._flights: list[_InFlight] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="judge")

    # --------------------------------------------------------------- opening

    def bring(self) -> Brought:
        """The desk of a speed-up, by the task's settings ``profiler`` and ``intermediate``."""
        self._at_desk = True
        settings = self._session.task.settings
        return bring(
            self.versions,
            profiler=bool(settings.get("profiler", True)),
            intermediate=bool(settings.get("intermediate", True)),
        )

    def prepare(self) -> None:
        session = self._session
        if not session.submissions:
            self.versions.put_unchanged()
        if not (session.workspace.root / session.family.product).exists():
            session.write(session.family.product, self.versions.original)

    # ---------------------------------------------------------- what is told

    def brief(self) -> str:
        return write_brief(self._session.task, self._session.family.product, at_desk=self._at_desk)

    def script_facts(self) -> ScriptFacts:
        return ScriptFacts()

    def files_of(self, candidate: Candidate) -> dict[str, str]:
        found = {}
        with suppress(OSError):
            for name in sorted(os.listdir(self._session.workspace.root / candidate.folder)):
                with suppress(SubmissionInvalid):
                    found[name] = self._session.read(f"{candidate.folder}/{name}")
        return found

    def log_of(self, candidate: Candidate) -> str:
        return self.population[candidate.id].reason if candidate.id in self.population else ""

    def score(self, folder: str) -> Score:
        try:
            return self.versions.ask_judge(self.versions.copy_out(folder)).score
        except SubmissionInvalid as refused:
            return Score(METRIC, Direction.MAXIMIZE, "validation", None, ScoreStatus.FAILED, _told(refused))

    # ------------------------------------------------------------ submitting

    def submit(self, candidate: Candidate, score: Score | None) -> bool:
        scored = score if score is not None and score.scored else None
        if scored is not None and candidate.id not in self.population:
            self.population.tell(Outcome(candidate, CandidateState.FINISHED, scored))
        return self.versions.place(candidate, scored)

    def adopt(self, folder: Path, title: str) -> Outcome:
        name = self.population.next_id()
        candidate = Candidate(name, "member", folder=f"{CANDIDATES}/{name}", title=title)
        take_tree(folder.resolve(), ".", self._session.workspace.root / candidate.folder)
        self._session.created(candidate)
        self.population.start(candidate)
        return self._end(self._judging(candidate))

    # ------------------------------------------------- candidates side by side

    def propose(self, proposal: Proposal) -> Draft | None:
        """The optimiser's: one edit of the program, or of a parent; or what two parents changed, joined."""
        texts = [self._text_of(self.population[name].candidate) for name in proposal.parents]
        if proposal.operator == "crossover":
            joined = self.operators.join(*texts)
            return None if joined is None else self._draft(proposal, "both parents' changes", joined)
        if proposal.operator not in ("draft", "improve"):
            return None
        edit = self.operators.edit(texts[0] if texts else self.versions.original)
        return None if edit is None else self._draft(proposal, edit.title, edit.text, edit.transformation)

    def _draft(self, proposal: Proposal, title: str, text: str, transformation: str = "") -> Draft:
        recipe = {"transformation": transformation} if transformation else {}
        return Draft(proposal.operator, title, {self.scripts[0]: text}, proposal.parents, recipe=recipe)

    def _text_of(self, candidate: Candidate) -> str:
        return self._session.read(f"{candidate.folder}/{self.scripts[0]}")

    @cached_property
    def operators(self) -> Operators:
        """The optimiser's edits, those left out that candidates of an earlier process are."""
        operators = Operators(self._session, self.versions.original)
        for outcome in self.population.outcomes:
            with suppress(SubmissionInvalid):
                operators.know(self._text_of(outcome.candidate))
        return operators

    @property
    def has_free_cores(self) -> bool:
        return not self._flights

    def room_for(self, draft: Draft) -> bool:
        return not self._flights

    def start(self, draft: Draft) -> Candidate:
        session, name = self._session, self.population.next_id()
        folder = f"{CANDIDATES}/{name}"
        candidate = Candidate(name, draft.operator, draft.parents, folder, draft.title, draft.recipe)
        for file_name, text in draft.files.items():
            session.write(f"{folder}/{file_name}", text)
        session.created(candidate)
        self.population.start(candidate)
        self._flights.append(self._judging(candidate))
        return candidate

    def _judging(self, candidate: Candidate) -> _InFlight:
        """Have a candidate judged in a thread; what is no program has failed already."""
        flight = _InFlight(candidate, Future(), self._session.budget.elapsed)
        try:
            file = self.versions.copy_out(candidate.folder)
        except SubmissionInvalid as refused:
            flight.judged.set_exception(refused)
            return flight
        flight.judged = self._pool.submit(self.versions.ask_judge, file, flight.given_up.is_set)
        return flight

    def collect(self, timeout_seconds: float) -> Sequence[Outcome]:
        wait(
            [flight.judged for flight in self._flights],
            timeout=timeout_seconds,
            return_when="FIRST_COMPLETED",
        )
        ended = [flight for flight in self._flights if flight.judged.done()]
        self._flights = [flight for flight in self._flights if flight not in ended]
        return [self._end(flight) for flight in ended]

    def _end(self, flight: _InFlight) -> Outcome:
        try:
            judged = flight.judged.result()
        except SubmissionInvalid as refused:
            return self.versions.failed(flight.candidate, _told(refused))
        return self.versions.tell(
            flight.candidate, judged, self._session.budget.elapsed - flight.began + judged.own_seconds
        )

    @property
    def busy(self) -> bool:
        return bool(self._flights)

    @property
    def seconds_left(self) -> float:
        """Of the budget, whose clock stands while somebody measures; this attempt's own judging counts all the same."""
        return max(0.0, self._session.budget.remaining - self.versions.judging_seconds)

    def close(self) -> None:
        for flight in self._flights:
            flight.given_up.set()
            flight.judged.cancel()
            self.versions.failed(flight.candidate, "the budget ended first")
        self._flights = []
        self._pool.shutdown()
        if self._at_desk:
            rescue(self._session, self.versions)


def _told(refused: SubmissionInvalid) -> str:
    return refused.told if isinstance(refused, Refused) else refused.what
