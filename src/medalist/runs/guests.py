"""Attempts whose engineer comes from outside: started, or picked up again, with the guest at hand."""

from __future__ import annotations

from pathlib import Path

from medalist.core.budget import Limits, parse_duration
from medalist.core.errors import UsageError
from medalist.core.family import find_families
from medalist.engineers.guest import Guest, GuestEngineer
from medalist.llm.settings import LlmSettings
from medalist.runs import api
from medalist.runs.results import AttemptResult
from medalist.runs.spec import GUEST, RunSpec, TaskSpec
from medalist.runs.store import FileStore, find_run


def guest_task(path: str | Path, *, metric: str | None = None) -> TaskSpec:
    """The task in a folder, or a built-in one, of the family that recognises it; a competition where none does.

    Raises InputError for what is not there.
    """
    folder = api.task_folder(path)
    families = find_families().items()
    family = next((name for name, each in families if each.recognises(folder)), "compete")
    return TaskSpec(folder, family, {} if metric is None else {"metric": metric})


def create_guest_run(
    task: TaskSpec,
    *,
    time: str | float,
    llm: LlmSettings | None = None,
    hints: bool = True,
    sandbox: str = "auto",
    seed: int = 0,
    out: str | Path | None = None,
) -> FileStore:
    """A new run of one attempt that waits for its guest. Raises UsageError, before anything is made."""
    spec = RunSpec(
        tasks=(task,),
        engineers=(GUEST,),
        seeds=(seed,),
        limits=Limits(attempt_seconds=parse_duration(time)),
        sandbox=sandbox,
        hints=(hints,),
        llm=llm or LlmSettings(),
    )
    return api.create_checked_run(spec, out, guest_is_here=True)


def find_guest_run(name: str | Path) -> FileStore:
    """A guest's run to go on with. Raises UsageError for one that is another engineer's, or has ended."""
    store = find_run(name, api.runs_root())
    record = store.attempts()[0]
    if record.spec.engineer != GUEST:
        raise UsageError(
            f"The {record.spec.engineer} works on this run, not a guest.",
            where=str(store.root),
            next_step=f"`medalist resume {store.root}` goes on with it.",
        )
    if record.state.final:
        raise UsageError("This run has ended.", where=str(store.root), next_step="Start a new one.")
    return store


def receive(store: FileStore, guest: Guest, *, on_event: api.Listener | None = None) -> AttemptResult:
    """Let the guest work on the run's only attempt until it ends. Raises as ``api.attempt_here`` does."""
    spec = store.attempts()[0].spec
    return api.attempt_here(
        store, on_event=on_event, engineer=GuestEngineer(guest, spec.llm, hints=spec.hints)
    )
