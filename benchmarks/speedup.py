"""What the playbook makes of slow programs: its ratio with the interval, and a hand-written reference's beside it.

Both are graded by the judge in the same run, under the same contract. The programs: the built-in task, and the scripts
in examples/speedup, which are recorded first; a script's reference is its functions put behind the recorded program's.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import header, table

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "speedup"


@dataclass(frozen=True)
class Subject:
    """A slow program, and a fast one of the same function that a person wrote."""

    name: str
    program: str
    reference: Path


def subjects() -> list[Subject]:
    """The built-in task, then each script of examples/speedup that has a reference beside it."""
    by_hand = ROOT / "tests" / "families" / "speedup" / "reference" / "numpy_and_c.py"
    scripts = [
        Subject(path.stem.removesuffix("_reference"), str(path).replace("_reference.py", ".py"), path)
        for path in sorted(EXAMPLES.glob("*_reference.py"))
    ]
    return [Subject("complex", "speedup:complex", by_hand), *scripts]


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
    run = folder / subject.name
    made = medalist("speedup", subject.program, "--time", time, "--out", str(run))
    best, recorded = made.get("best") or {}, run / "task"
    if recorded.is_dir():
        graded = medalist("grade", str(recorded), str(candidate_of(subject, recorded)))
    else:
        graded = medalist("grade", subject.program, str(subject.reference))
    share = best["ratio"] / graded["ratio"] if best.get("ratio") and graded.get("ratio") else None
    return [
        subject.name,
        interval(best),
        "yes" if best.get("equal") else "no",
        "yes" if made.get("passed") else "no",
        interval(graded),
        f"{share:.0%}" if share is not None else graded.get("reason", "") or "–",
    ]


def candidate_of(subject: Subject, recorded: Path) -> Path:
    """The recorded program with the reference's functions in the place of its own."""
    by_hand = re.sub(
        rf"^from {subject.name} import .*$", "", subject.reference.read_text(), flags=re.MULTILINE
    )
    file = recorded.parent / "reference.py"
    file.write_text(f"{(recorded / 'program.py').read_text()}\n\n{by_hand}")
    return file


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
    print(table(["program", "playbook", "equal", "passed", "by hand", "of that by hand"], rows))
    return 0
