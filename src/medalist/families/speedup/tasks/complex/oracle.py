"""The judge's own fast program for the task ``complex``: the same function as program.py, and the measure of time.

It keeps torch's autograd, its optimiser and its random draws in the order in which program.py makes them, so that
what it answers can be trusted without a proof: only distances, features and data loading are done otherwise. No
engineer ever sees this file.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

CLASSES = 10
FEATURES = 13
EPOCHS = 4
BATCH_SIZE = 8
LEARNING_RATE = 2e-3
DROPOUT = 0.1
NOISE = 0.01
CLIP = (0.0, 3.0)
BLOCK_ROWS = 64


def run(images: NDArray, labels: NDArray, seed: int) -> dict[str, NDArray]:
    """What program.py's ``run`` returns, within rounding: features, losses, weights and test_logits."""
    torch.manual_seed(seed)
    blocks = (images[start : start + BLOCK_ROWS] for start in range(0, len(images), BLOCK_ROWS))
    features = normalize(np.concatenate([raw_features(block.astype(np.float64)) for block in blocks]))
    inputs = torch.from_numpy(features.astype(np.float32))
    learned = len(labels)
    model = nn.ModuleDict(
        {
            "fc1": nn.Linear(FEATURES, 128),
            "fc2": nn.Linear(128, 64),
            "fc3": nn.Linear(64, CLASSES),
        }
    )
    losses = train(model, inputs[:learned], torch.from_numpy(labels))
    weights = {f"weights.{name}": weight.numpy() for name, weight in model.state_dict().items()}
    logits = recompute_logits(weights, features[learned:])
    return {"features": features, "losses": losses, **weights, "test_logits": logits}


def derive(inputs: Mapping[str, Any], answer: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """What must follow from an answer's own features and weights: the logits of the images without labels."""
    weights = {name: value for name, value in answer.items() if name.startswith("weights.")}
    return {"test_logits": recompute_logits(weights, answer["features"][len(inputs["labels"]) :])}


def recompute_logits(weights: dict[str, NDArray], features: NDArray) -> NDArray:
    """Logits (n, 10) of normalised features (n, 13) under ``weights.*``, without dropout or noise."""
    named = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in weights.items()}
    rows = torch.from_numpy(features.astype(np.float32)).clamp(*CLIP)
    hidden = activation(functional.linear(rows, named["weights.fc1.weight"], named["weights.fc1.bias"]))
    hidden = torch.tanh(functional.linear(hidden, named["weights.fc2.weight"], named["weights.fc2.bias"]))
    return functional.linear(hidden, named["weights.fc3.weight"], named["weights.fc3.bias"]).numpy()


def raw_features(images: NDArray) -> NDArray:
    """The thirteen features (n, 13) of float64 images (n, height, width), before normalising."""
    flat = images.reshape(len(images), -1)
    down, along = _sobel(images)
    length = np.sqrt(down * down + along * along)
    # Central means over the whole image: the border, where the gradient is zero, counts.
    pixels = flat.shape[1]
    mean_length = length.sum((1, 2)) / pixels
    spread = np.sqrt(np.maximum((length * length).sum((1, 2)) / pixels - mean_length**2, 0.0))
    return np.stack(
        [
            flat.mean(1),
            flat.std(1),
            flat.min(1),
            flat.max(1),
            np.median(flat, axis=1),
            mean_length,
            spread,
            np.abs(down).sum((1, 2)) / pixels,
            np.abs(along).sum((1, 2)) / pixels,
            *_spectrum(images),
        ],
        axis=1,
    )


def _sobel(images: NDArray) -> tuple[NDArray, NDArray]:
    """Gradients (n, height - 2, width - 2) down the rows and along the columns, without the border."""
    smooth_rows = images[:, :, :-2] + 2.0 * images[:, :, 1:-1] + images[:, :, 2:]
    smooth_columns = images[:, :-2] + 2.0 * images[:, 1:-1] + images[:, 2:]
    return smooth_rows[:, 2:] - smooth_rows[:, :-2], smooth_columns[:, :, 2:] - smooth_columns[:, :, :-2]


def _spectrum(images: NDArray) -> tuple[NDArray, ...]:
    """Mean and spread of the log magnitude, its means at low and high frequencies; each (n,)."""
    height, width = images.shape[1:]
    magnitude = np.log1p(np.abs(np.fft.rfft2(images))).reshape(len(images), -1)
    down = np.minimum(np.arange(height), height - np.arange(height))
    along = np.arange(width // 2 + 1)
    distance = np.hypot(down[:, None], along[None, :])
    # A real image's spectrum is symmetric: each column between the first and the last stands for two.
    weight = np.full(distance.shape, 2.0)
    weight[:, 0] = 1.0
    if width % 2 == 0:
        weight[:, -1] = 1.0
    low = (weight * ((distance > 0) & (distance <= 4))).ravel()
    high = (weight * (distance > 9)).ravel()
    share = weight.ravel() / weight.sum()
    mean = magnitude @ share
    spread = np.sqrt(np.maximum((magnitude * magnitude) @ share - mean**2, 0.0))
    return mean, spread, magnitude @ (low / low.sum()), magnitude @ (high / high.sum())


def normalize(features: NDArray) -> NDArray:
    """Each row divided by the median of its distances to all others, found among squares and block by block.

    The squares come from a centred Gram matrix in float64: a median distance is then right to about 1e-14.
    """
    count = len(features)
    points = features - features.mean(0)
    squares = (points * points).sum(1)
    # Row by row the own distance, zero, comes first; the median of the others follows it.
    middle = sorted({count // 2, (count + 1) // 2})
    medians = np.empty(count)
    for start in range(0, count, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, count)
        block = squares[start:stop, None] + squares - 2.0 * (points[start:stop] @ points.T)
        block[np.arange(stop - start), np.arange(start, stop)] = -1.0
        block.partition(middle, axis=1)
        medians[start:stop] = np.sqrt(np.maximum(block[:, middle], 0.0)).mean(1)
    return features / (medians[:, None] + 1e-8)


def activation(values: Tensor) -> Tensor:
    """The custom activation without a gradient."""
    values = values.detach()
    below = 0.5 * (torch.exp(values) - 1.0)
    return torch.where(values <= 0.0, below, torch.where(values <= 1.0, values, 0.5 * values + 0.5))


def train(model: nn.ModuleDict, features: Tensor, labels: Tensor) -> NDArray:
    """Train ``fc2`` and ``fc3`` in place, as the program does; the loss (steps,) of every step."""
    first, second, third = model["fc1"], model["fc2"], model["fc3"]
    optimizer = torch.optim.Adam([*second.parameters(), *third.parameters()], lr=LEARNING_RATE, fused=True)
    losses = []
    for _ in range(EPOCHS):
        noisy = torch.clamp(features + NOISE * torch.randn(features.shape), *CLIP)
        # The first layer never learns: its answers hold for the whole epoch.
        with torch.no_grad():
            hidden_all = activation(first(noisy))
        for rows in _batches(len(labels)):
            hidden = functional.dropout(hidden_all[rows], DROPOUT)
            hidden = functional.dropout(torch.tanh(second(hidden)), DROPOUT)
            loss = functional.cross_entropy(third(hidden), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    return torch.stack(losses).numpy().astype(np.float64)


def _batches(count: int) -> Iterator[Tensor]:
    """Row numbers of each batch of an epoch, by the loader itself: it alone knows what it draws, and when."""
    numbers = cast("Dataset[int]", range(count))
    everything = DataLoader(numbers, batch_size=count, shuffle=True, collate_fn=torch.tensor)
    for order in everything:
        yield from order.split(BATCH_SIZE)
