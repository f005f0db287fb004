"""A grid of colours and a piece of one: the two values that most operators take and give.

A grid is a two-dimensional ``int8`` array of colours 0 to 9. A piece is what was cut out of one: it remembers where
it lay, and its cells may be ``CLEAR``, which shows what is below. Neither is ever changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from medalist.core.errors import InputError

Grid: TypeAlias = npt.NDArray[np.int8]
"""Shape (rows, columns), colours 0 to 9."""

Mask: TypeAlias = npt.NDArray[np.bool_]
"""Shape (rows, columns)."""

COLOURS = 10
LARGEST_SIDE = 30
CLEAR = -1


class Piece(NamedTuple):
    """Cells with the place of their top left corner in the grid they were cut from; ``CLEAR`` ones belong to others."""

    cells: Grid
    row: int
    column: int


def read_grid(rows: Any, where: str) -> Grid:
    """The grid that JSON ``rows`` are. Raises InputError for ragged, empty, too large or wrongly coloured ones."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        raise _malformed("A grid is a list of rows with at least one cell.", where)
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise _malformed(f"The rows of a grid are of different lengths ({_told(sorted(widths))}).", where)
    height, width = len(rows), widths.pop()
    if not 1 <= width <= LARGEST_SIDE or height > LARGEST_SIDE:
        raise _malformed(
            f"A grid of {height} x {width} is not between 1 x 1 and {LARGEST_SIDE} x {LARGEST_SIDE}.", where
        )
    for row in rows:
        for cell in row:
            if not isinstance(cell, int) or isinstance(cell, bool) or not 0 <= cell < COLOURS:
                raise _malformed(f"A cell holds {cell!r}; colours are the whole numbers 0 to 9.", where)
    return np.array(rows, dtype=np.int8)


def is_grid(value: Any) -> bool:
    """Whether a value may stand in a submission."""
    return (
        isinstance(value, np.ndarray)
        and value.ndim == 2
        and min(value.shape) >= 1
        and max(value.shape) <= LARGEST_SIDE
        and value.dtype.kind in "iu"
        and int(value.min()) >= 0
        and int(value.max()) < COLOURS
    )


def same(one: Grid, other: Grid) -> bool:
    return one.shape == other.shape and bool((one == other).all())


def _malformed(what: str, where: str) -> InputError:
    return InputError(what, where=where, next_step="Mend the file, or leave this task out.")


def _told(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)
