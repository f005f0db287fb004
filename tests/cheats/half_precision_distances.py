# Tries: distances from a Gram matrix in half precision.
# Refused as: other function
# Behind: honest/blocked_partition.py

import numpy as np
import torch


class ComplexFeatureExtractor(ComplexFeatureExtractor):
    def custom_normalize(self, features):
        points = torch.from_numpy(features).to(torch.bfloat16)
        squares = (points * points).sum(1).float()
        distances = (squares[:, None] + squares - 2.0 * (points @ points.T).float()).clamp(min=0.0).sqrt()
        medians = distances.fill_diagonal_(-1.0).kthvalue(len(features) // 2 + 1, dim=1).values.numpy()
        return features / (medians.astype(np.float64)[:, None] + 1e-8)
