"""One self-contained HTML page for a run: no script, no font, no image from outside; light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from medalist.core.event import Event
from medalist.core.score import Direction
from medalist.runs import charts, report_verdict
from medalist.runs.candidate_tree import candidates
from medalist.runs.figures import Figures
from medalist.runs.markup import document, section, table, titled
from medalist.runs.notes import notes_markup
from medalist.runs.report import (
    AttemptStory,
    figure_rows,
    machine_text,
    mark,
    medal,
    overview_headings,
    overview_rows,
)
from medalist.runs.report_oracle import USE_HEADINGS, oracle_section, record, use_rows
from medalist.runs.timeline import duration, number, sentence, stamp


def page(title: str, stories: Sequence[AttemptStory]) -> str:
    """The page for one run: an overview when it holds several attempts, then a section each."""
    body = [_overview(stories)] if len(stories) > 1 else []
    body += [_attempt(story, alone=len(stories) == 1) for story in stories]
    return document(title, "".join(body))


def _overview(stories: Sequence[AttemptStory]) -> str:
    rows = []
    for cells in overview_rows(stories):
        name, *others, last = (escape(cell) for cell in cells)
        short = (f'<span class="whole">{cell}</span>' for cell in others)
        rows.append((f'<a href="#{name}">{name}</a>', *short, last))
    attempts = table(overview_headings(stories), rows)
    oracle = record(story.figures for story in stories)
    ratios = section("Times as fast", report_verdict.chart(stories))
    return ratios + section(
        "Attempts", attempts + (f'<p class="quiet">{escape(oracle)}</p>' if oracle else "")
    )


def _attempt(story: AttemptStory, *, alone: bool) -> str:
    figures = story.figures
    heading = "" if alone else f'<h2 class="attempt">{escape(story.name)}</h2>'
    sections = (
        _cards(story),
        ""
        if story.verdict and not _scored(figures)
        else section(_scores_title(story), _scores(figures) + _legend()),
        section("Times as fast", report_verdict.chart([story])) if alone else "",
        section("What was done", notes_markup(story.notes)),
        section("Tasks", story.drawing),
        section("What ran when", _machine_charts(story)),
        section("Candidates", candidates(figures)),
        section("Oracle", oracle_section(figures)),
        section("Checks at work", _checks(figures)) if story.verdict is None else "",
        section("Hints and leaks", _hints(figures)),
        section("What was found in the data", _found(figures)),
        f'<div class="two">{_checklist(story)}{section("Figures", _figures(story))}</div>',
        section("Language models", _language_models(figures)),
        section("Timeline", _timeline(figures)),
    )
    return f'<article id="{escape(story.name)}">{heading}{"".join(sections)}</article>'


def _cards(story: AttemptStory) -> str:
    result, figures = story.record.result, story.figures
    better = {"max": "higher is better", "min": "lower is better"}.get(str(result.get("direction")), "")
    hidden = story.grade.score if story.grade else None
    if story.verdict is not None:
        why = escape(story.verdict.reason or story.verdict.note)
        return _headed(story, report_verdict.cards(story, story.verdict)) + (
            f'<p class="why">{why}</p>' if why else ""
        )
    why = "" if hidden is not None else (story.grade.reason if story.grade else "no hidden answers")
    cards = [
        (
            "validation",
            number(result.get("validation_score")),
            f"{result.get('metric') or ''} · {better}",
            "accent",
        ),
        ("hidden", number(hidden), medal(story) or why or "by the separate grader", "accent"),
        ("first valid", duration(figures.first_valid_seconds), _beats(figures), ""),
        (
            "time",
            duration(figures.seconds),
            f"of {duration(figures.started.get('budget_seconds'))} · {story.record.state}",
            "",
        ),
        (
            "candidates",
            str(len(figures.candidates)),
            f"{figures.failures} failed · {figures.relaunches} relaunched",
            "",
        ),
    ]
    return _headed(story, cards)


def _headed(story: AttemptStory, cards: Iterable[tuple[str, str, str, str]]) -> str:
    """Where and by whom, and below it the cards: label, value, note and kind of each."""
    figures = story.figures
    inner = "".join(
        f'<div class="card {kind}"><p class="label">{escape(label)}</p><p class="value">{escape(value)}</p>'
        f'<p class="note">{escape(note)}</p></div>'
        for label, value, note, kind in cards
    )
    about = f"{figures.started.get('task', story.record.spec.task.path.name)} · {figures.started.get('engineer', '')}"
    place = f"{machine_text(figures)} · sandbox: {figures.sandbox.get('isolation', '–')}"
    return f'<p class="about">{escape(about)} · {escape(place)}</p><div class="cards">{inner}</div>'


def _beats(figures: Figures) -> str:
    first = figures.first_better_than_constant_seconds
    return (
        "never better than a constant" if first is None else f"better than a constant after {duration(first)}"
    )


def _scores_title(story: AttemptStory) -> str:
    """A speed-up's own measurements, say, have a metric's name and are no validation in the sense of data held out."""
    metric = story.record.result.get("metric")
    return (
        f"{str(metric).capitalize()} over time" if story.verdict and metric else "Validation score over time"
    )


def _scored(figures: Figures) -> list[charts.Mark]:
    return [
        charts.Mark(
            story.ended_seconds or 0.0, story.score.value, f"{story.id} {story.title}", story.submitted
        )
        for story in figures.candidates.values()
        if story.score is not None and story.score.value is not None
    ]


def _scores(figures: Figures) -> str:
    best = figures.best
    high = best is None or best.direction is Direction.MAXIMIZE
    return charts.score_chart(_scored(figures), seconds=figures.seconds, best_is_high=high)


def _legend() -> str:
    return (
        '<p class="legend"><span><i class="key submitted"></i>put in place</span>'
        '<span><i class="key kept"></i>scored, not put in place</span>'
        '<span><i class="key clipped"></i>off the scale</span></p>'
    )


def _machine_charts(story: AttemptStory) -> str:
    figures, machine = story.figures, story.figures.started.get("hardware") or {}
    seconds = figures.seconds
    parts = [titled("jobs", charts.lanes_chart(_bars(figures), seconds=seconds))]
    cores, memory, gpu_memory, gpu_busy = _series(story)
    parts.append(
        titled(
            "cores used",
            charts.area_chart(cores, seconds=seconds, ceiling=float(machine.get("cores", 1)), unit=""),
        )
    )
    parts.append(titled("memory", charts.area_chart(memory, seconds=seconds, ceiling=0.1, unit=" GB")))
    parts.append(
        titled("GPU memory", charts.area_chart(gpu_memory, seconds=seconds, ceiling=100.0, unit=" %"))
    )
    parts.append(
        titled("GPU utilisation", charts.area_chart(gpu_busy, seconds=seconds, ceiling=100.0, unit=" %"))
    )
    return "".join(parts)


def _series(story: AttemptStory) -> tuple[list[tuple[float, float]], ...]:
    """Cores, memory (GB), GPU memory and utilisation (%) over the attempt's time; a resumed process counts on."""
    series: tuple[list[tuple[float, float]], ...] = ([], [], [], [])
    offset = last = 0.0
    for reading in story.readings:
        if reading.get("job"):
            continue
        seconds = float(reading.get("seconds", 0.0))
        if seconds < last:
            offset += last
        last, moment = seconds, offset + seconds
        series[0].append((moment, float(reading.get("cores_used", 0.0))))
        series[1].append((moment, float(reading.get("rss_bytes", 0)) / 2**30))
        for gpu in reading.get("gpus", ())[:1]:
            series[2].append((moment, 100 * gpu["memory_used_bytes"] / max(1, gpu["memory_total_bytes"])))
            series[3].append((moment, 100 * gpu["utilisation"]))
    return series


