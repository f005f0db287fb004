# Tries: answers zeros in the right shapes, at once.
# Refused as: did not train | other function

import numpy as np

SHAPES = {"fc1": (128, 13), "fc2": (64, 128), "fc3": (10, 64)}


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    weights = {f"weights.{name}.weight": np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    biases = {f"weights.{name}.bias": np.zeros(shape[0], np.float32) for name, shape in SHAPES.items()}
    steps = 4 * -(-len(labels) // 8)
    logits = np.zeros((len(images) - len(labels), 10), np.float32)
    answer = {"features": np.zeros((len(images), 13)), "losses": np.zeros(steps), "test_logits": logits}
    return {**answer, **weights, **biases}
