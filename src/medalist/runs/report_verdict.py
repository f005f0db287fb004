"""How reports show an attempt at a task that is passed or not: verdict, ratio with its interval, reason; no medal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from medalist.runs import charts
from medalist.runs.timeline import duration, number
from medalist.runs.trial_lines import speed
from medalist.runs.verdict import Verdict

if TYPE_CHECKING:
    from medalist.runs.report import AttemptStory

HEADINGS = ("attempt", "state", "verdict", "ratio", "equal", "steps", "time", "why not")
"""Of the row that ``row`` makes."""

_ANSWERS = {True: "yes", False: "no", None: "–"}


def word(verdict: Verdict) -> str:
    """``passed``, or the kind of reason why not."""
    return "passed" if verdict.passed else verdict.kind or "not passed"


def row(name: str, state: str, verdict: Verdict, seconds: float) -> list[str]:
    """An attempt's cells in a table of attempts."""
    ratio = speed(verdict).removesuffix(", equal") or "–"
    equal, steps = _ANSWERS[verdict.equal], str(verdict.steps)
    return [
        name,
        state,
        word(verdict),
        ratio,
        equal,
        steps,
        duration(seconds),
        verdict.reason or verdict.note or "–",
    ]


def rows(verdict: Verdict, said: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures of a verdict, as label and text; ``said`` is the grader's report."""
    found = [
        ("verdict", word(verdict) + (f" – {verdict.reason}" if verdict.reason else "")),
        ("ratio", speed(verdict).removesuffix(", equal") or "–"),
        ("asked for", _times(verdict.target)),
        ("equal on hidden inputs", _ANSWERS[verdict.equal]),
        ("steps", str(verdict.steps)),
    ]
    found += [("handed in", verdict.note)] if verdict.note else []
    found += [("wall and CPU ratio", _clocks(said))] if said.get("wall_ratio") else []
    found += [("noise (wall over CPU)", number(verdict.noise))] if verdict.noise else []
    found += [("pairs timed", str(said["pairs"]))] if said.get("pairs") else []
    found += (
        [("import and build", duration(float(said["import_seconds"])))] if said.get("import_seconds") else []
    )
    found += [("machine", str(said["fingerprint"]))] if said.get("fingerprint") else []
    found += [("graded in", str(said["isolation"]))] if said.get("isolation") else []
    return found


def cards(story: AttemptStory, verdict: Verdict) -> list[tuple[str, str, str, str]]:
    """Label, value, note and kind of each card at the head of an attempt's page."""
    low_high = (
        f"{_times(verdict.low)} to {_times(verdict.high)}" if verdict.low is not None else "not measured"
    )
    low_high += f" · wall over CPU {verdict.noise:.2f}" if verdict.noise else ""
    figures = story.figures
    seconds = f"of {duration(figures.started.get('budget_seconds'))} · {story.record.state}"
    return [
        (
            "verdict",
            word(verdict),
            f"asked for: {_times(verdict.target)}",
            "good" if verdict.passed else "bad",
        ),
        ("times as fast", _times(verdict.ratio), low_high, "accent"),
        ("equal", _ANSWERS[verdict.equal], "on hidden inputs, drawn after it was handed in", ""),
        ("steps", str(verdict.steps), "by the engineer", ""),
        ("time", duration(figures.seconds), seconds, ""),
    ]


def chart(stories: Sequence[AttemptStory]) -> str:
    """The measured ratios with their intervals, and what is asked for; "" where nothing was measured."""
    verdicts = [(story.name, story.verdict) for story in stories if story.verdict is not None]
    measured = [(name, verdict) for name, verdict in verdicts if verdict.ratio and verdict.target]
    lines = [
        charts.Interval(
            name, verdict.ratio or 1.0, verdict.low, verdict.high, "better" if verdict.passed else "worse"
        )
        for name, verdict in measured
    ]
    return charts.ratios_chart(lines, target=measured[0][1].target or 1.0) if measured else ""


def _times(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}x" if value < 1000 else f"{value:.0f}x"


def _clocks(said: Mapping[str, Any]) -> str:
    return f"{_times(said['wall_ratio'])} and {_times(said.get('cpu_ratio'))}"
