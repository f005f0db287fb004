"""``medalist plan``: from a measured sample to the hours a whole contest would take, before they are spent."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medalist.apps import options
from medalist.apps.delivery import Delivery, deliver
from medalist.core.errors import InputError, UsageError

if TYPE_CHECKING:
    from medalist.families.arc.planning import Contest, Plan, Sample

plans = typer.Typer(no_args_is_help=True, help="What a contest would take, from a measured sample.")
_NEXT_STEP = "Name a run of `medalist arc`, a JSON file of seconds, or --times 24.2,50.6,103.1."


@plans.callback()
def about() -> None:
    """What a contest would take, from a measured sample."""


@plans.command()
def arc(
    sample: Annotated[
        str | None,
        typer.Argument(metavar="[RUN|FILE]", help="A run of `medalist arc`, or a JSON list of seconds."),
    ] = None,
    times: Annotated[
        str | None, typer.Option("--times", metavar="S,S,...", help="Seconds of measured tasks.")
    ] = None,
    population: Annotated[
        int, typer.Option("--population", min=1, help="The population they were measured at.")
    ] = 2,
    populations: Annotated[
        str, typer.Option("--populations", metavar="N,N,...", help="The sizes to plan.")
    ] = "2,3,4,5",
    tasks: Annotated[int, typer.Option("--tasks", min=1, help="Tasks of the contest.")] = 240,
    hours: Annotated[float, typer.Option("--hours", help="A run may take so long.")] = 12.0,
    quota: Annotated[float, typer.Option("--quota", help="Hours of accelerator a week.")] = 30.0,
    quota_used: Annotated[float, typer.Option("--quota-used", help="Hours of it that are used up.")] = 0.0,
    counts: Annotated[
        float, typer.Option("--counts", help="How often an hour counts; L4x4 counts double.")
    ] = 2.0,
    json: options.Json = False,
) -> None:
    """Hours, quota and a verdict for every population size: SAFE, TIGHT or EXCEEDS."""

    def work() -> Delivery:
        from medalist.families.arc.planning import Contest, plan

        contest = Contest(tasks, hours, quota, quota_used, counts)
        measured = _sample(sample, times, population)
        made = plan(measured, contest, [int(size) for size in _numbers(populations, "--populations")])
        data = _as_dict(made, measured, contest)
        return Delivery(data, made.recommended is not None, lambda: _show(made, measured, contest))

    deliver(work, as_json=json, at_hand=dict)


def _sample(source: str | None, times: str | None, population: int) -> Sample:
    from medalist.families.arc.planning import Sample

    if times is not None:
        return Sample(tuple(_numbers(times, "--times")), population)
    if source is None:
        raise UsageError("Nothing was measured to plan from.", next_step=_NEXT_STEP)
    path = Path(source)
    if path.is_file():
        return _read_sample(path, population)
    return _sample_of_run(source, population)


def _read_sample(path: Path, population: int) -> Sample:
    """A JSON list of seconds, or of objects with ``seconds`` and, by kind of work, more seconds."""
    from medalist.families.arc.planning import Sample

    parts: dict[str, float] = {}
    try:
        listed = json_text.loads(path.read_text(encoding="utf-8"))
        seconds = []
        for each in listed:
            known = dict(each) if isinstance(each, dict) else {"seconds": each}
            seconds.append(float(known.pop("seconds")))
            for name, spent in known.items():
                parts[name] = parts.get(name, 0.0) + float(spent)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"This is no list of measured seconds: {error}.", where=str(path), next_step=_NEXT_STEP
        ) from error
    return Sample(tuple(seconds), population, parts)


def _sample_of_run(name: str, population: int) -> Sample:
    """The tasks that a run has done, with the population it was given, and its parts of the time."""
    from medalist.families.arc.planning import Sample
    from medalist.families.arc.results import read_results
    from medalist.runs.api import runs_root
    from medalist.runs.store import find_run

    store = find_run(name, runs_root())
    settings = store.spec().tasks[0].settings
    results = [each for record in store.attempts() for each in read_results(store.folder(record.spec.id))]
    parts: dict[str, float] = {}
    for result in results:
        for part, spent in result.stages.items():
            parts[part] = parts.get(part, 0.0) + spent
    return Sample(tuple(each.seconds for each in results), settings.get("population") or population, parts)


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(each) for each in text.split(",")]
    except ValueError as error:
        raise UsageError(
            f"{option} takes numbers with commas between them, not {text!r}.", next_step=_NEXT_STEP
        ) from error


def _as_dict(made: Plan, measured: Sample, contest: Contest) -> dict[str, Any]:
    return {
        "tasks": contest.tasks,
        "sampled": len(measured.seconds),
        "seconds_per_task": round(sum(measured.seconds) / len(measured.seconds), 3),
        "population": measured.population,
        "plans": [
            {
                "population": each.population,
                "hours": round(each.hours, 2),
                "interval": [round(each.low, 2), round(each.high, 2)],
                "quota_hours": round(each.quota_hours, 2),
                "verdict": each.fit.value,
            }
            for each in made.forecasts
        ],
        "shares": {name: round(share, 4) for name, share in made.shares.items()},
        "recommended": made.recommended.population if made.recommended else None,
    }


def _show(made: Plan, measured: Sample, contest: Contest) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    mean = sum(measured.seconds) / len(measured.seconds)
    console.print(
        f"{contest.tasks} tasks, planned from {len(measured.seconds)} measured at population "
        f"{measured.population}: {mean:.1f} s a task.",
        highlight=False,
    )
    table = Table()
    for heading in (
        "population",
        "hours",
        "95 % interval",
        f"quota (of {contest.quota_hours:g} h)",
        "verdict",
    ):
        table.add_column(heading, justify="left" if heading == "verdict" else "right")
    colours = {"SAFE": "green", "TIGHT": "yellow", "EXCEEDS": "red"}
    for each in made.forecasts:
        verdict = f"[{colours[each.fit.value]}]{each.fit.value}[/]"
        interval = f"{each.low:.1f} to {each.high:.1f}"
        table.add_row(
            str(each.population), f"{each.hours:.1f} h", interval, f"{each.quota_hours:.1f} h", verdict
        )
    console.print(table)
    if made.shares:
        told = ", ".join(f"{name} {share:.0%}" for name, share in made.shares.items())
        console.print(f"Of the time: {told}.", highlight=False)
    if made.recommended is None:
        told = "None of these fits: take a smaller population, fewer generations, or a faster language model."
    else:
        told = f"Recommended: population {made.recommended.population} ({made.recommended.fit.value})."
    console.print(told, highlight=False)
