"""``medalist mcp`` and ``medalist play``: an attempt whose engineer comes from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medalist.apps import options
from medalist.apps.delivery import INTERRUPTED, Delivery, deliver, first_result
from medalist.apps.interrupt import StoppedEarly
from medalist.core.errors import UsageError

if TYPE_CHECKING:
    from medalist.apps.live import Live
    from medalist.engineers.guest import Guest
    from medalist.runs.store import FileStore

Task = Annotated[Path | None, typer.Argument(metavar="DIR", help="A competition's folder, or speedup:NAME.")]
Time = Annotated[str, typer.Option("--time", help="Budget: 90s, 10m, 1h30m.")]
Metric = Annotated[str | None, typer.Option("--metric", help="Override the metric that was found.")]
Resume = Annotated[
    str | None, typer.Option("--resume", metavar="RUN", help="Go on with a guest's run that was interrupted.")
]


def mcp(
    task: Task = None,
    http: Annotated[
        int | None,
        typer.Option(
            "--http", metavar="PORT", min=0, max=65535, help="Serve HTTP on this machine, not stdio."
        ),
    ] = None,
    time: Time = "1h",
    metric: Metric = None,
    no_hints: options.NoHints = False,
    sandbox: options.Sandbox = "auto",
    seed: options.Seed = 0,
    out: options.Out = None,
    resume: Resume = None,
    panel: options.Panel = None,
    critic: options.Critic = None,
    max_cost: options.MaxCost = None,
    max_tokens: options.MaxTokens = None,
    json: options.Json = False,
    front: Annotated[int | None, typer.Option("--front", hidden=True)] = None,
) -> None:
    """Serve the tools of one attempt to an MCP client, which is the engineer, under the same checks and grader."""
    if http is None and front is None:
        raise typer.Exit(_stand_in_front())
    llm = options.asked_of_language_models(panel, critic, max_cost, max_tokens)

    def guest(live: Live) -> Guest:
        from medalist.apps.mcp import McpGuest
        from medalist.apps.mcp_doors import HttpDoor, StdioDoor

        if http is None:
            return McpGuest(StdioDoor(client_gone=lambda: os.getppid() != front))
        door = HttpDoor(http)
        live.say(f"MCP clients on this machine connect to {door.url}")
        return McpGuest(door)

    _receive(
        guest,
        lambda: _run_of(task, resume, time, metric, not no_hints, sandbox, seed, out, llm),
        as_json=json,
        again="medalist mcp --resume",
        quiet=False,
    )


def play(
    task: Task = None,
    time: Time = "1h",
    metric: Metric = None,
    no_hints: options.NoHints = False,
    sandbox: options.Sandbox = "auto",
    seed: options.Seed = 0,
    out: options.Out = None,
    resume: Resume = None,
    panel: options.Panel = None,
    critic: options.Critic = None,
    max_cost: options.MaxCost = None,
    max_tokens: options.MaxTokens = None,
    json: options.Json = False,
) -> None:
    """Be the engineer yourself: a shell in the workspace, with the agent's tools as commands."""
    llm = options.asked_of_language_models(panel, critic, max_cost, max_tokens)

    def guest(live: Live) -> Guest:
        from medalist.apps.play import Player

        return Player(sys.stdin, live.say)

    _receive(
        guest,
        lambda: _run_of(task, resume, time, metric, not no_hints, sandbox, seed, out, llm),
        as_json=json,
        again="medalist play --resume",
        quiet=True,  # whose answers and news say it all
    )


def _receive(
    guest: Callable[[Live], Guest],
    store_of: Callable[[], FileStore],
    *,
    as_json: bool,
    again: str,
    quiet: bool,
) -> None:
    started: list[Path] = []

    def work() -> Delivery:
        from medalist.apps.live import Live
        from medalist.apps.tables import print_result
        from medalist.runs.guests import receive

        with Live(quiet=quiet) as live:
            who = guest(live)
            store = store_of()
            started.append(store.root)
            result = receive(store, who, on_event=live.tell)
        return Delivery(result.as_dict(), result.good, lambda: print_result(result))

    deliver(work, as_json=as_json, at_hand=lambda: first_result(started).as_dict(), again=again)


def _run_of(
    task: Path | None,
    resume: str | None,
    time: str,
    metric: str | None,
    hints: bool,
    sandbox: str,
    seed: int,
    out: str | None,
    llm: dict[str, Any],
) -> FileStore:
    """The run to work on: an interrupted one, or a new one for a task."""
    from medalist.llm.settings import LlmSettings
    from medalist.runs.guests import create_guest_run, find_guest_run, guest_task

    if (task is None) == (resume is None):
        raise UsageError("Name a task's folder, or with --resume a run to go on with.")
    if task is None:
        return find_guest_run(resume or "")
    return create_guest_run(
        guest_task(task, metric=metric),
        time=time,
        llm=LlmSettings(**llm),
        hints=hints,
        sandbox=sandbox,
        seed=seed,
        out=out,
    )


def _stand_in_front() -> int:
    """Run the attempt in a process that the client does not know, so that it can close in peace.

    Clients give a server two seconds once they have left, and then kill it and its group; using what
    was trained, the last ensemble and the grade take longer. The attempt notices when this process is
    gone and takes that as the client's leaving.
    """
    command = [sys.executable, "-P", "-m", "medalist.apps.cli", *sys.argv[1:], "--front", str(os.getpid())]
    attempt = subprocess.Popen(command, start_new_session=True)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    try:
        return attempt.wait()
    except (KeyboardInterrupt, StoppedEarly):
        return INTERRUPTED
