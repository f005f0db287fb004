"""What a step of the agent loop costs beside its peers, and whether ten attempts at once cost more than one.

**A step.** Every system asks the same scripted server, which calls one trivial tool a step. The gap
between an answer and the next request is what the system takes: reading the answer, running the tool,
its own bookkeeping, sending the history again. The server's own part is in every gap alike. Systems
take turns; the figure is the median over all steps of all turns, the first ten of each left out.

**Ten at once.** A set of ten attempts (``--jobs 10``) beside a set of one, by the same command, with two
seconds of latency an answer; from the command's start to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.server import ENDING
from benchmarks.report import header, table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = HERE.parent / ".environments"
SYSTEMS = {
    "medalist": ("medalist_agent.py", ""),
    "pydantic-ai": ("bare_pydantic_ai.py", ""),
    "inspect": ("inspect_generate.py", "inspect"),
}
WARM_STEPS = 10


@dataclass(frozen=True)
class Server:
    """A running server; ``log`` holds the moments of its requests."""

    url: str
    log: Path

    def gaps(self, steps: int, latency_seconds: float) -> list[float]:
        """Seconds between each answer and the next request over a conversation's steps, the first left out."""
        moments: dict[str, list[float]] = defaultdict(list)
        for line in self.log.read_text().splitlines():
            conversation, number, moment = line.split()
            if int(number) <= steps:
                moments[conversation].append(float(moment))
        return [
            after - before - latency_seconds
            for times in moments.values()
            for before, after in zip(times[WARM_STEPS:], times[WARM_STEPS + 1 :], strict=False)
        ]


@contextmanager
def serving(steps: int, latency_seconds: float, scratch: Path) -> Iterator[Server]:
    """The server in a process of its own, so that it does not share a system's interpreter."""
    log = scratch / "requests.log"
    log.write_text("")
    command = [sys.executable, "-m", "benchmarks.harness.server", "--steps", str(steps)]
    command += ["--latency", str(latency_seconds), "--log", str(log)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Server(f"http://127.0.0.1:{process.stdout.readline().strip()}/v1", log)
    finally:
        process.stdin.close()
        process.wait(10)


def python_of(environment: str) -> Path:
    """The Python of a system's own environment, made from its requirements file when absent."""
    if not environment:
        return Path(sys.executable)
    home = ENVIRONMENTS / environment
    if not (home / ".ready").exists():
        print(f"Installing {environment} into {home} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        requirements = HERE / f"requirements-{environment}.txt"
        subprocess.run(
            [home / "bin" / "python", "-m", "pip", "install", "-q", "-r", requirements], check=True
        )
        (home / ".ready").touch()
    return home / "bin" / "python"


def environment_with(plugins: Path) -> dict[str, str]:
    """This process's environment with the toy family installed as a plug-in, and no provider's key in it."""
    info = plugins / "toy-0.1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[medalist.families]\nmean = toy:family\n")
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(plugins), str(ROOT / "examples" / "toy_family")])}


def toy_task(folder: Path) -> Path:
    """The mean of five numbers, of which three are public."""
    (folder / "public").mkdir(parents=True, exist_ok=True)
    (folder / "private").mkdir(exist_ok=True)
    (folder / "public" / "numbers.txt").write_text("1\n2\n3\n")
    (folder / "private" / "mean.txt").write_text("3\n")
    return folder


def steps_table(scratch: Path, env: dict[str, str], steps: int, turns: int) -> str:
    """Milliseconds a step of each system at each latency, and the ratio to bare pydantic-ai."""
    task = toy_task(scratch / "toy")
    medians: dict[float, dict[str, float]] = {}
    for latency_seconds in (0.0, 2.0):
        gaps: dict[str, list[float]] = defaultdict(list)
        count = steps if not latency_seconds else min(steps, WARM_STEPS + 10)
        for turn in range(turns if not latency_seconds else 1):
            for name, (script, environment) in SYSTEMS.items():
                with serving(count, latency_seconds, scratch) as server:
                    out = scratch / f"{name}-{latency_seconds:g}-{turn}"
                    command = [python_of(environment), HERE / "systems" / script, server.url, task, out]
                    subprocess.run(command, check=True, env=env, cwd=scratch, stdout=subprocess.DEVNULL)
                    gaps[name] += server.gaps(count, latency_seconds)
        medians[latency_seconds] = {name: 1000 * statistics.median(found) for name, found in gaps.items()}
    rows = []
    for name in SYSTEMS:
        cells = [
            f"{medians[each][name]:.1f} ({medians[each][name] / medians[each]['pydantic-ai']:.2f} ×)"
            for each in medians
        ]
        rows.append([name, *cells])
    return table(("system", "ms a step, latency 0", "ms a step, latency 2 s"), rows)


def concurrency_table(scratch: Path, env: dict[str, str], steps: int) -> str:
    """Wall seconds of one attempt and of ten at once, and their ratio."""
    task = toy_task(scratch / "toy")
    seconds = {count: set_seconds(scratch, env, task, count, steps) for count in (1, 10)}
    rows = [
        [f"{count} at once", f"{taken:.1f}", f"{taken / seconds[1]:.2f} ×"]
        for count, taken in seconds.items()
    ]
    return table((f"attempts of {steps + ENDING} answers", "seconds", "ratio"), rows)


def set_seconds(scratch: Path, env: dict[str, str], task: Path, count: int, steps: int) -> float:
    """From the start of ``medalist run`` to its end; every attempt must have ended by itself."""
    file = scratch / f"set-{count}.yaml"
    with serving(steps, 2.0, scratch) as server:
        file.write_text(
            json.dumps(
                {
                    "tasks": [{"path": str(task), "family": "mean"}],
                    "seeds": count,
                    "jobs": count,
                    "time": "10m",
                    "engineers": ["agent"],
                    "models": [f"openai-chat:scripted@{server.url}"],
                }
            )
        )
        command = [
            sys.executable,
            "-m",
            "medalist",
            "run",
            str(file),
            "--json",
            "--out",
            str(scratch / f"run-{count}"),
        ]
        began = time.monotonic()
        done = subprocess.run(command, env=env, cwd=scratch, capture_output=True, text=True, check=False)
        taken = time.monotonic() - began
    states = [each["state"] for each in json.loads(done.stdout.splitlines()[-1])["attempts"]]
    if states != ["finished"] * count:
        raise RuntimeError(f"the attempts ended as {states}\n{done.stderr[-2000:]}")
    return taken


def main(arguments: Sequence[str]) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks harness", description=__doc__)
    parser.add_argument("--steps", type=int, default=60, help="steps of one conversation at latency 0")
    parser.add_argument("--turns", type=int, default=3, help="conversations of each system at latency 0")
    parser.add_argument("--answers", type=int, default=10, help="answers of an attempt when ten run at once")
    options = parser.parse_args(arguments)
    print(header("harness"))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        env = environment_with(scratch / "plugins")
        print(steps_table(scratch, env, options.steps, options.turns), end="\n\n", flush=True)
        print(concurrency_table(scratch, env, options.answers - ENDING))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
