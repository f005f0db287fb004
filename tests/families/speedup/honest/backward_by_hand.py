"""NumPy with a hand-written backward and a hand-written Adam; torch only draws the random numbers.

Behind: honest/blocked_partition.py"""

import numpy as np
import torch
from torch import nn


class ComplexNN(nn.Module):
    """The network's weights as torch draws them; forward and backward are written out in NumPy."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(13, 128), nn.Linear(128, 64), nn.Linear(64, 10)

    def frozen(self, features):
        """The first layer and its activation (n, 128): neither ever learns."""
        x = features @ self.fc1.weight.detach().numpy().T + self.fc1.bias.detach().numpy()
        return np.where(x <= 0.0, 0.5 * np.expm1(np.minimum(x, 0.0)), np.minimum(x, 0.5 * x + 0.5))


class Adam:
    """Adam over one flat vector of weights, with torch's defaults."""

    def __init__(self, weights, rate):
        self.weights, self.rate, self.step = weights, rate, 0
        self.mean, self.square, self.work = (np.zeros_like(weights) for _ in range(3))

    def learn(self, gradient):
        self.step += 1
        np.multiply(gradient, np.float32(0.1), out=self.work)
        self.mean *= np.float32(0.9)
        self.mean += self.work
        np.multiply(gradient, gradient, out=self.work)
        self.work *= np.float32(0.001)
        self.square *= np.float32(0.999)
        self.square += self.work
        np.sqrt(self.square, out=self.work)
        self.work /= np.float32(np.sqrt(1 - 0.999**self.step))
        self.work += np.float32(1e-8)
        np.divide(self.mean, self.work, out=self.work)
        self.work *= np.float32(self.rate / (1 - 0.9**self.step))
        self.weights -= self.work


def parts(flat):
    """The second and third layer's weights and biases as views of one vector."""
    return flat[:8192].reshape(64, 128), flat[8192:8256], flat[8256:8896].reshape(10, 64), flat[8896:]


def mask(*shape):
    """What torch's dropout multiplies by."""
    return torch.empty(shape).bernoulli_(0.9).div_(0.9).numpy()


def loss_and_gradient(hidden, target, learned, gradient):
    """The mean cross-entropy of a batch; its gradient goes into the views ``gradient``."""
    weight2, bias2, weight3, bias3 = learned
    rows = np.arange(len(target))
    hidden = hidden * mask(len(target), 128)
    values = np.tanh(hidden @ weight2.T + bias2)
    keep = mask(len(target), 64)
    kept = values * keep
    logits = kept @ weight3.T + bias3
    logits -= logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    total = shares.sum(axis=1, keepdims=True)
    loss = float(np.mean(np.log(total[:, 0]) - logits[rows, target]))
    shares /= total
    shares[rows, target] -= 1.0
    shares /= len(target)
    back = (shares @ weight3) * keep * (1.0 - values * values)
    np.matmul(back.T, hidden, out=gradient[0])
    np.sum(back, axis=0, out=gradient[1])
    np.matmul(shares.T, kept, out=gradient[2])
    np.sum(shares, axis=0, out=gradient[3])
    return loss


def train(model, features, labels):
    layers = [*model.fc2.parameters(), *model.fc3.parameters()]
    flat = np.concatenate([layer.detach().numpy().ravel() for layer in layers])
    gradient = np.zeros_like(flat)
    learned, slopes, adam = parts(flat), parts(gradient), Adam(flat, 2e-3)
    losses = []
    for _epoch in range(4):
        noise = torch.randn(features.shape).numpy()
        torch.empty((), dtype=torch.int64).random_()
        generator = torch.Generator()
        generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
        order = torch.randperm(len(labels), generator=generator).numpy()
        frozen = model.frozen(np.clip(features + np.float32(0.01) * noise, 0.0, 3.0))[order]
        for start in range(0, len(labels), 8):
            target = labels[order[start : start + 8]]
            losses.append(loss_and_gradient(frozen[start : start + 8], target, learned, slopes))
            adam.learn(gradient)
    with torch.no_grad():
        for layer, values in zip(layers, learned, strict=True):
            layer.copy_(torch.from_numpy(values))
    return losses


def run(images, labels, seed):
    torch.manual_seed(seed)
    features = ComplexFeatureExtractor().extract(images)
    inputs, learned, model = features.astype(np.float32), len(labels), ComplexNN()
    losses = train(model, inputs[:learned], labels)
    weights = {f"weights.{name}": weight.numpy() for name, weight in model.state_dict().items()}
    hidden = model.frozen(np.clip(inputs[learned:], 0.0, 3.0))
    hidden = np.tanh(hidden @ weights["weights.fc2.weight"].T + weights["weights.fc2.bias"])
    logits = hidden @ weights["weights.fc3.weight"].T + weights["weights.fc3.bias"]
    return {"features": features, "losses": np.array(losses), **weights, "test_logits": logits}
