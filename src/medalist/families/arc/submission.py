"""``submission.json``: two attempts for every test input of every task, complete from the first moment on.

``Submission`` keeps its text in pieces, so that one task's new answers cost no more than writing the file;
``check_submission`` tells every fault of anybody's file in a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from medalist.core.errors import InputError
from medalist.core.family import Validation
from medalist.families.arc.formats import Entry, read_json
from medalist.families.arc.grids.cells import read_grid

ATTEMPTS = ("attempt_1", "attempt_2")
PRODUCT = "submission.json"

_TOLD = 5
_MOST_FAULTS = 1000

Rows = list[list[int]]


def fault_of(task: str, attempts: Sequence[tuple[Any, Any]], count: int) -> str:
    """What is wrong with the answers that a solver gives to a task of ``count`` test inputs; "" when nothing is."""
    if any(len(pair) != len(ATTEMPTS) for pair in attempts):
        return f"Task {task} needs two attempts for each test input."
    pairs = [dict(zip(ATTEMPTS, pair, strict=True)) for pair in attempts]
    return next(_faults_of_task(task, pairs, count), "")


class Submission:
    """The text of a submission that has every task from the beginning, with its fallback."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._pieces = {entry.id: "" for entry in entries}
        for entry in entries:
            self.put(entry.id, [(grid.tolist(), [[0]]) for grid in entry.fallback])

    def put(self, task: str, attempts: Sequence[tuple[Rows, Rows]]) -> None:
        """The two attempts for each of a task's test inputs, in order; grids as lists of whole numbers."""
        if task not in self._pieces:
            raise KeyError(task)
        pairs = [dict(zip(ATTEMPTS, pair, strict=True)) for pair in attempts]
        self._pieces[task] = f"{json.dumps(task)}:{json.dumps(pairs, separators=(',', ':'))}"

    @property
    def text(self) -> str:
        return "{" + ",\n".join(self._pieces.values()) + "}\n"


def check_submission(path: Path, asked: Mapping[str, int]) -> Validation:
    """Whether a file answers every test input; ``asked`` says how many each task has. Never raises for its content."""
    try:
        data, twice = read_json(path)
    except InputError as error:
        return Validation(False, error.what)
    if not isinstance(data, dict):
        return Validation(
            False, "A submission is an object that holds a list of attempts for each task's id."
        )
    faults: list[str] = []
    for fault in _faults(data, twice, asked):
        faults.append(fault)
        if len(faults) >= _MOST_FAULTS:
            break
    rows = sum(len(entry) for entry in data.values() if isinstance(entry, list))
    if not faults:
        return Validation(True, rows=rows)
    more = len(faults) - _TOLD
    told = " ".join(faults[:_TOLD]) + (f" And {more} more." if more > 0 else "")
    return Validation(False, told, rows, {"faults": faults})


def read_attempts(path: Path) -> dict[str, list[tuple[Rows, Rows]]]:
    """What a valid submission answers, by task."""
    data, _ = read_json(path)
    return {task: [(one[ATTEMPTS[0]], one[ATTEMPTS[1]]) for one in entry] for task, entry in data.items()}


def _faults(data: Mapping[str, Any], twice: Sequence[str], asked: Mapping[str, int]) -> Iterator[str]:
    for task in twice:
        if task in data:
            yield f"Task {task} stands more than once."
    for task, count in asked.items():
        if task not in data:
            yield f"Task {task} is missing."
        else:
            yield from _faults_of_task(task, data[task], count)
    for task in data:
        if task not in asked:
            yield f"There is no task {task[:60]} here."


def _faults_of_task(task: str, entry: Any, count: int) -> Iterator[str]:
    if not isinstance(entry, list):
        yield f"Task {task} must have a list with one object for each test input."
        return
    if len(entry) != count:
        yield f"Task {task} has {_counted(count, 'test input')}, the submission {_counted(len(entry), 'answer')}."
    for number, one in enumerate(entry, start=1):
        where = f"Task {task}, test input {number}"
        if not isinstance(one, dict):
            yield f"{where}: an answer is an object with `{ATTEMPTS[0]}` and `{ATTEMPTS[1]}`."
            continue
        for name in ATTEMPTS:
            if name not in one:
                yield f"{where}: `{name}` is missing."
                continue
            try:
                read_grid(one[name], "")
            except InputError as error:
                yield f"{where}, {name}: {error.what}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
