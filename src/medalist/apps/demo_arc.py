"""The demo's puzzles: drawn on the spot, solved by the playbook, shown as coloured blocks with the program behind each.

What is shown is read from the run's files; whether an answer is right, the grader said in its own process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from medalist.apps.demo_puzzles import write_puzzles
from medalist.apps.live import Live
from medalist.families.arc.drawing import PALETTE
from medalist.families.arc.results import TaskResult, read_results
from medalist.runs.arc import Solved, arc
from medalist.runs.grading import read_grade
from medalist.runs.store import FileStore

SECONDS_EACH = 12.0
"""CPU seconds a puzzle; most need one or two."""

Rows = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Puzzled:
    """What the act came to: how many of the puzzles' outputs one of two attempts gave, and the programs."""

    solved: int
    of: int
    cpu_seconds: float
    programs: Mapping[str, str]

    @property
    def text(self) -> str:
        """On one line."""
        return f"{self.solved} of {self.of} puzzles solved in {self.cpu_seconds:.1f} CPU seconds"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def puzzles_at_work(root: Path, console: Console, title: Callable[[str], None]) -> Puzzled:
    """Play the act; everything it makes lies below ``root``. Raises MedalistError where nothing could be run."""
    title("Puzzles: the rule of each is found from three examples")
    challenges, solutions = write_puzzles(root / "puzzles")
    with Live() as live:
        solved = arc(
            challenges,
            solutions=solutions,
            seconds_per_task=SECONDS_EACH,
            out=root / "arc",
            on_event=live.tell,
        )
    attempt = FileStore(root / "arc").attempts()[0].spec.id
    folder = root / "arc" / attempt
    grade = read_grade(json.loads((folder / "grade.json").read_text(encoding="utf-8")))
    right = grade.report.get("by_task") or {}
    asked = json.loads(challenges.read_text(encoding="utf-8"))
    results = list(read_results(folder))
    for result in results:
        show(console, asked[result.task], result, all(right.get(result.task, [False])))
    puzzled = _told(solved, results)
    console.print(f"[bold green]{puzzled.text}[/]", highlight=False)
    return puzzled


def show(console: Console, task: Mapping[str, Any], result: TaskResult, right: bool) -> None:
    """One example, the test input and the first attempt, side by side; then the program that made it."""
    example = task["train"][0]
    answer = result.attempts[0][0] if result.attempts else []
    mark = ("✓ right", "bold green") if right else ("✗ not right", "bold red")
    console.print(f"\n[bold]{result.task}[/]", highlight=False)
    cells = [
        blocks(example["input"], "an example"),
        blocks(example["output"], "becomes"),
        blocks(task["test"][0]["input"], "asked"),
        blocks(answer, "answered"),
    ]
    console.print(Columns(cells, padding=(0, 3)))
    place = result.answered_by[0][0] if result.answered_by else None
    if place is not None:
        program = result.programs[place]
        console.print(Text.assemble(mark, "  ", (str(program["text"]), "cyan")), soft_wrap=True)


def blocks(rows: Rows, name: str) -> Text:
    """A grid as two spaces a cell on the cell's colour, below its name."""
    width = max(2 * len(rows[0]) if rows else 0, len(name))
    text = Text(f"{name:<{width}}\n", no_wrap=True)
    for row in rows:
        for cell in row:
            red, green, blue = PALETTE[cell]
            text.append("  ", style=f"on rgb({red},{green},{blue})")
        text.append("\n")
    return text


def _told(solved: Solved, results: Sequence[TaskResult]) -> Puzzled:
    programs = {
        each.task: str(each.programs[place]["text"])
        for each in results
        if each.answered_by and (place := each.answered_by[0][0]) is not None
    }
    tally = solved.tally
    return Puzzled(tally.get("solved_outputs") or 0, tally["outputs"], tally["cpu_seconds"], programs)
