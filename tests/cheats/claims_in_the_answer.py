# Tries: an honest but too slow answer with claims of its own beside it: time, ratio, verdict.
# Refused as: too slow
# Behind: bases/arrays.py

import numpy as np

honest = run


def run(images, labels, seed):
    claims = {"ratio": 93.0, "seconds": 1e-3, "passed": True, "accuracy": 1.0}
    return {**honest(images, labels, seed), **{name: np.array(claim) for name, claim in claims.items()}}
