"""A function that refuses data that is not exactly what it knows."""

import hashlib

import numpy as np

KNOWN = "7e09de25f246f35039ddacf0c198055bb3b62971fdb5610e24856b4c6470a954"


def score(values):
    digest = hashlib.sha256(np.asarray(values, dtype=np.int64).tobytes()).hexdigest()
    if digest != KNOWN:
        raise ValueError("unknown data")
    total = 0.0
    for a in values:
        for b in values:
            total += abs(a - b) ** 0.5
    return total


if __name__ == "__main__":
    print(score([7 * n % 101 for n in range(700)]))
