"""The profiler finds where a program's time goes, by functions and by lines, and never runs for ever."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from speedup_grading import TOY

from medalist.families.speedup import profiling
from medalist.families.speedup.contract import Function

PROGRAM = """
import numpy as np

LOADED = []


def light(values):
    return values.sum()


def heavy(values):
    total = 0.0
    for value in values:
        total += float(value) ** 0.5
    return total


def first_time():
    for number in range(3_000_000):
        LOADED.append(number)


def run(values):
    if not LOADED:
        first_time()
    return {"total": np.float64(heavy(values) + light(values))}
"""
MAKER = """
import numpy as np


def make_inputs(seed, size=400_000):
    return {"values": np.random.default_rng(seed).random(size)}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Function]:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "data.py").write_text(MAKER)
    return tmp_path / "program.py", Function(tmp_path / "data.py", "make_inputs")


def shares(table: str) -> dict[str, float]:
    """What the rows of a table say, by the rest of the row."""
    found = re.findall(r"([\d.]+) %  (.*)", table)
    return {text.strip(): float(share) for share, text in found}


def test_functions_are_told_by_their_own_time(files) -> None:
    found = shares(profiling.profile(files[0], "run", files[1], "functions"))
    first, share = next(iter(found.items()))
    assert first.startswith("heavy (line")
    assert share > 50
    assert not any("first_time" in name for name in found), "which the call before it has paid for"


def test_lines_are_told_with_their_text_and_in_their_order(files) -> None:
    table = profiling.profile(files[0], "run", files[1], "lines")
    found = shares(table)
    loop = sum(share for text, share in found.items() if text.startswith(("for value", "total +=")))
    assert loop > 60
    assert found['return {"total": np.float64(heavy(values) + light(values))}'] >= loop * 0.9, (
        "all that it calls"
    )
    numbers = [int(number) for number in re.findall(r"^ *(\d+) ", table, re.MULTILINE)]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("by", ["functions", "lines"])
def test_what_runs_too_long_is_broken_off_and_shown(files, monkeypatch, by: str) -> None:
    monkeypatch.setattr(profiling, "_LONGEST_SECONDS", 1.0)
    files[0].write_text(
        "import time\n\n\ndef run(values):\n    while True:\n        try:\n            sum(range(1000))\n"
        "        except Exception:\n            pass\n"
    )
    files[1].file.write_text(MAKER.replace(", size=400_000", "").replace("(size)", "(9)"))
    table = profiling.profile(files[0], "run", files[1], by)
    assert "broken off" in table
    assert "run (line" in table or "sum(range(1000))" in table


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("def run(points, labels, steps):\n    raise ValueError('no way')\n")
    command = [sys.executable, "-m", "medalist.families.speedup.profiling", str(program)]
    done = subprocess.run(
        [*command, "--entry", "run", "--maker", f"{TOY / 'data.py'}:make_inputs"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "ValueError: no way" in done.stderr
