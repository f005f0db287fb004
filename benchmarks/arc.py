"""ARC by the playbook alone: tasks and outputs solved with two attempts, CPU seconds and states a task, memory.

Figures stand for all tasks and for two halves of them, told apart by a hash of their names: operators were designed on
one half, and the other was only ever counted. Asked for on the training split are 160 of 400 tasks, a median of
2 CPU seconds over those solved and a mean of 18 over all. ``--throughput N`` compares two jobs with one on N tasks, in
turns; ``--transformed`` counts again with colours permuted and with grids turned.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import header, table
from medalist.families.arc.results import TaskResult, read_results

Rows = list[list[int]]
TURNS = 5
"""Runs of one job and of two, one after the other."""


def half_of(task: str) -> str:
    """``design`` or ``held out``, the same for a task in any file."""
    return "design" if hashlib.sha256(task.encode()).digest()[0] < 128 else "held out"


class Collection:
    """Challenges and their solutions as Kaggle's files hold them."""

    def __init__(self, challenges: dict[str, Any], solutions: dict[str, list[Rows]]) -> None:
        self.challenges = challenges
        self.solutions = solutions

    @classmethod
    def read(cls, challenges: Path, solutions: Path) -> Collection:
        return cls(json.loads(challenges.read_text()), json.loads(solutions.read_text()))

    def sample(self, count: int) -> Collection:
        """``count`` tasks, always the same ones."""
        names = sorted(random.Random(0).sample(sorted(self.challenges), min(count, len(self.challenges))))
        return Collection(
            {name: self.challenges[name] for name in names}, {name: self.solutions[name] for name in names}
        )

    def mapped(self, change: Callable[[Rows], Rows]) -> Collection:
        """Every grid replaced by ``change`` of it."""
        return Collection(
            {
                name: {
                    "train": [
                        {key: change(pair[key]) for key in ("input", "output")} for pair in task["train"]
                    ],
                    "test": [{"input": change(test["input"])} for test in task["test"]],
                }
                for name, task in self.challenges.items()
            },
            {name: [change(grid) for grid in grids] for name, grids in self.solutions.items()},
        )


class Measured:
    """One run of the command over a collection. Raises RuntimeError where it made no results."""

    def __init__(self, collection: Collection, jobs: int, seconds: float) -> None:
        self.collection = collection
        with tempfile.TemporaryDirectory(prefix="medalist-arc-") as folder:
            challenges = Path(folder) / "challenges.json"
            challenges.write_text(json.dumps(collection.challenges))
            command = [sys.executable, "-m", "medalist.apps.cli", "arc", str(challenges), "--json"]
            command += ["--jobs", str(jobs), "--seconds-per-task", str(seconds), "--out", f"{folder}/run"]
            home = {**os.environ, "MEDALIST_HOME": f"{folder}/home"}  # no library of earlier runs
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=home, check=False)
            lines = done.stdout.splitlines()
            if done.returncode or not lines:
                raise RuntimeError(f"`{' '.join(command)}` ended with status {done.returncode}")
            self.told = json.loads(lines[-1])
            attempts = [path.parent for path in Path(folder, "run").glob("*/tasks")]
            self.results = [result for attempt in attempts for result in read_results(attempt)]

    @property
    def wall_seconds(self) -> float:
        return self.told["seconds"]

    @property
    def cpu_seconds_a_task(self) -> float:
        return self.told["cpu_seconds"] / len(self.collection.challenges)

    def outputs(self, result: TaskResult) -> list[bool]:
        """For each test, whether one of the two attempts is right."""
        wanted = self.collection.solutions[result.task]
        return [
            any([list(row) for row in grid] == answer for grid in pair)
            for pair, answer in zip(result.attempts, wanted, strict=False)
        ]

    def solved(self, result: TaskResult) -> bool:
        return len(result.attempts) == len(self.collection.solutions[result.task]) and all(
            self.outputs(result)
        )

    def count(self) -> int:
        """Tasks solved."""
        return sum(map(self.solved, self.results))

    def row(self, name: str, results: Sequence[TaskResult]) -> list[str]:
        solved = [result for result in results if self.solved(result)]
        outputs = sum(sum(self.outputs(result)) for result in results)
        asked = sum(len(self.collection.solutions[result.task]) for result in results)
        spent = sum(result.cpu_seconds for result in results)
        return [
            name,
            f"{len(solved)} of {len(results)}",
            f"{outputs} of {asked}",
            f"{statistics.median(r.cpu_seconds for r in solved):.2f}" if solved else "–",
            f"{spent / max(len(results), 1):.2f}",
            f"{max((r.cpu_seconds for r in results), default=0):.1f}",
            f"{sum(r.states for r in results) / max(spent, 1e-9):,.0f}",
            f"{max((r.memory_bytes for r in results), default=0) / 2**20:,.0f}",
        ]


