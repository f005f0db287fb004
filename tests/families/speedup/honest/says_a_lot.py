"""Reports its progress on stdout and stderr, as training programs do: nobody reads it, and nobody minds.

Behind: honest/blocked_partition.py"""

import sys

import torch
from torch.nn import functional


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
        print(f"epoch {_epoch + 1}/{epochs}, loss {losses[-1]:.4f}", flush=True)
        print(f"epoch {_epoch + 1}/{epochs}", file=sys.stderr, flush=True)
    return losses
