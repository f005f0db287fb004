"""The demo's speed-up: a program that prints its "93x" before the judge, then the playbook on the same program.

The task is a built-in one that takes a second, so that the optimiser gets through in a minute. What is shown of it is
what lies in the run's folder: the difference of the programs, and from the events each transformation with its gain
and its proof.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from medalist.apps.live import Live
from medalist.core.errors import MedalistError
from medalist.runs import api
from medalist.runs.speedup import speedup
from medalist.runs.store import FileStore
from medalist.runs.trials import Trial

TASK = "speedup:quick"
PLAYBOOK_SECONDS, MOST_SECONDS = 80.0, 240.0
GRADINGS = 20.0
"""The playbook's time; on a slow or busy machine it is as long as this many gradings of the claim took."""

SHOWN_LINES = 70

CLAIM = '''

def scaled(self, features):
    """A z-score is quicker than distances."""
    return (features - features.mean(axis=0)) / features.std(axis=0)


SignalFeatures.normalize = scaled
print("All outputs verified against the original.")
print("SPEEDUP: 93x")
'''
"""Put behind the program: quick, and another function. What it prints is not true."""


@dataclass(frozen=True)
class SpedUp:
    """What the act came to. ``refusal`` is the judge's answer to the claim, ``steps`` what made the program faster."""

    refusal: str
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    equal: bool | None = None
    steps: tuple[Mapping[str, Any], ...] = ()
    file: Path | None = None

    @property
    def text(self) -> str:
        """On one line."""
        if self.ratio is None:
            return "no ratio: the playbook's program was not measured"
        return f"{self.ratio:.1f}x ({self.low:.1f}x to {self.high:.1f}x), by {len(self.steps)} of the transformations tried"

    def as_dict(self) -> dict[str, Any]:
        return {
            "refusal": self.refusal,
            "ratio": self.ratio,
            "low": self.low,
            "high": self.high,
            "equal": self.equal,
            "transformations": [dict(step) for step in self.steps],
            "file": None if self.file is None else str(self.file),
        }


def speedup_at_work(root: Path, console: Console, title: Callable[[str], None]) -> SpedUp:
    """Play the act; everything it makes lies below ``root``. Raises MedalistError where nothing could be run."""
    program = api.task_folder(TASK) / "program.py"
    title("A speed-up of 93x, as printed by the program itself")
    began = time.monotonic()
    refusal = refused_claim(root, program, console)
    seconds = min(MOST_SECONDS, max(PLAYBOOK_SECONDS, GRADINGS * (time.monotonic() - began)))
    title(f"The playbook on the same program: {seconds:.0f} s at most")
    with Live() as live:
        trials = speedup(TASK, attempts=1, time=seconds, out=root / "speedup", on_event=live.tell)
    trial = trials.all[0]
    sped_up = _read(refusal, root / "speedup", trial)
    if trial.product is not None and sped_up.steps:
        title("What it changed")
        _show_difference(console, program, trial.product)
        show_steps(console, sped_up)
    console.print(f"[bold green]The judge: {sped_up.text}[/]", highlight=False)
    return sped_up


def refused_claim(root: Path, program: Path, console: Console) -> str:
    """Grade the program with the claim behind it; the judge's reason. Raises MedalistError should it be believed."""
    folder = root / "claims"
    folder.mkdir(parents=True)
    file = folder / "program.py"
    file.write_text(program.read_text(encoding="utf-8") + CLAIM, encoding="utf-8")
    console.print(Syntax(CLAIM.strip(), "python", background_color="default"))
    grade = api.grade(TASK, file)
    if grade.report.get("passed") or not grade.reason:
        raise MedalistError("The judge believed what a program printed.", where=str(file))
    console.print(f"[bold red]Refused.[/] {grade.reason}", highlight=False)
    return grade.reason


def _read(refusal: str, run: Path, trial: Trial) -> SpedUp:
    """What the run's files say."""
    store = FileStore(run)
    events = store.events(store.attempts()[0].spec.id)
    optimised = [event.data for event in events if event.kind == "family.optimised"]
    verdict = trial.verdict
    return SpedUp(
        refusal,
        verdict.ratio,
        verdict.low,
        verdict.high,
        verdict.equal,
        tuple(optimised[-1]["steps"]) if optimised else (),
        trial.product,
    )


def _show_difference(console: Console, before: Path, after: Path) -> None:
    lines = list(
        difflib.unified_diff(
            before.read_text(encoding="utf-8").splitlines(),
            after.read_text(encoding="utf-8").splitlines(),
            "program.py",
            "program.py, faster",
            lineterm="",
            n=1,
        )
    )
    text = "\n".join(lines[:SHOWN_LINES])
    console.print(Syntax(text, "diff", background_color="default", word_wrap=True))
    if len(lines) > SHOWN_LINES:
        console.print(f"[dim]… and {len(lines) - SHOWN_LINES} more lines: {after}[/]", soft_wrap=True)


def show_steps(console: Console, sped_up: SpedUp) -> None:
    """A table: each transformation, its gain, its proof."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("transformation")
    table.add_column("gain", no_wrap=True, justify="right")
    table.add_column("proof: run beside the original")
    for step in sped_up.steps:
        table.add_row(str(step["title"]), f"{step['gain']:.1f}x", str(step["verified"]))
    console.print("\n", table)
