"""Programs of a language model a second: persistent workers beside a fork and a fresh interpreter for each (SPEC A6).

    python -m benchmarks.arc_workers [PROGRAMS]

Trivial programs, each run on the four inputs of a small puzzle, on two cores; medians of five interleaved rounds.
The target is 3,000 a second for programs that share a process. CPU microseconds are of all processes together.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.report import header, table
from medalist.families.arc.workers.pool import WorkerPool
from medalist.machine.process_tree import descendants, read_process

ROUNDS = 5
CORES = 2
INPUTS = [np.arange(9, dtype=np.int8).reshape(3, 3) % (3 + number) for number in range(4)]
SHARED = "import numpy as np\ndef solve(grid):\n    return np.rot90(grid, {number})\n"
FORKED = "import numpy as np\nclass Turn:\n    by = {number}\ndef solve(grid):\n    return np.rot90(grid, Turn.by)\n"
FRESH = SHARED + "for _ in range(4):\n    solve(np.zeros((3, 3), int))\n"


def cpu_seconds() -> float:
    """Of this process and everything below it, dead children included."""
    below = [read_process(pid) for pid in (os.getpid(), *descendants(os.getpid()))]
    return sum(figures.cpu_seconds for figures in below if figures is not None)


def in_workers(pool: WorkerPool, text: str, round_number: int, programs: int) -> None:
    """No two programs of a benchmark are the same text: the pool runs equal ones once."""
    first = round_number * programs
    outcomes = pool.run([text.format(number=first + number) for number in range(programs)], INPUTS)
    if any(outcome.trouble is not None for outcome in outcomes):
        raise SystemExit("a trivial program failed")


def in_fresh_interpreters(round_number: int, programs: int) -> None:
    """Two at a time."""
    for number in range(0, programs, CORES):
        running = [
            subprocess.Popen([sys.executable, "-c", FRESH.format(number=number + place)])
            for place in range(CORES)
        ]
        for process in running:
            process.wait()


def main(arguments: list[str]) -> int:
    """Print programs a second and CPU time for each way."""
    programs = int(arguments[0]) if arguments else 6_000
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    with WorkerPool(cores=cores) as pool:
        pool.run([SHARED.format(number=-number) for number in range(1, 2 * CORES)], INPUTS)
        ways: dict[str, tuple[int, Callable[[int, int], None]]] = {
            "shared worker": (programs, lambda turn, count: in_workers(pool, SHARED, turn, count)),
            "forked in a worker": (programs // 10, lambda turn, count: in_workers(pool, FORKED, turn, count)),
            "fresh interpreter": (CORES * 5, in_fresh_interpreters),
        }
        speeds: dict[str, list[float]] = {way: [] for way in ways}
        costs: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(ROUNDS):
            for way, (count, run) in ways.items():
                began, cpu = time.perf_counter(), cpu_seconds()
                run(turn, count)
                speeds[way].append(count / (time.perf_counter() - began))
                costs[way].append((cpu_seconds() - cpu) / count)
    slowest = statistics.median(speeds["fresh interpreter"])
    rows = [
        [
            way,
            f"{statistics.median(speeds[way]):,.0f}",
            f"{min(speeds[way]):,.0f} to {max(speeds[way]):,.0f}",
            f"{statistics.median(costs[way]) * 1e6:,.0f} µs",
            f"{statistics.median(speeds[way]) / slowest:,.0f}x",
        ]
        for way in ways
    ]
    print(header("arc_workers"))
    print(table(["way", "a second", "range", "CPU a program", "ratio"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
