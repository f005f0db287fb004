"""Start-up and overhead: ``medalist --help`` beside bare Python, and the parent's CPU share of an attempt."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.compete.sets import SETS, write_set
from benchmarks.report import header, table

CALLS = 9


def seconds_of(command: list[str]) -> float:
    """Wall seconds of one call, output thrown away."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def help_rows() -> list[list[str]]:
    """``medalist --help`` and a bare interpreter, interleaved; medians."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "medalist --help": [str(Path(sys.executable).with_name("medalist")), "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(CALLS):
        for name, command in commands.items():
            times[name].append(seconds_of(command))
    bare = statistics.median(times["python -c pass"])
    return [
        [name, f"{statistics.median(values):.3f} s", f"{statistics.median(values) / bare:.1f}x"]
        for name, values in times.items()
    ]


PARENT = """
import json, resource, sys
from medalist.apps.cli import main
try:
    main()
finally:
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps(own.ru_utime + own.ru_stime), file=sys.stderr)
"""


def parent_share(seconds: float) -> str:
    """CPU seconds of the parent process as a share of a whole attempt of ``seconds``."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_set(next(one for one in SETS if one.name == "affairs"), 0, Path(scratch, "affairs"))
        command = [
            sys.executable,
            "-c",
            PARENT,
            "compete",
            str(folder),
            "--time",
            f"{seconds:.0f}s",
            "--json",
        ]
        command += ["--out", str(Path(scratch, "run"))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"the attempt failed: {done.stderr.strip().splitlines()[-2:]}"
        used = float(json.loads(done.stderr.strip().splitlines()[-1]))
    return f"{used:.2f} CPU s of {seconds:.0f} s = {100 * used / seconds:.1f} %"


def main(arguments: list[str]) -> int:
    """Print both figures."""
    seconds = float(arguments[0]) if arguments else 60.0
    print(header("startup"))
    print(table(["command", "median of nine", "ratio"], help_rows()))
    print(f"\nParent of `medalist compete --time {seconds:.0f}s`: {parent_share(seconds)}")
    return 0
