# Tries: an import that never ends.
# Refused as: imports too slowly | timed out

import numpy as np


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    return {}


while True:
    pass
