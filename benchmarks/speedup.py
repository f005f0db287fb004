"""What the playbook makes of slow programs: its ratio with the interval, and a hand-written reference's beside it.

Both are graded by the judge in the same run, under the same contract. The programs: the built-in task, and the scripts
in examples/speedup, which are recorded first (their task folder is the run's).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import header, table

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "speedup"
TARGET = "1.05"
"""For the examples, which have no target of their own: whatever is faster beyond noise has passed."""


@dataclass(frozen=True)
class Subject:
    """A slow program, and a fast one of the same function that a person wrote."""

    name: str
    program: str
    reference: Path
    target: str = ""


def subjects() -> list[Subject]:
    """The built-in task, then each folder of examples/speedup that holds ``slow.py`` and ``fast.py``."""
    reference = ROOT / "tests" / "families" / "speedup" / "reference" / "numpy_and_c.py"
    found = [Subject("complex", "speedup:complex", reference)]
    for slow in sorted(EXAMPLES.glob("*/slow.py")):
        found.append(Subject(slow.parent.name, str(slow), slow.with_name("fast.py"), TARGET))
    return found


def medalist(*arguments: str) -> dict[str, Any]:
    """The JSON object that a verb ends with. Raises RuntimeError where it made none."""
    command = [sys.executable, "-m", "medalist.apps.cli", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.splitlines()
    if not lines:
        raise RuntimeError(f"{' '.join(arguments)} said nothing, return code {done.returncode}")
    return json.loads(lines[-1])


def row(subject: Subject, time: str, folder: Path) -> list[str]:
    """Run the playbook, grade the reference under the same contract."""
    target = ["--target", subject.target] if subject.target else []
    run = folder / subject.name
    made = medalist("speedup", subject.program, "--time", time, "--out", str(run), *target)
    best = made.get("best") or {}
    task = run / "task" if (run / "task").is_dir() else subject.program
    graded = medalist("grade", str(task), str(subject.reference))
    share = best["ratio"] / graded["ratio"] if best.get("ratio") and graded.get("ratio") else None
    return [
        subject.name,
        "yes" if made.get("passed") else "no",
        interval(best),
        "yes" if best.get("equal") else "no",
        interval(graded),
        f"{share:.0%}" if share is not None else graded.get("reason", "") or "–",
    ]


def interval(found: dict[str, Any]) -> str:
    """``93.1x (91.0 to 95.2)``."""
    if not found.get("ratio"):
        return "–"
    return f"{found['ratio']:.1f}x ({found['low']:.1f} to {found['high']:.1f})"


def main(arguments: list[str]) -> int:
    """Print the table; ``--only`` names one program, ``--time`` is the playbook's budget for each."""
    names = [subject.name for subject in subjects()]
    parser = argparse.ArgumentParser(prog="python -m benchmarks speedup")
    parser.add_argument("--only", choices=names, action="append")
    parser.add_argument("--time", default="30m")
    options = parser.parse_args(arguments)
    print(header("speedup"))
    rows = []
    with tempfile.TemporaryDirectory(prefix="medalist-benchmark-") as folder:
        for subject in subjects():
            if not options.only or subject.name in options.only:
                rows.append(row(subject, options.time, Path(folder)))
    print(table(["program", "passed", "playbook", "equal", "reference", "of the reference"], rows))
    return 0
