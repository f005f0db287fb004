"""The versions of one program that an engineer makes: each kept as it was, judged on data for development, put in place.

A version is judged from a copy out of the workspace's reach. What is right and faster than all before is submitted at
once, so that no ending loses it; what an engineer hands in at last goes in whatever was said of others (SPEC S2, S6).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import SubmissionInvalid, UsageError
from medalist.core.score import Direction, Score
from medalist.families.speedup.judged import METRIC, Judged
from medalist.families.speedup.product import UNTOUCHED, check_product, check_text, sources_of
from medalist.families.speedup.refusals import Refused
from medalist.search.population import Population
from medalist.session.session import Session
from medalist.workspace.handover import take_file

UNCHANGED = Score(METRIC, Direction.MAXIMIZE, "validation", 1.0)
"""What the program as it was is worth, by definition."""

CANDIDATES = "candidates"
ANSWER = "answer"
"""The operator of candidates that are handed in."""
_JUDGED = ".judged"


class Versions:
    """Every version of one attempt. Not for use from several threads, but for ``ask_judge``."""

    def __init__(self, session: Session, population: Population) -> None:
        self.judging_seconds = 0.0
        """How long judging took in all, waiting for others left out."""
        self.refused: Refused | None = None
        """The last version that was not even well-formed."""
        self.handed_in = any(outcome.candidate.operator == ANSWER for outcome in session.history)
        """Whether the engineer has said what its answer is, to this process or an earlier one."""
        self._session = session
        self._population = population
        self._judged: dict[str, Judged] = {}

    @property
    def product(self) -> str:
        return self._session.family.product

    @property
    def original(self) -> str:
        """The program's text as the task gives it."""
        session = self._session
        return (session.task.public / session.task.settings["program"]).read_text(encoding="utf-8")

    # ---------------------------------------------------------------- keeping

    def put_unchanged(self) -> None:
        """Submit the program as it is, which every ending leaves at least."""
        session = self._session
        name = self._population.next_id()
        candidate = Candidate(name, UNTOUCHED, folder=f"{CANDIDATES}/{name}", title="the program as it was")
        session.write(f"{candidate.folder}/{self.product}", self.original)
        session.created(candidate)
        self._tell(Outcome(candidate, CandidateState.FINISHED, UNCHANGED))
        session.submit(candidate, None)

    def keep(self, path: str, *, operator: str, title: str) -> Candidate:
        """A candidate of what ``path`` in the workspace holds now, and of the sources beside it that it names.

        Raises Refused for what is no program that defines the names asked for, SubmissionInvalid for no file.
        """
        session, folder = self._session, PurePosixPath(path).parent
        text = session.read(path)
        try:
            check_text(text.encode(errors="replace"), session.task.settings["required"])
        except Refused as refused:
            self.refused = refused
            raise
        name = self._population.next_id()
        candidate = Candidate(name, operator, folder=f"{CANDIDATES}/{name}", title=title)
        session.write(f"{candidate.folder}/{self.product}", text)
        for source in self._sources(text, str(folder)):
            session.write(f"{candidate.folder}/{source}", session.read(str(folder / source)))
        session.created(candidate)
        self._population.start(candidate)
        return candidate

    def _sources(self, text: str, folder: str) -> list[str]:
        with suppress(OSError):
            return sources_of(text, os.listdir(self._session.workspace.root / folder))
        return []

    # ---------------------------------------------------------------- judging

    def copy_out(self, folder: str) -> Path:
        """The program in a folder of the workspace, with its sources, where nothing in the workspace can change it.

        Raises SubmissionInvalid (Refused among them) for what cannot be judged.
        """
        session = self._session
        away = session.attempt_dir / _JUDGED / folder.replace("/", "-")
        shutil.rmtree(away, ignore_errors=True)
        file = take_file(session.workspace.root, f"{folder}/{self.product}", away / self.product)
        check_product(file, session.task.settings["required"])
        for source in self._sources(file.read_text(encoding="utf-8", errors="replace"), folder):
            with suppress(SubmissionInvalid):
                take_file(session.workspace.root, f"{folder}/{source}", away / source)
        return file

    def ask_judge(self, file: Path, given_up: Callable[[], bool] = lambda: False) -> Judged:
        """What the judge says of a copy that ``copy_out`` made. Takes a while; may be called in another thread."""
        judge = self._session.judge
        if judge is None:
            raise UsageError("This session has no judge for use meanwhile.")
        workspace = self._session.workspace
        return Judged(judge(file, lambda: given_up() or workspace.closed))

    def tell(self, candidate: Candidate, judged: Judged, seconds: float = 0.0) -> Outcome:
        """Take in what the judge said, and put the candidate in place where it is the best so far."""
        self.judging_seconds += judged.own_seconds
        self._judged[self._digest(candidate)] = judged
        score = judged.score
        state = CandidateState.FINISHED if score.scored else CandidateState.FAILED
        outcome = self._tell(
            Outcome(candidate, state, score if score.scored else None, seconds, reason=score.reason)
        )
        if score.better_than(UNCHANGED) and score.better_than(self._session.best):
            self.place(candidate, score)
        return outcome

    def tell_unjudged(self, candidate: Candidate, score: Score | None = None) -> Outcome:
        """Take in a candidate that nobody judges meanwhile; ``score`` is of an earlier one with the same text."""
        return self._tell(Outcome(candidate, CandidateState.FINISHED, score))

    def failed(self, candidate: Candidate, reason: str) -> Outcome:
        return self._tell(Outcome(candidate, CandidateState.FAILED, reason=reason))

    def _tell(self, outcome: Outcome) -> Outcome:
        self._population.tell(outcome)
        self._session.finished(outcome)
        return outcome

    # ------------------------------------------------------------- submitting

    def place(self, candidate: Candidate, score: Score | None, *, decided: bool = False) -> bool:
        """Submit a candidate with its sources; see ``Session.submit``."""
        sources: list[str] = []
        with suppress(SubmissionInvalid):  # which submitting says as well
            sources = self._sources(
                self._session.read(f"{candidate.folder}/{self.product}"), candidate.folder
            )
        return self._session.submit(candidate, score, files=sources, decided=decided)

    def hand_in(self, candidate: Candidate) -> bool:
        """Submit what an engineer says is its answer, with what the judge said of it if it was asked."""
        judged = self._judged.get(self._digest(candidate))
        score = judged.score if judged is not None and judged.score.scored else None
        self.tell_unjudged(candidate, score)
        self.handed_in = self.place(candidate, score, decided=True) or self.handed_in
        return self.handed_in

    def _digest(self, candidate: Candidate) -> str:
        digest = hashlib.sha256()
        folder = self._session.workspace.root / candidate.folder
        for name in sorted(os.listdir(folder)):
            digest.update(name.encode() + b"\0" + self._session.read(f"{candidate.folder}/{name}").encode())
        return digest.hexdigest()
