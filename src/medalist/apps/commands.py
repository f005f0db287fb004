"""The verbs. Each parses, calls ``runs/api`` and prints; imports happen inside, so that ``--help`` is quick."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from medalist.apps import options
from medalist.apps.cli_arc import arc, resume_collection
from medalist.apps.cli_arc import at_hand as collection_at_hand
from medalist.apps.cli_compare import compare
from medalist.apps.cli_doors import mcp, play
from medalist.apps.cli_oracle import oracle
from medalist.apps.cli_plan import plans
from medalist.apps.cli_speedup import resume_trials, speedup, trials_at_hand
from medalist.apps.delivery import Delivery, deliver, first_result

app = typer.Typer(
    name="medalist",
    help="An autonomous ML engineer and the honest judges that grade it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Task = Annotated[Path, typer.Argument(metavar="DIR", help="A competition's folder.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name in runs/, or latest.")]


@app.command()
def compete(
    task: Task,
    time: Annotated[str, typer.Option("--time", help="Budget: 90s, 10m, 1h30m.")] = "10m",
    metric: Annotated[
        str | None, typer.Option("--metric", help="Override the metric that was found.")
    ] = None,
    leaderboard: Annotated[
        Path | None, typer.Option("--leaderboard", help="A leaderboard.csv, for medals.")
    ] = None,
    weights: Annotated[Path | None, typer.Option("--weights", help="A folder of pretrained weights.")] = None,
    engineer: options.Engineer = "playbook",
    model: options.Model = None,
    panel: options.Panel = None,
    critic: options.Critic = None,
    max_cost: options.MaxCost = None,
    max_tokens: options.MaxTokens = None,
    no_hints: options.NoHints = False,
    sandbox: options.Sandbox = "auto",
    executor: options.Executor = "local",
    seed: options.Seed = 0,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Make the best submission for a competition folder within a time budget."""
    started: list[Path] = []

    def work() -> Delivery:
        from medalist.apps.live import Live
        from medalist.runs import api

        options.refuse_other_executors(executor)
        several = "," in engineer + (model or "")
        with Live(many=several) as live:
            result = api.compete(
                task,
                time=time,
                metric=metric,
                leaderboard=leaderboard,
                weights=weights,
                engineer=engineer,
                model=model or (),
                llm=options.llm_settings(panel, critic, max_cost, max_tokens),
                hints=not no_hints,
                sandbox=sandbox,
                seed=seed,
                out=out,
                on_event=live.tell,
                on_start=started.append,
            )
        return Delivery(result.as_dict(), result.good, lambda: _show_result(result))

    deliver(work, as_json=json, at_hand=lambda: first_result(started).as_dict())


app.command()(speedup)
app.add_typer(plans, name="plan")
app.command()(arc)


