"""Medians by partition of squared distances in float64 blocks, the loader's draws by hand, a fused optimiser.

Behind: bases/arrays.py"""

import numpy as np
import torch
from torch.nn import functional


class ComplexFeatureExtractor(ComplexFeatureExtractor):
    def custom_normalize(self, features):
        count, medians = len(features), []
        points = features - features.mean(0)
        squares = (points * points).sum(1)
        middle = sorted({count // 2, (count + 1) // 2})
        for start in range(0, count, 64):
            block = points[start : start + 64]
            distances = (block * block).sum(1)[:, None] + squares - 2.0 * (block @ points.T)
            distances[np.arange(len(block)), start + np.arange(len(block))] = -1.0
            medians.append(np.sqrt(np.partition(distances, middle, axis=1)[:, middle]).mean(1))
        return features / (np.concatenate(medians)[:, None] + 1e-8)


def train(model, features, labels, epochs=4):
    optimizer = torch.optim.Adam([*model.fc2.parameters(), *model.fc3.parameters()], lr=2e-3, fused=True)
    losses = []
    for _epoch in range(epochs):
        noisy = torch.clamp(features + 0.01 * torch.randn(features.shape), 0.0, 3.0)
        torch.empty((), dtype=torch.int64).random_()
        generator = torch.Generator()
        generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
        order = torch.randperm(len(labels), generator=generator)
        for batch, target in zip(noisy[order].split(8), labels[order].split(8), strict=True):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(batch), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses
