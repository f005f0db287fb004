"""Gradient boosting with early stopping and a deadline inside each training."""

from __future__ import annotations

import time
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

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
