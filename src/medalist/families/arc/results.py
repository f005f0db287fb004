"""What became of each task, a file a task: answers, the programs they came from, and what that cost.

    <attempt>/tasks/0007-<id>.json      ``TaskResult`` as JSON, written whole when a task is done

Reports read them, a resumed attempt takes them for done, and the solver library learns from them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from medalist.core.patience import write_whole
from medalist.families.arc.submission import Rows

FOLDER = "tasks"
_NAME_CHARACTERS = 60


class State(StrEnum):
    """How work on a task ended."""

    FITS = "fits"
    """Some program gives every training output."""

    NO_PROGRAM = "no program"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    FAILED = "failed"
    """The solver's own failure."""

    MALFORMED = "malformed"
    """The task breaks a rule of the format."""


@dataclass(frozen=True)
class TaskResult:
    """One task's outcome, of JSON values.

    ``attempts`` are two grids for each test input (empty: it keeps its fallback), ``answered_by`` the numbers of the
    ``programs`` they came from, None for a fallback. A program is an object with ``text``, ``program`` (as
    ``Program.as_json`` writes it) or ``source`` (Python), ``stage``, ``confidence``, ``why``, ``fits`` (whether it gives
    every training output) and ``right`` (training outputs it gives, mean share of cells). ``belief`` is the
    confidence in each test's first attempt. ``stages`` are CPU seconds by stage.
    """

    number: int
    task: str
    state: State
    reason: str = ""
    attempts: Sequence[tuple[Rows, Rows]] = ()
    answered_by: Sequence[tuple[int | None, int | None]] = ()
    belief: Sequence[float] = ()
    programs: Sequence[Mapping[str, Any]] = ()
    states: int = 0
    stages: Mapping[str, float] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    memory_bytes: int = 0
    collection: str = ""
    """The public folder the task was read from; its name holds a digest."""

    development: bool = False
    """Whether the engineer was shown the tests' outputs."""

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> TaskResult:
        """Raises KeyError, TypeError or ValueError for what ``asdict`` did not write."""
        known = {each.name for each in fields(TaskResult)}
        return TaskResult(
            **{
                **{key: value for key, value in data.items() if key in known},
                "state": State(data["state"]),
            }
        )


def save(attempt: Path, result: TaskResult) -> None:
    """Raises StoreError."""
    safe = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in result.task)
    path = attempt / FOLDER / f"{result.number:04d}-{safe[:_NAME_CHARACTERS]}.json"
    write_whole(path, json.dumps(asdict(result), ensure_ascii=False) + "\n")


def read_results(attempt: Path) -> Iterator[TaskResult]:
    """Every task's that is done, in the order of the tasks; files that cannot be read are left out."""
    for path in sorted((attempt / FOLDER).glob("*.json"), key=_number):
        try:
            yield TaskResult.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # damaged outside: the task counts as not done


def _number(path: Path) -> tuple[int, str]:
    first = path.name.partition("-")[0]
    return (int(first) if first.isdigit() else 0, path.name)
