"""Greedy ensemble selection: honest, deterministic, and as good as its best member."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit import ensemble
from medalist.families.compete.kit.parts.ensemble import (
    from_scale,
    greedy_weights,
    prune_library,
    rows_to_compare,
    select_on_folds,
    selection_loss,
    stack_members,
    to_scale,
    weighted_mean,
)
from medalist.families.compete.recipes import Recipe

LATER = time.monotonic() + 3600.0


def noisy_members(rows: int = 600, noises=(0.5, 0.6, 0.7), seed: int = 0):
    """Independent noisy looks at one target: the case where blending helps."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=rows)
    return y, np.stack([y + rng.normal(scale=noise, size=rows) for noise in noises])


def folds(rows: int, count: int = 5) -> np.ndarray:
    return np.arange(rows) % count


def test_a_blend_of_independent_members_beats_each_of_them():
    y, stack = noisy_members()
    blend = select_on_folds(stack, y, folds(len(y)), "squared", ["mean"], LATER)
    assert blend.nested_loss < min(selection_loss(y, member, "squared") for member in stack)


def test_weights_are_shares():
    y, stack = noisy_members()
    weights = greedy_weights(stack, y, "squared", "mean", LATER)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()


def test_selection_on_its_own_rows_is_never_worse_than_the_best_member():
    for seed in range(5):
        y, stack = noisy_members(seed=seed, noises=(0.5, 2.0, 3.0))
        blended = weighted_mean(stack, greedy_weights(stack, y, "squared", "mean", LATER))
        best = min(selection_loss(y, member, "squared") for member in stack)
        assert selection_loss(y, blended, "squared") <= best


def test_nested_predictions_never_saw_their_own_rows():
    """Changing the truth of one fold changes nothing in that fold's blended prediction."""
    y, stack = noisy_members()
    fold = folds(len(y))
    spoiled = np.where(fold == 2, -y, y)
    honest = select_on_folds(stack, y, fold, "squared", ["mean"], LATER).nested
    other = select_on_folds(stack, spoiled, fold, "squared", ["mean"], LATER).nested
    assert np.array_equal(honest[fold == 2], other[fold == 2])


