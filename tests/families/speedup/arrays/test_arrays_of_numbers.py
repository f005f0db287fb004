"""Gathered places, halved spectra and selected medians answer as the original program does."""

from __future__ import annotations

import numpy as np
import pytest
from edited_programs import assert_edited_equal, edits_of

from medalist.families.speedup.optimiser.arrays.places import GatheredPlaces
from medalist.families.speedup.optimiser.arrays.selection import SelectedMedians
from medalist.families.speedup.optimiser.arrays.spectra import HalfSpectra

IMAGES = np.random.default_rng(3).random((12, 9, 8))

GATHERING = """
import numpy as np

def ring(picture, inner):
    sizes = np.abs(picture)
    height, width = picture.shape
    near, far = [], []
    # by distance from the middle
    for row in range(height):
        for column in range(width):
            distance = np.sqrt((row - height // 2) ** 2 + (column - width // 2) ** 2)
            if distance < inner:
                near.append(sizes[row, column])
            elif distance > 2.5:
                far.append(sizes[row, column - 1])
    return np.mean(near) - np.median(far)

def run(pictures):
    return [ring(picture, 2) for picture in pictures]
"""


@pytest.mark.parametrize("names", [{}, {"near": "aa", "sizes": "m", "row": "r", "ring": "Z1"}])
def test_places_that_depend_on_shapes_alone_are_worked_out_once(names: dict[str, str]) -> None:
    text = GATHERING
    for old, new in names.items():
        text = text.replace(old, new)
    edits = assert_edited_equal(GatheredPlaces(), text, [IMAGES])
    assert "functools.cache" in edits[0].text


def test_places_that_depend_on_the_entries_are_not_remembered() -> None:
    text = GATHERING.replace("if distance < inner:", "if distance * sizes[row, column] < inner:")
    assert edits_of(GatheredPlaces(), text, [IMAGES]) == []


SPECTRUM = """
import numpy as np

def run(pictures):
    rows = []
    for picture in pictures:
        spectrum = np.log1p(np.abs(np.fft.fft2(picture)) ** 2)
        rows.append(spectrum)
    return np.array(rows)
"""


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 7, 9), (2, 5, 2), (2, 6, 1), (1, 1, 5)])
def test_half_of_a_spectrum_says_all(shape: tuple[int, ...]) -> None:
    assert_edited_equal(HalfSpectra(), SPECTRUM, [np.random.default_rng(1).normal(size=shape)])


@pytest.mark.parametrize("width", [7, 8])
def test_medians_by_one_selection(width: int) -> None:
    text = """
import numpy as np
def run(x):
    flat = x[:, 0]
    return {"all": np.median(x, axis=(1, 2)), "flat": np.median(flat, axis=1)}
"""
    assert_edited_equal(SelectedMedians(), text, [np.random.default_rng(1).normal(size=(9, 4, width))])
