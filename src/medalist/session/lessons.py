"""Lessons (SPEC H4): a failure that was resolved is kept as a learned hint; a later one is answered with those first."""

from __future__ import annotations

import time

from medalist.core.errors import StoreError
from medalist.core.event import EventLog
from medalist.hints.learned import LearnedHint, LearnedHints, error_line
from medalist.hints.review import Finding, explain_log


class Lessons:
    """What one attempt learns, and what it knows of failures: from earlier attempts, then from the book.

    ``learned`` None learns nothing and knows the book alone. A file that cannot be used is a warning
    in the events, and no more: no attempt fails for its lessons.
    """

    def __init__(self, learned: LearnedHints | None, events: EventLog) -> None:
        self._learned = learned
        self._events = events

    def explain(self, log: str) -> list[Finding]:
        """The hints that a failed job's log matches, learned ones first."""
        return [*self._from_experience(log), *explain_log(log)]

    def known(self) -> list[LearnedHint]:
        """What earlier attempts learned and nobody dropped, the most frequent first."""
        try:
            learned = self._learned.list() if self._learned is not None else []
        except StoreError as failed:
            self._warn(failed)
            return []
        return [hint for hint in learned if hint.status != "dropped"]

    def learn(self, log: str, fix: str, evidence: str) -> None:
        """Keep that ``fix`` resolved the failure that ``log`` ends with; a log that names no error teaches nothing.

        The same failure is counted, not kept twice. ``evidence`` says what was seen to work; run and
        attempt are added to it.
        """
        error = error_line(log)
        if self._learned is None or not error:
            return
        where = "/".join(self._events.path.parts[-3:-1])
        try:
            hint = self._learned.add(error, fix, f"{where}: {evidence}", now=time.time())
        except StoreError as failed:
            self._warn(failed)
            return
        self._events.append(
            "hint_learned",
            number=hint.number,
            error=hint.error,
            fix=hint.fix,
            evidence=hint.evidence,
            times=hint.times,
        )

    def _from_experience(self, log: str) -> list[Finding]:
        if self._learned is None:
            return []
        try:
            return self._learned.explain(log)
        except StoreError as failed:
            self._warn(failed)
            return []

    def _warn(self, failed: StoreError) -> None:
        self._events.append("warning", text=str(failed))
