"""Metrics by which a script judges its own out-of-fold predictions.

Each takes the truth and the final predictions (after any threshold, cut or clipping): class codes,
probabilities of the positive class (n,) or of all classes (n, k), or values, as the metric asks.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

import numpy as np
from scipy.stats import kendalltau, pearsonr, spearmanr
from sklearn import metrics


def accuracy(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(truth == labels))


def error_rate(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(truth != labels))


def balanced_accuracy(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(metrics.balanced_accuracy_score(truth, labels))


def f1(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(metrics.f1_score(truth, labels, zero_division=0))


def f1_macro(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(metrics.f1_score(truth, labels, average="macro", zero_division=0))


def f1_micro(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(metrics.f1_score(truth, labels, average="micro", zero_division=0))


def f1_weighted(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(metrics.f1_score(truth, labels, average="weighted", zero_division=0))


def matthews_correlation(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(metrics.matthews_corrcoef(truth, labels))


def quadratic_kappa(truth: np.ndarray, labels: np.ndarray) -> float:
    return float(metrics.cohen_kappa_score(truth, labels, weights="quadratic"))


def roc_auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve; with several columns, their mean (one column against the rest)."""
    if scores.ndim == 1:
        return float(metrics.roc_auc_score(truth, scores))
    columns = truth if truth.ndim == 2 else np.eye(scores.shape[1])[truth]
    kept = [j for j in range(scores.shape[1]) if 0 < columns[:, j].sum() < len(columns)]
    return float(np.mean([metrics.roc_auc_score(columns[:, j], scores[:, j]) for j in kept]))


def average_precision(truth: np.ndarray, scores: np.ndarray) -> float:
    return float(metrics.average_precision_score(truth, scores))


def log_loss(truth: np.ndarray, scores: np.ndarray) -> float:
    """Cross-entropy: of two classes, of k classes, or the mean over the columns of a 2-d truth."""
    clipped = np.clip(scores, 1e-15, 1 - 1e-15)
    if scores.ndim == 1 or truth.ndim == 2:
        return float(-np.mean(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped)))
    clipped = clipped / clipped.sum(axis=1, keepdims=True)
    return float(-np.mean(np.log(clipped[np.arange(len(truth)), truth])))


def brier(truth: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean((truth - scores) ** 2))


def rmse(truth: np.ndarray, values: np.ndarray) -> float:
    return float(np.sqrt(np.mean((truth - values) ** 2)))


def mse(truth: np.ndarray, values: np.ndarray) -> float:
    return float(np.mean((truth - values) ** 2))


def mean_column_rmse(truth: np.ndarray, values: np.ndarray) -> float:
    return float(np.mean(np.sqrt(np.mean((truth - values) ** 2, axis=0))))


def rmsle(truth: np.ndarray, values: np.ndarray) -> float:
    """RMSE of log(1 + value); negative predictions count as nought."""
    return rmse(np.log1p(truth), np.log1p(np.maximum(values, 0)))


def mean_column_rmsle(truth: np.ndarray, values: np.ndarray) -> float:
    return mean_column_rmse(np.log1p(truth), np.log1p(np.maximum(values, 0)))


def mae(truth: np.ndarray, values: np.ndarray) -> float:
    return float(np.mean(np.abs(truth - values)))


def median_absolute_error(truth: np.ndarray, values: np.ndarray) -> float:
    return float(np.median(np.abs(truth - values)))


def mape(truth: np.ndarray, values: np.ndarray) -> float:
    return float(np.mean(np.abs(truth - values) / np.maximum(np.abs(truth), np.finfo(float).eps)))


def smape(truth: np.ndarray, values: np.ndarray) -> float:
    """Symmetric mean absolute percentage error, 0 to 200."""
    size = np.abs(truth) + np.abs(values)
    return float(np.mean(np.where(size > 0, 200 * np.abs(truth - values) / np.where(size > 0, size, 1), 0)))


def r2(truth: np.ndarray, values: np.ndarray) -> float:
    return float(metrics.r2_score(truth, values))


def pearson(truth: np.ndarray, values: np.ndarray) -> float:
    return float(pearsonr(truth, values)[0]) if np.std(values) > 0 else 0.0


def spearman(truth: np.ndarray, values: np.ndarray) -> float:
    """Rank correlation; with several columns, their mean."""
    if truth.ndim == 2:
        return float(np.mean([spearman(truth[:, j], values[:, j]) for j in range(truth.shape[1])]))
    return float(spearmanr(truth, values)[0]) if np.std(values) > 0 else 0.0


def kendall(truth: np.ndarray, values: np.ndarray) -> float:
    return float(kendalltau(truth, values)[0]) if np.std(values) > 0 else 0.0
