"""Medalist from Python: the same functions the command line calls.

    import medalist
    result = medalist.compete("spaceship-titanic", time="10m")
    print(result.submission, result.validation_score)

Importing this module loads nothing heavy. Every function raises MedalistError (a UsageError for
input that cannot be used) and prints nothing.
"""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from medalist.core.budget import Limits, parse_duration
from medalist.core.errors import InputError, UsageError
from medalist.core.event import Event
from medalist.core.family import (
    Family,
    MakesTasks,
    Opened,
    Validation,
    built_in_task,
    find_families,
    find_family,
)
from medalist.core.home import cache_folder
from medalist.engineers.engineer import Engineer
from medalist.llm.settings import LlmSettings
from medalist.runs.engineers import refuse_unused_models, refuse_what_cannot_work
from medalist.runs.grading import Grade, grade_product
from medalist.runs.results import AttemptResult, RunResult, read_result, read_run
from medalist.runs.runner import run_all
from medalist.runs.sets import read_set
from medalist.runs.spec import TEAM_SHARE, RunSpec, TaskSpec, task_name, with_time
from medalist.runs.store import AttemptState, FileStore, find_run, list_runs
from medalist.runs.trials import Trial, run_trials
from medalist.workspace.sandbox import choose_sandbox

Listener = Callable[[str, Event], None]
"""Called with an attempt's id and each of its events as they happen."""


def compete(
    path: str | Path,
    *,
    time: str | float = "10m",
    metric: str | None = None,
    leaderboard: str | Path | None = None,
    weights: str | Path | None = None,
    engineer: str | Sequence[str] = "playbook",
    model: str | Sequence[str] = (),
    llm: LlmSettings | None = None,
    hints: bool = True,
    sandbox: str = "auto",
    seed: int = 0,
    out: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    on_event: Listener | None = None,
    on_start: Callable[[Path], None] | None = None,
) -> AttemptResult:
    """Make the best submission for a competition folder within ``time``.

    ``engineer`` and ``model`` are a name or several: every engineer with every language model it asks
    works at the same time in a share of the time and cores, and a team joins what they made; the
    result is the team's, or the best member's where the team left nothing. ``llm`` says what else of
    language models may be asked, and its limits. ``out`` is the run's folder (by default a new one
    under ``runs_root()``). ``settings`` overrides what exploring would find: id column, targets, and
    what else the family documents. ``on_start`` is told the run's folder once it stands. Raises
    UsageError for input that cannot be used or a key that is missing, before anything is made, and
    KeyboardInterrupt after saving everything when it is interrupted.
    """
    spec = RunSpec(
        tasks=(
            competition(path, metric=metric, leaderboard=leaderboard, weights=weights, settings=settings),
        ),
        engineers=_names(engineer),
        seeds=(seed,),
        limits=Limits(attempt_seconds=parse_duration(time)),
        sandbox=sandbox,
        hints=(hints,),
        llm=llm or LlmSettings(),
        models=_names(model),
    )
    members = len(spec.attempts())
    if members > 1:
        seconds = spec.limits.attempt_seconds / (1 + TEAM_SHARE)
        spec = replace(with_time(spec, seconds), team=True, jobs=members)
    store = create_checked_run(spec, out)
    if on_start is not None:
        on_start(store.root)
    if members == 1:
        return attempt_here(store, on_event=on_event)
    run_all(store, on_event=on_event)
    return read_result(store)


def attempt_here(
    store: FileStore, *, on_event: Listener | None = None, engineer: Engineer | None = None
) -> AttemptResult:
    """Run (or resume) the only attempt of a run in this process; ``engineer`` as in ``run_attempt``.

    Raises KeyboardInterrupt after everything is saved when it was interrupted, and the UsageError
    that ended it when it left no submission.
    """
    from medalist.runs.attempt import run_attempt

    name = store.attempts()[0].spec.id
    listen = (lambda event: on_event(name, event)) if on_event else None
    attempted = run_attempt(store, name, listen=listen, engineer=engineer)
    if attempted.record.state is AttemptState.INTERRUPTED:
        raise KeyboardInterrupt
    result = AttemptResult.from_record(store.root, attempted.record)
    if attempted.error is not None and (isinstance(attempted.error, UsageError) or not result.valid):
        raise attempted.error
    return result


