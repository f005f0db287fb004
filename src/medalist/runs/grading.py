"""The hidden grade: starts a family's grader as a process of its own and reads its one line.

Called only when an engineer's processes are dead. The result goes to ``grade.json`` beside the
workspace, never into it, and into no event. What the grader must print as its last line is one
JSON object with

    status      scored, invalid, unscored (no answers), or grader_error
    metric, direction ("max" or "min"), score (null unless scored), reason ("" when scored)

and whatever else the family reports (``medal``, MLE-bench's keys, a ratio with its interval). A
grader that prints no such line has failed itself: that is ``grader_error``, never the submission's
fault.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medalist.core.answers import Answers
from medalist.core.family import Family, JudgesMeanwhile, Opened
from medalist.core.score import ScoreStatus
from medalist.core.task import Task
from medalist.machine import children
from medalist.session.session import Judge

GRADER_SECONDS = 1800.0
"""How long a grader may take; as often that as there are attempts at once, for one of speed-ups may have to wait for
others to be done with the machine."""


@dataclass(frozen=True)
class Grade:
    """A hidden grade. ``score`` is None unless ``status`` is SCORED; ``report`` is all the grader said."""

    status: ScoreStatus
    score: float | None = None
    metric: str = ""
    direction: str = ""
    medal: str | None = None
    reason: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Whether the product was well-formed; a grader's own failure says nothing against it."""
        return self.status is not ScoreStatus.INVALID

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.report,
            "status": self.status,
            "score": self.score,
            "metric": self.metric,
            "direction": self.direction,
            "medal": self.medal,
            "reason": self.reason,
        }


def grade_product(
    family: Family,
    task: Task,
    answers: Answers | None,
    product: Path,
    *,
    timeout_seconds: float = GRADER_SECONDS,
    isolation: str = "",
    tell: Callable[[str], None] | None = None,
) -> Grade:
    """The hidden grade of ``product``. ``isolation`` names the sandbox it was made in, and is stamped on it
    where the grader does not name one of its own.

    ``tell`` hears each line that the grader says meanwhile.
    """
    if answers is None:
        return Grade(ScoreStatus.UNSCORED, reason="The task carries no hidden answers.")
    command = family.grader_command(task, answers, product)
    return _ask_grader(command, product, timeout_seconds, tell, {"isolation": isolation} if isolation else {})


def _ask_grader(
    command: Sequence[str],
    product: Path,
    timeout_seconds: float,
    tell: Callable[[str], None] | None = None,
    unless_said: Mapping[str, Any] | None = None,
    given_up: Callable[[], bool] = lambda: False,
) -> Grade:
    """Run a grader to its end; ``unless_said`` stands in for what it does not say itself."""
    answer = children.ask(
        list(command),
        cwd=Path(product.anchor),
        timeout_seconds=timeout_seconds,
        tell=tell,
        given_up=given_up,
    )
    if answer.returncode is None:
        return Grade(ScoreStatus.GRADER_ERROR, reason=f"The grader took more than {timeout_seconds:.0f} s.")
    said = _last_object(answer.output)
    if said is None:
        last = answer.errors.strip().splitlines()[-1:] or [f"return code {answer.returncode}"]
        return Grade(ScoreStatus.GRADER_ERROR, reason=f"The grader failed: {last[0]}")
    return read_grade({**(unless_said or {}), **said})


def judge_meanwhile(family: Family, opened: Opened) -> Judge | None:
    """What asks the family's judge while an attempt goes on, and gives its report; None where it has none for that.

    Its data are never those of a final grade, so an engineer may be told what it says.
    """
    answers = opened.answers
    if answers is None or not isinstance(family, JudgesMeanwhile):
        return None

    def judge(product: Path, given_up: Callable[[], bool]) -> Mapping[str, Any]:
        command = family.development_command(opened.task, answers, product)
        return _ask_grader(command, product, GRADER_SECONDS, given_up=given_up).as_dict()

    return judge


def read_grade(said: Mapping[str, Any]) -> Grade:
    """A grade from a grader's object or from ``grade.json``; an object that contradicts itself is grader_error."""
    try:
        status = ScoreStatus(said["status"])
        score = None if said.get("score") is None else float(said["score"])
    except (KeyError, ValueError, TypeError) as error:
        return Grade(ScoreStatus.GRADER_ERROR, reason=f"The grader's answer makes no sense: {error!r}.")
    if (status is ScoreStatus.SCORED) != (score is not None):
        return Grade(ScoreStatus.GRADER_ERROR, reason=f"The grader said {status} with score {score}.")
    return Grade(
        status=status,
        score=score,
        metric=str(said.get("metric") or ""),
        direction=str(said.get("direction") or ""),
        medal=said.get("medal"),
        reason=str(said.get("reason") or ""),
        report=dict(said),
    )


def _last_object(output: str) -> dict[str, Any] | None:
    """The JSON object on the last line that is not blank, or None."""
    lines = output.strip().splitlines()
    try:
        said = json.loads(lines[-1]) if lines else None
    except json.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None
