"""What a person sees in the terminal at the end: results, runs, grades and reports as tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medalist.apps.delivery import Delivery
from medalist.core.patience import write_whole
from medalist.runs import api, report_verdict
from medalist.runs.grading import Grade
from medalist.runs.report import AttemptStory, mark, markdown, read_stories, timeline, write_page
from medalist.runs.store import FileStore, find_run
from medalist.runs.timeline import duration, number
from medalist.runs.trial_lines import speed
from medalist.runs.trials import Trials, read_trials
from medalist.runs.verdict import verdict_of


def print_result(result: api.AttemptResult) -> None:
    """One attempt's outcome, and where to look next."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column()
    better = {"max": "higher is better", "min": "lower is better"}.get(result.direction or "", "")
    hidden = "no hidden answers" if result.hidden_score is None else f"[bold]{number(result.hidden_score)}[/]"
    outcome = [
        ("validation", f"[bold]{number(result.validation_score)}[/]  {result.metric or ''} ({better})"),
        ("hidden", hidden),
        ("medal", result.medal),
    ]
    if result.verdict is not None:
        verdict = result.verdict
        why = f": {escape(verdict.reason)}" if verdict.reason else ""
        outcome = [
            ("verdict", f"[bold]{report_verdict.word(verdict)}[/]{why}"),
            ("times as fast", speed(verdict) or None),
        ]
    rows = [
        *outcome,
        ("submission", str(result.submission) if result.submission else "[red]none[/]"),
        ("first valid after", duration(result.first_valid_seconds)),
        ("time", duration(result.seconds)),
        ("run", str(result.run_dir)),
    ]
    print_facts(table, rows)


def print_facts(table: Table, rows: Iterable[tuple[str, str | None]]) -> None:
    """Print ``table`` with those ``rows`` that have a value."""
    for name, value in rows:
        if value is not None:
            table.add_row(name, value)
    console = wide_console()
    console.print()
    console.print(table, soft_wrap=True)


def print_grade(grade: Grade) -> None:
    """A hidden grade in a few lines."""
    console = wide_console()
    if grade.score is None:
        console.print(f"[red]{grade.status}[/]: {grade.reason}")
        return
    console.print(
        f"[bold]{number(grade.score)}[/] {grade.metric}" + (f" · {grade.medal}" if grade.medal else "")
    )
    if grade.report.get("told"):
        console.print(f"{grade.report['told']}.")
    if grade.reason:
        console.print(grade.reason)


def print_runs(found: Iterable[api.RunResult]) -> None:
    """One line a run."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("run", "attempts", "state", "metric", "validation", "hidden", "time"):
        table.add_column(heading)
    for each in found:
        states = sorted({str(state) for state in each.states.values()})
        table.add_row(each.run_dir.name, str(len(each.results)), ", ".join(states), *_outcome(each))
    console = wide_console()
    console.print(table if table.row_count else "No runs yet. Start one: medalist compete DIR")


def _outcome(run: api.RunResult) -> tuple[str, str, str, str]:
    """Metric, validation, hidden and time of a run of one attempt; of trials how many passed, and the best of them."""
    results = list(run.results.values())
    if any(each.verdict for each in results):
        trials = read_trials(FileStore(run.run_dir))
        passed = f"{trials.successes} of {len(trials.decided)} passed"
        seconds = max(each.seconds for each in results)
        return (
            results[0].metric or "",
            "",
            ", ".join(filter(None, (passed, _best(trials)))),
            duration(seconds),
        )
    if len(results) != 1:
        return "", "", "", ""
    only = results[0]
    return (
        only.metric or "",
        number(only.validation_score),
        number(only.hidden_score),
        duration(only.seconds),
    )


def _best(trials: Trials) -> str:
    return f"best {speed(trials.best.verdict)}" if trials.best else ""


def print_run(store: FileStore) -> None:
    """One line an attempt."""
    result = api.read_run(store)
    if any(each.verdict for each in result.results.values()):
        _print_verdicts(store)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("attempt", "state", "metric", "validation", "hidden", "medal", "first valid", "time"):
        table.add_column(heading)
    for name, each in result.results.items():
        table.add_row(
            name,
            str(result.states[name]),
            each.metric or "",
            number(each.validation_score),
            number(each.hidden_score),
            each.medal or "",
            duration(each.first_valid_seconds),
            duration(each.seconds),
        )
    console = wide_console()
    console.print(table)
    console.print(f"[dim]Run:[/] {store.root}", soft_wrap=True)


def _print_verdicts(store: FileStore) -> None:
    """One line an attempt at a task that is passed or not; what each failed for stands on a line of its own."""
    console = wide_console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    *headings, _ = report_verdict.HEADINGS
    for heading in headings:
        table.add_column(heading)
    for record in store.attempts():
        verdict, seconds = verdict_of(record), float(record.result.get("seconds", 0.0))
        *cells, _ = report_verdict.row(record.spec.id, str(record.state), verdict, seconds)
        table.add_row(*cells)
    console.print(table)
    for record in store.attempts():
        if reason := verdict_of(record).reason:
            console.print(f"[dim]{record.spec.id}:[/] {escape(reason)}", soft_wrap=True)
    console.print(f"[dim]Run:[/] {store.root}", soft_wrap=True)


def report_delivery(
    run: str, html: Path | None, markdown_file: Path | None, show_checklist: bool
) -> Delivery:
    """What ``medalist report`` delivers: the page (and the Markdown) written, the tables or the checklist shown."""
    store = find_run(run, api.runs_root())
    page = write_page(store, html or store.root / "report.html")
    if markdown_file is not None:
        write_whole(markdown_file, markdown(store), durable=True)
    stories = read_stories(store)
    data = {
        "run_dir": str(store.root),
        "html": str(page.absolute()),
        "checklist": {story.name: [asdict(tick) for tick in story.ticks] for story in stories},
    }
    return Delivery(data, True, lambda: _show_report(store, stories, page, show_checklist))


def _show_report(store: FileStore, stories: Sequence[AttemptStory], page: Path, show_checklist: bool) -> None:
    console = wide_console()
    for story in stories if show_checklist else ():
        console.print(f"[bold]{story.name}[/]")
        if not story.ticks:
            console.print("[dim]A training was worked on, none was run: there are no habits to tick.[/]")
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        colours = {True: "green", False: "red", None: "dim"}
        for tick in story.ticks:
            table.add_row(
                f"[{colours[tick.held]}]{mark(tick)}[/]", tick.habit, f"[dim]{escape(tick.evidence)}[/]"
            )
        console.print(table)
    if not show_checklist:
        for story in stories if len(stories) == 1 else ():
            for line in timeline(story.figures):
                console.print(line, markup=False, soft_wrap=True)
            console.print()
        print_run(store)
    console.print(f"[dim]Page:[/] {page.absolute()}", soft_wrap=True)


def wide_console() -> Console:
    """Standard output; tables keep their width where it is a file or a pipe."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 140)
