# Tries: a call that never returns.
# Refused as: timed out

import time

import numpy as np


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    while True:
        time.sleep(1)