def _bars(figures: Figures) -> list[charts.Bar]:
    open_jobs: dict[str, Event] = {}
    bars = []
    for event in figures.of("job_started", "job_ended"):
        name = str(event.data.get("job") or event.data.get("id") or event.data.get("name"))
        if event.kind == "job_started":
            open_jobs[name] = event
        elif name in open_jobs:
            bars.append(_bar(open_jobs.pop(name), event.seconds, event.data))
    return bars + [_bar(event, figures.seconds, {}) for event in open_jobs.values()]


def _bar(start: Event, end: float, ended: dict) -> charts.Bar:
    label = " ".join(str(start.data[key]) for key in ("candidate", "name") if start.data.get(key)) or "job"
    code = ended.get("returncode")
    kind = "stopped" if ended.get("killed_reason") else "ok" if not code else "failed"
    return charts.Bar(start.seconds, end, label, kind)


def _checks(figures: Figures) -> str:
    """Checkpoints, what they led to, and relaunches; looks that found everything in order are counted only."""
    events = figures.of("checkpoint", "recovery", "relaunch", "sizing_kept", "sizing_taken_back")
    looks = figures.counts.get("checkpoint", 0)
    counted = f'<p class="quiet">{_looks(looks)}</p>'
    told = [(event, sentence(event)) for event in events]
    rows = [(stamp(e.seconds), escape(e.kind.replace("_", " ")), escape(text)) for e, text in told if text]
    return (table(("when", "what", "why"), rows) if rows else "") + counted


