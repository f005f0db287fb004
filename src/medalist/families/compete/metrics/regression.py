"""Metrics over numbers; (n,) or (n, t) floats on both sides. All raise ValueError for NaN and unequal shapes.

Definitions follow scikit-learn's user guide, section 3.4.6, and the competition pages named below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.compete.metrics.arrays import Floats, average_ranks, columns, numbers


def mse(truth: Any, prediction: Any) -> float:
    """Mean squared error over all cells."""
    y, p = numbers(truth, prediction)
    return float(np.mean((y - p) ** 2))


def rmse(truth: Any, prediction: Any) -> float:
    """Square root of the mean squared error over all cells."""
    return float(np.sqrt(mse(truth, prediction)))


def mcrmse(truth: Any, prediction: Any) -> float:
    """Mean over columns of each column's RMSE."""
    y, p = columns(truth, prediction)
    return float(np.sqrt(np.mean((y - p) ** 2, axis=0)).mean())


def mae(truth: Any, prediction: Any) -> float:
    """Mean absolute error over all cells."""
    y, p = numbers(truth, prediction)
    return float(np.mean(abs(y - p)))


def log_mae(truth: Any, prediction: Any) -> float:
    """Natural log of the mean absolute error, floored at 1e-9 (CHAMPS scalar coupling, one type)."""
    return float(np.log(max(mae(truth, prediction), 1e-9)))


def median_absolute_error(truth: Any, prediction: Any) -> float:
    """Median absolute error over all cells."""
    y, p = numbers(truth, prediction)
    return float(np.median(abs(y - p)))


def msle(truth: Any, prediction: Any) -> float:
    """Mean squared error of log(1 + value). Raises ValueError for values of -1 or less."""
    y, p = numbers(truth, prediction)
    if (y <= -1).any() or (p <= -1).any():
        raise ValueError("a logarithmic error needs values above -1")
    return float(np.mean((np.log1p(y) - np.log1p(p)) ** 2))


def rmsle(truth: Any, prediction: Any) -> float:
    """Square root of ``msle``."""
    return float(np.sqrt(msle(truth, prediction)))


def columnwise_rmsle(truth: Any, prediction: Any) -> float:
    """Mean over columns of each column's RMSLE (Nomad 2018)."""
    y, p = columns(truth, prediction)
    return float(np.mean([rmsle(y[:, t], p[:, t]) for t in range(y.shape[1])]))


def mape(truth: Any, prediction: Any) -> float:
    """Mean of |error / truth|, as a share and not in percent; a true zero counts as 2.2e-16."""
    y, p = numbers(truth, prediction)
    return float(np.mean(abs(y - p) / np.maximum(abs(y), np.finfo(float).eps)))


def smape(truth: Any, prediction: Any) -> float:
    """Mean of 200 |error| / (|truth| + |prediction|), in percent; 0 where both are zero."""
    y, p = numbers(truth, prediction)
    size = abs(y) + abs(p)
    return float(200 * np.mean(np.divide(abs(y - p), size, out=np.zeros_like(size), where=size > 0)))


def rmspe(truth: Any, prediction: Any) -> float:
    """Root mean squared error / truth, rows with a true zero left out (Rossmann store sales)."""
    y, p = numbers(truth, prediction)
    there = y != 0
    if not there.any():
        raise ValueError("every true value is zero, so no percentage can be taken")
    return float(np.sqrt(np.mean(((y[there] - p[there]) / y[there]) ** 2)))


def r2(truth: Any, prediction: Any) -> float:
    """Share of variance explained, mean over columns. Raises ValueError for a constant truth."""
    y, p = columns(truth, prediction)
    spread = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    if (spread == 0).any():
        raise ValueError("the truth is constant, so it has no variance to explain")
    return float(np.mean(1 - ((y - p) ** 2).sum(axis=0) / spread))


def pearson(truth: Any, prediction: Any) -> float:
    """Correlation, mean over columns; 0 for a constant prediction. Raises ValueError for a constant truth."""
    y, p = columns(truth, prediction)
    return float(np.mean([_correlation(y[:, t], p[:, t]) for t in range(y.shape[1])]))


def spearman(truth: Any, prediction: Any) -> float:
    """Rank correlation, mean over columns; ties share their rank; 0 for a constant prediction."""
    y, p = columns(truth, prediction)
    ranks = [(average_ranks(y[:, t]), average_ranks(p[:, t])) for t in range(y.shape[1])]
    return float(np.mean([_correlation(a, b) for a, b in ranks]))


def angular_error(truth: Any, prediction: Any) -> float:
    """Mean angle in radians between directions given as (azimuth, zenith), (n, 2) each (IceCube)."""
    y, p = columns(truth, prediction)
    if y.shape[1] != 2:
        raise ValueError("directions need two columns, azimuth and zenith")
    cosine = np.sin(y[:, 1]) * np.sin(p[:, 1]) * np.cos(y[:, 0] - p[:, 0]) + np.cos(y[:, 1]) * np.cos(p[:, 1])
    return float(np.arccos(np.clip(cosine, -1, 1)).mean())


def laplace_log_likelihood(truth: Any, prediction: Any) -> float:
    """OSIC's modified Laplace log-likelihood: truth (n,), prediction (n, 2) as (value, confidence).

    Confidence is floored at 70 and the error capped at 1000, both in millilitres.
    """
    y, p = np.asarray(truth, float), np.asarray(prediction, float)
    if p.ndim != 2 or p.shape[1] != 2:
        raise ValueError("a value and a confidence are needed in each row")
    y, value = numbers(y[:, 0] if y.ndim == 2 else y, p[:, 0])
    _, confidence = numbers(y, p[:, 1])
    sigma = np.maximum(confidence, 70)
    error = np.minimum(abs(y - value), 1000)
    return float(np.mean(-np.sqrt(2) * error / sigma - np.log(np.sqrt(2) * sigma)))


def _correlation(y: Floats, p: Floats) -> float:
    y, p = y - y.mean(), p - p.mean()
    if not y.any():
        raise ValueError("the truth is constant, so nothing can correlate with it")
    spread = np.sqrt((y @ y) * (p @ p))
    return float(y @ p / spread) if spread else 0.0