def test_members_of_pure_noise_do_not_look_good():
    """Selecting among many useless members must not claim to predict: the nested loss stays at chance."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 400)
    stack = rng.uniform(0.3, 0.7, size=(15, 400))
    blend = select_on_folds(stack, y, folds(400), "log_loss", ["mean", "logit"], LATER)
    assert blend.nested_loss > np.log(2) - 0.01


def test_a_member_with_missing_folds_is_used_only_where_it_predicted():
    y, stack = noisy_members()
    stack[0, folds(len(y)) >= 3] = np.nan
    blend = select_on_folds(stack, y, folds(len(y)), "squared", ["mean"], LATER)
    assert np.isfinite(blend.prediction).all()
    blended = weighted_mean(stack, [1.0, 1.0, 0.0])
    assert np.allclose(blended[folds(len(y)) >= 3], stack[1, folds(len(y)) >= 3])


def test_a_strong_member_of_one_fold_is_compared_on_that_fold():
    y, stack = noisy_members(rows=2000, noises=(0.1, 0.6, 0.7))
    only = folds(len(y)) == 0
    stack[0, ~only] = np.nan
    assert np.array_equal(rows_to_compare(stack, y, "squared"), only)
    weak = stack[[1, 2, 0]] + np.array([0, 0, 5.0])[:, None]
    assert rows_to_compare(weak, y, "squared").all()


@pytest.mark.parametrize("scale", ["mean", "logit", "log", "log1p"])
def test_scales_are_undone(scale):
    values = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 50))
    assert np.allclose(from_scale(to_scale(values, scale), scale), values)


def test_ranks_ignore_how_a_member_is_calibrated():
    _, stack = noisy_members()
    assert np.array_equal(to_scale(stack, "rank"), to_scale(np.exp(stack), "rank"))


def test_losses_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 300), rng.uniform(0.01, 0.99, 300).round(2)
    shares, codes = rng.dirichlet(np.ones(4), 300), rng.integers(0, 4, 300)
    assert selection_loss(y, p, "auc") == pytest.approx(1 - metrics.roc_auc_score(y, p))
    assert selection_loss(y, p, "log_loss") == pytest.approx(metrics.log_loss(y, p))
    assert selection_loss(codes, shares, "log_loss") == pytest.approx(metrics.log_loss(codes, shares))


def test_a_large_library_is_pruned_to_its_best():
    y, stack = noisy_members(noises=tuple(0.5 + 0.1 * i for i in range(30)))
    kept = prune_library(stack, y, "squared", [str(m) for m in range(len(stack))])
    assert len(kept) < 30
    assert {0, 1, 2} <= set(kept)


def test_ranks_of_an_ordered_target_and_class_probabilities_blend(tmp_path):
    np.savez(tmp_path / "a.npz", prediction=np.array([0.0, 1.5, 2.0]))
    np.savez(tmp_path / "b.npz", prediction=np.array([[1.0, 0, 0], [0, 0.5, 0.5], [0, 0, 1.0]]))
    stack = stack_members([tmp_path / "a.npz", tmp_path / "b.npz"], True)
    assert np.allclose(stack[0], stack[1])


# ------------------------------------------------------------------ as scripts

FACTS = Facts(
    modality="tabular",
    problem="binary",
    metric="roc_auc",
    direction="max",
    train_file="train.csv",
    test_file="test.csv",
    sample_file="sample_submission.csv",
    rows_train=200,
    rows_test=50,
    id_column="id",
    targets=("target",),
    submission_columns=("id", "target"),
    prediction="probability",
    classes=("0", "1"),
)

MEMBER_TRAIN = """
import numpy as np, pandas as pd, pathlib, sys
train = pd.read_csv(pathlib.Path(sys.argv[sys.argv.index("--data") + 1]) / "train.csv")
pathlib.Path("artifacts").mkdir(exist_ok=True)
np.savez("artifacts/oof.npz", prediction=train["x"].to_numpy(), fold=np.arange(len(train)) % 5)
"""
MEMBER_PREDICT = """
import numpy as np, pandas as pd, pathlib, sys
test = pd.read_csv(pathlib.Path(sys.argv[sys.argv.index("--data") + 1]) / "test.csv")
np.savez("artifacts/test.npz", prediction=test["x"].to_numpy())
"""


def write_competition(folder):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 250)
    table = pd.DataFrame({"id": range(250), "x": np.clip(0.4 * y + rng.uniform(0, 0.6, 250), 0, 1)})
    folder.mkdir()
    table[:200].assign(target=y[:200]).to_csv(folder / "train.csv", index=False)
    table[200:].to_csv(folder / "test.csv", index=False)
    table[200:][["id"]].assign(target=0).to_csv(folder / "sample_submission.csv", index=False)


def test_the_scripts_train_missing_members_and_write_a_submission(tmp_path):
    """Taken away from where it was made, an ensemble's folder is rebuilt from the competition's files alone."""
    write_competition(tmp_path / "data")
    recipe = Recipe("ensemble", "greedy", {"members": ["c01", "c02"]})
    for name, text in ensemble.scripts(FACTS, recipe).items():
        (tmp_path / name).write_text(text)
    for member in ("c01", "c02"):
        folder = tmp_path / "members" / member
        folder.mkdir(parents=True)
        (folder / "train.py").write_text(MEMBER_TRAIN)
        (folder / "predict.py").write_text(MEMBER_PREDICT)
    for script in ("train.py", "predict.py"):
        subprocess.run(
            [sys.executable, script, "--data", "data"], cwd=tmp_path, check=True, capture_output=True
        )
    submission = pd.read_csv(tmp_path / "submission.csv")
    assert list(submission.columns) == ["id", "target"]
    assert len(submission) == 50
    weights = json.loads((tmp_path / "artifacts" / "weights.json").read_text())["weights"]
    assert sum(weights.values()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("problem", "metric", "prediction", "classes"),
    [
        ("binary", "f1", "label", ("0", "1")),
        ("multiclass", "log_loss", "class_probabilities", ("a", "b", "c")),
        ("ordinal", "qwk", "label", ("1", "2", "3")),
        ("regression", "rmsle", "value", ()),
        ("multilabel", "mean_columnwise_roc_auc", "multilabel_probabilities", ()),
    ],
)
def test_scripts_are_python_for_every_kind_of_problem(problem, metric, prediction, classes):
    facts = replace(FACTS, problem=problem, metric=metric, prediction=prediction, classes=classes)
    for name, text in ensemble.scripts(facts, Recipe("ensemble", "greedy", {"members": ["c01"]})).items():
        compile(text, name, "exec")
        assert "medalist" not in text


def test_variants_of_the_luckiest_estimator_leave_room_for_other_kinds() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    lucky = y + rng.normal(scale=0.1, size=(30, 200))
    weaker = y + rng.normal(scale=0.5, size=(3, 200))
    kept = prune_library(np.vstack([lucky, weaker]), y, "squared", ["a"] * 30 + ["b", "b", "b"])
    assert len(kept) == 20
    assert sum(kept >= 30) == 2
