"""A candidate's score is recomputed from its out-of-fold predictions; what it claims itself counts for nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.metrics as sk

from medalist.core.score import ScoreStatus
from medalist.families.compete.explore_folder import explore
from medalist.families.compete.facts import Facts
from medalist.families.compete.scoring import read_score, scoring_command
from medalist.families.compete.scoring_arrays import score_candidate


@pytest.fixture
def public(make_folder, binary_frames) -> Path:
    binary_frames.pop("answers")
    return make_folder(**binary_frames) / "prepared" / "public"


@pytest.fixture
def labels(binary_frames) -> np.ndarray:
    return binary_frames["train"]["label"].to_numpy()


def candidate(tmp_path: Path, prediction, postprocess=None, fold=None) -> Path:
    folder = tmp_path / "c01"
    (folder / "artifacts").mkdir(parents=True, exist_ok=True)
    fold = np.arange(len(prediction)) % 5 if fold is None else fold
    np.savez(folder / "artifacts" / "oof.npz", prediction=prediction, fold=fold)
    if postprocess:
        (folder / "artifacts" / "postprocess.json").write_text(json.dumps(postprocess))
    return folder


def guesses(labels: np.ndarray) -> np.ndarray:
    return np.clip(labels * 0.3 + np.random.default_rng(0).random(len(labels)) * 0.7, 0, 1)


def test_as_a_process_it_gives_a_score_with_its_noise(public, labels, tmp_path):
    facts = explore(public, {"metric": "roc_auc"})
    (tmp_path / "facts.json").write_text(facts.as_json())
    candidate(tmp_path, guesses(labels))
    command = scoring_command("c01", public=str(public))
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    score = read_score(SimpleNamespace(returncode=done.returncode, output=done.stdout))
    assert score.value == pytest.approx(sk.roc_auc_score(labels, guesses(labels)))
    assert score.noise == pytest.approx(0.025, abs=0.012)
    assert (score.split, score.metric) == ("validation", "roc_auc")


def test_folds_that_were_not_run_are_left_out(public, labels, tmp_path):
    prediction = guesses(labels)
    prediction[np.arange(300) % 5 == 4] = np.nan
    report = score_candidate(explore(public, {"metric": "roc_auc"}), public, candidate(tmp_path, prediction))
    assert (report["status"], report["rows"], report["folds_done"]) == ("scored", 240, 4)


@pytest.mark.parametrize(
    ("metric", "postprocess", "reference"),
    [
        ("f1", {"kind": "threshold", "threshold": 0.3}, lambda y, p: sk.f1_score(y, p >= 0.3)),
        ("accuracy", {"kind": "argmax"}, lambda y, p: sk.accuracy_score(y, p >= 0.5)),
        (
            "log_loss",
            {"kind": "clip", "low": 0.2, "high": 0.8},
            lambda y, p: sk.log_loss(y, np.clip(p, 0.2, 0.8)),
        ),
        ("rmse", {"kind": "none"}, sk.root_mean_squared_error),
        (
            "qwk",
            {"kind": "cuts", "cuts": [0.4]},
            lambda y, p: sk.cohen_kappa_score(y, p >= 0.4, weights="quadratic"),
        ),
    ],
)
def test_the_candidates_own_postprocessing_is_applied(
    public, labels, tmp_path, metric, postprocess, reference
):
    report = score_candidate(
        explore(public, {"metric": metric}), public, candidate(tmp_path, guesses(labels), postprocess)
    )
    assert report["value"] == pytest.approx(reference(labels, guesses(labels)))


@pytest.mark.parametrize(
    ("fold", "reason"),
    [
        (np.arange(300) % 5, "fold 0 was predicted in part (50% of its rows)"),
        (np.full(300, -1), "fold -1 was predicted in part"),
        (np.zeros((300, 2)), "fold has the shape (300, 2)"),
        (np.where(np.arange(300) < 150, 0, -1), ""),
    ],
)
def test_a_score_on_chosen_rows_is_none(public, labels, tmp_path, fold, reason):
    """Half of the rows are predicted: sound where they are whole folds, flattering where they were picked."""
    prediction = np.where(np.arange(300) < 150, guesses(labels), np.nan)
    report = score_candidate(
        explore(public, {"metric": "f1"}), public, candidate(tmp_path, prediction, fold=fold)
    )
    assert (report["status"] == "scored") == (not reason)
    assert reason in report["reason"]


def test_a_handful_of_rows_is_no_validation(public, labels, tmp_path):
    fold = np.where(np.arange(300) < 9, 0, -1)
    prediction = np.where(fold == 0, guesses(labels), np.nan)
    report = score_candidate(
        explore(public, {"metric": "f1"}), public, candidate(tmp_path, prediction, fold=fold)
    )
    assert "only 9 of 300 rows" in report["reason"]


def test_class_weights_and_ranked_labels(make_folder, tmp_path):
    kinds = np.random.default_rng(0).choice(["a", "b", "c"], 90)
    train = "id,x,kind\n" + "".join(f"{k},{k},{kind}\n" for k, kind in enumerate(kinds))
    folder = make_folder(train=train, test="id,x\n90,1\n", sample_submission="id,kind\n90,a\n")
    public = folder / "prepared" / "public"
    shares = np.random.default_rng(1).dirichlet(np.ones(3), 90)
    weights = [0.2, 1.0, 3.0]
    weighted = score_candidate(
        explore(public, {"metric": "accuracy"}),
        public,
        candidate(tmp_path, shares, {"kind": "class_weights", "weights": weights}),
    )
    chosen = np.array(["a", "b", "c"])[(shares * weights).argmax(axis=1)]
    assert weighted["value"] == pytest.approx(np.mean(chosen == kinds))
    (tmp_path / "c01" / "artifacts" / "postprocess.json").unlink()
    ranked = score_candidate(explore(public, {"metric": "map@3"}), public, candidate(tmp_path, shares))
    places = [
        1 + list(np.argsort(-row)).index("abc".index(kind)) for row, kind in zip(shares, kinds, strict=True)
    ]
    assert ranked["value"] == pytest.approx(np.mean(1 / np.array(places)))


@pytest.mark.parametrize(
    ("prediction", "why"),
    [
        (np.zeros(299), "299 rows, the training table 300"),
        (np.full(300, np.inf), "300 predictions are infinite"),
        (np.full(300, np.nan), "no fold was predicted"),
        (np.full(300, -0.5), "below 0"),
    ],
)
def test_what_cannot_be_scored_is_invalid_with_a_reason(public, tmp_path, prediction, why):
    report = score_candidate(explore(public, {"metric": "log_loss"}), public, candidate(tmp_path, prediction))
    assert (report["status"], report["value"]) == ("invalid", None)
    assert why in report["reason"]


def test_missing_and_broken_files_are_invalid(public, tmp_path):
    facts = explore(public, {"metric": "log_loss"})
    assert "was not written" in score_candidate(facts, public, tmp_path)["reason"]
    (candidate(tmp_path, np.zeros(300)) / "artifacts" / "oof.npz").write_bytes(b"PK\x03\x04 torn")
    assert "cannot be read" in score_candidate(facts, public, tmp_path / "c01")["reason"]


def test_an_unknown_postprocessing_is_invalid(public, labels, tmp_path):
    folder = candidate(tmp_path, guesses(labels), {"kind": "magic"})
    assert "magic" in score_candidate(explore(public, {"metric": "f1"}), public, folder)["reason"]


def test_rows_without_a_target_do_not_count(make_folder, tmp_path):
    train = "id,x,y\n" + "".join(f"{k},{k},{'' if k % 10 == 0 else k * 1.5}\n" for k in range(100))
    folder = make_folder(train=train, test="id,x\n100,1\n", sample_submission="id,y\n100,0\n")
    public = folder / "prepared" / "public"
    facts = explore(public, {"metric": "mae"})
    truth = np.array([k * 1.5 for k in range(100) if k % 10])
    report = score_candidate(facts, public, candidate(tmp_path, truth + 2))
    assert (facts.rows_train, report["rows"], report["value"]) == (90, 90, pytest.approx(2.0))


def test_a_child_that_printed_no_score_failed():
    score = read_score(SimpleNamespace(returncode=1, output="The candidate could not be scored: no facts"))
    assert (score.status, score.reason) == (ScoreStatus.FAILED, "The candidate could not be scored: no facts")


def test_a_constant_prediction_scores_what_the_facts_say(public, labels, tmp_path):
    for metric in ("accuracy", "log_loss", "rmse"):
        facts = explore(public, {"metric": metric})
        constant = candidate(tmp_path, np.full(300, labels.mean()))
        assert score_candidate(facts, public, constant)["value"] == pytest.approx(facts.constant_score)


def test_facts_survive_json(public):
    facts = explore(public, {"metric": "roc_auc"})
    assert Facts.from_json(replace(facts, doubts=("é",)).as_json()).doubts == ("é",)
