"""A real session on a task, without a run around it: workspace, sandbox, supervisor, events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medalist.core.budget import Budget, Limits
from medalist.core.candidate import Outcome
from medalist.core.event import Event, EventLog, read_events
from medalist.core.family import Family, find_family
from medalist.machine.hardware import read_hardware
from medalist.runs.grading import judge_meanwhile
from medalist.session.session import Session
from medalist.session.supervisor import Supervisor
from medalist.workspace.sandbox import choose_sandbox
from medalist.workspace.workspace import Workspace


@contextmanager
def open_session(
    family: str | Family,
    task: Path,
    attempt: Path,
    *,
    seconds: float = 600.0,
    settings: Mapping[str, Any] | None = None,
    history: Sequence[Outcome] = (),
) -> Iterator[Session]:
    """A session of the family (an installed one by name) on ``task``; the attempt's folder is ``attempt``."""
    attempt.mkdir(parents=True, exist_ok=True)
    family = find_family(family) if isinstance(family, str) else family
    hardware = read_hardware()
    opened = family.open(task, settings or {})
    budget = Budget(seconds)
    events = EventLog(attempt / "events.jsonl", elapsed=lambda: budget.elapsed)
    sandbox, _ = choose_sandbox("auto", cache=None)
    workspace = Workspace.open(
        attempt / "workspace",
        opened.task.public,
        sandbox=sandbox,
        hardware=hardware,
        preload=family.preload,
        readable=opened.readable,
    )
    with workspace:
        workspace.warm_up()
        yield Session(
            task=opened.task,
            family=family,
            workspace=workspace,
            supervisor=Supervisor(workspace, hardware, events, budget),
            budget=budget,
            limits=Limits(attempt_seconds=seconds),
            hardware=hardware,
            events=events,
            cores=hardware.core_ids,
            attempt_dir=attempt,
            history=history,
            judge=judge_meanwhile(family, opened),
        )


def events_of(session: Session, *kinds: str) -> list[Event]:
    """What the session wrote so far, of these kinds; all where none is named."""
    return [e for e in read_events(session.events.path) if not kinds or e.kind in kinds]
