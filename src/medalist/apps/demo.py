"""``medalist demo``: the checks at work, competitions from installed libraries, graded and compared, a speed-up, puzzles.

Everything it shows is real: the network trains, the submissions are graded by the grader's own
process on answers that lie outside the public folders, and the baseline had the same files.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from medalist.apps.delivery import Delivery
from medalist.apps.demo_arc import Puzzled, puzzles_at_work
from medalist.apps.demo_checks import checks_at_work
from medalist.apps.demo_speedup import SpedUp, speedup_at_work
from medalist.apps.live import Live
from medalist.apps.tables import wide_console
from medalist.core.budget import parse_duration
from medalist.core.errors import MedalistError
from medalist.machine import children
from medalist.runs import api
from medalist.runs.spec import RunSpec, TaskSpec, with_time
from medalist.runs.store import FileStore
from medalist.runs.timeline import duration, number, sentence, stamp

FIRST = "breast-cancer"
FIRST_SECONDS = 7.0
PREPARATIONS = 3.0
"""The first competition is short, so that a graded result stands soon; on a slow or busy machine it
takes as long as this many preparations of it did."""
OTHERS = ("digits", "docstrings", "diabetes")
NOISE_FACTOR = 2.0
"""Differences under this many standard errors are called noise."""
CHILD_SECONDS = 120.0


@dataclass(frozen=True)
class Row:
    """One competition of the demo. Scores are hidden ones; ``gain`` is positive where ours is better."""

    name: str
    metric: str
    direction: str
    score: float | None
    baseline: float | None
    gain: float | None
    noise: float | None
    seconds: float
    graded_after_seconds: float

    @property
    def verdict(self) -> str:
        if self.gain is None or self.noise is None:
            return "not compared"
        if abs(self.gain) < NOISE_FACTOR * self.noise:
            return "within noise"
        return "better" if self.gain > 0 else "worse"


class Demo:
    """The demo's acts, in the order they are played; ``root`` is the run's folder."""

    def __init__(self, root: Path, seconds: float) -> None:
        self.root = root
        self.seconds = seconds
        self.started = time.monotonic()
        self.console = Console(stderr=True, highlight=False)
        self.rows: list[Row] = []
        self.checks = ""
        self.sped_up: SpedUp | None = None
        self.puzzled: Puzzled | None = None

    def play(self) -> None:
        """All acts. Raises MedalistError when nothing could be prepared."""
        first = self._prepare(FIRST)
        self._title("The checks at work: a small network, started with too small a batch")
        prepared_seconds = 0.0

        def ready() -> None:
            nonlocal prepared_seconds
            self._wait(first)
            prepared_seconds = time.monotonic() - self.started

        self.checks = checks_at_work(self._tell, ready)
        self.console.print(f"[bold]{self.checks}[/]")
        others = self._prepare(*OTHERS)
        self._compete(FIRST, max(FIRST_SECONDS, PREPARATIONS * prepared_seconds))
        self._wait(others)
        for name in OTHERS:
            self._compete(name, self.seconds)
        self.puzzled = puzzles_at_work(self.root / "runs", self.console, self._title)
        self.sped_up = speedup_at_work(self.root / "runs", self.console, self._title)

    def _prepare(self, *names: str) -> subprocess.Popen[bytes]:
        """Start writing competitions in the background."""
        return children.start(
            ["medalist.apps.demo_sets", str(self._tasks), *names],
            cwd=self.root,
            log=self.root / "prepare.log",
        )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        if process.wait(CHILD_SECONDS) != 0:
            raise MedalistError(
                "The demo's competitions could not be written.",
                where=str(self.root / "prepare.log"),
                next_step="Run `medalist doctor`.",
            )

    def _compete(self, name: str, seconds: float) -> None:
        """One attempt of the run, the baseline, and the comparison of both."""
        task = self._tasks / name
        self._title(f"{name}: {duration(seconds)}")
        spec = with_time(RunSpec(tasks=(TaskSpec(task),)), seconds)
        store = FileStore(self.root / "runs" / name)
        store.create(spec)
        with Live() as live:
            result = api.attempt_here(store, on_event=live.tell)
        graded_after = time.monotonic() - self.started
        self.console.print(
            f"[bold green]Hidden score {number(result.hidden_score)}[/] {result.metric},"
            f" graded {graded_after:.0f} s after the demo's start"
        )
        baseline = self.root / "baselines" / f"{name}.csv"
        baseline.parent.mkdir(exist_ok=True)
        self._ask("fit", str(task / "prepared" / "public"), str(baseline))
        compared = self._compared(task, result, baseline)
        self.rows.append(
            Row(
                name=name,
                metric=result.metric or "",
                direction=result.direction or "",
                score=result.hidden_score,
                baseline=api.grade(task, baseline).score if baseline.is_file() else None,
                gain=compared.get("gain"),
                noise=compared.get("noise"),
                seconds=result.seconds,
                graded_after_seconds=round(graded_after, 1),
            )
        )

    def _compared(self, task: Path, result: api.AttemptResult, baseline: Path) -> Mapping[str, float]:
        if result.submission is None or result.metric is None or not baseline.is_file():
            return {}
        private = task / "prepared" / "private"
        return json.loads(
            self._ask("compare", str(private), result.metric, str(result.submission), str(baseline)) or "{}"
        )

    def _ask(self, *arguments: str) -> str:
        """The last line of a baseline process's output; "" when it failed, which is said."""
        answer = children.ask(
            ["medalist.apps.demo_baseline", *arguments], cwd=self.root, timeout_seconds=CHILD_SECONDS
        )
        if answer.returncode != 0:
            self.console.print(f"[yellow]The baseline failed: {answer.errors.strip().splitlines()[-1:]}[/]")
            return ""
        return (answer.output.strip().splitlines() or [""])[-1]

    @property
    def _tasks(self) -> Path:
        return self.root / "competitions"

    def _title(self, text: str) -> None:
        self.console.print(f"\n[bold cyan]── {text}[/]")

    def _tell(self, event: Any) -> None:
        text = sentence(event)
        if text:
            self.console.print(f"{stamp(event.seconds)} {text}", markup=False)


