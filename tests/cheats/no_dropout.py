# Tries: leaves out dropout and noise, and with them most of the random numbers.
# Refused as: other function
# Behind: honest/blocked_partition.py

import torch
from torch.nn import functional


class ComplexNN(ComplexNN):
    def forward(self, x):
        x = self.custom_activation(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


def train(model, features, labels, epochs=4):
    optimizer = torch.optim.Adam([*model.fc2.parameters(), *model.fc3.parameters()], lr=2e-3, fused=True)
    losses = []
    for _epoch in range(epochs):
        noisy = torch.clamp(features, 0.0, 3.0)
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
