"""A script of one's own through the command line: graded against another version, sped up, and left as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SLOW = '''"""Distances between rows, in loops."""

import numpy as np


def nearest(rows):
    found = []
    for a in range(len(rows)):
        best = float("inf")
        for b in range(len(rows)):
            if a != b:
                best = min(best, sum((rows[a][k] - rows[b][k]) ** 2 for k in range(len(rows[a]))))
        found.append(best)
    return np.array(found)


def main():
    rows = np.random.default_rng(3).normal(size=(160, 6))
    print(f"mean {nearest(rows).mean():.9f}")


if __name__ == "__main__":
    main()
'''
BODY = SLOW[SLOW.index("    found = []") : SLOW.index("\n\n\ndef main")]
FAST_BODY = """    squares = ((rows[:, None] - rows[None]) ** 2).sum(2)
    np.fill_diagonal(squares, np.inf)
    return squares.min(1)"""


@pytest.fixture(autouse=True)
def a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other grading of this machine is waited for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    path = tmp_path / "own" / "nearest.py"
    path.write_text(SLOW)
    return path


def test_another_version_of_a_script_is_graded_and_validated(
    script: Path, medalist: Callable, tmp_path: Path
) -> None:
    fast, other = tmp_path / "fast.py", tmp_path / "other.py"
    fast.write_text(SLOW.replace(BODY, FAST_BODY))
    other.write_text(SLOW.replace(BODY, FAST_BODY.replace("min(1)", "max(1)")))
    told = medalist("grade", script, fast, "--json")
    assert told.status == 0, told.err
    assert (told.json["passed"], told.json["equal"]) == (True, True)
    assert medalist("validate", script, fast, "--json").status == 0
    told = medalist("grade", script, other, "--json")
    assert told.status == 1
    assert told.json["refusal"] in ("other function", "answers not finite")
    assert script.read_text() == SLOW


def test_a_script_is_sped_up_and_a_copy_prints_what_it_printed(
    script: Path, medalist: Callable, tmp_path: Path
) -> None:
    (tmp_path / "old.txt").write_text(BODY)
    rewrite = "\n".join(
        [
            "text = open('program.py').read()",
            f"assert {BODY!r} in text",
            f"open('program.py', 'w').write(text.replace({BODY!r}, {FAST_BODY!r}))",
        ]
    )
    made = [
        {"tool": "write_file", "arguments": {"path": "rewrite.py", "content": rewrite}},
        {"tool": "run", "arguments": {"command": "python rewrite.py"}},
        {"tool": "submit_answer", "arguments": {}},
    ]
    (tmp_path / "calls.json").write_text(json.dumps(made))
    told = medalist(
        "speedup", script, "--engineer", "scripted", "--calls", tmp_path / "calls.json",
        "--attempts", "1", "--time", "90s", "--out", "mine", "--json",
    )  # fmt: skip
    assert told.status == 0, told.err
    copy = told.json["script"]
    assert copy["same"], copy
    assert Path(copy["file"]) == tmp_path / "mine" / "nearest_fast.py"
    assert "np.fill_diagonal" in Path(copy["file"]).read_text()
    printed = [
        subprocess.run([sys.executable, path], capture_output=True, text=True, check=True).stdout
        for path in (script, copy["file"])
    ]
    assert printed[0] == printed[1]
    assert script.read_text() == SLOW
    assert [path.name for path in script.parent.iterdir()] == ["nearest.py"]


def test_a_script_that_fails_is_a_sentence_and_leaves_nothing(
    script: Path, medalist: Callable, tmp_path: Path
) -> None:
    script.write_text("raise SystemExit('no data')\n" + SLOW)
    told = medalist("speedup", script, "--out", "mine", "--json")
    assert told.status == 2, told.err
    assert "Traceback" not in told.err
    assert told.json["run_dir"] is None
    assert not (tmp_path / "mine").exists()
