"""``medalist.speedup``: a slow program made fast, in one attempt or many, and how often that succeeds.

What is a task, which engineer is tried how often, and how a task is made of somebody's own script, its family says.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medalist.core.budget import Limits, parse_duration
from medalist.core.errors import InputError, MedalistError, UsageError
from medalist.core.event import Event
from medalist.core.family import Family, PassedOrNot
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
    _refuse_nonsense(attempts, steps, target, engineer, model)
    asked = {
        "target": target,
        "semantics": semantics,
        "steps": steps,
        "intermediate": None if intermediate else False,
        "profiler": None if profiler else False,
        "sandbox": None if sandbox == "auto" else sandbox,
        "calls": api.existing(calls),
        **(settings or {}),
    }
    limits, llm = Limits(attempt_seconds=parse_duration(time)), _with_model(llm, model)
    wanted = _Wanted(asked, attempts, concurrent, engineer, seed, limits, sandbox, hints, llm)
    hear = tell or api.silent
    store = wanted.laid_out(program, arguments, out, hear)
    if on_start is not None:
        on_start(store.root)
    return run_trials(store, on_event=on_event, on_trial=on_trial, tell=hear)


@dataclass(frozen=True)
class _Wanted:
    """A run of trials as it was asked for, but for its task. A setting that is None was not asked for."""

    asked: Mapping[str, Any]
    attempts: int | None
    concurrent: bool
    engineer: str
    first_seed: int
    limits: Limits
    sandbox: str
    hints: bool
    llm: LlmSettings

    @property
    def settings(self) -> dict[str, Any]:
        return {name: value for name, value in self.asked.items() if value is not None}

    def laid_out(
        self,
        program: str | Path,
        arguments: Sequence[str],
        out: str | Path | None,
        tell: Callable[[str], None],
    ) -> FileStore:
        """A new run on the program, everything about it checked. Raises UsageError and leaves nothing."""
        if Path(program).is_file():
            return self._laid_out_of_script(Path(program).resolve(), arguments, out, tell)
        path = api.task_folder(program)
        family = api.recognise(path)
        return api.create_checked_run(self._spec(TaskSpec(path, family.name, self.settings), family), out)

    def _laid_out_of_script(
        self, script: Path, arguments: Sequence[str], out: str | Path | None, tell: Callable[[str], None]
    ) -> FileStore:
        """On a task made of ``script``, which then lies in the run's folder."""
        family = api.family_for_file(script)
        if family is None:
            raise InputError(
                "This file cannot be sped up.",
                where=str(script),
                next_step="Name a Python script, or a task's folder.",
            )
        store = api.place_for_run(out, task_name(script.with_suffix("")))
        folder, fresh = store.root / TASK_FOLDER, not store.root.exists()
        try:
            path = family.make_task(script, folder, arguments, self.settings, tell)
            task = TaskSpec(path, family.name, {**self.settings, SCRIPT: str(script)})
            spec = self._spec(task, family)
            api.refuse_unworkable(spec)
            store.create(spec)
        except (MedalistError, KeyboardInterrupt):
            shutil.rmtree(store.root if fresh else folder, ignore_errors=True)
            raise
        return store

    def _spec(self, task: TaskSpec, family: Family) -> RunSpec:
        usual = _tries(family, task.path, self.engineer)
        count = usual if self.attempts is None else self.attempts
        return RunSpec(
            tasks=(task,),
            engineers=(self.engineer,),
            seeds=tuple(range(self.first_seed, self.first_seed + count)),
            limits=self.limits,
            sandbox=self.sandbox,
            hints=(self.hints,),
            jobs=count if self.concurrent else 1,
            llm=self.llm,
            numbered=True,
        )


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
