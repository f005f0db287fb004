"""What every metric checks first: equal lengths, something to score, no NaN. Needs NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def numbers(truth: Any, prediction: Any) -> tuple[Floats, Floats]:
    """Both as float arrays of one shape.

    Raises ValueError when shapes differ, nothing is there, or a value is NaN or infinite.
    """
    truth_array, prediction_array = np.asarray(truth, float), np.asarray(prediction, float)
    if truth_array.shape != prediction_array.shape:
        raise ValueError(f"the truth has shape {truth_array.shape}, the prediction {prediction_array.shape}")
    require_finite(truth_array, "the truth")
    require_finite(prediction_array, "the prediction")
    return truth_array, prediction_array


def labels(truth: Any, prediction: Any) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Both as class numbers 0..k-1 over the labels that occur in either, and k.

    Raises ValueError when lengths differ, nothing is there, or a label is NaN.
    """
    truth_array, prediction_array = np.asarray(truth), np.asarray(prediction)
    if truth_array.shape != prediction_array.shape or truth_array.ndim != 1:
        raise ValueError(f"the truth has shape {truth_array.shape}, the prediction {prediction_array.shape}")
    for array, name in ((truth_array, "the truth"), (prediction_array, "the prediction")):
        if array.dtype.kind == "f":
            require_finite(array, name)
    if not truth_array.size:
        raise ValueError("there are no rows to score")
    if truth_array.dtype.kind != prediction_array.dtype.kind:
        truth_array, prediction_array = truth_array.astype(str), prediction_array.astype(str)
    classes, codes = np.unique(np.concatenate([truth_array, prediction_array]), return_inverse=True)
    return codes[: len(truth_array)], codes[len(truth_array) :], len(classes)


def class_probabilities(truth: Any, prediction: Any) -> tuple[NDArray[np.intp], Floats]:
    """Class numbers (n,) and probabilities (n, k), from the same or, for two classes, from (n,).

    Raises ValueError for shapes that do not fit, NaN, a class without a column, or a negative value.
    """
    p = np.asarray(prediction, float)
    require_finite(p, "the prediction")
    if p.ndim == 1:
        p = np.column_stack([1 - p, p])
    codes = np.asarray(truth)
    if codes.ndim == 2:
        codes = codes.argmax(axis=1)
    codes = codes.astype(np.intp)
    if codes.shape[0] != p.shape[0] or not codes.size:
        raise ValueError(f"the truth has {codes.shape[0]} rows, the prediction {p.shape[0]}")
    if codes.min() < 0 or codes.max() >= p.shape[1]:
        raise ValueError(f"the truth names class {codes.max()}, the prediction has {p.shape[1]} columns")
    if (p < 0).any():
        raise ValueError("a probability is below 0 or above 1")
    return codes, p


def binary_scores(truth: Any, prediction: Any) -> tuple[Floats, Floats]:
    """0/1 truth (n,) and a score (n,) that grows with the positive class; takes (n, 2) scores too.

    Raises ValueError as ``numbers`` does, and for a truth other than 0 and 1.
    """
    p = np.asarray(prediction, float)
    if p.ndim == 2 and p.shape[1] == 2:
        p = p[:, 1]
    y, p = numbers(truth, p)
    if not np.isin(y, (0, 1)).all():
        raise ValueError("the truth holds values other than 0 and 1")
    return y, p


def columns(truth: Any, prediction: Any) -> tuple[Floats, Floats]:
    """Both as (n, t) float arrays; (n,) becomes (n, 1). Raises as ``numbers`` does."""
    y, p = numbers(truth, prediction)
    return (y[:, None], p[:, None]) if y.ndim == 1 else (y, p)


def require_finite(array: NDArray[Any], name: str) -> None:
    if not array.size:
        raise ValueError("there are no rows to score")
    bad = ~np.isfinite(array)
    if bad.any():
        raise ValueError(f"{name} holds {int(bad.sum())} values that are NaN or infinite")


def average_ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean rank; (n,) in, (n,) out."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[inverse]
