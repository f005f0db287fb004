"""Feeding images to a network: batches, normalisation, augmentation, and which flips change no answer.

Images stay uint8 (n, h, w, c), on disk where they do not fit in memory; a batch becomes float
(b, c, h, w), normalised and augmented, on the device that trains. Augmentation is for training only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from medalist.families.compete.kit.parts.image_features import gradient_histograms, in_blocks, thumbnails

# What a picture may undergo, as matrices over (x, y): mirrored, upside down, rows and columns swapped.
SYMMETRIES = {
    "mirrored": ((-1.0, 0.0), (0.0, 1.0)),
    "upside_down": ((1.0, 0.0), (0.0, -1.0)),
    "swapped": ((0.0, 1.0), (1.0, 0.0)),
}


EVALUATED_AT_ONCE = 256


class ImageRows(Dataset):
    """Rows of an array of images with their numbers; gives whole batches at a time."""

    def __init__(self, images: np.ndarray, rows: np.ndarray) -> None:
        self.images = images
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, places: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        rows = self.rows[places]
        return torch.from_numpy(self.images[rows]), torch.from_numpy(rows)


def training_loader(
    images: np.ndarray, rows: np.ndarray, batch: int, workers: int, prefetch: int | None
) -> DataLoader:
    """Shuffled batches of (images uint8 (b, h, w, c), row numbers), without the odd rest."""
    return DataLoader(
        ImageRows(images, rows),
        batch_size=batch,
        shuffle=True,
        drop_last=len(rows) > batch,
        num_workers=workers,
        prefetch_factor=prefetch if workers else None,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        collate_fn=tuple,
    )


def in_order(images: np.ndarray, rows: np.ndarray) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """All rows once, as ``training_loader`` gives them, without its workers: nothing is learned from them."""
    for some in np.array_split(rows, -(-len(rows) // EVALUATED_AT_ONCE)):
        yield torch.from_numpy(images[some]), torch.from_numpy(some)


def normalise(batch: torch.Tensor, mean: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """uint8 (b, h, w, c) to float (b, c, h, w) of mean 0 and spread 1 a channel; channels stay innermost."""
    return ((batch.float() - mean) / spread).permute(0, 3, 1, 2)


def channel_statistics(images: np.ndarray, rows: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and spread of each channel over some of these rows."""
    some = images[np.sort(rows[:: max(1, len(rows) // 2000)])].astype(np.float32)
    return some.mean(axis=(0, 1, 2)).tolist(), (some.std(axis=(0, 1, 2)) + 1.0).tolist()


def augment(batch: torch.Tensor, symmetries: list[str], shift: float, zoom: float) -> torch.Tensor:
    """Each picture flipped by chance where that changes no answer, moved and zoomed a little.

    ``shift`` is the largest move and ``zoom`` the largest change of scale, both as shares of the side.
    """
    count = len(batch)
    matrix = torch.eye(2).repeat(count, 1, 1)
    for name in symmetries:
        flipped = matrix @ torch.tensor(SYMMETRIES[name])
        matrix = torch.where(torch.rand(count, 1, 1) < 0.5, flipped, matrix)
    matrix = matrix * (1 + zoom * (2 * torch.rand(count, 1, 1) - 1))
    move = shift * 2 * (2 * torch.rand(count, 2, 1) - 1)
    theta = torch.cat([matrix, move], dim=2).to(batch.device)
    grid = functional.affine_grid(theta, list(batch.shape), align_corners=False)
    return functional.grid_sample(batch, grid, padding_mode="reflection", align_corners=False)


def views(batch: torch.Tensor, symmetries: list[str]) -> list[torch.Tensor]:
    """The pictures and each flip that changes no answer; a prediction is averaged over them."""
    flips = {"mirrored": lambda x: x.flip(3), "upside_down": lambda x: x.flip(2), "swapped": lambda x: x.mT}
    return [batch, *(flips[name](batch) for name in symmetries)]


def find_symmetries(images: np.ndarray, target: np.ndarray, most: int = 3000) -> list[str]:
    """Which flips leave the answer as it is, found on training rows without training a network.

    A ridge regression learns the target from one half and predicts the other half as it is and
    flipped. Where a flip loses over a tenth of what was learned, beyond noise (two standard errors),
    pictures have a side that matters. All but the mirror image need a regression that learned something.
    """
    rows = np.sort(np.random.default_rng(0).permutation(len(images))[:most])
    block = np.asarray(images[rows])
    truth = target[rows].astype(np.float32).reshape(len(rows), -1)
    if target.ndim == 1 and np.issubdtype(target.dtype, np.integer):
        truth = np.eye(int(target.max()) + 1, dtype=np.float32)[target[rows]]
    learn, test = np.arange(0, len(rows), 2), np.arange(1, len(rows), 2)
    mean, scale = truth[learn].mean(axis=0), truth[learn].std(axis=0) + 1e-6

    def features(some: np.ndarray) -> np.ndarray:
        return np.hstack([in_blocks(gradient_histograms, some), thumbnails(some, 8)])

    known = features(block[learn])
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-3
    known = (known - centre) / spread
    penalty = np.eye(known.shape[1], dtype=np.float32) * len(known) * 0.1
    weights = np.linalg.solve(known.T @ known + penalty, known.T @ ((truth[learn] - mean) / scale))

    def errors(some: np.ndarray) -> np.ndarray:
        predicted = ((features(some) - centre) / spread) @ weights
        return ((predicted - (truth[test] - mean) / scale) ** 2).mean(axis=1)

    plain = errors(block[test])
    learned = (((truth[test] - mean) / scale) ** 2).mean() - plain.mean()
    flips = {
        "mirrored": lambda x: x[:, :, ::-1],
        "upside_down": lambda x: x[:, ::-1],
        "swapped": lambda x: x.transpose(0, 2, 1, 3),
    }
    found = []
    for name, flip in flips.items():
        worse = errors(np.ascontiguousarray(flip(block[test]))) - plain
        harmless = worse.mean() < max(0.1 * learned, 2 * worse.std() / np.sqrt(len(worse)))
        if harmless and (learned > 0.03 or name == "mirrored"):
            found.append(name)
    print(f"Flips that change no answer: {', '.join(found) or 'none'}", flush=True)
    return found
