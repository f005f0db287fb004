"""The grader as the process it is: what it prints for good, bad and impossible cases, and that it alone opens answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medalist.core.answers import Answers
from medalist.core.errors import AnswersClosed
from medalist.families.compete.family import family
from medalist.families.compete.metrics import find_metric

MEDALS = ("gold", "silver", "bronze")
MLE_BENCH_KEYS = {
    "competition_id",
    "score",
    "median_threshold",
    "any_medal",
    "above_median",
    "submission_exists",
    "valid_submission",
    "is_lower_better",
    "created_at",
    "submission_path",
    *(f"{medal}_threshold" for medal in MEDALS),
    *(f"{medal}_medal" for medal in MEDALS),
}


def grade(folder: Path, submission: Path, **settings: str) -> dict:
    opened = family.open(folder, settings)
    assert opened.answers is not None
    command = family.grader_command(opened.task, opened.answers, submission)
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def folder(make_folder, binary_frames) -> Path:
    frames = dict(binary_frames)
    return make_folder(frames.pop("answers"), {"meta.json": '{"id": "toy", "metric": "accuracy"}'}, **frames)


def submit(folder: Path, frame: pd.DataFrame) -> Path:
    path = folder / "submission.csv"
    frame.to_csv(path, index=False)
    return path


def test_the_gold_answer_is_accepted_and_scores_best(folder, binary_frames):
    report = grade(folder, submit(folder, binary_frames["answers"]))
    assert (report["status"], report["score"], report["hidden_score"]) == ("scored", 1.0, 1.0)
    assert set(report) >= MLE_BENCH_KEYS
    assert report["is_lower_better"] is False
    assert report["gold_threshold"] is None


def test_the_order_of_rows_does_not_matter(folder, binary_frames):
    random = np.random.default_rng(0)
    guess = binary_frames["answers"].assign(label=random.integers(0, 2, 100))
    first = grade(folder, submit(folder, guess))
    assert grade(folder, submit(folder, guess.sample(frac=1, random_state=1)))["score"] == first["score"]


def test_labels_may_be_written_in_other_ways(folder, binary_frames):
    guess = binary_frames["answers"].assign(label=binary_frames["answers"]["label"].map({0: "0.0", 1: "1.0"}))
    assert grade(folder, submit(folder, guess))["score"] == 1.0


def test_an_empty_submission_is_invalid_and_not_the_graders_fault(folder):
    (folder / "submission.csv").write_text("")
    report = grade(folder, folder / "submission.csv")
    assert (report["status"], report["score"], report["valid_submission"]) == ("invalid", None, False)
    assert "empty" in report["reason"]


def test_a_missing_submission_is_invalid(folder):
    report = grade(folder, folder / "submission.csv")
    assert (report["status"], report["submission_exists"]) == ("invalid", False)


def test_medals_come_from_the_leaderboard(folder, binary_frames):
    scores = "\n".join(f"{0.99 - 0.005 * rank:.3f}" for rank in range(100))
    (folder / "leaderboard.csv").write_text("score\n" + scores)
    guess = binary_frames["answers"].copy()
    guess.iloc[:6, 1] = 1 - guess.iloc[:6, 1]
    report = grade(folder, submit(folder, guess))
    assert report["score"] == 0.94
    assert (report["medal"], report["gold_medal"], report["silver_medal"], report["any_medal"]) == (
        "silver",
        False,
        True,
        True,
    )
    assert report["above_median"] is True
    assert report["percentile"] == pytest.approx(90.0)


def test_a_leaderboard_in_the_other_order_is_the_graders_error(folder, binary_frames):
    (folder / "leaderboard.csv").write_text("score\n0.1\n0.5\n0.9\n")
    report = grade(folder, submit(folder, binary_frames["answers"]))
    assert report["status"] == "grader_error"
    assert "higher is better" in report["reason"]


def test_answers_that_do_not_fit_are_the_graders_error(folder, binary_frames):
    binary_frames["answers"][5:].to_csv(folder / "prepared" / "private" / "answers.csv", index=False)
    report = grade(folder, submit(folder, binary_frames["answers"]))
    assert report["status"] == "grader_error"
    assert report["score"] is None


def test_scores_are_rounded_to_five_decimals(make_folder, binary_frames):
    frames = dict(binary_frames)
    folder = make_folder(frames.pop("answers"), **frames)
    guess = binary_frames["answers"].assign(label=np.linspace(0.01, 0.99, 100))
    report = grade(folder, submit(folder, guess), metric="log_loss")
    exact = find_metric("log_loss").score(binary_frames["answers"]["label"], guess["label"].to_numpy())
    assert report["score"] == round(exact, 5)


def test_class_columns_are_scored_against_labels(make_folder):
    random = np.random.default_rng(0)
    labels = random.choice(["cat", "dog", "eel"], 90)
    ids = [f"i{k}" for k in range(90)]
    train = pd.DataFrame({"id": ids[:60], "x": range(60), "species": labels[:60]})
    test = pd.DataFrame({"id": ids[60:], "x": range(60, 90)})
    sample = test[["id"]].assign(eel=0.4, cat=0.3, dog=0.3)
    answers = pd.DataFrame({"id": ids[60:], "species": labels[60:]})
    folder = make_folder(answers, train=train, test=test, sample_submission=sample)
    guess = sample.copy()
    for name in ("eel", "cat", "dog"):
        guess[name] = np.where(labels[60:] == name, 0.8, 0.1)
    report = grade(folder, submit(folder, guess), metric="log_loss")
    assert report["score"] == pytest.approx(-np.log(0.8), abs=1e-5)
    one_hot = answers[["id"]].assign(**{n: (labels[60:] == n).astype(int) for n in ("cat", "dog", "eel")})
    one_hot.to_csv(folder / "prepared" / "private" / "answers.csv", index=False)
    assert grade(folder, submit(folder, guess), metric="log_loss")["score"] == report["score"]


def test_rows_go_by_order_where_there_is_no_id(make_folder):
    random = np.random.default_rng(0)
    x = random.normal(size=150)
    train = pd.DataFrame({"x": x[:100], "y": 2 * x[:100]})
    folder = make_folder(
        pd.DataFrame({"y": 2 * x[100:]}),
        train=train,
        test=pd.DataFrame({"x": x[100:]}),
        sample_submission_null=pd.DataFrame({"y": [0.0] * 50}),
    )
    report = grade(folder, submit(folder, pd.DataFrame({"y": 2 * x[100:] + 0.5})), metric="rmse")
    assert report["score"] == pytest.approx(0.5)


def test_answers_do_not_open_outside_the_grader(folder):
    answers = family.open(folder, {}).answers
    assert isinstance(answers, Answers)
    with pytest.raises(AnswersClosed):
        answers.open()
    assert "answers.csv" not in repr(answers)
