"""What became of an attempt at a task that is passed or not: passed, or one reason of a kind that can be counted.

Whether a product passes is the family's grader's to say, in the keys ``passed``, ``refusal`` (the kind of reason),
``ratio``, ``low``, ``high``, ``target``, ``equal`` and ``noise`` of its report. What is said here is what a grader
cannot see: that there was nothing to grade, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from medalist.core.score import ScoreStatus
from medalist.runs.figures import Figures
from medalist.runs.grading import Grade
from medalist.runs.store import AttemptRecord, AttemptState

_LONGEST_REASON_CHARACTERS = 400


class Ungraded(StrEnum):
    """Kinds of failures that leave nothing to judge. The value is what reports carry."""

    NEVER_SUBMITTED = "never submitted"
    CRASHED = "crashed"
    STOPPED = "stopped"
    GRADER_FAILED = "grader failed"


UNDECIDED = (Ungraded.STOPPED, Ungraded.GRADER_FAILED)
"""Kinds that say nothing of the engineer: such attempts count neither as passed nor as failed."""


@dataclass(frozen=True)
class Verdict:
    """One attempt's. ``kind`` is "" when it passed; ``reason`` says it to a person.

    ``ratio`` is how many times as fast the product is, between ``low`` and ``high``; None where none was measured.
    ``equal`` says whether it answers as it must, None where that was not asked. ``steps`` counts the engineer's.
    """

    passed: bool
    kind: str = ""
    reason: str = ""
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    target: float | None = None
    equal: bool | None = None
    noise: float | None = None
    fingerprint: str = ""
    isolation: str = ""
    """What the product was measured on, and in which sandbox: ratios are comparable where both are equal."""
    steps: int = 0
    note: str = ""
    """What else a person should know: that the product was not handed in but found, and where."""

    @property
    def decided(self) -> bool:
        return self.kind not in UNDECIDED

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Verdict:
        """Raises TypeError for what ``as_dict`` did not write; keys of later versions are left out."""
        known = {each.name for each in fields(Verdict)}
        return Verdict(**{key: value for key, value in data.items() if key in known})


def reach(state: AttemptState, reason: str, figures: Figures, grade: Grade | None) -> Verdict:
    """The verdict on an attempt that ended in ``state`` for ``reason``; ``grade`` None where nothing was graded."""
    steps = steps_of(figures)
    rescued = next((event.data for event in reversed(figures.of("rescued"))), None)
    if grade is None and rescued is not None and state is not AttemptState.INTERRUPTED:
        return _failed(rescued["reason"], rescued["text"], steps)
    if grade is None:
        return replace(_nothing_to_grade(state, reason), steps=steps)
    said = grade.report
    passed = said.get("passed") is True
    if grade.status is ScoreStatus.GRADER_ERROR:
        if state is AttemptState.INTERRUPTED:
            return replace(_STOPPED, steps=steps)
        return _failed(Ungraded.GRADER_FAILED, grade.reason, steps)
    return Verdict(
        passed,
        "" if passed else str(said.get("refusal") or grade.status),
        "" if passed else _sentence(grade.reason),
        **{name: said.get(name) for name in ("ratio", "low", "high", "target", "equal", "noise")},
        fingerprint=str(said.get("fingerprint") or ""),
        isolation=str(said.get("isolation") or ""),
        steps=steps,
        note=_sentence(f"{rescued['reason']}: {rescued['text']}") if rescued is not None else "",
    )


def verdict_of(record: AttemptRecord) -> Verdict:
    """The verdict that a record holds; one that was never written says what became of the attempt instead."""
    kept = record.result.get("verdict")
    if isinstance(kept, Mapping):
        return Verdict.from_dict(kept)
    if record.state is AttemptState.RUNNING:
        return _failed(Ungraded.CRASHED, "its process ended without a word.")
    return _nothing_to_grade(record.state, record.reason)


def steps_of(figures: Figures) -> int:
    """How many steps an engineer took: answers of its language model; else calls of tools; else candidates."""
    answers = sum(event.data.get("role") == "engineer" for event in figures.of("llm_call"))
    calls = figures.counts.get("tool_called", 0)
    return answers or calls or len(figures.candidates)


def _sentence(text: str) -> str:
    """On one line, and not too long for one."""
    words = " ".join(text.split())
    if len(words) <= _LONGEST_REASON_CHARACTERS:
        return words
    return words[: _LONGEST_REASON_CHARACTERS - 1] + "…"


def _nothing_to_grade(state: AttemptState, reason: str) -> Verdict:
    match state:
        case AttemptState.FAILED:
            return _failed(Ungraded.CRASHED, reason)
        case AttemptState.LIMIT:
            return _failed(Ungraded.NEVER_SUBMITTED, reason)
        case AttemptState.FINISHED:
            return _failed(Ungraded.NEVER_SUBMITTED, "the engineer was done and had handed in nothing.")
        case _:
            return _STOPPED


def _failed(kind: str, why: str, steps: int = 0) -> Verdict:
    """As a grader says it: the kind first."""
    return Verdict(False, kind, _sentence(f"{kind}: {why}"), steps=steps)


_STOPPED = _failed(Ungraded.STOPPED, "the attempt was stopped before its end.")
