"""`medalist compare`: differences as tables and a page; exit status 1 when worse beyond noise, so that CI can hold it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medalist.apps import options
from medalist.apps.delivery import Delivery, deliver

if TYPE_CHECKING:
    from medalist.runs.compare import Compared
    from medalist.runs.differences import Comparison

_COLOURS = {"better": "bold green", "worse": "bold red"}


def compare(
    a: Annotated[
        str, typer.Argument(metavar="A", help="The baseline: a run, or a set's file that is run first.")
    ],
    b: Annotated[
        str | None, typer.Argument(metavar="B", help="What is compared with it; left away with --by.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Within one run: engineer, model or hints, each against the first."),
    ] = None,
    hold: Annotated[
        str | None,
        typer.Option(
            "--hold",
            metavar="score,cost,time",
            help="What gives exit status 1 when it is worse (default: all three, or the score alone where "
            "engineer, model or hints differ).",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Where to write the page (default: in the last run).")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Where a set's tasks lie.")] = None,
    json: options.Json = False,
) -> None:
    """Better or worse beyond noise, over tasks and seeds; exit status 1 when B is worse."""

    def work() -> Delivery:
        from medalist.apps.live import Live
        from medalist.runs.compare import compare as compare_runs

        with Live(many=True) as live:
            compared = compare_runs(
                a,
                b,
                by=by,
                hold=[name.strip() for name in (hold or "").split(",") if name.strip()],
                html=html,
                data_dir=data_dir,
                on_event=live.tell,
            )
        return Delivery(compared.as_dict(), not compared.worse, lambda: _show(compared))

    deliver(work, as_json=json, at_hand=lambda: {"worse": None, "comparisons": [], "html": None})


def _show(compared: Compared) -> None:
    from medalist.apps.tables import wide_console

    for each in compared.comparisons:
        _show_comparison(each)
    wide_console().print(f"\n[dim]Page:[/] {compared.html}", soft_wrap=True)


def _show_comparison(comparison: Comparison) -> None:
    from rich.markup import escape
    from rich.table import Table

    from medalist.apps.tables import wide_console
    from medalist.runs.compare_page import HEADINGS, headline, summary_rows, task_rows

    console = wide_console()
    console.print(f"\n[bold]{escape(headline(comparison))}[/]")
    summary = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for name, verdict, evidence in summary_rows(comparison):
        colour = _COLOURS.get(verdict, "")
        summary.add_row(name, f"[{colour}]{verdict}[/]" if colour else verdict, f"[dim]{escape(evidence)}[/]")
    console.print(summary)
    tasks = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in HEADINGS:
        tasks.add_column(heading)
    for row in task_rows(comparison):
        tasks.add_row(*(escape(cell) for cell in row))
    console.print(tasks)
    for text in (*comparison.notes, *(f"Left out: {text}" for text in comparison.unpaired)):
        console.print(f"[yellow]{escape(text)}[/]", soft_wrap=True)
