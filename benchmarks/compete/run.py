"""One command, a table: every system on every set and seed, one after the other, and their mean ranks.

Systems take turns on each set (in an order that rotates), so that a noisy neighbour hurts all
alike. Results are appended to a file as they come; a stopped benchmark goes on where it stood.
The mean rank's interval is a bootstrap over sets, with seeds averaged inside a set.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.compete.sets import SETS, shared_sets, write_set
from benchmarks.report import header, table

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".environments"
SYSTEMS = ("medalist", "autogluon", "flaml", "lightgbm")
SCRIPTS = {"autogluon": "autogluon_best.py", "flaml": "flaml_automl.py", "lightgbm": "lightgbm_default.py"}
GRACE_SECONDS = 600  # peers overrun their limits; they are not punished for it, only noted


@dataclass(frozen=True)
class Trial:
    """One system on one set with one seed and one budget."""

    system: str
    name: str
    seed: int
    seconds: float

    @property
    def key(self) -> list[object]:
        return [self.system, self.name, self.seed, self.seconds]


def environment_of(system: str) -> Path:
    """The Python of a system's own environment, made from its requirements file when absent."""
    if system in ("medalist", "lightgbm"):
        return Path(sys.executable)
    home = ENVIRONMENTS / system
    python = home / "bin" / "python"
    if not (home / ".ready").exists():
        print(f"Installing {system} into {home} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        requirements = HERE / f"requirements-{system}.txt"
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        (home / ".ready").touch()
    return python


def run_trial(trial: Trial, folder: Path, scratch: Path) -> dict[str, object]:
    """Run one system on one folder and grade what it leaves; failures are kept with their reason."""
    shutil.rmtree(scratch, ignore_errors=True)  # a trial that was stopped leaves something
    scratch.mkdir(parents=True)
    out = scratch / "submission.csv"
    cores = len(os.sched_getaffinity(0))
    if trial.system == "medalist":
        command = [
            sys.executable,
            "-m",
            "medalist",
            "compete",
            str(folder),
            "--time",
            f"{trial.seconds:.0f}s",
        ]
        command += ["--seed", str(trial.seed), "--out", str(scratch / "run"), "--json"]
    else:
        python = environment_of(trial.system)
        command = [str(python), str(HERE / "systems" / SCRIPTS[trial.system]), "--folder", str(folder)]
        command += ["--seconds", str(trial.seconds), "--seed", str(trial.seed), "--cores", str(cores)]
        command += ["--out", str(out), "--scratch", str(scratch / "model")]
    started = time.monotonic()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=trial.seconds + GRACE_SECONDS,
        check=False,
        cwd=scratch,
    )
    seconds = time.monotonic() - started
    if trial.system == "medalist" and done.stdout.strip():
        out = Path(json.loads(done.stdout.strip().splitlines()[-1])["submission"] or out)
    failed: dict[str, object] = {"score": None, "lower_is_better": None, "reason": done.stderr[-400:]}
    grade = grade_file(folder, out) if out.exists() else failed
    return {"trial": trial.key, "seconds": round(seconds, 1), **grade}


