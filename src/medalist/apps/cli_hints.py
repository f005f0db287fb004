"""`medalist hints`: the knowledge base at hand. Parses, calls and prints."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medalist.apps.text_files import read_text, write_text
from medalist.core.errors import MedalistError
from medalist.hints.book import Hint, load_hints
from medalist.hints.columns import text_columns_near
from medalist.hints.export import export_text
from medalist.hints.learned import LearnedHint, LearnedHints, default_path
from medalist.hints.review import Finding, check_script, explain_log
from medalist.machine.hardware import read_hardware

app = typer.Typer(help="The knowledge base of training mistakes.", no_args_is_help=False)
_COLOURS = {"CRITICAL": "red", "IMPORTANT": "yellow", "OPTIONAL": "blue"}

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
StoreOption = Annotated[Path | None, typer.Option("--store", help="Another file of learned hints.")]


@app.callback(invoke_without_command=True)
def hints(context: typer.Context) -> None:
    """Without a verb: the list of all hints."""
    if context.invoked_subcommand is None:
        list_hints()


@app.command("list")
def list_hints(
    words: Annotated[list[str] | None, typer.Argument(help="Only hints that hold these words.")] = None,
    as_json: JsonOption = False,
) -> None:
    """All hints by section, or those that hold the given words."""
    book = load_hints()
    chosen = book.search(" ".join(words)) if words else list(book)
    if as_json:
        typer.echo(json.dumps({"hints": [asdict(hint) for hint in chosen]}))
        return
    console = Console()
    if not chosen:
        console.print("No hint holds all of these words.")
    for section in dict.fromkeys(hint.section for hint in chosen):
        console.print(_section_table(section, [hint for hint in chosen if hint.section == section]))


@app.command("check")
def check(
    script: Annotated[Path, typer.Argument(help="A Python training script.")],
    fix: Annotated[Path | None, typer.Option("--fix", help="Write a mended script to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Name the mistakes in a script, each with its fix. Exit status 1 when one must be fixed first."""
    try:
        code = read_text(script)
        findings = check_script(
            code,
            hardware=read_hardware(),
            filename=str(script),
            text_columns=text_columns_near(script, code),
        )
        applied = _write_mended(code, findings, fix) if fix is not None else ()
    except MedalistError as error:
        raise _stop(error, as_json) from None
    must_fix = sum(finding.must_fix for finding in findings)
    if as_json:
        found = [_as_json(finding) for finding in findings]
        typer.echo(
            json.dumps({"script": str(script), "findings": found, "must_fix": must_fix, "applied": applied})
        )
    else:
        _print_findings(findings, f"{script}: nothing that the book knows of.")
        if fix is not None:
            Console().print(
                f"{fix}: mended {', '.join(applied)}." if applied else f"{fix}: nothing was mended."
            )
    raise typer.Exit(1 if must_fix else 0)


@app.command("explain")
def explain(
    log: Annotated[Path, typer.Argument(help="A job's log, or a traceback in a file.")],
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Answer an error with the hint that explains it. Exit status 1 when no hint knows it."""
    try:
        text = read_text(log)
        findings = LearnedHints(store or default_path()).explain(text) + explain_log(text)
    except MedalistError as error:
        raise _stop(error, as_json) from None
    if as_json:
        typer.echo(json.dumps({"log": str(log), "findings": [_as_json(f) for f in findings]}))
    else:
        _print_findings(findings, f"{log}: no hint knows this error.")
    raise typer.Exit(0 if findings else 1)


@app.command("export")
def export(
    to: Annotated[Path | None, typer.Option("--to", help="A file instead of standard output.")] = None,
) -> None:
    """The whole book as one text."""
    try:
        if to is None:
            typer.echo(export_text(), nl=False)
        else:
            write_text(to, export_text())
    except MedalistError as error:
        raise _stop(error, False) from None


@app.command("learned")
def learned(as_json: JsonOption = False, store: StoreOption = None) -> None:
    """What earlier attempts learned from failures they resolved."""
    try:
        found = LearnedHints(store or default_path()).list()
    except MedalistError as error:
        raise _stop(error, as_json) from None
    if as_json:
        typer.echo(json.dumps({"learned": [asdict(hint) for hint in found]}))
    elif found:
        Console().print(_learned_table(found))
    else:
        Console().print("Nothing learned yet: a failure that was resolved appears here.")


@app.command("promote")
def promote(number: int, store: StoreOption = None) -> None:
    """Trust a learned hint: from now on it counts as must-fix."""
    _mark(number, store, "promote")


@app.command("drop")
def drop(number: int, store: StoreOption = None) -> None:
    """Never use a learned hint again."""
    _mark(number, store, "drop")


def _mark(number: int, store: Path | None, verb: str) -> None:
    hints_store = LearnedHints(store or default_path())
    try:
        hint = hints_store.promote(number) if verb == "promote" else hints_store.drop(number)
    except MedalistError as error:
        raise _stop(error, False) from None
    Console().print(f"Learned hint {hint.number} is now {hint.status}: {escape(hint.error)}")


def _write_mended(code: str, findings: list[Finding], path: Path) -> tuple[str, ...]:
    from medalist.hints.mending import mend_script  # libcst is only paid for when something is mended

    mended, applied = mend_script(code, findings)
    write_text(path, mended)
    return applied


def _stop(error: MedalistError, as_json: bool) -> typer.Exit:
    if as_json:
        typer.echo(json.dumps({"error": error.what, "where": error.where, "next_step": error.next_step}))
    else:
        typer.echo(str(error), err=True)
    return typer.Exit(error.exit_status)


def _as_json(finding: Finding) -> dict[str, object]:
    record = asdict(finding)
    del record["span"]
    return record


def _print_findings(findings: list[Finding], nothing: str) -> None:
    console = Console()
    if not findings:
        console.print(escape(nothing))
    for finding in findings:
        colour = _COLOURS[finding.priority]
        mended = " [dim](--fix can mend it)[/dim]" if finding.mechanical and finding.span[0] else ""
        console.print(
            f"[bold {colour}]{finding.priority}[/] line {finding.line} "
            f"[dim]{finding.hint_id}[/dim]{mended}\n  {escape(finding.message)}"
        )
        console.print("\n".join(f"    {escape(line)}" for line in finding.fix.splitlines()), style="green")
        console.print()


def _section_table(section: str, chosen: list[Hint]) -> Table:
    table = Table(title=section, title_justify="left", title_style="bold", box=None, show_header=False)
    table.add_column(width=9)
    table.add_column(no_wrap=True)
    table.add_column()
    for hint in chosen:
        colour = _COLOURS[hint.priority]
        table.add_row(f"[{colour}]{hint.priority}[/]", f"[dim]{hint.id}[/dim]", escape(hint.title))
    return table


def _learned_table(found: list[LearnedHint]) -> Table:
    table = Table("number", "status", "times", "error", "fix", title="Learned hints")
    for hint in found:
        table.add_row(str(hint.number), hint.status, str(hint.times), escape(hint.error), escape(hint.fix))
    return table
