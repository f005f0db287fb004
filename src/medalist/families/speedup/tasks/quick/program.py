"""A small slow program: features of signals, each row divided by its median distance to the others, and a straight line
learned from them by gradient descent. A second of loops; CONTRACT.md says what must stay the same."""

import numpy as np

RATE = 0.002


class SignalFeatures:
    """Five features a signal."""

    def extract(self, signals):
        """Features (n, 5) of signals (n, length), normalised by their distances."""
        rows = []
        for index in range(len(signals)):
            signal = signals[index]
            rows.append(
                [np.mean(signal), np.std(signal), np.max(signal), self.roughness(signal), self.bends(signal)]
            )
        return self.normalize(np.array(rows))

    def roughness(self, signal):
        """The mean square of the steps from one value to the next."""
        total = 0.0
        for place in range(1, len(signal)):
            step = signal[place] - signal[place - 1]
            total += step * step
        return total / (len(signal) - 1)

    def bends(self, signal):
        """The mean size of the second differences."""
        total = 0.0
        for place in range(1, len(signal) - 1):
            total += abs(signal[place - 1] - 2.0 * signal[place] + signal[place + 1])
        return total / (len(signal) - 2)

    def normalize(self, features):
        """Each row divided by the median of its Euclidean distances to all other rows."""
        count = len(features)
        normalized = np.zeros_like(features)
        for i in range(count):
            distances = []
            for j in range(count):
                if i != j:
                    difference = features[i] - features[j]
                    distances.append(np.sqrt(np.sum(difference * difference)))
            normalized[i] = features[i] / (np.median(distances) + 1e-8)
        return normalized


def learn(features, targets, steps):
    """Gradient descent on the mean square error, row by row; the weights (6,) and the loss of every step."""
    weights = np.zeros(features.shape[1] + 1)
    losses = []
    for _ in range(steps):
        gradient = np.zeros_like(weights)
        loss = 0.0
        for row in range(len(targets)):
            error = weights[-1] - targets[row]
            for column in range(features.shape[1]):
                error += weights[column] * features[row, column]
            loss += error * error
            for column in range(features.shape[1]):
                gradient[column] += 2.0 * error * features[row, column]
            gradient[-1] += 2.0 * error
        losses.append(loss / len(targets))
        weights = weights - RATE * gradient / len(targets)
    return weights, losses


def run(signals, targets, steps):
    """Learn from the first ``len(targets)`` signals and predict the rest; a dict of arrays, see CONTRACT.md."""
    features = SignalFeatures().extract(signals)
    weights, losses = learn(features[: len(targets)], targets, steps)
    rest = features[len(targets) :]
    return {
        "features": features,
        "losses": np.array(losses),
        "weights": weights,
        "predictions": rest @ weights[:-1] + weights[-1],
    }
