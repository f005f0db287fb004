"""The judge's own spread: ten gradings of the same program, on the machine as it is and beside a load on one core."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import header, table
from medalist.families.speedup.contract import CONTRACT_FILE, Contract, find_task

BY_HAND = Path(__file__).parents[1] / "tests" / "families" / "speedup" / "reference" / "best_torch.py"
BURN = "while True: sum(range(100_000))"


@contextlib.contextmanager
def load_on_one_core() -> Iterator[None]:
    """Within: a process that never rests on the first core."""
    core = min(os.sched_getaffinity(0))
    burner = subprocess.Popen(
        [sys.executable, "-c", f"import os; os.sched_setaffinity(0, [{core}])\n{BURN}"],
        start_new_session=True,
    )
    try:
        yield
    finally:
        burner.kill()
        burner.wait()


def gradings(contract: Contract, program: Path, times: int) -> list[dict]:
    """What the judge says, ``times`` over. Raises RuntimeError when it does not accept the program."""
    command = [sys.executable, "-m", "medalist.families.speedup.grader"]
    command += ["--contract", str(contract.folder / CONTRACT_FILE), "--program", str(program)]
    found = []
    for _ in range(times):
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        if found[-1]["status"] != "scored":
            raise RuntimeError(found[-1]["reason"])
    return found


def row(condition: str, found: list[dict]) -> list[str]:
    """Median, the furthest from it, the same for each clock, the width of the intervals, and seconds a grading."""
    cells = [condition]
    for name in ("ratio", "wall_ratio", "cpu_ratio"):
        values = [each[name] for each in found]
        middle = statistics.median(values)
        furthest = max(abs(value / middle - 1) for value in values)
        cells.append(f"{middle:.1f}x ±{100 * furthest:.1f} %")
    width = statistics.median((each["high"] - each["low"]) / each["ratio"] / 2 for each in found)
    cells.append(f"±{100 * width:.1f} %")
    cells.append(f"{statistics.median(each['seconds'] for each in found):.0f} s")
    return cells


def main(arguments: list[str]) -> int:
    """Print the table; ``--program`` names another candidate than the hand-written one of the task ``complex``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks timing")
    parser.add_argument("--task", default="complex")
    parser.add_argument("--program", type=Path, default=BY_HAND)
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args(arguments)
    contract = find_task(options.task)
    print(header("timing"))
    rows = [row("as it is", gradings(contract, options.program, options.times))]
    with load_on_one_core():
        rows.append(row("one core loaded", gradings(contract, options.program, options.times)))
    columns = ["machine", "ratio", "wall", "CPU", "interval", "a grading"]
    print(table(columns, rows))
    print(f"\n{options.times} gradings each of {options.program.name}; ± is the furthest from the median.")
    return 0