def _looks(count: int) -> str:
    if not count:
        return "No job ran long enough to be looked at."
    return "One look at a running job." if count == 1 else f"{count} looks at running jobs."


def _hints(figures: Figures) -> str:
    """Each hint once, with how often it fired and when first."""
    told: dict[str, list[Event]] = {}
    for event in figures.of("hint_fired", "leak_found"):
        told.setdefault(sentence(event) or event.kind, []).append(event)
    rows = [
        (stamp(events[0].seconds), f"{len(events)} ×" if len(events) > 1 else "", escape(text))
        for text, events in told.items()
    ]
    return table(("first", "", "what"), rows) if rows else ""


def _found(figures: Figures) -> str:
    facts = figures.explored.get("facts") or {}
    wanted = (
        "modality",
        "problem",
        "metric",
        "targets",
        "id_column",
        "rows_train",
        "rows_test",
        "split",
        "split_reason",
    )
    rows = [(escape(key.replace("_", " ")), escape(_plain(facts[key]))) for key in wanted if facts.get(key)]
    doubts = "".join(f"<li>{escape(str(doubt))}</li>" for doubt in facts.get("doubts", ()))
    return (table((), rows) if rows else "") + (
        f"<p>Assumed, and open to being overridden:</p><ul>{doubts}</ul>" if doubts else ""
    )


def _checklist(story: AttemptStory) -> str:
    """Nothing where the habits of a training do not apply."""
    if not story.ticks:
        return ""
    kinds = {True: "yes", False: "no", None: "none"}
    rows = [
        (
            f'<span class="mark {kinds[tick.held]}">{mark(tick)}</span>',
            escape(tick.habit),
            escape(tick.evidence),
        )
        for tick in story.ticks
    ]
    return section("Checklist", table((), rows))


def _figures(story: AttemptStory) -> str:
    return table((), [(escape(label), escape(text)) for label, text in figure_rows(story)])


def _language_models(figures: Figures) -> str:
    rows = [[escape(cell) for cell in row] for row in use_rows(figures)]
    return table(USE_HEADINGS, rows) if rows else ""


def _timeline(figures: Figures) -> str:
    lines = []
    for event in figures.events:
        text = sentence(event)
        if text:
            lines.append(
                f'<li class="{escape(event.kind)}"><time>{stamp(event.seconds)}</time> <span>{escape(text)}</span></li>'
            )
    return f'<ol class="timeline">{"".join(lines)}</ol>' if lines else ""


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
