"""Cross-validation that keeps to a deadline, leaves its progress in files, and can be resumed."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

ARTIFACTS = Path("artifacts")


def train_folds(
    features: Any,
    target: np.ndarray,
    fold_of_row: np.ndarray,
    fit: Callable,
    predict: Callable,
    seconds: float | None,
    resume: bool,
) -> np.ndarray:
    """Trains a model a fold, each saved to ``artifacts/fold_<i>.joblib``; out-of-fold predictions.

    ``fit(X, y, X_valid, y_valid, seconds)`` gives a model, ``predict(model, X)`` its predictions.
    ``features`` is a DataFrame or a sparse matrix. Rows of folds for which no time was left stay NaN.
    """
    started = time.monotonic()
    ARTIFACTS.mkdir(exist_ok=True)
    folds = int(fold_of_row.max()) + 1
    oof: np.ndarray | None = None
    for fold in range(folds):
        path = ARTIFACTS / f"fold_{fold}.joblib"
        valid = np.flatnonzero(fold_of_row == fold)
        if resume and path.exists():
            model = joblib.load(path)
        else:
            spent = time.monotonic() - started
            if seconds is not None and fold > 0 and spent + spent / fold > seconds:
                print(f"Stopping before fold {fold + 1}/{folds}: {spent:.1f} s of {seconds:.1f} s are spent")
                break
            share = None if seconds is None else (seconds - spent) / (folds - fold)
            train = np.flatnonzero(fold_of_row != fold)
            model = fit(
                rows_of(features, train), target[train], rows_of(features, valid), target[valid], share
            )
            joblib.dump(model, path.with_suffix(".part"))
            path.with_suffix(".part").replace(path)  # a fold that is there is whole, whenever it is stopped
        prediction = predict(model, rows_of(features, valid))
        if oof is None:
            oof = np.full((len(target), *prediction.shape[1:]), np.nan)
        oof[valid] = prediction
        print(f"Fold {fold + 1}/{folds}, {time.monotonic() - started:.1f} s", flush=True)
    assert oof is not None
    return oof


def rows_of(features: Any, rows: np.ndarray) -> Any:
    """Some rows of a DataFrame or of a matrix, by position."""
    return features.iloc[rows] if isinstance(features, pd.DataFrame) else features[rows]


def save_results(
    oof: np.ndarray, fold_of_row: np.ndarray, rule: dict[str, Any], metric: str, score: float, started: float
) -> None:
    """Writes ``oof.npz``, ``postprocess.json`` and ``metrics.json`` to ``artifacts`` and says the score."""
    done = np.unique(fold_of_row[np.isfinite(oof.reshape(len(oof), -1)).all(axis=1)])
    np.savez(ARTIFACTS / "oof.npz", prediction=oof, fold=fold_of_row)
    (ARTIFACTS / "postprocess.json").write_text(json.dumps(rule))
    report = {
        "metric": metric,
        "validation_score": score,
        "folds_done": len(done),
        "folds": int(fold_of_row.max()) + 1,
        "seconds": round(time.monotonic() - started, 2),
        "rows": len(oof),
    }
    (ARTIFACTS / "metrics.json").write_text(json.dumps(report))
    print(f"Validation {metric}: {score:.5f} ({len(done)} folds, {report['seconds']} s)", flush=True)


def rows_predicted(oof: np.ndarray) -> np.ndarray:
    """Which rows have an out-of-fold prediction, bool (n,)."""
    return np.isfinite(oof.reshape(len(oof), -1)).all(axis=1)


def save_test_features(features: Any) -> None:
    """Keeps the test rows' features, so that predict.py need not build them again."""
    ARTIFACTS.mkdir(exist_ok=True)
    joblib.dump(features, ARTIFACTS / "test_features.joblib")


def load_test_features() -> Any:
    """The test rows' features that train.py kept, or None."""
    path = ARTIFACTS / "test_features.joblib"
    return joblib.load(path) if path.exists() else None


def load_models() -> list[Any]:
    """The models of the folds that were trained."""
    return [joblib.load(path) for path in sorted(ARTIFACTS.glob("fold_*.joblib"))]
