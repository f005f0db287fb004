"""The table that cell rules are learned from: a row a cell of every grid, a column a fact about it, and yes-no tests.

Colours are told by role where that is possible; a test on a fixed colour that few grids have costs more. Costs are
in nats: a rule that costs one more is believed e times less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.cells import COLOURS, Grid
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.operators.cell_rules import family_columns
from medalist.families.arc.operators.local_colours import usual_background

FAMILIES = {
    "own": 0.5,
    "near": 1.0,
    "ray": 1.2,
    "part": 1.0,
    "shape": 1.2,
    "thing": 1.2,
    "group": 1.7,
    "nearest": 1.7,
    "line": 1.7,
    "mirror": 1.5,
    "place": 2.0,
    "panel": 1.0,
    "to": 1.7,
    "wide": 2.5,
}
"""What a test on a column of a family costs."""

FEW = 12
"""A column of more values than this is cut at so many places alone."""

Bits = npt.NDArray[np.bool_]
Values = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Test:
    """A yes-no question about a cell, as it stands in a tree."""

    column: str
    test: str
    value: int | str
    cost: float


@dataclass(frozen=True)
class Table:
    """All cells of some grids. ``grid_of[i]`` is the number of row i's grid."""

    grid_of: npt.NDArray[np.int64]
    colours: dict[str, Values]
    numbers: dict[str, Values]
    tests: tuple[Test, ...]
    bits: Bits
    """Shape (rows, tests)."""

    of_column: dict[str, tuple[int, ...]]
    """The numbers of the tests that are asked of each column, or of others that hold on the same rows."""


def puzzle_background(inputs: Sequence[Grid]) -> int:
    """The colour that is most frequent in most of the grids and in all of them; -1 where grids have one each."""
    usual = np.bincount([usual_background(grid) for grid in inputs], minlength=COLOURS)
    best = int(usual.argmax())
    return best if usual[best] * 2 > len(inputs) and all((grid == best).any() for grid in inputs) else -1


def build_table(
    inputs: Sequence[Grid],
    train: int,
    background: int,
    families: Sequence[str],
    others: Sequence[Grid] | None = None,
) -> Table:
    """Columns and tests over the cells of ``inputs``, of which the first ``train`` belong to training pairs.

    ``others``, grids of the same shapes, are one more column of colours.

    Tests that hold on the same rows as a cheaper one are left out. ``families`` may name ``to``, which stands for
    one family a colour that every grid has.
    """
    backgrounds = [usual_background(grid) if background < 0 else background for grid in inputs]
    names = [name for name in families if name != "to"]
    if "to" in families:
        names += [f"to {name}" for name in (*common_colours(inputs, background), "first", "rarest")]
    colours, numbers = _columns(inputs, backgrounds, names)
    if others is not None:
        colours["other"] = np.concatenate([grid.ravel() for grid in others]).astype(np.int16)
    grid_of = np.repeat(np.arange(len(inputs)), [grid.size for grid in inputs])
    learned = grid_of < train
    tests, bits, of_column = _distinct(*_tests(colours, numbers, learned, _colour_costs(inputs, train)))
    if not tests:
        bits = np.zeros((len(grid_of), 0), bool)
    return Table(grid_of, colours, numbers, tests, bits, of_column)


def common_colours(inputs: Sequence[Grid], background: int) -> list[int]:
    """Colours but background that every grid has."""
    found = [c for c in range(COLOURS) if c != background and all((grid == c).any() for grid in inputs)]
    return found[:4]


def _columns(
    inputs: Sequence[Grid], backgrounds: Sequence[int], names: Sequence[str]
) -> tuple[dict[str, Values], dict[str, Values]]:
    """The families' columns over all cells. A column that is the same everywhere is left out, except colours."""
    colours: dict[str, list[Values]] = {}
    numbers: dict[str, list[Values]] = {}
    for grid, background in zip(inputs, backgrounds, strict=True):
        for name in names:
            try:
                some_colours, some_numbers = family_columns(name, grid, background)
            except NoValue:
                continue
            for found, into in ((some_colours, colours), (some_numbers, numbers)):
                for title, values in found.items():
                    into.setdefault(title, []).append(np.asarray(values, np.int16).ravel())
    whole = {title: np.concatenate(parts) for title, parts in colours.items()}
    counted = {title: np.concatenate(parts) for title, parts in numbers.items()}
    return whole, {title: values for title, values in counted.items() if (values != values[0]).any()}