def run(
    set_file: str | Path,
    *,
    data_dir: str | Path | None = None,
    time: str | float | None = None,
    jobs: int | None = None,
    engineer: str | Sequence[str] | None = None,
    model: str | Sequence[str] = (),
    llm: Mapping[str, Any] | None = None,
    hints: bool = True,
    sandbox: str | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    on_event: Listener | None = None,
    on_start: Callable[[Path], None] | None = None,
) -> RunResult:
    """Run a set (``SET.yaml`` or ``IDS.txt``): tasks × engineers × seeds, in parallel on the cores there are.

    What is given here goes before what the set says; ``hints`` False leaves them out whatever it
    says. ``llm`` holds fields of ``LlmSettings`` to replace. Raises UsageError as ``compete`` does.
    """
    spec = read_set(Path(set_file), None if data_dir is None else Path(data_dir))
    if time is not None:
        spec = with_time(spec, parse_duration(time))
    asked: dict[str, Any] = {
        "jobs": jobs,
        "engineers": None if engineer is None else _names(engineer),
        "models": _names(model) or None,
        "llm": replace(spec.llm, **llm) if llm else None,
        "hints": None if hints else (False,),
        "sandbox": sandbox,
        "seeds": None if seed is None else (seed,),
    }
    spec = replace(spec, **{key: value for key, value in asked.items() if value is not None})
    store = create_checked_run(spec, out, name=Path(set_file).stem)
    if on_start is not None:
        on_start(store.root)
    run_all(store, on_event=on_event)
    return read_run(store)


def resume(
    name: str | Path,
    *,
    on_event: Listener | None = None,
    on_trial: Callable[[Trial], None] | None = None,
) -> RunResult:
    """Pick a run up where it was stopped: finished attempts stay, others go on with the budget they have left.

    ``on_trial`` hears of each attempt of a run of trials as it ends.
    """
    store = find_run(name, runs_root())
    refuse_what_cannot_work(record.spec for record in store.attempts() if not record.state.final)
    if store.spec().numbered:
        run_trials(store, on_event=on_event, on_trial=on_trial)
    else:
        run_all(store, on_event=on_event)
    return read_run(store)


def runs() -> list[RunResult]:
    """Every run under ``runs_root()`` that can be read, the newest first."""
    from medalist.core.errors import MedalistError

    found = []
    for store in list_runs(runs_root()):
        try:
            found.append(read_run(store))
        except MedalistError:
            continue  # a damaged run must not hide the others; naming it gives the reason
    return found


