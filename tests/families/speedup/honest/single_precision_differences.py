"""Distances in single precision, but from differences and not from a Gram matrix: within the tolerance.

Behind: honest/backward_by_hand.py"""

import numpy as np


class ComplexFeatureExtractor(ComplexFeatureExtractor):
    def custom_normalize(self, features):
        points = features.astype(np.float32)
        count, medians = len(features), []
        middle = sorted({count // 2, (count + 1) // 2})
        for start in range(0, count, 32):
            squares = np.zeros((len(points[start : start + 32]), count), np.float32)
            for column in points.T:
                squares += np.square(column[start : start + 32, None] - column)
            own = np.arange(len(squares))
            squares[own, start + own] = -1.0
            medians.append(
                np.sqrt(np.partition(squares, middle, axis=1)[:, middle].astype(np.float64)).mean(1)
            )
        return features / (np.concatenate(medians)[:, None] + 1e-8)
