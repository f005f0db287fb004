"""What a report shows: one reading of a run's files, from which the page and the Markdown are made."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medalist.core.errors import UsageError
from medalist.core.family import Draws, find_family
from medalist.core.patience import write_whole
from medalist.runs import report_verdict
from medalist.runs.checklist import Tick, checklist
from medalist.runs.consultations import consultations, share_trained
from medalist.runs.figures import Figures, fold
from medalist.runs.grading import Grade, read_grade
from medalist.runs.language_models import dollars, language_models
from medalist.runs.notes import read_notes
from medalist.runs.report_oracle import USE_HEADINGS, oracle_lines, record, use_rows
from medalist.runs.store import AttemptRecord, Store
from medalist.runs.timeline import duration, number, sentence, stamp
from medalist.runs.verdict import Verdict, verdict_of


@dataclass(frozen=True)
class AttemptStory:
    """One attempt as reports tell it. ``readings`` are telemetry lines of the whole attempt."""

    record: AttemptRecord
    figures: Figures
    grade: Grade | None
    readings: tuple[Mapping[str, Any], ...]
    ticks: tuple[Tick, ...]
    notes: str = ""
    """What the engineer wrote beside its product, Markdown."""

    drawing: str = ""
    """Pictures of the family's own, markup."""

    @property
    def name(self) -> str:
        return self.record.spec.id

    @property
    def verdict(self) -> Verdict | None:
        """Of an attempt that ended, at a task that is passed or not."""
        return verdict_of(self.record) if self.record.result.get("verdict") else None


def read_story(store: Store, attempt_id: str) -> AttemptStory:
    """Read one attempt; what a killed process left unwritten is simply not there."""
    folder = store.folder(attempt_id)
    figures = fold(store.events(attempt_id))
    record = store.read(attempt_id)
    grade = _grade(folder / "grade.json")
    # where a training is worked on, or none is asked for, the habits of one say nothing
    trained = not (record.result.get("verdict") or record.result.get("tally"))
    return AttemptStory(
        record=record,
        figures=figures,
        grade=grade,
        readings=tuple(_json_lines(folder / "telemetry.jsonl")),
        ticks=tuple(checklist(figures, folder / "workspace")) if trained else (),
        notes=read_notes(folder / "submission"),
        drawing=_drawing(record, folder, grade),
    )


def _drawing(record: AttemptRecord, folder: Path, grade: Grade | None) -> str:
    try:
        family = find_family(record.spec.task.family)
    except UsageError:
        return ""  # a plug-in's that is installed no more
    return family.drawing(folder, grade.report if grade else {}) if isinstance(family, Draws) else ""


def read_stories(store: Store) -> list[AttemptStory]:
    """Every attempt of a run, in its order."""
    return [read_story(store, record.spec.id) for record in store.attempts()]


def write_page(store: Store, path: Path) -> Path:
    """Write the run's HTML page and return its path. Raises StoreError when it cannot be written."""
    from medalist.runs.report_html import page

    write_whole(path, page(store.root.name, read_stories(store)), durable=True)
    return path


def write_attempt_page(store: Store, attempt_id: str) -> Path:
    """Write one attempt's page beside its events."""
    from medalist.runs.report_html import page

    path = store.folder(attempt_id) / "report.html"
    write_whole(path, page(attempt_id, [read_story(store, attempt_id)]), durable=True)
    return path


def markdown(store: Store) -> str:
    """The run as Markdown: a table, then each attempt's figures, checklist and timeline."""
    stories = read_stories(store)
    parts = [f"# {store.root.name}", "", *_table(overview_rows(stories), overview_headings(stories))]
    oracle = record(story.figures for story in stories)
    parts += ["", oracle] if oracle else []
    for story in stories:
        parts += [
            "",
            f"## {story.name}",
            "",
            *_table([list(pair) for pair in figure_rows(story)], ("figure", "")),
        ]
        ticks = [f"- {mark(tick)} {tick.habit}: {tick.evidence}" for tick in story.ticks]
        parts += ["", "### Checklist", "", *ticks] if ticks else []
        parts += ["", "### Notes", "", re.sub("^#", "###", story.notes, flags=re.M)] if story.notes else []
        for title, lines in (("Oracle", oracle_lines(story.figures)), ("Language models", _use_table(story))):
            parts += ["", f"### {title}", "", *lines] if lines else []
        parts += ["", "### Timeline", "", "```", *timeline(story.figures), "```"]
    return "\n".join(parts) + "\n"


def _use_table(story: AttemptStory) -> list[str]:
    rows = use_rows(story.figures)
    return _table(rows, USE_HEADINGS) if rows else []


def mark(tick: Tick) -> str:
    """✓, ✗, or – where there was no occasion."""
    return {True: "✓", False: "✗", None: "–"}[tick.held]


def timeline(figures: Figures) -> list[str]:
    """``[00:07] …`` lines."""
    told = ((event, sentence(event)) for event in figures.events)
    return [f"{stamp(event.seconds)} {text}" for event, text in told if text]