@app.command()
def grade(
    task: Annotated[
        Path,
        typer.Argument(
            metavar="TASK",
            help="The task's folder, with its hidden answers; speedup:NAME; solutions.json; or a script, FILE "
            "being a faster one.",
        ),
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The submission.")],
    metric: Annotated[
        str | None, typer.Option("--metric", help="Override the metric that was found.")
    ] = None,
    leaderboard: Annotated[
        Path | None, typer.Option("--leaderboard", help="A leaderboard.csv, for medals.")
    ] = None,
    semantics: Annotated[
        str | None, typer.Option("--semantics", help="Of a speed-up: preserve or quality.")
    ] = None,
    sandbox: Annotated[
        str | None,
        typer.Option(
            "--sandbox", help="What a speed-up runs in: auto, bubblewrap, landlock, docker or plain."
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """The hidden grade of a submission."""

    def work() -> Delivery:
        from medalist.core.score import ScoreStatus
        from medalist.runs import api

        settings = {
            "metric": metric,
            "leaderboard": str(leaderboard.absolute()) if leaderboard else None,
            "semantics": semantics,
            "sandbox": sandbox,
        }
        given = {key: value for key, value in settings.items() if value is not None}
        verdict = api.grade(task, file, settings=given, tell=lambda line: typer.echo(line, err=True))
        good = verdict.status is ScoreStatus.SCORED and verdict.report.get("passed", True)
        return Delivery(verdict.as_dict(), good, lambda: _show_grade(verdict))

    deliver(work, as_json=json, at_hand=lambda: {"status": None, "score": None})


@app.command()
def validate(
    task: Annotated[Path, typer.Argument(metavar="TASK", help="The task's folder or file, or speedup:NAME.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The submission.")],
    json: options.Json = False,
) -> None:
    """Whether a submission is well-formed, and why not."""

    def work() -> Delivery:
        from medalist.runs import api

        verdict = api.validate(task, file)
        data = {"valid": verdict.valid, "reason": verdict.reason, "rows": verdict.rows}
        text = f"Valid: {verdict.rows} rows." if verdict.valid else f"Malformed: {verdict.reason}"
        return Delivery(data, verdict.valid, lambda: typer.echo(text))

    deliver(work, as_json=json, at_hand=lambda: {"valid": False, "reason": None, "rows": 0})


@app.command()
def run(
    set_file: Annotated[
        Path, typer.Argument(metavar="SET.yaml|IDS.txt", help="Tasks × engineers × seeds, or ids.")
    ],
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Where the competitions lie.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Budget of each attempt.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Attempts at once.")] = None,
    engineer: options.SetEngineer = None,
    model: options.Model = None,
    panel: options.Panel = None,
    critic: options.Critic = None,
    max_cost: options.MaxCost = None,
    max_tokens: options.MaxTokens = None,
    no_hints: options.NoHints = False,
    sandbox: options.SetSandbox = None,
    seed: options.SetSeed = None,
    executor: options.Executor = "local",
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Run a set of attempts in parallel; a killed run is picked up by resume."""
    started: list[Path] = []

    def work() -> Delivery:
        from medalist.apps.live import Live
        from medalist.runs import api

        options.refuse_other_executors(executor)
        with Live(many=True) as live:
            result = api.run(
                set_file,
                data_dir=data_dir,
                time=time,
                jobs=jobs,
                engineer=engineer,
                model=model or (),
                llm=options.asked_of_language_models(panel, critic, max_cost, max_tokens),
                hints=not no_hints,
                sandbox=sandbox,
                seed=seed,
                out=out,
                on_event=live.tell,
                on_start=started.append,
            )
        return Delivery(result.as_dict(), result.good, lambda: _show_run(result.run_dir))

    deliver(work, as_json=json, at_hand=lambda: _run_at_hand(started))


@app.command()
def resume(run: RunName = "latest", json: options.Json = False) -> None:
    """Pick up where a killed run stood; finished attempts stay as they are."""
    found: list[Path] = []

    def work() -> Delivery:
        from medalist.apps.live import Live
        from medalist.runs import api
        from medalist.runs.arc import is_collection
        from medalist.runs.store import find_run

        store = find_run(run, api.runs_root())
        found.append(store.root)
        if store.spec().numbered:
            return resume_trials(store, as_json=json)
        if is_collection(store):
            return resume_collection(store)
        with Live(many=len(store.attempts()) > 1) as live:
            result = api.resume(store.root, on_event=live.tell)
        return Delivery(result.as_dict(), result.good, lambda: _show_run(result.run_dir))

    deliver(work, as_json=json, at_hand=lambda: _run_at_hand(found))


@app.command()
def runs(json: options.Json = False) -> None:
    """List the runs, the newest first."""

    def work() -> Delivery:
        from medalist.apps.tables import print_runs
        from medalist.runs import api

        found = api.runs()
        return Delivery({"runs": [each.as_dict() for each in found]}, True, lambda: print_runs(found))

    deliver(work, as_json=json, at_hand=lambda: {"runs": []})


@app.command()
def report(
    run: RunName = "latest",
    html: Annotated[Path | None, typer.Option("--html", help="Where to write the page.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Also write it as Markdown.")] = None,
    checklist: Annotated[
        bool, typer.Option("--checklist", help="Tick or cross each habit of good training.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Show a run: tables here, and one self-contained HTML page."""

    def work() -> Delivery:
        from medalist.apps.tables import report_delivery

        return report_delivery(run, html, markdown, checklist)

    deliver(work, as_json=json, at_hand=dict)


app.command()(compare)


@app.command(
    add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def hints(context: typer.Context) -> None:
    """The knowledge base of training mistakes: list, check SCRIPT, explain LOG, export, learned, promote, drop."""
    from medalist.apps.cli_hints import app as hints_app

    hints_app(context.args, prog_name="medalist hints")


app.command()(oracle)
app.command()(mcp)
app.command()(play)


@app.command()
def doctor(
    gpu: Annotated[bool, typer.Option("--gpu", help="Time a training step on CPU and GPU.")] = False,
    panel: options.Panel = None,
    json: options.Json = False,
) -> None:
    """What works on this machine, what is missing, and the command that mends it."""

    def work() -> Delivery:
        from medalist.apps.doctor import examine, show

        findings = examine(gpu=gpu, panel=panel or "")
        return Delivery(
            {"findings": [each.as_dict() for each in findings]},
            not any(each.needed and not each.good for each in findings),
            lambda: show(findings),
        )

    deliver(work, as_json=json, at_hand=dict)


@app.command()
def demo(
    time: Annotated[str, typer.Option("--time", help="Budget of each competition.")] = "20s",
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """The jobs on real input: checks at work, competitions from installed libraries, graded, and a speed-up."""

    def work() -> Delivery:
        from medalist.apps.demo import run_demo

        return run_demo(time, out)

    deliver(work, as_json=json, at_hand=dict)


def _run_at_hand(started: list[Path]) -> Mapping[str, Any]:
    from medalist.core.errors import MedalistError
    from medalist.runs.api import read_run
    from medalist.runs.arc import is_collection
    from medalist.runs.store import FileStore

    try:
        if started and is_collection(FileStore(started[0])):
            return collection_at_hand(started)
        if started and FileStore(started[0]).spec().numbered:
            return trials_at_hand(started)
        return read_run(FileStore(started[0])).as_dict() if started else {"run_dir": None, "attempts": []}
    except MedalistError:
        return {"run_dir": str(started[0]), "attempts": []}


def _show_result(result: Any) -> None:
    from medalist.apps.tables import print_result

    print_result(result)


def _show_grade(verdict: Any) -> None:
    from medalist.apps.tables import print_grade

    print_grade(verdict)


def _show_run(run_dir: Path) -> None:
    from medalist.apps.tables import print_run
    from medalist.runs.store import FileStore

    print_run(FileStore(run_dir))
