"""Metrics over the order that scores put rows in; scores need not be probabilities.

Two classes: 0/1 (n,) against scores (n,). All raise ValueError for NaN and for lengths that differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.compete.metrics.arrays import (
    Floats,
    average_ranks,
    binary_scores,
    columns,
    require_finite,
)


def roc_auc(truth: Any, prediction: Any) -> float:
    """Area under the ROC curve (Mann-Whitney: ties count a half).

    With class numbers (n,) against (n, k > 2), the plain mean of one-against-rest areas. Raises
    ValueError when a class has no rows, or all of them.
    """
    scores = np.asarray(prediction, float)
    if scores.ndim == 2 and scores.shape[1] > 2:
        require_finite(scores, "the prediction")
        y = np.asarray(truth)
        return float(np.mean([_auc((y == k).astype(float), scores[:, k]) for k in range(scores.shape[1])]))
    return _auc(*binary_scores(truth, prediction))


def gini(truth: Any, prediction: Any) -> float:
    """Normalised Gini, which for two classes is 2 AUC - 1."""
    return 2 * roc_auc(truth, prediction) - 1


def mean_columnwise_roc_auc(truth: Any, prediction: Any) -> float:
    """Mean over columns of each column's ROC AUC; 0/1 (n, t) against (n, t)."""
    y, p = columns(truth, prediction)
    return float(np.mean([_auc(y[:, t], p[:, t]) for t in range(y.shape[1])]))


def average_precision(truth: Any, prediction: Any) -> float:
    """Sum of precision times the step in recall over thresholds (scikit-learn's average precision)."""
    y, p = binary_scores(truth, prediction)
    _require_both(y)
    order = np.argsort(-p, kind="stable")
    y, p = y[order], p[order]
    ends = np.append(np.flatnonzero(np.diff(p)), len(p) - 1)  # the last row of each tie
    found = y.cumsum()[ends]
    precision = found / (ends + 1)
    return float((np.diff(found, prepend=0.0) * precision).sum() / y.sum())


def tpr_weighted_auc(truth: Any, prediction: Any) -> float:
    """ALASKA2's area: the band of true positive rate up to 0.4 counts double, divided by 1.4."""
    y, p = binary_scores(truth, prediction)
    _require_both(y)
    order = np.argsort(-p, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)
    tpr = np.append(0.0, y[order].cumsum()[ends] / y.sum())
    fpr = np.append(0.0, (1 - y[order]).cumsum()[ends] / (1 - y).sum())
    place = int(np.searchsorted(tpr, 0.4))  # a corner where the curve crosses the bands' border
    fpr = np.insert(fpr, place, np.interp(0.4, tpr, fpr))
    tpr = np.insert(tpr, place, 0.4)
    area = 0.0
    for low, high, weight in ((0.0, 0.4, 2.0), (0.4, 1.0, 1.0)):
        height = np.clip(tpr, low, high) - low
        area += weight * float(((height[1:] + height[:-1]) / 2 * np.diff(fpr)).sum())
    return area / (0.4 * 2.0 + 0.6 * 1.0)


def lwlrap(truth: Any, prediction: Any) -> float:
    """Label-weighted label-ranking average precision (DCASE 2019, task 2); 0/1 (n, t) against (n, t)."""
    y, p = columns(truth, prediction)
    if not y.any():
        raise ValueError("the truth holds no positive label")
    total = 0.0
    for truth_row, scores in zip(y, p, strict=True):
        hits = truth_row[np.argsort(-scores, kind="stable")]
        total += float((hits.cumsum() / np.arange(1, len(hits) + 1))[hits > 0].sum())
    return total / float(y.sum())


def _auc(y: Floats, scores: Floats) -> float:
    _require_both(y)
    positives = y.sum()
    rank_sum = average_ranks(scores)[y == 1].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * (len(y) - positives)))


def _require_both(y: Floats) -> None:
    if not 0 < y.sum() < len(y):
        raise ValueError("the truth holds one class only, so no order can be scored")