def grade_file(folder: Path, submission: Path) -> dict[str, object]:
    """Medalist's own grader judges everybody alike."""
    command = [sys.executable, "-m", "medalist", "grade", str(folder), str(submission), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout.strip() else {}
    better_low = report.get("is_lower_better")
    return {"score": report.get("score"), "lower_is_better": better_low, "reason": report.get("reason", "")}


def ranks_of(results: list[dict], systems: list[str]) -> dict[str, dict[str, list[float]]]:
    """Rank of each system on each set, a list over seeds (ties share the mean rank, a failure is last)."""
    cells: dict[tuple[str, int], dict[str, dict]] = defaultdict(dict)
    for result in results:
        system, name, seed, _ = result["trial"]
        cells[(name, seed)][system] = result
    ranks: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (name, _), by_system in cells.items():
        if set(systems) - set(by_system):
            continue
        sign = 1.0 if any(r.get("lower_is_better") for r in by_system.values()) else -1.0
        values = {s: sign * r["score"] if r["score"] is not None else np.inf for s, r in by_system.items()}
        for system in systems:
            better = sum(values[other] < values[system] for other in systems)
            equal = sum(values[other] == values[system] for other in systems)
            ranks[name][system].append(better + (equal + 1) / 2)
    return ranks


def summary(results: list[dict], systems: list[str], draws: int = 10_000) -> str:
    """The table of scores, mean ranks with 90 % bootstrap intervals over sets, and who beats whom."""
    ranks = ranks_of(results, systems)
    names = sorted(ranks)
    if not names:
        return "No set was finished by every system."
    matrix = np.array([[np.mean(ranks[name][system]) for system in systems] for name in names])
    picks = np.random.default_rng(0).integers(0, len(names), (draws, len(names)))
    means = matrix[picks].mean(axis=1)
    rows = []
    for name in names:
        scores = {s: [r["score"] for r in results if r["trial"][:2] == [s, name]] for s in systems}
        cells = [
            "failed" if any(v is None for v in scores[s]) else f"{np.mean(scores[s]):.4f}" for s in systems
        ]
        rows.append([name, *cells])
    low, high = np.percentile(means, [5, 95], axis=0)
    rows.append(
        [
            "**mean rank**",
            *(f"{m:.2f} [{a:.2f}, {b:.2f}]" for m, a, b in zip(matrix.mean(0), low, high, strict=True)),
        ]
    )
    lines = [table(["set", *systems], rows), ""]
    for column, system in enumerate(systems[1:], start=1):
        probability = float(np.mean(means[:, 0] < means[:, column]))
        lines.append(
            f"P(mean rank of {systems[0]} better than {system}) = {probability:.3f} over {len(names)} sets"
        )
    over = {s: [r["seconds"] - r["trial"][3] for r in results if r["trial"][0] == s] for s in systems}
    lines.append("Seconds past the budget, worst: " + ", ".join(f"{s} {max(over[s]):.0f}" for s in systems))
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run the comparison; prints a table for each budget."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compete", description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[60.0, 300.0])
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds; each also draws another split")
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    parser.add_argument("--sets", nargs="+", default=None, help="names; default: all there are")
    parser.add_argument("--results", type=Path, default=HERE.parent / "results" / "raw" / "compete.jsonl")
    given = parser.parse_args(arguments)
    given.results.parent.mkdir(parents=True, exist_ok=True)
    shared = shared_sets()
    names = given.sets or [*shared, *(one.name for one in SETS)]
    own = {one.name: one for one in SETS}
    known = (
        [json.loads(line) for line in given.results.read_text().splitlines()]
        if given.results.exists()
        else []
    )
    work = given.results.parent / "work"
    print(header("compete"), flush=True)
    for seconds in given.seconds:
        for seed in range(given.seeds):
            for index, name in enumerate(names):
                folder = (
                    shared[name]
                    if name in shared
                    else write_set(own[name], seed, work / "sets" / f"{name}-{seed}")
                )
                turn = index % len(given.systems)
                for system in [*given.systems[turn:], *given.systems[:turn]]:
                    trial = Trial(system, name, seed, seconds)
                    if any(result["trial"] == trial.key for result in known):
                        continue
                    print(f"{seconds:.0f} s, {name}, seed {seed}: {system} ...", file=sys.stderr, flush=True)
                    result = run_trial(trial, folder, work / f"{system}-{name}-{seed}-{seconds:.0f}")
                    known.append(result)
                    with given.results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(result) + "\n")
        wanted = [
            r
            for r in known
            if r["trial"][3] == seconds and r["trial"][1] in names and r["trial"][0] in given.systems
        ]
        print(f"\n### {seconds:.0f} s\n\n{summary(wanted, given.systems)}\n", flush=True)
    return 0
