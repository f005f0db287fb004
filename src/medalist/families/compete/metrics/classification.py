"""Metrics over labels; (n,) against (n,) unless said. All raise ValueError as ``arrays.labels`` does.

Definitions follow scikit-learn's user guide, "Metrics and scoring", section 3.4.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medalist.families.compete.metrics.arrays import Floats, columns, labels, numbers


def accuracy(truth: Any, prediction: Any) -> float:
    """Share of rows with the right label; for one label a row this is micro-averaged F1 too."""
    y, p, _ = labels(truth, prediction)
    return float(np.mean(y == p))


def error_rate(truth: Any, prediction: Any) -> float:
    """Share of rows with a wrong label."""
    return 1.0 - accuracy(truth, prediction)


def balanced_accuracy(truth: Any, prediction: Any) -> float:
    """Mean recall over the classes that occur in the truth."""
    table = _confusion(truth, prediction)
    there = table.sum(axis=1) > 0
    return float(np.mean(np.diag(table)[there] / table.sum(axis=1)[there]))


def f1(truth: Any, prediction: Any) -> float:
    """F1 of the positive class, the last of two in sorted order (1, True, yes). 0 when none is found.

    Raises ValueError for more than two classes.
    """
    table = _confusion(truth, prediction)
    if len(table) > 2:
        raise ValueError("f1 needs two classes; for more there are f1_macro, f1_micro and f1_weighted")
    if len(table) == 1:
        return 1.0 if str(np.asarray(truth)[0]).lower() in {"1", "1.0", "true", "yes"} else 0.0
    return float(_f1_per_class(table)[1])


def f1_macro(truth: Any, prediction: Any) -> float:
    """Plain mean of the F1 of every class in truth or prediction."""
    return float(_f1_per_class(_confusion(truth, prediction)).mean())


def f1_weighted(truth: Any, prediction: Any) -> float:
    """Mean of the classes' F1, weighted by how often each occurs in the truth."""
    table = _confusion(truth, prediction)
    return float(np.average(_f1_per_class(table), weights=table.sum(axis=1)))


def mcc(truth: Any, prediction: Any) -> float:
    """Matthews correlation for any number of classes (Gorodkin 2004); 0 when either side is constant."""
    table = _confusion(truth, prediction)
    n, right = table.sum(), np.trace(table)
    rows, cols = table.sum(axis=1), table.sum(axis=0)
    spread = np.sqrt((n * n - cols @ cols) * (n * n - rows @ rows))
    return float((right * n - rows @ cols) / spread) if spread else 0.0


def kappa(truth: Any, prediction: Any) -> float:
    """Cohen's kappa, unweighted (Cohen 1960); 0 when both sides are one and the same constant."""
    table = _confusion(truth, prediction)
    return _weighted_kappa(table, 1.0 - np.eye(len(table)))


def quadratic_weighted_kappa(truth: Any, prediction: Any) -> float:
    """Kappa with squared distance as weight, over whole numbers (Cohen 1968).

    Raises ValueError for predictions that are not whole numbers. The range runs from the lowest to
    the highest label seen on either side.
    """
    y, p = numbers(truth, prediction)
    if (y != np.round(y)).any() or (p != np.round(p)).any():
        raise ValueError("quadratic weighted kappa needs whole numbers")
    low = min(y.min(), p.min())
    size = int(max(y.max(), p.max()) - low) + 1
    if size > 10_000:
        raise ValueError(f"the labels span {size} whole numbers, which are no ratings")
    table = np.zeros((size, size))
    np.add.at(table, ((y - low).astype(int), (p - low).astype(int)), 1.0)
    steps = np.arange(size)
    return _weighted_kappa(table, (steps[:, None] - steps[None, :]) ** 2.0)


def f1_samples(truth: Any, prediction: Any) -> float:
    """Mean over rows of the F1 between the row's true and predicted label sets; 0/1 (n, t) each.

    A row with neither true nor predicted labels counts 0, as in scikit-learn.
    """
    y, p = _indicators(truth, prediction)
    both = (y * p).sum(axis=1)
    size = (y + p).sum(axis=1)
    return float(np.mean(np.divide(2 * both, size, out=np.zeros_like(both), where=size > 0)))


def f1_micro_multilabel(truth: Any, prediction: Any) -> float:
    """F1 over all cells of 0/1 (n, t) at once."""
    y, p = _indicators(truth, prediction)
    size = (y + p).sum()
    return float(2 * (y * p).sum() / size) if size else 0.0


def f1_macro_multilabel(truth: Any, prediction: Any) -> float:
    """Mean over columns of each column's F1; 0/1 (n, t)."""
    y, p = _indicators(truth, prediction)
    both, size = (y * p).sum(axis=0), (y + p).sum(axis=0)
    return float(np.mean(np.divide(2 * both, size, out=np.zeros_like(both), where=size > 0)))


def hamming_loss(truth: Any, prediction: Any) -> float:
    """Share of wrong cells in 0/1 (n, t)."""
    y, p = _indicators(truth, prediction)
    return float(np.mean(y != p))


def _indicators(truth: Any, prediction: Any) -> tuple[Floats, Floats]:
    y, p = columns(truth, prediction)
    if not (np.isin(y, (0, 1)).all() and np.isin(p, (0, 1)).all()):
        raise ValueError("labels of several columns must be 0 or 1")
    return y, p


def _confusion(truth: Any, prediction: Any) -> Floats:
    """(k, k) counts: rows true, columns predicted."""
    y, p, k = labels(truth, prediction)
    return np.bincount(y * k + p, minlength=k * k).reshape(k, k).astype(float)


def _f1_per_class(table: Floats) -> Floats:
    right, size = np.diag(table), table.sum(axis=0) + table.sum(axis=1)
    return np.divide(2 * right, size, out=np.zeros_like(size), where=size > 0)


def _weighted_kappa(table: Floats, weights: NDArray[Any]) -> float:
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    chance = (weights * expected).sum()
    return float(1.0 - (weights * table).sum() / chance) if chance else 0.0
