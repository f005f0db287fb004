"""The kernels that must be fast: labelling components, in numba where it is installed, and a fingerprint of values.

Without numba the plain versions give the very same labels, only slower; stand-alone solutions are made of those.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from medalist.core.home import cache_folder
from medalist.families.arc.grids.cells import Grid, Piece

Labels = npt.NDArray[np.int16]


def components(cells: Grid, background: int, diagonal: bool, by_colour: bool) -> Labels:
    """Label connected cells that are not ``background`` 1, 2, … in reading order of their first cells; others are 0.

    With ``diagonal`` cells that touch at a corner belong together; with ``by_colour`` only those of one colour do.
    ``background`` -1 labels everything.

    >>> components(np.array([[5, 0, 7], [5, 0, 7]], np.int8), 0, False, True).tolist()
    [[1, 0, 2], [1, 0, 2]]
    """
    label = _fast_label() or _label
    return label(np.ascontiguousarray(cells, dtype=np.int8), background, diagonal, by_colour)


def _label(cells: Any, background: int, diagonal: bool, by_colour: bool) -> Any:
    """Plain loops that numba compiles as they stand."""
    height, width = cells.shape
    labels = np.zeros((height, width), np.int16)
    rows = np.empty(height * width, np.int16)
    columns = np.empty(height * width, np.int16)
    count = 0
    for first_row in range(height):
        for first_column in range(width):
            if labels[first_row, first_column] or cells[first_row, first_column] == background:
                continue
            count += 1
            labels[first_row, first_column] = count
            rows[0], columns[0] = first_row, first_column
            found = 1
            while found:
                found -= 1
                row, column = rows[found], columns[found]
                for down in range(-1, 2):
                    for right in range(-1, 2):
                        if not diagonal and down != 0 and right != 0:
                            continue
                        r, c = row + down, column + right
                        if r < 0 or c < 0 or r >= height or c >= width or labels[r, c]:
                            continue
                        if cells[r, c] == background or (by_colour and cells[r, c] != cells[row, column]):
                            continue
                        labels[r, c] = count
                        rows[found], columns[found] = r, c
                        found += 1
    return labels


def fingerprint(values: Iterable[Any]) -> bytes:
    """128 bits that tell different values apart: grids, masks, pieces with their places, numbers, tuples of these."""
    digest = hashlib.blake2b(digest_size=16)
    for value in values:
        _feed(digest, value)
    return digest.digest()


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.char}{value.shape}".encode())
        digest.update(value.tobytes())
    elif isinstance(value, Piece):
        digest.update(f"p{value.row},{value.column}".encode())
        _feed(digest, value.cells)
    elif isinstance(value, tuple):
        digest.update(f"t{len(value)}".encode())
        for each in value:
            _feed(digest, each)
    else:
        digest.update(f"n{value!r}".encode())


@cache
def _fast_label() -> Callable[..., Any] | None:
    """The compiled kernel, kept on disk in Medalist's cache folder; None where numba is not installed."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / "numba"))
    try:
        from numba import njit
    except ImportError:
        return None
    return njit(cache=True)(_label)
