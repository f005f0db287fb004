"""The judge's own spread: ten gradings of the same program, on the machine as it is and beside a load on one core.

Asked for are gradings within 3 % of their median on a quiet machine and within 5 % beside a load, in a minute each.
"""

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
QUIET_SPREAD, LOADED_SPREAD = 0.03, 0.05
LONGEST_SECONDS = 60.0


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


def furthest(values: list[float]) -> float:
    """How far from their median the furthest of ``values`` lies, as a share of it."""
    middle = statistics.median(values)
    return max(abs(value / middle - 1) for value in values)


def row(condition: str, found: list[dict], asked: float) -> list[str]:
    """Whether they lie within ``asked``; median and the furthest from it, the same for each clock, the width of the
    intervals, and seconds a grading."""
    spread = furthest([each["ratio"] for each in found])
    cells = [condition, f"±{100 * asked:.0f} %: {'yes' if spread <= asked else 'no'}"]
    for name in ("ratio", "wall_ratio", "cpu_ratio"):
        values = [each[name] for each in found]
        cells.append(f"{statistics.median(values):.1f}x ±{100 * furthest(values):.1f} %")
    width = statistics.median((each["high"] - each["low"]) / each["ratio"] / 2 for each in found)
    cells.append(f"±{100 * width:.1f} %")
    seconds = [each["seconds"] - each.get("waited_seconds", 0.0) for each in found]
    within = "yes" if max(seconds) <= LONGEST_SECONDS else "no"
    cells.append(f"{statistics.median(seconds):.0f} s, at most {max(seconds):.0f} s: {within}")
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
    [first] = gradings(contract, options.program, 1)  # calibrates where this machine has not yet
    rows = [row("as it is", gradings(contract, options.program, options.times), QUIET_SPREAD)]
    with load_on_one_core():
        rows.append(row("one core loaded", gradings(contract, options.program, options.times), LOADED_SPREAD))
    columns = [
        "machine",
        "within",
        "ratio",
        "wall",
        "CPU",
        "interval",
        f"a grading, {LONGEST_SECONDS:.0f} s asked",
    ]
    print(table(columns, rows))
    print(f"\n{options.times} gradings each of {options.program.name}; ± is the furthest from the median.")
    print(f"The first one took {first['seconds']:.0f} s, with the calibration where it was not kept yet.")
    return 0
