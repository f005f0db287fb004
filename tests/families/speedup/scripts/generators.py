"""A function that is given a generator and a seed, and nested lists."""

import random

import numpy as np


def simulate(rates, rng, seed, steps=2000):
    other = random.Random(seed)
    paths = []
    for group in rates:
        row = []
        for rate in group:
            value = 0.0
            for _ in range(steps):
                value += rng.normal(rate, 0.1) * (1 if other.random() < 0.5 else 0.5)
            row.append(value)
        paths.append(row)
    return paths, seed


if __name__ == "__main__":
    print(simulate([[0.1, 0.2], [0.3], [0.4, 0.5, 0.6]] * 8, np.random.default_rng(1), seed=4)[0][0])
