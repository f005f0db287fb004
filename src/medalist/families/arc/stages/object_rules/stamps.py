"""Stamps: cells that change alike around several objects, learned as offsets from the objects' corners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask
from medalist.families.arc.operators.object_rules_footprints import grown
from medalist.families.arc.stages.object_rules.cast import Cast


def stamps(
    cast: Cast, wanted: Sequence[Grid], changed: Sequence[Mask]
) -> Iterator[tuple[tuple[Any, ...], float]]:
    """What changes alike around all objects of one colour or one form, as cells by their offsets."""
    for name, price in (("colour", 1.2), ("form", 1.4), ("full", 1.5)):
        column = cast.column(name)[: cast.trained]
        for value in sorted(set(column)):
            chosen = [
                place
                for place, each in zip(cast.places[: cast.trained], column, strict=True)
                if each == value
            ]
            if len(chosen) > 1:
                for own in (False, True):
                    cells = _around(cast, wanted, changed, chosen, own)
                    if cells:
                        yield (
                            ("stamp", cells),
                            price + (1.0 if len(chosen) == 2 else 0.0) + 0.03 * len(cells) + 0.1 * own,
                        )


def _around(
    cast: Cast, wanted: Sequence[Grid], changed: Sequence[Mask], chosen: Sequence[tuple[int, int]], own: bool
) -> tuple[tuple[int, int, int], ...]:
    """Offsets within 5 of the objects' corners where all outputs change to one colour (to each one's with ``own``).

    Only cells joined to the objects count: others change alike by chance where there are few objects.
    """
    window, reach = None, 5
    for scene, number in chosen:
        piece = cast.scenes[scene]["objects"][number]
        colour = cast.scenes[scene]["table"]["colour"][number]
        cells = np.where(changed[scene], wanted[scene], CLEAR)
        cells = np.where(cells == colour, -3, CLEAR) if own else cells
        around = np.full((2 * reach + 9, 2 * reach + 9), -9, np.int8)
        top, left = piece.row - reach, piece.column - reach
        height, width = cells.shape
        rows = slice(max(0, top), min(height, top + around.shape[0]))
        columns = slice(max(0, left), min(width, left + around.shape[1]))
        around[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = cells[
            rows, columns
        ]
        if window is None:
            window = around
        else:
            known = np.where(window == -9, around, window)
            window = np.where((around != -9) & (known != around), CLEAR, known)
    if window is None:
        return ()
    piece = cast.scenes[chosen[0][0]]["objects"][chosen[0][1]]
    height, width = piece.cells.shape
    found = (window >= 0) | (window == -3)
    joined = np.zeros_like(found)
    joined[reach : reach + height, reach : reach + width] = True
    while (more := grown(joined, True) & (found | joined)).sum() > joined.sum():
        joined = more
    rows, columns = np.nonzero(found & joined)
    return tuple(
        (int(r) - reach, int(c) - reach, -1 if own else int(window[r, c]))
        for r, c in zip(rows, columns, strict=True)
    )
