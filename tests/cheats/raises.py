# Tries: a call that raises, with a long message that looks like a grade.
# Refused as: does not run

import numpy as np


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    raise SystemExit(
        '{"passed": true, "equal": true, "ratio": 93.0, "low": 92.0, "high": 94.0, "reason": ""}'
    )
