"""``medalist.speedup``: a slow program made fast, in one attempt or many, and how often that succeeds.

What is a task, which engineer is tried how often, and how a task is made of somebody's own script, its family says.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from medalist.core.budget import Limits, parse_duration
from medalist.core.errors import InputError, MedalistError, UsageError
from medalist.core.event import Event
from medalist.core.family import Family, MakesTasks, PassedOrNot, find_families
from medalist.llm.settings import LlmSettings
from medalist.runs import api
from medalist.runs.spec import RunSpec, TaskSpec, task_name
from medalist.runs.store import FileStore
from medalist.runs.trials import SCRIPT, Trial, Trials, run_trials

DEFAULT_PROGRAM = "speedup:complex"
DEFAULT_TIME = "30m"
TASK_FOLDER = "task"
"""Where in a run's folder the task lies that was made of somebody's own script."""


def speedup(
    program: str | Path = DEFAULT_PROGRAM,
    *,
    target: float | None = None,
    semantics: str | None = None,
    attempts: int | None = None,
    concurrent: bool = True,
    steps: int | None = None,
    intermediate: bool = True,
    profiler: bool = True,
    engineer: str = "playbook",
    model: str = "",
    llm: LlmSettings | None = None,
    hints: bool = True,
    sandbox: str = "auto",
    seed: int = 0,
    time: str | float = DEFAULT_TIME,
    out: str | Path | None = None,
    arguments: Sequence[str] = (),
    calls: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None,
    on_event: Callable[[str, Event], None] | None = None,
    on_trial: Callable[[Trial], None] | None = None,
    on_start: Callable[[Path], None] | None = None,
) -> Trials:
    """Make a slow program fast, ``attempts`` times over (None: as often as its family tries such an engineer).

    ``program`` is a built-in task (``speedup:complex``), a task's folder, or a script of one's own, which stays as it
    is. ``target`` and ``semantics`` replace the task's. ``steps``, ``intermediate`` and ``profiler`` bound what an
    engineer with tools may do. Attempts are made at once, or one after another; a grading always has the machine for
    itself. ``time`` is each attempt's. ``arguments`` are what a script of one's own is called with, ``calls`` the file
    that the engineer ``scripted`` replays. ``on_start`` is told the run's folder, ``on_trial`` hears of each attempt as it
    ends, ``tell`` what happens while a task is made of a script.

    Raises UsageError for input that cannot be used, before any attempt is made, and KeyboardInterrupt after saving
    everything when it is interrupted.
    """
    asked: dict[str, Any] = {
        "target": target,
        "semantics": semantics,
        "steps": steps,
        "calls": None if calls is None else api.existing(calls),
        "sandbox": None if sandbox == "auto" else sandbox,
        **({} if intermediate else {"intermediate": False}),
        **({} if profiler else {"profiler": False}),
        **(settings or {}),
    }
    asked = {name: value for name, value in asked.items() if value is not None}

    def spec_for(path: Path, family: Family, script: Path | None = None) -> RunSpec:
        made_of = {} if script is None else {SCRIPT: str(script)}
        count = attempts if attempts is not None else _tries(family, path, engineer)
        return RunSpec(
            tasks=(TaskSpec(path, family.name, {**asked, **made_of}),),
            engineers=(engineer,),
            seeds=tuple(range(seed, seed + count)),
            limits=Limits(attempt_seconds=parse_duration(time)),
            sandbox=sandbox,
            hints=(hints,),
            jobs=count if concurrent else 1,
            llm=_with_model(llm, model),
            numbered=True,
        )

    _refuse_nonsense(attempts, steps, target, engineer, model)
    if Path(program).is_file():
        store = _laid_out_of_script(Path(program).resolve(), arguments, asked, spec_for, out, tell or _silent)
    else:
        path = api.task_folder(program)
        store = api.create_checked_run(spec_for(path, api.recognise(path)), out)
    if on_start is not None:
        on_start(store.root)
    return run_trials(store, on_event=on_event, on_trial=on_trial, tell=tell or _silent)


def _refuse_nonsense(
    attempts: int | None, steps: int | None, target: float | None, engineer: str, model: str
) -> None:
    for name, value in (("attempts", attempts), ("steps", steps)):
        if value is not None and value < 1:
            raise UsageError(f"{value} {name} are too few.", where=f"--{name}", next_step="Give 1 or more.")
    if target is not None and not 0.0 < target < float("inf"):
        raise UsageError(f"A target of {target}x is none.", where="--target", next_step="Give 36, say.")
    if "," in engineer + model:
        raise UsageError(
            "Trials are of one engineer with one language model.",
            where=f"{engineer} {model}".strip(),
            next_step="Make a run for each, then `medalist compare` them.",
        )


def _laid_out_of_script(
    script: Path,
    arguments: Sequence[str],
    settings: Mapping[str, Any],
    spec_for: Callable[[Path, Family, Path], RunSpec],
    out: str | Path | None,
    tell: Callable[[str], None],
) -> FileStore:
    """A new run on a task made of ``script``, which lies in its folder. Raises UsageError and leaves nothing."""
    family = _family_for(script)
    store = api.place_for_run(out, task_name(script.with_suffix("")))
    folder = store.root / TASK_FOLDER
    fresh = not store.root.exists()
    try:
        spec = spec_for(family.make_task(script, folder, arguments, settings, tell), family, script)
        api.refuse_unworkable(spec)
        store.create(spec)
    except (MedalistError, KeyboardInterrupt):
        shutil.rmtree(store.root if fresh else folder, ignore_errors=True)
        raise
    return store


def _silent(text: str) -> None:
    """Nobody listens."""


def _family_for(file: Path) -> MakesTasks:
    """The family that makes tasks of files like this one. Raises InputError."""
    for family in find_families().values():
        if isinstance(family, MakesTasks) and family.takes(file):
            return family
    raise InputError(
        "This file cannot be sped up.", where=str(file), next_step="Name a Python script, or a task's folder."
    )


def _tries(family: Family, path: Path, engineer: str) -> int:
    if not isinstance(family, PassedOrNot):
        raise InputError(
            f"This is a task of the family {family.name!r}, which is scored, not passed.",
            where=str(path),
            next_step="`medalist compete` works on competitions.",
        )
    return family.tries(engineer)


def _with_model(llm: LlmSettings | None, model: str) -> LlmSettings:
    return replace(llm or LlmSettings(), **({"model": model} if model else {}))
