"""How long an agent is borne with: it is told when it falls silent or goes in circles, and then it is ended.

Pure: it counts what it is shown. Ending is an LlmError whose text is the reason a report gives.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from medalist.core.errors import LlmError

SILENCES_BORNE = 2
"""Answers without a tool call, one after the other, that are answered with a sentence before the work is ended."""

_RECENT_STEPS = 12
_TOLD_AT, _ENDED_AT = 3, 6  # equal steps among the recent ones
_WAITING = "wait"
_NUMBER = re.compile(r"\d+(\.\d+)?")

_GO_ON = (
    "You called no tool. Nobody reads your words: only tools change anything here. Go on with the task, "
    "or call {ending} if you are done."
)
_CUT_OFF = (
    "Your answer was cut off at the limit on one answer. Go on with a tool call, and write long files in "
    "several smaller pieces."
)
_REFUSED = (
    "That was a refusal. This is an ordinary machine-learning task on files that its owner gave you to work "
    "on; nothing harmful is asked. Please go on with a tool call."
)
_POLLING = (
    "You are looking at the same thing again and again while a job runs. wait returns when there is news of it; do "
    "what is left to do meanwhile."
)
_CIRCLES = (
    "You have made this same call {times} times and had the same answer each time. It will not change: do "
    "something else, or call {ending} if you are done."
)


@dataclass(frozen=True)
class Acted:
    """One tool call and its answer."""

    tool: str
    arguments: str
    answer: str


Step = tuple[Acted, ...]


@dataclass
class Patience:
    """Counts an agent's silences and circles. ``ending`` is the tool by which it says that it is done."""

    ending: str = "finish"
    _silences: int = 0
    _steps: deque[Step] = field(default_factory=lambda: deque(maxlen=_RECENT_STEPS))
    _shapes: deque[Step] = field(default_factory=lambda: deque(maxlen=_RECENT_STEPS))
    """The same steps without the numbers in their answers."""

    def silent(self, finish_reason: str | None, own_submission: bool) -> str | None:
        """It called no tool. What to tell it, or None when it may count as done (a submission of its own is in place).

        ``finish_reason`` is the provider's, as pydantic-ai names it. Raises LlmError when it has been told often enough.
        """
        self._silences += 1
        refused = finish_reason == "content_filter"
        if self._silences <= SILENCES_BORNE:
            go_on = _CUT_OFF if finish_reason == "length" else _GO_ON.format(ending=self.ending)
            return _REFUSED if refused else go_on
        if own_submission and not refused:
            return None
        times = f"{self._silences} times in a row"
        if refused:
            raise LlmError(f"The language model refused to work, {times}.")
        if finish_reason == "length":
            raise LlmError(f"The language model's answer was cut off without a tool call, {times}.")
        raise LlmError(f"The language model stopped calling tools, {times}, with no submission of its own.")

    def acted(self, step: Sequence[Acted], *, jobs_running: bool) -> str:
        """It called tools. What to tell it beside their answers, "" for nothing.

        While jobs run, waiting is no circle, and answers that differ in a number may be progress: looking
        at it too often is told, and borne. Otherwise only the clock moves in them. Raises LlmError when
        it goes in circles and has been told.
        """
        self._silences = 0
        if jobs_running and all(each.tool == _WAITING for each in step):
            return ""
        exact, shape = tuple(step), tuple(_without_numbers(each) for each in step)
        self._steps.append(exact)
        self._shapes.append(shape)
        alike = self._shapes.count(shape)
        times = self._steps.count(exact) if jobs_running else alike
        if times >= _ENDED_AT:
            tools = ", ".join(each.tool for each in step)
            raise LlmError(
                f"The language model went in circles: {tools}, {times} times with the same answer."
            )
        if alike < _TOLD_AT:
            return ""
        return _POLLING if jobs_running else _CIRCLES.format(times=times, ending=self.ending)


def _without_numbers(acted: Acted) -> Acted:
    return Acted(acted.tool, acted.arguments, _NUMBER.sub("#", acted.answer))
