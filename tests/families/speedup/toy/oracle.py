"""The toy's oracle: the same in arrays."""

import numpy as np


class Features:
    def extract(self, points):
        distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(2))
        return np.column_stack([points, distances.mean(1)])


def run(points, labels, steps):
    features = Features().extract(points)
    known = np.column_stack([features[: len(labels)], np.ones(len(labels))])
    signs = 2.0 * labels - 1.0
    weights = np.zeros(known.shape[1])
    losses = np.empty(steps)
    for step in range(steps):
        error = known @ weights - signs
        losses[step] = error @ error / len(known)
        weights = weights - 0.04 * (error @ known) / len(known)
    score = features[len(labels) :] @ weights[:-1] + weights[-1]
    return {
        "features": features,
        "losses": losses,
        "weights": weights,
        "scores": np.stack([-score, score], axis=1),
    }
