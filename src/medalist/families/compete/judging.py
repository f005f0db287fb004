"""Judging what a folder's scripts left: its validation score, and whether its predictions can be blended.

Both are recomputed by children of Medalist's own. What they go by lies where engineers' code can write,
so facts.json is put back if it was changed, and the targets are read where they really lie.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medalist.core.errors import MedalistError, SubmissionInvalid
from medalist.core.score import Direction, Score, ScoreStatus
from medalist.families.compete.facts import Facts
from medalist.families.compete.opening import FACTS
from medalist.families.compete.predictions import predictions_command, read_fault
from medalist.families.compete.scoring import read_score, scoring_command
from medalist.session.session import Session

_LEAST_SECONDS = 2.0


class Judge:
    """Judges folders of one session's workspace by ``facts``."""

    def __init__(self, session: Session, facts: Facts) -> None:
        self._session = session
        self._facts = facts
        self._facts_text = facts.as_json()

    def score(self, folder: str) -> Score:
        """The score of artifacts/oof.npz in ``folder``; UNSCORED or FAILED with a reason where there is none."""
        refusal = self._refusal(folder)
        if refusal is not None:
            return refusal
        completed = self._session.run(
            scoring_command(folder, facts=FACTS, public=str(self._session.workspace.public)),
            timeout_seconds=self._seconds,
        )
        score = read_score(completed)
        if score.metric:
            return score
        return replace(score, metric=self._facts.metric, direction=Direction(self._facts.direction))

    def fault(self, folder: str) -> str:
        """Why the predictions in ``folder`` cannot be blended with others'; "" where they can."""
        refusal = self._refusal(folder)
        if refusal is not None:
            return refusal.reason
        completed = self._session.run(
            predictions_command(folder, facts=FACTS, public=str(self._session.workspace.public)),
            timeout_seconds=self._seconds,
        )
        return read_fault(completed)

    @property
    def _seconds(self) -> float:
        return max(_LEAST_SECONDS, self._session.budget.remaining)

    def _refusal(self, folder: str) -> Score | None:
        root = self._session.workspace.root
        if not (root / folder).resolve().is_relative_to(root):
            return self._without(ScoreStatus.FAILED, f"{folder} lies outside the workspace")
        if not (root / folder / "artifacts" / "oof.npz").is_file():
            return self._without(
                ScoreStatus.UNSCORED,
                f"{Path(folder) / 'artifacts' / 'oof.npz'} was not written, so there is nothing to score",
            )
        return self._put_facts_back()

    def _put_facts_back(self) -> Score | None:
        """What scoring goes by stands where an engineer's code can write."""
        try:
            if self._session.read(FACTS) == self._facts_text:
                return None
        except SubmissionInvalid:
            pass
        try:
            (self._session.workspace.root / FACTS).unlink(missing_ok=True)
            self._session.write(FACTS, self._facts_text)
        except (OSError, MedalistError) as error:
            return self._without(ScoreStatus.FAILED, f"{FACTS} was replaced and cannot be put back: {error}")
        return None

    def _without(self, status: ScoreStatus, reason: str) -> Score:
        facts = self._facts
        return Score(facts.metric, Direction(facts.direction), "validation", None, status, reason)
