"""Gradient boosting with early stopping and a deadline inside each training.

Targets are class codes or values; categories are pandas categories, missing ones stay missing.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

import time
from typing import Any

import catboost
import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb

from medalist.families.compete.kit.parts.reading import thread_count


def fit_lightgbm(
    X: pd.DataFrame,
    y: np.ndarray,
    X_valid: pd.DataFrame,
    y_valid: np.ndarray,
    params: dict[str, Any],
    rounds: int,
    patience: int,
    seed: int,
    seconds: float | None,
) -> lgb.Booster:
    """A LightGBM model, stopped ``patience`` rounds after its best or when its seconds are over."""
    fixed = {"num_threads": thread_count(), "verbosity": -1, "force_col_wise": True, "seed": seed}
    train = lgb.Dataset(X, y)
    callbacks = [lgb.early_stopping(patience, verbose=False)]
    if seconds is not None:
        callbacks.append(stop_after(seconds))
    valid = lgb.Dataset(X_valid, y_valid, reference=train)
    return lgb.train({**fixed, **params}, train, rounds, valid_sets=[valid], callbacks=callbacks)


def stop_after(seconds: float) -> Any:
    """A LightGBM callback that ends the training when its time is over."""
    deadline = time.monotonic() + seconds

    def callback(state: Any) -> None:
        if time.monotonic() > deadline:
            raise lgb.callback.EarlyStopException(state.iteration, state.evaluation_result_list)

    return callback


def predict_lightgbm(model: lgb.Booster, X: pd.DataFrame) -> np.ndarray:
    """Values, probabilities of the positive class (n,), or of all classes (n, k)."""
    return np.asarray(model.predict(X, num_threads=thread_count()))


class DeadlineForCatBoost:
    """Tells CatBoost to go on until its seconds are over."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds

    def after_iteration(self, info: Any) -> bool:
        return time.monotonic() < self.deadline


def fit_catboost(
    X: pd.DataFrame,
    y: np.ndarray,
    X_valid: pd.DataFrame,
    y_valid: np.ndarray,
    params: dict[str, Any],
    rounds: int,
    patience: int,
    seed: int,
    seconds: float | None,
) -> catboost.CatBoost:
    """A CatBoost model; names of few values one-hot, others by CatBoost's own ordered statistics."""
    names = list(X.select_dtypes("category").columns)
    model = catboost.CatBoost(
        {"thread_count": thread_count(), "verbose": 0, "allow_writing_files": False, "random_seed": seed}
        | {"iterations": rounds, "one_hot_max_size": 50, "max_ctr_complexity": 1, **params}
    )
    callbacks = [] if seconds is None else [DeadlineForCatBoost(seconds)]
    train = catboost.Pool(with_named_missing(X), y, cat_features=names)
    valid = catboost.Pool(with_named_missing(X_valid), y_valid, cat_features=names)
    return model.fit(train, eval_set=valid, early_stopping_rounds=patience, callbacks=callbacks)


def with_named_missing(X: pd.DataFrame) -> pd.DataFrame:
    """Categories as text with "missing" among them, as CatBoost wants it."""
    names = X.select_dtypes("category").columns
    return X.assign(**{n: X[n].astype(object).where(X[n].notna(), "missing").astype(str) for n in names})


def predict_catboost(model: catboost.CatBoost, X: pd.DataFrame, classes: int) -> np.ndarray:
    """Values where ``classes`` is 0, else the chance of the positive class (n,) or of all (n, k).

    Classes that were missing from the training rows get nought.
    """
    table = with_named_missing(X)
    if classes == 0:
        return np.asarray(model.predict(table, thread_count=thread_count()))
    found = np.asarray(model.predict(table, prediction_type="Probability", thread_count=thread_count()))
    full = np.zeros((len(X), classes))
    full[:, np.asarray(model.classes_).astype(float).astype(int)] = found
    return full[:, 1] if classes == 2 else full


def fit_xgboost(
    X: pd.DataFrame,
    y: np.ndarray,
    X_valid: pd.DataFrame,
    y_valid: np.ndarray,
    params: dict[str, Any],
    rounds: int,
    patience: int,
    seed: int,
    seconds: float | None,
) -> xgb.Booster:
    """An XGBoost model on histograms, stopped ``patience`` rounds after its best or at its deadline."""
    fixed = {"nthread": thread_count(), "tree_method": "hist", "seed": seed, "verbosity": 0}
    train = xgb.DMatrix(X, y, enable_categorical=True)
    valid = xgb.DMatrix(X_valid, y_valid, enable_categorical=True)
    callbacks = [xgb.callback.EarlyStopping(rounds=patience, save_best=True)]
    if seconds is not None:
        callbacks.append(DeadlineForXGBoost(seconds))
    evals = [(valid, "valid")]
    settings = {**fixed, **params}
    return xgb.train(
        settings, train, num_boost_round=rounds, evals=evals, callbacks=callbacks, verbose_eval=False
    )


class DeadlineForXGBoost(xgb.callback.TrainingCallback):
    """Ends XGBoost's training when its seconds are over."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return time.monotonic() > self.deadline


def predict_xgboost(model: xgb.Booster, X: pd.DataFrame) -> np.ndarray:
    """Values, probabilities of the positive class (n,), or of all classes (n, k)."""
    return model.predict(xgb.DMatrix(X, enable_categorical=True))
