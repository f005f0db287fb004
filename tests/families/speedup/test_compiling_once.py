"""A kernel is known by its source and what it names: kept while those stay, compiled afresh when one changes."""

import subprocess
import sys
from pathlib import Path

import pytest

from medalist.families.speedup.optimiser.calling import load
from medalist.families.speedup.optimiser.compiling import stamp_of

KERNELS = """
import math

SCALE = 2.0

def inner(x):
    return math.sqrt(x) * SCALE

def kernel(values):
    total = 0.0
    for value in values:
        total += inner(value)
    return total

def table(values):
    return values[LATER]
"""


def stamps(folder: Path, text: str) -> tuple[str, str]:
    folder.mkdir()
    (folder / "program.py").write_text(text)
    kernel = load(str(folder / "program.py"), "kernel")
    return stamp_of(kernel), stamp_of(load(str(folder / "program.py"), "table"))


def test_a_kernel_is_the_same_in_another_file_and_another_when_what_it_names_changes(tmp_path: Path) -> None:
    first, unknown = stamps(tmp_path / "a", KERNELS)
    assert first
    assert unknown == "", "what is defined later cannot be told apart"
    assert stamps(tmp_path / "b", f"# Edited elsewhere.\n{KERNELS}")[0] == first
    for old, new in (("SCALE = 2.0", "SCALE = 3.0"), ("sqrt(x)", "sqrt(x + 1)"), ("0.0", "1.0")):
        assert stamps(tmp_path / f"c{old[:3]}", KERNELS.replace(old, new))[0] != first


def test_a_second_process_takes_what_the_first_compiled(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    counting = """
import sys
from medalist.families.speedup.optimiser.compiling import keep_compiled
from medalist.families.speedup import worker
keep_compiled(sys.argv[1], sys.argv[2])
kernel = worker.load(sys.argv[1], "kernel")
assert kernel(3.0) == 9.0
print(sum(kernel.stats.cache_hits.values()))
"""
    hits = []
    for number in range(2):
        program = tmp_path / f"{number}" / "program.py"
        program.parent.mkdir()
        head = "\n" * number
        program.write_text(f"{head}from numba import njit\n\n@njit\ndef kernel(x):\n    return x * x\n")
        argv = [sys.executable, "-c", counting, str(program), str(tmp_path / "kept")]
        hits.append(int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout))
    assert hits == [0, 1]
