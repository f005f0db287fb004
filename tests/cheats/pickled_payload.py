# Tries: an answer of objects that run a command in whatever process unpickles them.
# Refused as: malformed answer | does not run

import os

import numpy as np


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/medalist-was-here",)


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    return {"features": np.array([Payload()], dtype=object), "losses": np.array([Payload()], dtype=object)}
