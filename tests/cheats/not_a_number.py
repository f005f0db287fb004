# Tries: answers NaN in the right shapes: every comparison with NaN is false, a careless one then passes.
# Refused as: answers not finite

import numpy as np

SHAPES = {"fc1": (128, 13), "fc2": (64, 128), "fc3": (10, 64)}


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    weights = {f"weights.{name}.weight": np.full(shape, np.nan, np.float32) for name, shape in SHAPES.items()}
    biases = {f"weights.{name}.bias": np.full(shape[0], np.nan, np.float32) for name, shape in SHAPES.items()}
    losses = np.full(4 * -(-len(labels) // 8), np.nan)
    logits = np.full((len(images) - len(labels), 10), np.nan, np.float32)
    answer = {"features": np.full((len(images), 13), np.nan), "losses": losses, "test_logits": logits}
    return {**answer, **weights, **biases}
