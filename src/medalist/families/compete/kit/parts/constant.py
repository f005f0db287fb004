"""The best constant guess for a metric: what any trained estimator has to beat."""

from __future__ import annotations

import numpy as np


def common_class(codes: np.ndarray) -> int:
    """The class that most rows have: best for accuracy and its kin."""
    return int(np.argmax(np.bincount(codes)))


def middle_class(codes: np.ndarray) -> int:
    """The median class of an ordered target."""
    return int(np.median(codes))


def class_shares(codes: np.ndarray, classes: int) -> np.ndarray:
    """The share of each class, (classes,): the best constant probabilities."""
    return np.bincount(codes, minlength=classes) / len(codes)


def mean_value(values: np.ndarray) -> np.ndarray:
    """Best for squared errors, and for the probabilities of a multi-label target; a value a column."""
    return np.mean(values, axis=0)


def median_value(values: np.ndarray) -> np.ndarray:
    """Best for absolute errors; a value a column."""
    return np.median(values, axis=0)


def log_mean_value(values: np.ndarray) -> np.ndarray:
    """Best for squared errors of logarithms; a value a column."""
    return np.expm1(np.mean(np.log1p(np.maximum(values, 0)), axis=0))
