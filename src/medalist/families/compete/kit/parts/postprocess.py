"""From raw predictions to the submission's: thresholds, cuts, class weights, clipping.

A rule is a small dict, chosen on out-of-fold predictions, written to ``artifacts/postprocess.json``
and applied alike to validation and test predictions; ``cells.finish`` reads the same keys when it scores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def choose_threshold(truth: np.ndarray, probability: np.ndarray, metric: Callable) -> dict[str, Any]:
    """The threshold at which ``metric`` (larger is better) is highest, smoothed over neighbours."""
    grid = np.unique(np.quantile(probability, np.linspace(0.01, 0.99, 149)))
    scores = np.array([metric(truth, (probability >= value).astype(int)) for value in grid])
    width = min(9, len(grid))
    smooth = np.convolve(np.pad(scores, width // 2, mode="edge"), np.ones(width) / width, "valid")
    return {"kind": "threshold", "threshold": float(grid[int(np.argmax(smooth[: len(grid)]))])}


def choose_label_thresholds(truth: np.ndarray, probability: np.ndarray, metric: Callable) -> dict[str, Any]:
    """A threshold for each column of a multi-label prediction (n, k)."""
    columns = range(probability.shape[1])
    found = [choose_threshold(truth[:, j], probability[:, j], metric)["threshold"] for j in columns]
    return {"kind": "label_thresholds", "thresholds": found}


def choose_cuts(truth: np.ndarray, rank: np.ndarray, metric: Callable) -> dict[str, Any]:
    """Where to cut a continuous rank (n,) into classes 0..k-1, by coordinate ascent on ``metric``.

    Starts from the cuts that give each class its share in the truth.
    """
    classes = int(truth.max()) + 1
    shares = np.cumsum(np.bincount(truth, minlength=classes))[:-1] / len(truth)
    cuts = np.quantile(rank, shares)
    best = metric(truth, np.searchsorted(cuts, rank, side="right"))
    for step in (0.02, 0.01, 0.005):
        for place in range(len(cuts)):
            for move in (-3, -2, -1, 1, 2, 3):
                trial = cuts.copy()
                share = np.clip(np.mean(rank < cuts[place]) + move * step, 0.001, 0.999)
                trial[place] = np.quantile(rank, share)
                if np.any(np.diff(trial) < 0):
                    continue
                score = metric(truth, np.searchsorted(trial, rank, side="right"))
                if score > best:
                    best, cuts = score, trial
    return {"kind": "cuts", "cuts": [float(cut) for cut in cuts]}


def choose_class_weights(truth: np.ndarray, probability: np.ndarray, metric: Callable) -> dict[str, Any]:
    """Factors for the classes' probabilities (n, k) before the largest is taken, by coordinate ascent."""
    weights = np.ones(probability.shape[1])
    best = metric(truth, np.argmax(probability, axis=1))
    for factors in ((0.6, 0.8, 1.25, 1.6), (0.9, 1.1)):
        for j in range(len(weights)):
            for factor in factors:
                trial = weights.copy()
                trial[j] *= factor
                score = metric(truth, np.argmax(probability * trial, axis=1))
                if score > best:
                    best, weights = score, trial
    return {"kind": "class_weights", "weights": [float(weight) for weight in weights]}


def choose_clip(truth: np.ndarray) -> dict[str, Any]:
    """Keep predictions inside the range of the target."""
    return {"kind": "clip", "low": float(np.min(truth)), "high": float(np.max(truth))}


def apply_rule(rule: dict[str, Any], prediction: np.ndarray) -> np.ndarray:
    """The final predictions: class codes for thresholds, cuts and weights, else values as they are."""
    kind = rule["kind"]
    if kind == "threshold":
        return (prediction >= rule["threshold"]).astype(int)
    if kind == "label_thresholds":
        return (prediction >= np.array(rule["thresholds"])).astype(int)
    if kind == "cuts":
        return np.searchsorted(np.array(rule["cuts"]), prediction, side="right")
    if kind == "class_weights":
        return np.argmax(prediction * np.array(rule["weights"]), axis=1)
    if kind == "argmax":
        return np.argmax(prediction, axis=1)
    if kind == "clip":
        return np.clip(prediction, rule["low"], rule["high"])
    return prediction
