"""Images of ten classes for the task ``complex``: striped fields that differ in stripes, light and contrast.

``make_inputs(seed)`` is what ``run`` is called with, ``make_answers(seed)`` the labels that were held back. Both
follow from ``seed`` alone, an integer of any size; a judge draws one that nobody can guess. The classes overlap, so
that an honest training gets most, never all of them right.
"""

import numpy as np

SIDE = 28
IMAGES = 2400
LABELLED_SHARE = 0.8

# A row a class: stripes across the image, their direction in degrees, their contrast, the mean light, the grain.
CLASSES = np.array(
    [
        (1.5, 0, 0.20, 0.45, 0.06),
        (1.5, 90, 0.20, 0.45, 0.06),
        (1.5, 45, 0.20, 0.45, 0.06),
        (4.0, 0, 0.20, 0.45, 0.06),
        (4.0, 90, 0.20, 0.45, 0.06),
        (4.0, 45, 0.20, 0.45, 0.06),
        (2.5, 45, 0.10, 0.55, 0.06),
        (2.5, 45, 0.10, 0.35, 0.06),
        (2.5, 45, 0.30, 0.50, 0.06),
        (2.5, 45, 0.10, 0.45, 0.12),
    ]
)
# How far an image strays from its class, in the same columns (stripes and contrast by a factor's logarithm).
STRAY = np.array([0.1, 5.0, 0.1, 0.02, 0.0075])


def _draw(seed, size):
    """Images (size, 28, 28) float32 in [0, 1], labels (size,) int64 of all, and the seed of the training."""
    random = np.random.default_rng(seed)
    training_seed = int(random.integers(2**31))
    labels = random.integers(len(CLASSES), size=size)
    stray = random.standard_normal((size, 5)) * STRAY
    stripes, direction, contrast, light, grain = CLASSES[labels].T
    stripes = stripes * np.exp(stray[:, 0])
    angle = np.deg2rad(direction + stray[:, 1])
    contrast = contrast * np.exp(stray[:, 2])
    light = light + stray[:, 3]
    grain = np.abs(grain + stray[:, 4])
    phase = random.uniform(0.0, 2.0 * np.pi, size=size)
    place = np.arange(SIDE) / SIDE
    down = (2.0 * np.pi * stripes * np.cos(angle))[:, None, None] * place[None, :, None]
    along = (2.0 * np.pi * stripes * np.sin(angle))[:, None, None] * place[None, None, :]
    images = np.sin(down + along + phase[:, None, None]) * contrast[:, None, None] + light[:, None, None]
    images += random.standard_normal(images.shape, dtype=np.float32) * grain[:, None, None]
    return np.clip(images, 0.0, 1.0).astype(np.float32), labels.astype(np.int64), training_seed


def _labelled(size):
    return int(size * LABELLED_SHARE)


def make_inputs(seed, size=IMAGES):
    """Arguments of ``run``: all images (size, 28, 28), the labels of the first four fifths, the training's seed."""
    images, labels, training_seed = _draw(seed, size)
    return {"images": images, "labels": labels[: _labelled(size)], "seed": training_seed}


def make_answers(seed, size=IMAGES):
    """What ``run`` never sees: the labels (size / 5,) of the images without one."""
    _, labels, _ = _draw(seed, size)
    return {"labels": labels[_labelled(size) :]}
