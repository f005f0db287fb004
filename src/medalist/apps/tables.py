"""What a person sees in the terminal at the end: results, runs, grades and reports as tables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from medalist.apps.delivery import Delivery
from medalist.runs import api
from medalist.runs.grading import Grade
from medalist.runs.store import FileStore, find_run
from medalist.runs.timeline import duration, number


def print_result(result: api.AttemptResult) -> None:
    """One attempt's outcome, and where to look next."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column()
    better = {"max": "higher is better", "min": "lower is better"}.get(result.direction or "", "")
    rows = [
        ("validation", f"[bold]{number(result.validation_score)}[/]  {result.metric or ''} ({better})"),
        (
            "hidden",
            "no hidden answers" if result.hidden_score is None else f"[bold]{number(result.hidden_score)}[/]",
        ),
        ("medal", result.medal),
        ("submission", str(result.submission) if result.submission else "[red]none[/]"),
        ("first valid after", duration(result.first_valid_seconds)),
        ("time", duration(result.seconds)),
        ("run", str(result.run_dir)),
    ]
    for name, value in rows:
        if value is not None:
            table.add_row(name, value)
    console = Console(highlight=False)
    console.print()
    console.print(table, soft_wrap=True)


def print_grade(grade: Grade) -> None:
    """A hidden grade in a few lines."""
    console = Console(highlight=False)
    if grade.score is None:
        console.print(f"[red]{grade.status}[/]: {grade.reason}")
        return
    console.print(
        f"[bold]{number(grade.score)}[/] {grade.metric}" + (f" · {grade.medal}" if grade.medal else "")
    )


def print_runs(found: Iterable[api.RunResult]) -> None:
    """One line a run."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("run", "attempts", "state", "validation", "hidden"):
        table.add_column(heading)
    for each in found:
        states = sorted({str(state) for state in each.states.values()})
        only = next(iter(each.results.values())) if len(each.results) == 1 else None
        table.add_row(
            each.run_dir.name,
            str(len(each.results)),
            ", ".join(states),
            number(only.validation_score) if only else "",
            number(only.hidden_score) if only else "",
        )
    console = Console(highlight=False)
    console.print(table if table.row_count else "No runs yet. Start one: medalist compete DIR")


def print_run(store: FileStore) -> None:
    """One line an attempt."""
    result = api.read_run(store)
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
    console = Console(highlight=False)
    console.print(table)
    console.print(f"[dim]{store.root}[/]", soft_wrap=True)


def report_delivery(run: str, html: Path | None, markdown: Path | None, checklist: bool) -> Delivery:
    """What ``medalist report`` delivers: the page written, the tables or the checklist shown."""
    from medalist.runs.report import write_page

    store = find_run(run, api.runs_root())
    page = write_page(store, html or store.root / "report.html")
    return Delivery({"run_dir": str(store.root), "html": str(page)}, True, lambda: print_run(store))
