"""No functions at all: everything happens on the top level, seeded once, and the time is printed."""

import time

import numpy as np

np.random.seed(3)
start = time.time()
points = np.random.rand(150, 4)
count = len(points)
third = []
for i in range(count):
    distances = []
    for j in range(count):
        distances.append(np.sqrt(((points[i] - points[j]) ** 2).sum()))
    third.append(sorted(distances)[3])
third = np.array(third)
print(f"mean third distance {third.mean():.6f}")
print(f"took {time.time() - start:.3f} s")
