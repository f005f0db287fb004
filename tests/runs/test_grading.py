"""The hidden grade comes from a process of its own, and its failures are its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from medalist.core.answers import Answers
from medalist.core.errors import AnswersClosed
from medalist.core.family import find_family
from medalist.core.score import ScoreStatus
from medalist.runs import api
from medalist.runs.grading import Grade, grade_product, read_grade

Make = Callable[..., Path]


@pytest.fixture
def product(tmp_path: Path) -> Path:
    path = tmp_path / "answer.txt"
    path.write_text("5")
    return path


def test_a_product_is_graded_against_the_hidden_answers(scripted_task: Make, product: Path) -> None:
    grade = api.grade(scripted_task("submit 5"), product)
    assert (grade.status, grade.score, grade.metric, grade.direction) == (
        ScoreStatus.SCORED,
        998.0,
        "points",
        "max",
    )


def test_a_grader_that_fails_is_not_the_submissions_fault(scripted_task: Make, product: Path) -> None:
    grade = api.grade(scripted_task("submit 5", answer="broken"), product)
    assert grade.status is ScoreStatus.GRADER_ERROR
    assert grade.valid
    assert grade.score is None
    assert "ValueError" in grade.reason


def test_a_task_without_answers_is_unscored(scripted_task: Make, product: Path) -> None:
    task = scripted_task("submit 5")
    family = find_family("scripted")
    assert grade_product(family, family.open(task, {}).task, None, product).status is ScoreStatus.UNSCORED


def test_a_grader_past_its_time_is_killed(
    scripted_task: Make, product: Path, plugins: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = scripted_task("submit 5")
    family = find_family("scripted")
    (tmp_path / "slow_grader.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *plugins]))
    monkeypatch.setattr(type(family), "grader_command", lambda *_: ["slow_grader"])
    opened = family.open(task, {})
    grade = grade_product(family, opened.task, opened.answers, product, timeout_seconds=0.5)
    assert grade.status is ScoreStatus.GRADER_ERROR
    assert "more than" in grade.reason


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"status": "splendid", "score": 1.0},
        {"status": "scored", "score": None},
        {"status": "invalid", "score": 0.0},
        {"status": "scored", "score": "high"},
    ],
)
def test_a_grader_that_contradicts_itself_is_an_error(said: dict) -> None:
    assert read_grade(said).status is ScoreStatus.GRADER_ERROR


def test_a_grade_survives_its_file() -> None:
    grade = Grade(ScoreStatus.SCORED, 0.5, "auc", "max", "gold", report={"gold_threshold": 0.4})
    assert read_grade(grade.as_dict()).as_dict() == grade.as_dict()


def test_a_grader_sees_no_key_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    from medalist.machine.children import own_environment

    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert "OPENAI_API_KEY" not in own_environment()


def test_answers_stay_closed_here(tmp_path: Path) -> None:
    with pytest.raises(AnswersClosed):
        Answers(tmp_path).open()
    assert str(tmp_path) not in repr(Answers(tmp_path))
