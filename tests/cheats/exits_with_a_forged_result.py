# Tries: ends the process in the middle of a call, after writing a good-looking result to every descriptor.
# Refused as: malformed answer | does not run | timed out

import json
import os

import numpy as np

RESULT = json.dumps({"passed": True, "equal": True, "ratio": 93.0, "low": 92.0, "high": 94.0}).encode()


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, RESULT + b"\n")
        except OSError:
            continue
    os._exit(0)
