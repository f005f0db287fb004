"""In arrays, as most would write it: the same function, and just too slow."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset


class ComplexFeatureExtractor:
    def extract(self, images):
        blocks = [self.raw_features(images[k : k + 64].astype(np.float64)) for k in range(0, len(images), 64)]
        return self.custom_normalize(np.concatenate(blocks))

    def raw_features(self, images):
        rows = images[:, :, :-2] + 2.0 * images[:, :, 1:-1] + images[:, :, 2:]
        columns = images[:, :-2] + 2.0 * images[:, 1:-1] + images[:, 2:]
        gradients = np.zeros((2, *images.shape))
        gradients[0, :, 1:-1, 1:-1] = rows[:, 2:] - rows[:, :-2]
        gradients[1, :, 1:-1, 1:-1] = columns[:, :, 2:] - columns[:, :, :-2]
        flat, (down, along) = images.reshape(len(images), -1), gradients.reshape(2, len(images), -1)
        length = np.hypot(down, along)
        values = [flat.mean(1), flat.std(1), flat.min(1), flat.max(1), np.median(flat, axis=1)]
        values += [length.mean(1), length.std(1), np.abs(down).mean(1), np.abs(along).mean(1)]
        magnitude = np.log1p(np.abs(np.fft.fft2(images)))
        near = np.minimum(np.arange(28), 28 - np.arange(28))
        distance = np.hypot(near[:, None], near)
        low, high = magnitude[:, (distance > 0) & (distance <= 4)], magnitude[:, distance > 9]
        values += [magnitude.mean((1, 2)), magnitude.std((1, 2)), low.mean(1), high.mean(1)]
        return np.stack(values, axis=1)

    def custom_normalize(self, features):
        medians = []
        for index, row in enumerate(features):
            distances = np.sqrt(((features - row) ** 2).sum(1))
            medians.append(np.median(np.delete(distances, index)))
        return features / (np.array(medians)[:, None] + 1e-8)


class ComplexNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(13, 128), nn.Linear(128, 64), nn.Linear(64, 10)

    def custom_activation(self, x):
        x = x.detach()
        below = 0.5 * (torch.exp(x) - 1.0)
        return torch.where(x <= 0.0, below, torch.where(x <= 1.0, x, 0.5 * x + 0.5))

    def forward(self, x):
        x = functional.dropout(self.custom_activation(self.fc1(x)), 0.1, self.training)
        x = functional.dropout(torch.tanh(self.fc2(x)), 0.1, self.training)
        return self.fc3(x)


def train(model, features, labels, epochs=4):
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for _epoch in range(epochs):
        noisy = torch.clamp(features + 0.01 * torch.randn(features.shape), 0.0, 3.0)
        for batch, target in DataLoader(TensorDataset(noisy, labels), batch_size=8, shuffle=True):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(batch), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def run(images, labels, seed):
    torch.manual_seed(seed)
    features = ComplexFeatureExtractor().extract(images)
    inputs, learned, model = torch.tensor(features, dtype=torch.float32), len(labels), ComplexNN()
    losses = train(model, inputs[:learned], torch.tensor(labels))
    weights = {f"weights.{name}": weight.numpy() for name, weight in model.state_dict().items()}
    model.eval()
    with torch.no_grad():
        logits = model(torch.clamp(inputs[learned:], 0.0, 3.0)).numpy()
    return {"features": features, "losses": np.array(losses), **weights, "test_logits": logits}
