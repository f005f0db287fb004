"""The grader counts outputs and tasks, opens answers in its own process, and blames itself for broken ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RIGHT, WRONG = [[1, 2]], [[2, 1]]
SOLUTIONS = {"a": [RIGHT], "b": [RIGHT, RIGHT], "c": [RIGHT]}


def pair(first: Any, second: Any) -> dict[str, Any]:
    return {"attempt_1": first, "attempt_2": second}


def grade(folder: Path, solutions: Any, submission: Any, *options: str) -> dict[str, Any]:
    for name, data in (("solutions.json", solutions), ("submission.json", submission)):
        (folder / name).write_text(data if isinstance(data, str) else json.dumps(data))
    files = ["--answers", str(folder / "solutions.json"), "--submission", str(folder / "submission.json")]
    command = [sys.executable, "-m", "medalist.families.arc.grader", *files, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/", check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_it_counts_outputs_and_tasks(tmp_path: Path) -> None:
    submission = {
        "a": [pair(RIGHT, WRONG)],
        "b": [pair(WRONG, RIGHT), pair(WRONG, WRONG)],
        "c": [pair(WRONG, [[1, 2, 3]])],
    }
    report = grade(tmp_path, SOLUTIONS, submission)
    assert (report["status"], report["direction"], report["development"]) == ("scored", "max", False)
    assert (report["solved_outputs"], report["outputs"], report["score"]) == (2, 4, 0.5)
    assert (report["solved_tasks"], report["tasks"]) == (1, 3)
    assert report["by_task"] == {"a": [True], "b": [True, False], "c": [False]}


def test_only_the_tasks_that_were_meant_count(tmp_path: Path) -> None:
    challenges = tmp_path / "challenges.json"
    challenges.write_text(json.dumps({"b": {}}))
    meant = ["--challenges", str(challenges), "--development"]
    report = grade(tmp_path, SOLUTIONS, {"b": [pair(RIGHT, WRONG)] * 2}, *meant)
    assert (report["solved_outputs"], report["outputs"], report["development"]) == (2, 2, True)
    incomplete = grade(tmp_path, SOLUTIONS, {"b": [pair(RIGHT, WRONG)] * 2})
    assert (incomplete["status"], incomplete["score"]) == ("invalid", None)
    assert "Task a is missing." in incomplete["reason"]
    challenges.write_text(json.dumps({"d": {}}))
    assert "task d" in grade(tmp_path, SOLUTIONS, {}, *meant)["reason"]


@pytest.mark.parametrize("solutions", ["", "{}", {"a": [[[1], [1, 2]]]}, {"a": [[["x"]]]}, {"a": "grid"}])
def test_answers_that_make_no_sense_are_the_graders_error(tmp_path: Path, solutions: Any) -> None:
    report = grade(tmp_path, solutions, {"a": [pair(RIGHT, WRONG)]})
    assert (report["status"], report["score"]) == ("grader_error", None)
    assert report["reason"]
