"""What the leaves of a rule may say: few symbols that between them explain the output of every cell.

A symbol is a colour, or a column of colours whose value the cell takes ("the colour the ray to the left meets").
``own`` explains what stays. Covers are tried in the order of their cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.cells import COLOURS
from medalist.families.arc.stages.cell_rules.tables import Bits, Table, Values

SYMBOL_COSTS = {
    "own": 1.5,
    "near": 2.0,
    "ray": 1.5,
    "mirror": 1.3,
    "nearest": 1.6,
    "part": 1.6,
    "shape": 1.6,
    "thing": 1.6,
    "group": 2.2,
    "line": 1.8,
    "panel": 1.5,
    "wide": 4.0,
    "to": 1.6,
    "background": 0.8,
    "other": 1.0,
}

MOST_PAIRED = 40


@dataclass(frozen=True)
class Cover:
    """Symbols, which rows each explains, and which colour each stands for in every row (-1: none)."""

    symbols: tuple[int | str, ...]
    valid: Bits
    """Shape (training rows, symbols)."""
    values: Values
    """Shape (rows, symbols)."""
    cost: float


def covers(
    table: Table, train_rows: int, outputs: Values, most: int, wanted: str | None = None
) -> Iterator[Cover]:
    """Sets of symbols that explain every training row, the cheapest first, ``most`` at most.

    ``outputs`` holds the output colours of the first ``train_rows`` rows. With ``wanted``, only sets that hold it.
    """
    own = table.colours["own"]
    changed = np.flatnonzero(outputs != own[:train_rows])
    if not len(changed):
        return
    names, columns, costs = _symbols(table, train_rows, outputs, changed)
    matches = np.stack([column[:train_rows][changed] == outputs[changed] for column in columns], axis=1)
    fixed = sum(isinstance(name, int) for name in names)
    found = _covering(matches, np.array(costs), fixed)
    stays = len(changed) < train_rows
    if wanted is not None:
        found = [each for each in found if any(names[number] == wanted for number in each[0])]
    for chosen, cost in found[:most]:
        symbols: list[int | str] = [names[number] for number in chosen]
        values = [columns[number] for number in chosen]
        if stays:
            symbols, values = ["own", *symbols], [own, *values]
        stacked = np.stack(values, axis=1)
        valid = stacked[:train_rows] == outputs[:, None]
        yield Cover(tuple(symbols), valid, stacked, cost)


def _symbols(
    table: Table, train_rows: int, outputs: Values, changed: npt.NDArray[np.int64]
) -> tuple[list[int | str], list[Values], list[float]]:
    """Colours that changed cells take, and columns that are right in some of them; equal columns once."""
    grids = table.grid_of[:train_rows][changed]
    train = int(table.grid_of[:train_rows].max()) + 1
    touched = len(set(grids.tolist()))
    names: list[int | str] = []
    columns: list[Values] = []
    costs: list[float] = []
    for colour in range(COLOURS):
        among = len(set(grids[outputs[changed] == colour].tolist()))
        if among:
            names.append(colour)
            columns.append(np.full(len(table.grid_of), colour, np.int16))
            costs.append(1.0 if among >= touched and train > 1 else 1.7 if among > 1 else 2.8)
    known: set[bytes] = set()
    ranked = sorted(table.colours, key=lambda name: SYMBOL_COSTS.get(name.split(" ")[0], 2.0))
    for name in ranked:
        column = table.colours[name]
        key = column.tobytes()
        if name == "own" or key in known or not (column[:train_rows][changed] == outputs[changed]).any():
            continue
        known.add(key)
        names.append(name)
        columns.append(column)
        costs.append(SYMBOL_COSTS.get(name.split(" ")[0], 2.0))
    return names, columns, costs


def _covering(
    matches: Bits, costs: npt.NDArray[np.float64], fixed: int
) -> list[tuple[tuple[int, ...], float]]:
    """Sets of one or two symbols, a greedy one, and the ``fixed`` colours alone, that explain every changed row."""
    matches = np.unique(matches, axis=0)
    if not matches.any(axis=1).all():
        return []
    found: dict[tuple[int, ...], float] = {}
    for number in np.flatnonzero(matches.all(axis=0)):
        found[(int(number),)] = float(costs[number])
    by_worth = np.argsort(costs - 2.0 * matches.mean(axis=0), kind="stable")
    for first in by_worth[:MOST_PAIRED]:
        left = matches[~matches[:, first]]
        for second in np.flatnonzero(left.all(axis=0)) if len(left) else ():
            pair = tuple(sorted((int(first), int(second))))
            if (pair[0],) not in found and (pair[1],) not in found:
                found[pair] = float(costs[list(pair)].sum())
    greedy = _greedily(matches, costs)
    found.setdefault(greedy, float(costs[list(greedy)].sum()))
    colours = tuple(range(fixed))
    found.setdefault(colours, float(costs[:fixed].sum()))
    return sorted(found.items(), key=lambda item: (item[1], item[0]))


def _greedily(matches: Bits, costs: npt.NDArray[np.float64]) -> tuple[int, ...]:
    left = matches
    chosen: list[int] = []
    while len(left):
        chosen.append(int(np.argmax(left.sum(axis=0) / (costs + 0.5))))
        left = left[~left[:, chosen[-1]]]
    return tuple(sorted(chosen))


def colours_of(cover: Cover, rows: npt.NDArray[np.int64], classes: npt.NDArray[np.int64]) -> Values:
    """The colours that classes (numbers of symbols) mean in the given rows."""
    return np.take_along_axis(cover.values[rows], classes[:, None], axis=1)[:, 0]
