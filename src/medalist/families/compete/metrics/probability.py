"""Metrics over probabilities; class numbers (n,) against (n, k), or (n,) for two classes, unless said."""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.compete.metrics.arrays import binary_scores, class_probabilities, columns

EPSILON = 1e-15  # Kaggle's clip; scikit-learn's is smaller still


def log_loss(truth: Any, prediction: Any) -> float:
    """Mean negative log of the true class's probability, rows rescaled to sum to one, clipped at 1e-15.

    Raises ValueError as ``arrays.class_probabilities`` does, and for rows that sum to zero.
    """
    codes, p = class_probabilities(truth, prediction)
    total = p.sum(axis=1, keepdims=True)
    if (total <= 0).any():
        raise ValueError(f"{int((total <= 0).sum())} rows of probabilities sum to zero")
    p = np.clip(p / total, EPSILON, 1 - EPSILON)
    return float(-np.mean(np.log(p[np.arange(len(codes)), codes])))


def brier(truth: Any, prediction: Any) -> float:
    """Mean squared distance between probability and 0/1 for two classes (Brier 1950)."""
    y, p = binary_scores(truth, prediction)
    if (p < 0).any() or (p > 1).any():
        raise ValueError("a probability is below 0 or above 1")
    return float(np.mean((y - p) ** 2))


def probabilistic_f1(truth: Any, prediction: Any) -> float:
    """F1 with probabilities in place of counts (Yacouby and Axman 2020); two classes."""
    y, p = binary_scores(truth, prediction)
    true_mass, mass = float((y * p).sum()), float(p.sum())
    return 2 * true_mass / (mass + float(y.sum())) if mass + y.sum() > 0 else 0.0


def mean_columnwise_log_loss(truth: Any, prediction: Any) -> float:
    """Mean over columns of each column's two-class log loss; 0/1 (n, t) against (n, t)."""
    y, p = columns(truth, prediction)
    if (p < 0).any() or (p > 1).any():
        raise ValueError("a probability is below 0 or above 1")
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def kl_divergence(truth: Any, prediction: Any) -> float:
    """Mean over rows of KL(truth || prediction) for rows that are distributions, (n, k) each.

    Raises ValueError for a prediction's row that does not sum to one (within 1e-4).
    """
    y, p = columns(truth, prediction)
    if (abs(p.sum(axis=1) - 1) > 1e-4).any():
        raise ValueError("a row of probabilities does not sum to one")
    p = np.clip(p, EPSILON, 1)
    terms = np.where(y > 0, y * np.log(np.clip(y, EPSILON, 1) / p), 0.0)
    return float(terms.sum(axis=1).mean())