def figure_rows(story: AttemptStory) -> list[tuple[str, str]]:
    """The figures of SPEC G6 and the attempt's outcome, as label and text."""
    figures, telemetry = story.figures, story.figures.telemetry
    rows = [("state", f"{story.record.state}" + (f" – {story.record.reason}" if story.record.reason else ""))]
    rows += _verdict_rows(story) or _score_rows(story)
    rows += [
        ("total time", f"{duration(figures.seconds)} of {duration(figures.started.get('budget_seconds'))}"),
        ("candidates", str(len(figures.candidates))),
        ("failures (before success)", f"{figures.failures} ({figures.failures_before_success})"),
    ]
    rows += [] if story.verdict else _training_rows(story)
    if telemetry:
        rows += [
            ("cores used, mean and peak", f"{telemetry['mean_cores_used']} · {telemetry['peak_cores_used']}"),
            ("peak memory", f"{telemetry['peak_memory_bytes'] / 2**30:.2f} GB"),
        ]
    if "peak_gpu_memory_share" in telemetry:
        rows += [
            ("GPU memory, mean and peak", _percents(telemetry, "gpu_memory_share")),
            ("GPU utilisation, mean and peak", _percents(telemetry, "gpu_utilisation")),
        ]
    rows += _language_model_rows(figures)
    rows.append(("isolation", str(figures.sandbox.get("isolation") or "–")))
    return rows


def _score_rows(story: AttemptStory) -> list[tuple[str, str]]:
    figures, result = story.figures, story.record.result
    optimism = " (an ensemble's, mildly optimistic)" if figures.blended else ""
    return [
        ("metric", f"{result.get('metric') or '–'} ({result.get('direction') or '–'})"),
        ("validation score", number(result.get("validation_score")) + optimism),
        ("hidden score", _hidden(story)),
        ("first valid submission", duration(figures.first_valid_seconds)),
        ("first better than a constant", duration(figures.first_better_than_constant_seconds)),
    ]


def _training_rows(story: AttemptStory) -> list[tuple[str, str]]:
    return [
        ("relaunches", str(story.figures.relaunches)),
        ("batch sizes used", _batches(story)),
        ("seconds an epoch", _epochs(story.figures)),
    ]


def _verdict_rows(story: AttemptStory) -> list[tuple[str, str]]:
    said = story.grade.report if story.grade else {}
    return [] if story.verdict is None else report_verdict.rows(story.verdict, said)


def _language_model_rows(figures: Figures) -> list[tuple[str, str]]:
    used = language_models(figures.events)
    rows = [("language models", f"{dollars(figures.cost_usd)}, {figures.tokens:,} tokens")] if used else []
    trained, judged = share_trained(consultations(figures.events))
    if judged:
        rows.append(("approvals that trained at once", f"{trained} of {judged}"))
    return rows


def machine_text(figures: Figures) -> str:
    """The machine in words: cores, memory, GPUs."""
    machine = figures.started.get("hardware") or {}
    if not machine:
        return "–"
    gpus = ", ".join(gpu["name"] for gpu in machine.get("gpus", ())) or "no GPU"
    return f"{machine.get('cores')} cores, {machine.get('memory_bytes', 0) / 2**30:.0f} GB, {gpus}"


_MEDALS = {"gold": "🥇 gold", "silver": "🥈 silver", "bronze": "🥉 bronze"}
_HEADINGS = ("attempt", "state", "metric", "validation", "hidden", "medal", "first valid", "time")


def overview_headings(stories: Sequence[AttemptStory]) -> tuple[str, ...]:
    """Of the table with a row for each attempt."""
    return report_verdict.HEADINGS if any(story.verdict for story in stories) else _HEADINGS


def overview_rows(stories: Sequence[AttemptStory]) -> list[list[str]]:
    """A row for each attempt, as ``overview_headings`` says."""
    if not any(story.verdict for story in stories):
        return [_row(story) for story in stories]
    return [
        report_verdict.row(
            story.name, str(story.record.state), verdict_of(story.record), story.figures.seconds
        )
        for story in stories
    ]


def _row(story: AttemptStory) -> list[str]:
    result = story.record.result
    return [
        story.name,
        str(story.record.state),
        str(result.get("metric") or "–"),
        number(result.get("validation_score")),
        _hidden(story),
        medal(story) or "–",
        duration(story.figures.first_valid_seconds),
        duration(story.figures.seconds),
    ]


def medal(story: AttemptStory) -> str:
    """``🥇 gold``; "" without one."""
    return _MEDALS.get(str(story.grade.medal), "") if story.grade else ""


def _hidden(story: AttemptStory) -> str:
    if story.grade is None:
        return "–"
    return number(story.grade.score) if story.grade.score is not None else f"{story.grade.status}"


def _batches(story: AttemptStory) -> str:
    seen = [
        event.data.get("batch") or event.data.get("new_batch")
        for event in story.figures.of("relaunch", "checkpoint")
    ]
    return ", ".join(dict.fromkeys(str(batch) for batch in seen if batch)) or "–"


def _epochs(figures: Figures) -> str:
    """Mean seconds an epoch, over jobs that told of two or more."""
    told: dict[str, list[tuple[float, float]]] = {}
    for event in figures.of("job_progress"):
        if event.data.get("epoch"):
            epochs = float(event.data.get("fold") or 1) * float(event.data.get("epochs") or 0)
            told.setdefault(str(event.data.get("job")), []).append(
                (event.seconds, epochs + event.data["epoch"])
            )
    means = [
        (ends[-1][0] - ends[0][0]) / (ends[-1][1] - ends[0][1])
        for ends in told.values()
        if ends[-1][1] > ends[0][1]
    ]
    return f"{sum(means) / len(means):.1f}" if means else "–"


def _percents(telemetry: Mapping[str, Any], name: str) -> str:
    return f"{telemetry[f'mean_{name}']:.0%} · {telemetry[f'peak_{name}']:.0%}"


def _table(rows: list[list[str]], headings: tuple[str, ...]) -> list[str]:
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    return lines + [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]


def _grade(path: Path) -> Grade | None:
    try:
        return read_grade(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _json_lines(path: Path):
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # torn by a kill
