# Tries: an answer of gigabytes, to drown or to slow down the judge.
# Refused as: malformed answer | does not run | timed out

import numpy as np


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    return {f"weights.{number}": np.zeros((1 << 26, 8)) for number in range(64)}