def show_score(collection: Collection, options: argparse.Namespace) -> None:
    measured = Measured(collection, options.jobs, options.seconds)
    rows = [measured.row("all", measured.results)]
    for half in ("design", "held out"):
        rows.append(measured.row(half, [r for r in measured.results if half_of(r.task) == half]))
    heads = [
        "tasks",
        "solved",
        "outputs",
        "median CPU s, solved",
        "mean CPU s",
        "most CPU s",
        "states/s",
        "MiB",
    ]
    print(table(heads, rows))
    print(
        f"\n{measured.wall_seconds:.0f} s with {options.jobs} jobs; limit {options.seconds:g} CPU s a task.\n"
    )
    stages: dict[str, float] = {}
    for result in measured.results:
        for name, spent in result.stages.items():
            stages[name] = stages.get(name, 0.0) + spent
    solved = [r for r in measured.results if measured.solved(r)]
    places = [(r, r.answered_by[0][0]) for r in solved if r.answered_by]
    first = [r.programs[place]["stage"] for r, place in places if place is not None]
    print(
        table(
            ["stage", "CPU s", "first attempt of solved tasks"],
            [[n, f"{s:.0f}", str(first.count(n))] for n, s in stages.items()],
        )
    )


def show_throughput(collection: Collection, options: argparse.Namespace) -> None:
    """Two jobs beside one: CPU a task within 8 %, at least 1.75 times the tasks a second."""
    cpu, wall = [], []
    for _ in range(TURNS):
        one, two = (Measured(collection, jobs, options.seconds) for jobs in (1, 2))
        cpu.append(two.cpu_seconds_a_task / one.cpu_seconds_a_task)
        wall.append(one.wall_seconds / two.wall_seconds)
    told = [f"{statistics.median(found):.3f} ({min(found):.3f} to {max(found):.3f})" for found in (cpu, wall)]
    print(
        table(
            ["two jobs over one, median of five", "asked", "found"],
            [["CPU a task", "≤ 1.08", told[0]], ["tasks a second", "≥ 1.75", told[1]]],
        )
    )


def show_transformed(collection: Collection, options: argparse.Namespace) -> None:
    """The same tasks with colours permuted (all, and all but 0) and with all grids turned."""
    colours = [3, 4, 7, 1, 9, 2, 8, 0, 5, 6]
    keeps_black = [0, 4, 7, 1, 9, 2, 8, 3, 5, 6]
    changes: dict[str, Callable[[Rows], Rows]] = {
        "as they are": lambda rows: rows,
        "colours permuted": lambda rows: [[colours[cell] for cell in row] for row in rows],
        "colours but 0 permuted": lambda rows: [[keeps_black[cell] for cell in row] for row in rows],
        "turned by 90 degrees": lambda rows: [list(row) for row in zip(*rows[::-1], strict=True)],
    }
    rows, before = [], 0
    for name, change in changes.items():
        count = Measured(collection.mapped(change), options.jobs, options.seconds).count()
        before = before or count
        rows.append([name, str(count), f"{count / max(before, 1) - 1:+.1%}"])
    print(table(["grids", "solved", "change"], rows))


def main(arguments: list[str]) -> int:
    """Print the tables asked for; by default the score alone. Any split's files may be named."""
    data = Path(os.environ.get("MEDALIST_DATA", "../shared/data")) / "arc"
    parser = argparse.ArgumentParser(prog="python -m benchmarks arc")
    parser.add_argument("--challenges", type=Path, default=data / "training_challenges.json")
    parser.add_argument("--solutions", type=Path, default=data / "training_solutions.json")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds a task may use")
    parser.add_argument("--sample", type=int, help="so many tasks instead of all")
    parser.add_argument("--throughput", type=int, metavar="N", help="two jobs beside one, on N tasks")
    parser.add_argument("--transformed", action="store_true", help="colours permuted, grids turned")
    options = parser.parse_args(arguments)
    collection = Collection.read(options.challenges, options.solutions)
    print(header("arc"))
    if options.throughput:
        show_throughput(collection.sample(options.throughput), options)
        return 0
    if options.sample:
        collection = collection.sample(options.sample)
    (show_transformed if options.transformed else show_score)(collection, options)
    return 0
