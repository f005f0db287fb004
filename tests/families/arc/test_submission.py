"""``submission.json`` is whole from the beginning, and every fault of one is told in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medalist.families.arc.formats import entry_of
from medalist.families.arc.submission import Submission, check_submission, read_attempts

TWO = {"attempt_1": [[1]], "attempt_2": [[2, 3]]}
ASKED = {"a": 1, 'b"': 2}


def entries() -> list:
    pair = {"input": [[5, 6]], "output": [[6, 5]]}
    return [
        entry_of("a", {"train": [pair], "test": [pair]}),
        entry_of('b"', {"train": [], "test": [pair, {"input": None}]}),
    ]


def checked(folder: Path, data: Any):
    path = folder / "submission.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return check_submission(path, ASKED)


def test_it_is_valid_before_anything_is_solved_and_after(tmp_path: Path) -> None:
    submission = Submission(entries())
    assert checked(tmp_path, submission.text).valid
    submission.put("a", [([[7]], [[8, 9]])])
    validation = checked(tmp_path, submission.text)
    assert (validation.valid, validation.rows) == (True, 3)
    answers = read_attempts(tmp_path / "submission.json")
    assert answers["a"] == [([[7]], [[8, 9]])]
    assert answers['b"'][0][0] == [[5, 6]], "where a test input can be read it is the fallback"
    with pytest.raises(KeyError):
        submission.put("c", [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"a": None}, "Task a must have a list"),
        ({"a": []}, "Task a has 1 test input, the submission 0 answers."),
        ({"a": [TWO, TWO]}, "the submission 2 answers"),
        ({"a": [3]}, "test input 1: an answer is an object"),
        ({"a": [{"attempt_1": [[1]]}]}, "test input 1: `attempt_2` is missing"),
        ({"a": [{**TWO, "attempt_1": []}]}, "test input 1, attempt_1: A grid is"),
        ({"a": [{**TWO, "attempt_1": [[1], [1, 2]]}]}, "different lengths"),
        ({"a": [{**TWO, "attempt_2": [[True]]}]}, "A cell holds True"),
        ({"a": [{**TWO, "attempt_2": [[-1]]}]}, "A cell holds -1"),
        ({"a": [{**TWO, "attempt_2": [[0] * 31]}]}, "1 x 31"),
        ({"c": [TWO]}, "There is no task c here."),
    ],
)
def test_every_fault_is_a_sentence(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    validation = checked(tmp_path, {"a": [TWO], 'b"': [TWO, TWO], **change})
    assert not validation.valid
    assert said in validation.reason


def test_all_faults_are_kept_and_the_first_ones_told(tmp_path: Path) -> None:
    many = {f"t{number}": [TWO] for number in range(20)}
    validation = checked(tmp_path, {**many})
    assert "Task a is missing." in validation.reason
    assert "And 17 more." in validation.reason
    assert len(validation.details["faults"]) == 22


@pytest.mark.parametrize("said", ["", "[]", "{", "null", '{"a": 1', "\0", "[" * 100_000])
def test_what_is_no_submission_is_refused(tmp_path: Path, said: str) -> None:
    validation = checked(tmp_path, said)
    assert not validation.valid
    assert validation.reason


def test_a_task_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    two = json.dumps([TWO])
    validation = checked(tmp_path, f'{{"a": {two}, "a": {two}, "b\\"": {json.dumps([TWO, TWO])}}}')
    assert validation.reason == "Task a stands more than once."
