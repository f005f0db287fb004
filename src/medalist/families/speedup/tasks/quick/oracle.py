"""The same function in arrays, for the judge."""

import numpy as np

RATE = 0.002


def run(signals, targets, steps):
    features = _normalize(_features(signals))
    known = np.column_stack([features[: len(targets)], np.ones(len(targets))])
    weights = np.zeros(known.shape[1])
    losses = np.empty(steps)
    for step in range(steps):
        errors = known @ weights - targets
        losses[step] = errors @ errors / len(targets)
        weights = weights - RATE * 2.0 * (errors @ known) / len(targets)
    return {
        "features": features,
        "losses": losses,
        "weights": weights,
        "predictions": features[len(targets) :] @ weights[:-1] + weights[-1],
    }


def _features(signals):
    steps, bends = np.diff(signals, axis=1), np.diff(signals, 2, axis=1)
    columns = [
        signals.mean(1),
        signals.std(1),
        signals.max(1),
        (steps * steps).mean(1),
        np.abs(bends).mean(1),
    ]
    return np.stack(columns, axis=1)


def _normalize(features):
    distances = np.sqrt(((features[:, None] - features[None]) ** 2).sum(2))
    others = distances[~np.eye(len(features), dtype=bool)].reshape(len(features), -1)
    return features / (np.median(others, axis=1)[:, None] + 1e-8)
