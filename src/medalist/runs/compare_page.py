"""Comparisons in words, as rows for a table, and as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from medalist.core.score import Direction
from medalist.runs.charts import Interval, intervals_chart
from medalist.runs.differences import Comparison, Difference, TaskRow, Verdict
from medalist.runs.markup import document, section, table
from medalist.runs.timeline import number

HEADINGS = ("task", "metric", "pairs", "first", "second", "change", "better in")

_KINDS = {Verdict.BETTER: "better", Verdict.WORSE: "worse"}


def headline(comparison: Comparison) -> str:
    """``B against A: worse`` or what else it came to."""
    verdict = comparison.of("score").verdict
    alarms = [
        each.quantity
        for each in comparison.differences
        if each.held and each.verdict is Verdict.WORSE and each.quantity != "score"
    ]
    more = f"; worse in {' and '.join(alarms)}" if alarms else ""
    return f"{comparison.b} against {comparison.a}: {verdict} in score{more}"


def summary_rows(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Each quantity: its name, what it came to, and on what evidence."""
    return [
        (each.quantity, str(each.verdict), _evidence(each)) for each in comparison.differences if each.rows
    ]


def task_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """The scores task by task, under ``HEADINGS``."""
    return [_task_row(row) for row in comparison.of("score").rows]


def page(comparisons: Sequence[Comparison]) -> str:
    """The whole page."""
    title = " · ".join(dict.fromkeys(each.a for each in comparisons)) + " ↔ "
    title += " · ".join(each.b for each in comparisons)
    return document(title, "".join(_comparison(each) for each in comparisons))


def _comparison(comparison: Comparison) -> str:
    rows = [
        (escape(name), f'<b class="verdict {_class(verdict)}">{escape(verdict)}</b>', escape(evidence))
        for name, verdict, evidence in summary_rows(comparison)
    ]
    tasks = [tuple(escape(cell) for cell in row) for row in task_rows(comparison)]
    left_out = "".join(f"<li>{escape(text)}</li>" for text in comparison.unpaired)
    notes = "".join(f'<p class="quiet">{escape(text)}</p>' for text in comparison.notes)
    headings = (*HEADINGS[:3], escape(comparison.a), escape(comparison.b), *HEADINGS[5:])
    parts = (
        section("What it came to", table(("", "", "evidence"), rows) + notes),
        section("Scores in standard deviations of their task, with 95 % intervals", _chart(comparison)),
        section("Scores task by task", table(headings, tasks) + _legend()),
        section("Left out", f"<ul>{left_out}</ul>" if left_out else ""),
    )
    return f'<article><h2 class="attempt">{escape(headline(comparison))}</h2>{"".join(parts)}</article>'


def _chart(comparison: Comparison) -> str:
    score = comparison.of("score")
    lines = [_interval(row) for row in score.rows]
    if len(lines) > 1:
        found = score.evidence
        kind = _KINDS.get(score.verdict, "even")
        lines.append(Interval("all tasks", found.mean, found.low, found.high, kind))
    return intervals_chart(lines, left=f"{comparison.a} is better", right=f"{comparison.b} is better")


def _interval(row: TaskRow) -> Interval:
    low = high = None
    if row.spread and row.low is not None and row.high is not None and not row.lost:
        sign = 1.0 if Direction(row.direction) is Direction.MAXIMIZE else -1.0
        low, high = sorted((sign * row.low / row.spread, sign * row.high / row.spread))
    outside = low is not None and high is not None and not low <= 0 <= high
    kind = ("better" if row.standardised > 0 else "worse") if outside else "even"
    return Interval(row.task, row.standardised, low, high, kind)


def _evidence(difference: Difference) -> str:
    found = difference.evidence
    between = "" if found.low is None or found.high is None else f" [{found.low:+.2f}, {found.high:+.2f}]"
    text = f"{found.mean:+.2f}{between} standard deviations over {found.pairs} pairs"
    if difference.quantity != "score":
        share = difference.change_share
        text = (
            "unchanged" if share == 0 else f"{share:+.1%}" if share is not None else "from nothing"
        ) + f", {text}"
    if found.p_worse is not None and found.p_better is not None:
        text += f", p = {min(found.p_worse, found.p_better):.3f} by {found.test}"
    return text if difference.held else f"{text}; told, not held"


def _task_row(row: TaskRow) -> tuple[str, ...]:
    between = "" if row.low is None or row.high is None else f" [{row.low:+.3g}, {row.high:+.3g}]"
    change = "–" if row.change is None else f"{row.change:+.3g}{between}"
    basis = "" if row.basis == "hidden" else f", {row.basis}"
    lost = f", {row.lost} without a product" if row.lost else ""
    arrow = "↑" if Direction(row.direction) is Direction.MAXIMIZE else "↓"
    return (
        row.task,
        f"{row.metric} {arrow}{basis}",
        f"{row.pairs}{lost}",
        number(row.mean_a),
        number(row.mean_b),
        change,
        f"{row.wins} of {row.pairs}",
    )


def _legend() -> str:
    return (
        '<p class="quiet">↑ higher is better, ↓ lower is better. Means over seeds; the change is the second '
        "side’s score less the first’s, with a 95 % interval. See docs/runs.md for what “beyond noise” means.</p>"
    )


def _class(verdict: str) -> str:
    return verdict if verdict in _KINDS.values() else ""
