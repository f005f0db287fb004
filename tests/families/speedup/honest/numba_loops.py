"""The loops of the distances left as loops and compiled by numba while the file is imported.

Needs: numba
Behind: honest/backward_by_hand.py"""

import numba
import numpy as np


@numba.njit
def medians(features):
    count, width = features.shape
    found, distances = np.empty(count), np.empty(count - 1)
    for i in range(count):
        for j in range(count):
            if i != j:
                total = 0.0
                for k in range(width):
                    total += (features[i, k] - features[j, k]) ** 2
                distances[j - (j > i)] = total
        low, high = (count - 2) // 2, (count - 1) // 2
        ranked = np.partition(distances, high)
        found[i] = (np.sqrt(ranked[: low + 1].max()) + np.sqrt(ranked[high])) / 2.0
    return found


medians(np.random.default_rng(0).random((9, 13)))


class ComplexFeatureExtractor(ComplexFeatureExtractor):
    def custom_normalize(self, features):
        return features / (medians(np.ascontiguousarray(features))[:, None] + 1e-8)
