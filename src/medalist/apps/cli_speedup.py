"""``medalist speedup``: attempts at a slow program, a line for each as it ends, and the closing block people know."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medalist.apps import options
from medalist.apps.delivery import Delivery, deliver
from medalist.core.errors import UsageError

if TYPE_CHECKING:
    from medalist.apps.live import Live
    from medalist.core.event import Event
    from medalist.runs.store import FileStore
    from medalist.runs.trials import Trial, Trials

Program = Annotated[
    str,
    typer.Argument(
        metavar="PROGRAM",
        help="speedup:NAME, a task's folder, or a script of your own, which stays as it is.",
    ),
]
Target = Annotated[
    float | None,
    typer.Option("--target", metavar="X", help="How many times as fast passes (default: the task's, 36)."),
]
Semantics = Annotated[
    str | None,
    typer.Option(
        "--semantics", help="preserve: the same function (default); quality: any program that learns as well."
    ),
]
Attempts = Annotated[
    int | None,
    typer.Option(
        "--attempts", metavar="N", help="How many attempts (default: 1 for the playbook, 10 for others)."
    ),
]
Concurrent = Annotated[
    bool,
    typer.Option(
        "--concurrent/--sequential", help="Attempts at once, or one after another; gradings never overlap."
    ),
]
Steps = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", help="An engineer's steps at most (default: 15); it is not told."),
]
NoIntermediate = Annotated[
    bool, typer.Option("--no-intermediate", help="No judgement of answers before the last one.")
]
NoProfiler = Annotated[bool, typer.Option("--no-profiler", help="No tool for profiling.")]
Arguments = Annotated[
    str, typer.Option("--arguments", metavar="TEXT", help="What a script of your own is called with.")
]
Calls = Annotated[
    Path | None,
    typer.Option("--calls", metavar="FILE", help="The tool calls that the engineer `scripted` replays."),
]
Time = Annotated[str, typer.Option("--time", help="Budget of each attempt: 90s, 10m, 1h30m.")]


def speedup(
    program: Program = "speedup:complex",
    target: Target = None,
    semantics: Semantics = None,
    attempts: Attempts = None,
    concurrent: Concurrent = True,
    steps: Steps = None,
    no_intermediate: NoIntermediate = False,
    no_profiler: NoProfiler = False,
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
    time: Time = "30m",
    arguments: Arguments = "",
    calls: Calls = None,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Make a slow program fast, and judge it on hidden fresh data."""
    begun: list[Path] = []

    def work() -> Delivery:
        from medalist.runs.speedup import speedup as work_on

        options.refuse_other_executors(executor)
        with Board(begun, as_json=json, concurrent=concurrent) as board:
            trials = work_on(
                program,
                target=target,
                semantics=semantics,
                attempts=attempts,
                concurrent=concurrent,
                steps=steps,
                intermediate=not no_intermediate,
                profiler=not no_profiler,
                engineer=engineer,
                model=model or "",
                llm=options.llm_settings(panel, critic, max_cost, max_tokens),
                hints=not no_hints,
                sandbox=sandbox,
                seed=seed,
                time=time,
                out=out,
                arguments=_words(arguments),
                calls=calls,
                tell=board.say,
                on_event=board.tell,
                on_trial=board.ended,
                on_start=board.start,
            )
            return board.close(trials)

    deliver(work, as_json=json, at_hand=lambda: trials_at_hand(begun))


def _words(text: str) -> list[str]:
    """As a shell would read them. Raises UsageError."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"These arguments cannot be read: {error}.", where=f"--arguments {text}") from None


class Board:
    """What a person sees of trials: the harness's lines on stdout (on stderr beside ``--json``), progress on stderr.

    One attempt alone shows its timeline; several show a line each as they end.
    """

    def __init__(self, begun: list[Path], *, as_json: bool, concurrent: bool | None = None) -> None:
        """``begun`` gets the run's folder; ``concurrent`` as it was asked for, None leaves it to what the run says."""
        self._begun = begun
        self._concurrent = concurrent
        self._out = sys.stderr if as_json else sys.stdout
        self._live: Live | None = None

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *failure: Any) -> None:
        if self._live is not None:
            self._live.__exit__(*failure)

    def say(self, text: str) -> None:
        """Progress, before there are attempts."""
        print(text, file=sys.stderr, flush=True)

    def start(self, run_dir: Path) -> None:
        """The run stands in ``run_dir``; its attempts begin."""
        self._begun.append(run_dir)
        from medalist.apps.live import Live
        from medalist.runs.store import FileStore
        from medalist.runs.trial_lines import opening

        spec = FileStore(run_dir).spec()
        attempts = len(spec.attempts())
        concurrent = spec.jobs != 1 if self._concurrent is None else self._concurrent
        print(opening(attempts, concurrent=concurrent), file=self._out, flush=True)
        self._live = Live(timeline=attempts == 1).__enter__()

    def tell(self, attempt: str, event: Event) -> None:
        if self._live is not None:
            self._live.tell(attempt, event)

    def ended(self, trial: Trial) -> None:
        """A line for an attempt that has ended; none for one that was stopped."""
        from medalist.runs.trial_lines import ending

        if self._live is not None and trial.verdict.decided:
            self._live.say(ending(trial), out=self._out)

    def close(self, trials: Trials) -> Delivery:
        """The closing block, and below it what else there is to say; what the verb delivers."""
        from medalist.runs.trial_lines import beyond, results

        if self._live is not None:
            self._live.__exit__(None, None, None)
            self._live = None
        where = f"Run: {trials.run_dir}"
        print("\n".join([results(trials), *beyond(trials), where]), file=self._out, flush=True)
        return Delivery(trials.as_dict(), trials.passed, lambda: None)


def resume_trials(store: FileStore, *, as_json: bool) -> Delivery:
    """Go on with a run of trials, shown as ``medalist speedup`` shows it."""
    from medalist.runs import api
    from medalist.runs.trials import read_trials

    with Board([], as_json=as_json) as board:
        board.start(store.root)
        api.resume(store.root, on_event=board.tell, on_trial=board.ended)
        return board.close(read_trials(store))


def trials_at_hand(begun: list[Path]) -> Mapping[str, Any]:
    """What stands of a run that was stopped or failed, under the keys of a finished one."""
    from medalist.core.errors import MedalistError
    from medalist.runs.store import FileStore
    from medalist.runs.trials import Trials, read_trials

    try:
        return (read_trials(FileStore(begun[0])) if begun else Trials()).as_dict()
    except MedalistError:
        return Trials(begun[0]).as_dict()