def grade(
    task: str | Path,
    product: str | Path,
    *,
    settings: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Grade:
    """The hidden grade of a product, by the family's grader in a process of its own.

    ``task`` is a folder, a built-in task (``speedup:complex``), or a script that can be made one, ``product`` then
    being another version of that; ``tell`` hears what the grader says of its progress.
    """
    with _judged(task, product, settings, tell) as (family, opened, file):
        return grade_product(family, opened.task, opened.answers, file, tell=tell)


def validate(
    task: str | Path, product: str | Path, *, settings: Mapping[str, Any] | None = None
) -> Validation:
    """Whether a product is well-formed, and why not: what an engineer may know."""
    with _judged(task, product, settings, None) as (family, opened, file):
        return family.validate(opened.task, file)


def report(name: str | Path, *, html: str | Path | None = None) -> Path:
    """Write a run's self-contained HTML page and return its path (``report.html`` in the run by default)."""
    from medalist.runs.report import write_page

    store = find_run(name, runs_root())
    return write_page(store, Path(html) if html is not None else store.root / "report.html")


def runs_root() -> Path:
    """Where runs are kept when no folder is named: ``$MEDALIST_RUNS``, else ``runs`` here."""
    return Path(os.environ.get("MEDALIST_RUNS") or "runs")


def competition(
    path: str | Path,
    *,
    metric: str | None = None,
    leaderboard: str | Path | None = None,
    weights: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> TaskSpec:
    """A competition's folder with what a person says of it. Raises InputError for what is not there."""
    asked = {
        "metric": metric,
        "leaderboard": existing(leaderboard),
        "weights": existing(weights),
        **(settings or {}),
    }
    return TaskSpec(
        task_folder(path), settings={key: value for key, value in asked.items() if value is not None}
    )


def create_checked_run(
    spec: RunSpec, out: str | Path | None, *, name: str = "", guest_is_here: bool = False
) -> FileStore:
    """``create_run`` once every task could be opened and every engineer can work. Raises UsageError, nothing made."""
    refuse_unworkable(spec, guest_is_here=guest_is_here)
    return create_run(spec, out, name=name)


def refuse_unworkable(spec: RunSpec, *, guest_is_here: bool = False) -> None:
    """Raises UsageError where a task cannot be opened or an engineer cannot work, SandboxUnavailable where the sandbox
    that is asked for does not hold; makes nothing."""
    for task in spec.tasks:
        find_family(task.family).open(task.path, task.settings)
    refuse_unused_models(spec)
    refuse_what_cannot_work(spec.attempts(), guest_is_here=guest_is_here)
    if spec.sandbox != "auto":
        choose_sandbox(spec.sandbox, cache=cache_folder() / "sandbox.json")


def create_run(spec: RunSpec, out: str | Path | None, *, name: str = "") -> FileStore:
    """Lay out a new run. Raises UsageError when ``out`` holds one already, StoreError when it cannot be written."""
    store = place_for_run(out, name or task_name(spec.tasks[0].path))
    store.create(spec)
    return store


def place_for_run(out: str | Path | None, name: str) -> FileStore:
    """Where a new run goes: ``out``, else a folder under ``runs_root()`` named after the time and ``name``.

    Makes nothing. Raises UsageError when ``out`` holds a run already.
    """
    if out is not None:
        store = FileStore(Path(out).absolute())
        if (store.root / "run.json").exists():
            raise UsageError(
                "A run stands there already.",
                where=str(store.root),
                next_step=f"`medalist resume {store.root}` continues it; another --out starts a new one.",
            )
        return store
    base = runs_root().absolute() / f"{clock.strftime('%Y%m%d-%H%M%S')}-{name}"
    return FileStore(next(path for path in _numbered(base) if not path.exists()))


def _numbered(base: Path):
    yield base
    number = 2
    while True:
        yield base.with_name(f"{base.name}-{number}")
        number += 1


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    """One name, several with commas between, or a sequence of them."""
    parts = given.split(",") if isinstance(given, str) else given
    return tuple(name.strip() for name in parts if name.strip())


def existing(path: str | Path | None) -> str | None:
    """An optional file or folder as a setting. Raises InputError when it is not there."""
    if path is None:
        return None
    if not Path(path).exists():
        raise InputError("There is no such file or folder.", where=str(path))
    return str(Path(path).absolute())


def task_folder(path: str | Path) -> Path:
    """The folder of a task, or of the built-in one of that name. Raises InputError when there is neither."""
    folder = Path(path)
    if not folder.exists():
        built_in = built_in_task(str(path))
        folder = built_in[0] if built_in else folder
    if not folder.exists():
        raise InputError(
            "There is no such folder or file.",
            where=str(folder),
            next_step="Name the folder that holds the task's files, or a built-in task, speedup:complex say.",
        )
    return folder.resolve()


@contextmanager
def _judged(
    task: str | Path,
    product: str | Path,
    settings: Mapping[str, Any] | None,
    tell: Callable[[str], None] | None,
) -> Iterator[tuple[Family, Opened, Path]]:
    """What is to be judged. A task that has to be made of a script first stands within."""
    file, script = Path(product), Path(task)
    if not file.is_file():
        raise InputError("There is no such file to judge.", where=str(file))
    if maker := family_for_file(script):
        with TemporaryDirectory(prefix="medalist-task-") as scratch:
            place = Path(scratch).resolve()
            made = maker.make_task(script.resolve(), place / "task", (), settings or {}, tell or silent)
            maker.as_product(made, file.resolve(), place / maker.product)
            yield maker, maker.open(made, settings or {}), place / maker.product
        return
    path = task_folder(task)
    family = recognise(path)
    yield family, family.open(path, settings or {}), file.resolve()


def family_for_file(file: Path) -> MakesTasks | None:
    """The family that makes tasks of files like this one; None where there is none, or no such file."""
    families = find_families().values() if file.is_file() else ()
    return next((each for each in families if isinstance(each, MakesTasks) and each.takes(file)), None)


def silent(text: str) -> None:
    """Nobody listens."""


def recognise(path: Path) -> Family:
    """The family that knows tasks like this one. Raises InputError that says what each looks for."""
    families = find_families()
    for family in families.values():
        if family.recognises(path):
            return family
    raise InputError(
        "No family of tasks recognises this folder.",
        where=str(path),
        next_step=f"Installed: {', '.join(sorted(families))}; a competition folder holds train and test files.",
    )
