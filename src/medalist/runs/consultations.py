"""What the oracle was asked in an attempt, what it said, and whether what it approved then trained (SPEC O5).

A fold over events: questions, answers and verdicts by their number; an approval is followed by the
hash of the script's text to the first launch of that very text, and to what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from medalist.core.event import Event
from medalist.training.checkpoint import Verdicts

_STOPPED_BY_A_CHECK = {str(verdict) for verdict in Verdicts}


@dataclass
class Approval:
    """A script that the oracle approved. ``trained`` is None where that cannot be told: it was never launched,
    or was stopped for a reason of its engineer's; ``outcome`` says in words what became of it."""

    script: str
    sha256: str
    seconds: float
    outcome: str = "was never launched"
    trained: bool | None = None


@dataclass
class Consultation:
    """One question with its answers and its verdict, as their events tell them; no verdict, none came."""

    seconds: float
    asked: Mapping[str, Any]
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    verdict: Mapping[str, Any] = field(default_factory=dict)
    approvals: list[Approval] = field(default_factory=list)


def consultations(events: Iterable[Event]) -> list[Consultation]:
    """Every question of an attempt, in order. Numbers start again in a resumed process; the latest one counts."""
    found: list[Consultation] = []
    by_number: dict[int, Consultation] = {}
    followed = _Followed()
    for event in events:
        data = event.data
        match event.kind:
            case "oracle_asked":
                found.append(Consultation(event.seconds, data))
                by_number[data.get("consultation", 0)] = found[-1]
            case "oracle_answered" if data.get("consultation", 0) in by_number:
                by_number[data.get("consultation", 0)].answers.append(data)
            case "oracle_verdict" if data.get("consultation", 0) in by_number:
                consultation = by_number[data.get("consultation", 0)]
                consultation.verdict = data
                consultation.approvals = _approvals(event)
                followed.expect(consultation.approvals)
            case _:
                followed.take(event)
    return found


def share_trained(found: Sequence[Consultation]) -> tuple[int, int]:
    """Of the approved scripts whose first launch can be judged: how many trained at it, and how many there are."""
    judged = [each.trained for one in found for each in one.approvals if each.trained is not None]
    return sum(judged), len(judged)


def _approvals(event: Event) -> list[Approval]:
    """What the panel approved in a review; an approval by the training hints is none of the oracle's."""
    data = event.data
    if (data.get("use"), data.get("decision")) != ("review", "approve") or data.get("by") == "hints":
        return []
    scripts: Mapping[str, str] = data.get("scripts") or {}
    return [Approval(name, sha256, event.seconds) for name, sha256 in scripts.items()]


class _Followed:
    """Approved scripts from their approval to the end of their first launch."""

    def __init__(self) -> None:
        self._awaited: dict[str, Approval] = {}
        self._launched: dict[tuple[Any, Any], Approval] = {}

    def expect(self, approvals: Iterable[Approval]) -> None:
        self._awaited.update({each.sha256: each for each in approvals})

    def take(self, event: Event) -> None:
        data = event.data
        job = (data.get("folder"), data.get("name"))
        if event.kind == "script_reviewed":
            self._launched.pop(job, None)
            approval = self._awaited.pop(str(data.get("sha256")), None)
            if approval is not None:
                self._reviewed(approval, job, str(data.get("verdict")))
        elif event.kind == "relaunch" and job in self._launched:
            self._launched[job].trained = False
            self._launched.pop(job).outcome = f"was relaunched ({_words(data.get('why'))})"
        elif event.kind == "job_ended" and job in self._launched:
            _judge_end(self._launched.pop(job), data)

    def _reviewed(self, approval: Approval, job: tuple[Any, Any], verdict: str) -> None:
        if verdict == "approved":
            approval.outcome = "was launched and still ran at the end"
            self._launched[job] = approval
        else:  # the checks before the launch found what the oracle had not
            approval.outcome, approval.trained = f"was {verdict} by the checks before its launch", False


def _judge_end(approval: Approval, ended: Mapping[str, Any]) -> None:
    killed = str(ended.get("killed_reason") or "")
    if ended.get("returncode") == 0:
        approval.outcome, approval.trained = "trained", True
    elif not killed:
        approval.outcome, approval.trained = f"failed with status {ended.get('returncode')}", False
    elif killed in _STOPPED_BY_A_CHECK or "limit" in killed:
        approval.outcome, approval.trained = f"was stopped ({_words(killed)})", False
    else:
        approval.outcome = f"ended early ({killed})"


def _words(reason: Any) -> str:
    return str(reason or "").replace("_", " ")
