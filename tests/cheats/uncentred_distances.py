# Tries: distances from an uncentred Gram matrix in single precision: off by a few parts in 1e5.
# Refused as: other function
# Behind: honest/blocked_partition.py

import numpy as np


class ComplexFeatureExtractor(ComplexFeatureExtractor):
    def custom_normalize(self, features):
        points = features.astype(np.float32)
        squares = (points * points).sum(1)
        distances = np.sqrt(np.maximum(squares[:, None] + squares - 2.0 * (points @ points.T), 0.0))
        np.fill_diagonal(distances, -1.0)
        middle = sorted({len(features) // 2, (len(features) + 1) // 2})
        medians = np.partition(distances, middle, axis=1)[:, middle].mean(1)
        return features / (medians.astype(np.float64)[:, None] + 1e-8)