def run_demo(time_each: str, out: str | None) -> Delivery:
    """Play the demo and deliver its table; the run's folder keeps every competition and report."""
    seconds = parse_duration(time_each)
    root = (
        Path(out).absolute() if out else api.runs_root().absolute() / f"{time.strftime('%Y%m%d-%H%M%S')}-demo"
    )
    if root.exists() and any(root.iterdir()):
        raise MedalistError(
            "The demo's folder is not empty.", where=str(root), next_step="Name another with --out."
        )
    root.mkdir(parents=True, exist_ok=True)
    demo = Demo(root, seconds)
    demo.play()
    data = {
        "run_dir": str(root),
        "checks": demo.checks,
        "competitions": [{**asdict(row), "verdict": row.verdict} for row in demo.rows],
        "speedup": demo.sped_up.as_dict() if demo.sped_up else None,
        "arc": demo.puzzled.as_dict() if demo.puzzled else None,
        "seconds": round(time.monotonic() - demo.started, 1),
    }
    good = bool(demo.rows) and all(row.score is not None for row in demo.rows)
    return Delivery(data, good, lambda: _show(demo))


def _show(demo: Demo) -> None:
    """The final table, the reports' paths, and the line to type for one's own folder."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("competition", "metric", "medalist", "default LightGBM", "difference", "verdict", "time"):
        table.add_column(heading, no_wrap=True)
    colours = {"better": "green", "worse": "red"}
    for row in demo.rows:
        gain = "–" if row.gain is None else f"{row.gain:+.4g} ± {row.noise:.2g}"
        colour = colours.get(row.verdict, "dim")
        arrow = {"max": "↑", "min": "↓"}.get(row.direction, "")
        table.add_row(
            row.name,
            f"{row.metric} {arrow}",
            f"[bold]{number(row.score)}[/]",
            number(row.baseline),
            gain,
            f"[{colour}]{row.verdict}[/]",
            duration(row.seconds),
        )
    console = wide_console()
    console.print("\n", table)
    console.print(f"\n[dim]Checks at work:[/] {demo.checks}")
    if demo.sped_up:
        console.print(
            f"[dim]Speed-up:[/] {demo.sped_up.text}; a printed 93x was refused: {demo.sped_up.refusal}"
        )
    if demo.puzzled:
        console.print(f"[dim]ARC:[/] {demo.puzzled.text}")
    last = demo.root / "runs" / demo.rows[-1].name
    console.print(
        f"[dim]Reports:[/] {demo.root / 'runs'}/*/*/report.html, or: medalist report {last}", soft_wrap=True
    )
    console.print("[dim]Your own folder:[/] [bold]medalist compete path/to/folder --time 10m[/]")
    console.print("[dim]ARC's tasks:[/] [bold]medalist arc challenges.json[/]")
    console.print("[dim]Your own script:[/] [bold]medalist speedup path/to/train.py[/]")
