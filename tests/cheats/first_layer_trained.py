# Tries: an activation that lets the gradient through: the first layer learns, which is another program.
# Refused as: other function
# Behind: honest/blocked_partition.py

import torch
from torch.nn import functional


def train(model, features, labels, epochs=4):
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, fused=True)
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


class ComplexNN(ComplexNN):
    def custom_activation(self, x):
        below = 0.5 * (torch.exp(x) - 1.0)
        return torch.where(x <= 0.0, below, torch.where(x <= 1.0, x, 0.5 * x + 0.5))
