"""A class with fit(), which changes the object that it is called on and returns it."""

import numpy as np


class KMeans:
    def __init__(self, k, steps=6, seed=0):
        self.k, self.steps, self.seed = k, steps, seed

    def fit(self, points):
        random = np.random.default_rng(self.seed)
        self.centers = points[random.choice(len(points), self.k, replace=False)].copy()
        for _ in range(self.steps):
            labels = []
            for point in points:
                labels.append(int(np.argmin([np.sqrt(np.sum((point - c) ** 2)) for c in self.centers])))
            self.labels = np.array(labels)
            for j in range(self.k):
                if np.any(self.labels == j):
                    self.centers[j] = points[self.labels == j].mean(axis=0)
        return self


if __name__ == "__main__":
    generator = np.random.default_rng(7)
    points = np.concatenate([generator.normal(loc=c, size=(100, 2)) for c in range(0, 20, 5)])
    print(KMeans(4).fit(points).centers.round(3))
