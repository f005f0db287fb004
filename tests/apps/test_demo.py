"""The demo's parts: competitions from installed libraries, the baseline, and an honest comparison."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from medalist.apps.demo import Row
from medalist.apps.demo_arc import puzzles_at_work
from medalist.apps.demo_puzzles import PUZZLES
from medalist.apps.demo_speedup import CLAIM, TASK, SpedUp, refused_claim, show_steps
from medalist.core.score import ScoreStatus
from medalist.runs import api

NAMES = ("breast-cancer", "diabetes", "digits", "docstrings")


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run([sys.executable, "-m", "medalist.apps.demo_sets", str(folder)], check=True)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", NAMES)
def test_hidden_answers_lie_outside_of_what_is_public(sets: Path, name: str) -> None:
    public, private = sets / name / "prepared" / "public", sets / name / "prepared" / "private"
    answers = rows(private / "test.csv")
    target = list(answers[0])[-1]
    assert target not in rows(public / "test.csv")[0]
    assert [row["id"] for row in rows(public / "test.csv")] == [row["id"] for row in answers]
    assert not {row["id"] for row in rows(public / "train.csv")} & {row["id"] for row in answers}


def test_no_docstring_names_its_module(sets: Path) -> None:
    for row in rows(sets / "docstrings" / "prepared" / "public" / "train.csv"):
        assert row["module"] not in row["text"].lower()


def test_the_baseline_is_graded_and_does_not_beat_itself(sets: Path) -> None:
    task = sets / "diabetes"
    public, private, out = task / "prepared" / "public", task / "prepared" / "private", sets / "baseline.csv"
    baseline = [sys.executable, "-m", "medalist.apps.demo_baseline"]
    subprocess.run([*baseline, "fit", str(public), str(out)], check=True)
    grade = api.grade(task, out)
    assert grade.status is ScoreStatus.SCORED
    assert (grade.metric, grade.direction) == ("rmse", "min")
    said = subprocess.run(
        [*baseline, "compare", str(private), "rmse", str(out), str(out)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(said.stdout) == {"gain": 0.0, "noise": 0.0}


@pytest.mark.parametrize(
    ("gain", "noise", "verdict"),
    [
        (0.02, 0.01, "better"),
        (0.019, 0.01, "within noise"),
        (-0.05, 0.01, "worse"),
        (None, None, "not compared"),
    ],
)
def test_a_difference_inside_the_noise_is_called_noise(
    gain: float | None, noise: float | None, verdict: str
) -> None:
    row = Row("wine", "accuracy", "max", 0.9, 0.9, gain, noise, seconds=1.0, graded_after_seconds=1.0)
    assert row.verdict == verdict


def test_the_printed_speedup_is_refused_for_what_the_program_does(tmp_path: Path) -> None:
    console = Console(record=True, width=100, file=io.StringIO())
    program = api.task_folder(TASK) / "program.py"
    reason = refused_claim(tmp_path, program, console)
    assert reason.startswith("other function: features is off by ")
    assert "93x" in CLAIM
    assert reason[:40] in console.export_text()


def test_each_transformation_is_shown_with_its_gain_and_its_proof() -> None:
    console = Console(record=True, width=140, file=io.StringIO())
    step = {"title": "compiled the loop", "gain": 10.853, "verified": "features is the same to the last bit"}
    sped_up = SpedUp("other function: ...", 183.1, 180.2, 185.4, True, (step,))
    show_steps(console, sped_up)
    shown = console.export_text()
    assert all(text in shown for text in ("compiled the loop", "10.9x", "the same to the last bit"))
    assert sped_up.text == "183.1x (180.2x to 185.4x), by 1 of the transformations tried"


def test_puzzles_are_shown_as_blocks_with_the_program_that_the_grader_found_right(tmp_path: Path) -> None:
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, color_system="truecolor", width=160)
    puzzled = puzzles_at_work(tmp_path, console, lambda text: None)
    assert puzzled.solved == puzzled.of == len(PUZZLES)
    shown = told.getvalue()
    assert shown.count("✓ right") == len(PUZZLES)
    assert "\x1b[48;2;30;118;217m  " in shown, "a blue cell"
    assert set(puzzled.programs) == set(PUZZLES)
