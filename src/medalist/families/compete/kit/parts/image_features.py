"""Features of images for estimators that are no networks: gradients, colours, small thumbnails.

Images are uint8 (n, h, w, c); features float32 (n, d). Everything is computed for a block of images
at a time, so memory stays small, and in NumPy alone.
"""

from __future__ import annotations

import numpy as np

BLOCK = 512
ORIENTATIONS = 9


def in_blocks(function, images: np.ndarray) -> np.ndarray:
    """``function`` over blocks of images, float32 (n, d)."""
    blocks = [function(np.asarray(images[i : i + BLOCK])) for i in range(0, len(images), BLOCK)]
    return np.concatenate(blocks).astype(np.float32)


def describe_images(images: np.ndarray) -> np.ndarray:
    """Gradients and colours, the features of the quick estimators, float32 (n, d)."""
    return np.hstack([in_blocks(gradient_histograms, images), in_blocks(colour_statistics, images)])


def thumbnails(images: np.ndarray, side: int = 16) -> np.ndarray:
    """Pixels in 0..1 of the images, no larger than ``side``, float32 (n, d)."""
    step = max(1, images.shape[1] // side)
    return in_blocks(lambda block: cell_means(block / np.float32(255), step).reshape(len(block), -1), images)


def gradient_histograms(images: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal and Triggs 2005) on about 4 x 4 cells, with their mean.

    Gradients are those of the channel where they are largest; blocks of 2 x 2 cells are normalised
    and clipped at 0.2.
    """
    magnitude, angle = gradients(images.astype(np.float32) / 255)
    position = (angle / np.pi * ORIENTATIONS) % ORIENTATIONS
    lower = np.floor(position).astype(np.intp)
    share = position - lower
    votes = np.zeros((*magnitude.shape, ORIENTATIONS), np.float32)
    np.put_along_axis(votes, (lower % ORIENTATIONS)[..., None], ((1 - share) * magnitude)[..., None], -1)
    np.put_along_axis(votes, ((lower + 1) % ORIENTATIONS)[..., None], (share * magnitude)[..., None], -1)
    cells = cell_means(votes, max(2, images.shape[1] // 4))
    corners = (cells[:, :-1, :-1], cells[:, 1:, :-1], cells[:, :-1, 1:], cells[:, 1:, 1:])
    blocks = np.concatenate(corners, axis=-1)
    blocks /= np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + 1e-3)
    blocks = np.minimum(blocks, 0.2).reshape(len(images), -1)
    return np.hstack([blocks, cells.mean(axis=(1, 2)), magnitude.mean(axis=(1, 2))[:, None]])


def gradients(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Size and direction of the gradient in each pixel, each (n, h, w), of the strongest channel."""
    down, across = np.zeros_like(images), np.zeros_like(images)
    down[:, 1:-1] = images[:, 2:] - images[:, :-2]
    across[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    size = np.sqrt(down**2 + across**2)
    strongest = size.argmax(axis=-1)[..., None]
    down, across, size = (np.take_along_axis(a, strongest, -1)[..., 0] for a in (down, across, size))
    return size, np.arctan2(down, across)


def colour_statistics(images: np.ndarray) -> np.ndarray:
    """Mean and spread of each channel on a 4 x 4 grid, and five quantiles of each channel."""
    values = images.astype(np.float32) / 255
    side = max(1, images.shape[1] // 4)
    mean = cell_means(values, side)
    spread = np.sqrt(np.maximum(cell_means(values**2, side) - mean**2, 0))
    pixels = np.sort(values.reshape(len(values), -1, values.shape[-1]), axis=1)
    places = (np.array([0.05, 0.25, 0.5, 0.75, 0.95]) * (pixels.shape[1] - 1)).astype(int)
    return np.hstack([a.reshape(len(values), -1) for a in (mean, spread, pixels[:, places])])


def cell_means(values: np.ndarray, side: int) -> np.ndarray:
    """Means over squares of ``side`` pixels, (n, h / side, w / side, c); what is left over is cut off."""
    n, height, width, channels = values.shape
    high, wide = height // side, width // side
    cut = values[:, : high * side, : wide * side]
    return cut.reshape(n, high, side, wide, side, channels).mean(axis=(2, 4))


def shifted_copies(images: np.ndarray, pixels: int = 1) -> np.ndarray:
    """The images moved by ``pixels`` up, down, left and right, one after the other (4 n, h, w, c).

    For training rows only. Edges are repeated.
    """
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="edge")
    side = images.shape[1]
    corners = ((0, pixels), (2 * pixels, pixels), (pixels, 0), (pixels, 2 * pixels))
    return np.concatenate([padded[:, y : y + side, x : x + side] for y, x in corners])