def _colour_costs(inputs: Sequence[Grid], train: int) -> dict[int, float]:
    """What naming a colour costs: little where every grid has it, much where a single one has."""
    costs = {}
    for colour in range(COLOURS):
        having = sum(bool((grid == colour).any()) for grid in inputs[:train])
        everywhere = all(bool((grid == colour).any()) for grid in inputs)
        if having:
            costs[colour] = 0.6 if everywhere else 1.0 if having == train else 1.5 if having > 1 else 2.5
    return costs


def _family_cost(column: str) -> float:
    return FAMILIES.get(column.split(" ")[0], 1.0)


def _tests(
    colours: dict[str, Values], numbers: dict[str, Values], learned: Bits, colour_costs: dict[int, float]
) -> tuple[list[Test], list[Bits]]:
    tests: list[Test] = []
    bits: list[Bits] = []

    def add(column: str, test: str, value: int | str, cost: float, held: Bits) -> None:
        some = held[learned]
        if some.any() and not some.all():
            tests.append(Test(column, test, value, cost + _family_cost(column)))
            bits.append(held)

    background = colours["background"]
    for column, values in colours.items():
        add(column, "same as", "background", 0.2, values == background)
        if column != "own" and not column.startswith("own "):
            add(column, "is", -1, 0.4, values == -1)
        for colour, cost in colour_costs.items():
            add(column, "is", colour, cost, values == colour)
    for one, other in _partners(colours):
        add(one, "same as", other, 0.4 + 0.5 * _family_cost(other), colours[one] == colours[other])
    for column, values in numbers.items():
        for test, value, cost in _cuts(values[learned]):
            add(column, test, value, cost, values == value if test == "is" else values <= value)
    return tests, bits


def _partners(colours: dict[str, Values]) -> list[tuple[str, str]]:
    """Pairs of colour columns worth comparing: any with the cell's own, roles, and opposite or mirrored places."""
    found = [(name, "own") for name in colours if name not in ("own", "background")]
    roles = [name for name in colours if name.startswith("own ")]
    found += [("own", role) for role in roles]
    found += [("other", role) for role in roles]
    found += [("ray behind", "nearest"), ("ray behind", "line nearest full"), ("own", "line nearest full")]
    core = [
        name for name in colours if name.split(" ")[0] in ("ray", "near", "mirror") and "unlike" not in name
    ]
    edges = [
        name
        for name in colours
        if name.startswith("line ") and name.split(" ")[2] in ("start", "end", "most")
    ]
    core += edges
    for i, one in enumerate(core):
        found += [(one, other) for other in core[i + 1 :] if one.split(" ")[0] == other.split(" ")[0]]
        found += [(one, role) for role in roles]
    return [(one, other) for one, other in found if one in colours and other in colours]


def _cuts(values: Values) -> list[tuple[str, int, float]]:
    """Tests on a column of numbers: between neighbouring values, and being one value."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 2:
        return []
    between = (distinct[:-1].astype(int) + distinct[1:]) // 2
    single = distinct
    if len(distinct) > FEW:
        between = between[np.linspace(0, len(between) - 1, FEW).round().astype(int)]
        single = np.unique([*distinct[:4], *distinct[-1:], *distinct[np.argsort(-counts, kind="stable")[:6]]])
    found = [("at most", int(cut), 0.5 if cut in (0, 1) else 0.9) for cut in between]
    found += [("is", int(value), 0.5 if value in (0, 1) else 0.9) for value in single if value != distinct[0]]
    return found


def _distinct(
    tests: list[Test], bits: list[Bits]
) -> tuple[tuple[Test, ...], Bits, dict[str, tuple[int, ...]]]:
    """The cheapest of tests that hold on the same rows, or on the very others, and which stand for each column's."""
    order = sorted(range(len(tests)), key=lambda number: tests[number].cost)
    kept: dict[bytes, int] = {}
    chosen: list[int] = []
    of_column: dict[str, list[int]] = {}
    for number in order:
        key = np.packbits(bits[number] ^ bits[number][0]).tobytes()
        if key not in kept:
            kept[key] = len(chosen)
            chosen.append(number)
        if tests[number].test != "same as":
            of_column.setdefault(tests[number].column, []).append(kept[key])
    if not chosen:
        return (), np.zeros((0, 0), bool), {}
    columns = {column: tuple(dict.fromkeys(numbers)) for column, numbers in of_column.items()}
    return tuple(tests[n] for n in chosen), np.stack([bits[n] for n in chosen], axis=1), columns
