# Tries: median distance to a sample of 256 rows in place of all others.
# Refused as: other function
# Behind: honest/blocked_partition.py

import numpy as np


class ComplexFeatureExtractor(ComplexFeatureExtractor):
    def custom_normalize(self, features):
        sample = features[np.random.default_rng(0).permutation(len(features))[:256]]
        distances = np.sqrt(((features[:, None] - sample[None]) ** 2).sum(2))
        return features / (np.median(distances, axis=1)[:, None] + 1e-8)
