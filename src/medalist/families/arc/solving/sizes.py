"""How large the outputs will be: rules from inputs to (height, width) that hold on every training pair.

A rule reads a measure of the input for either side (a side of the input, of its figure, of one object, of a panel, a
count) and takes it times a factor plus a margin. Rules that are longer or read rarer measures cost more; of rules
that say the same for the tests only the cheapest is kept. What is in the grid is not predicted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from medalist.families.arc.grids.cells import COLOURS, LARGEST_SIDE, Grid
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.grids.puzzle import Puzzle

Measures = Mapping[str, int]
_FACTORS = ((1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (1, 2), (1, 3), (1, 4), (1, 5))
_MARGINS = (0, -2, -1, 1, 2, 4)
_MOST_COUNTED = 60


@dataclass(frozen=True)
class SizeRule:
    """Sizes that a rule gives: right for every training output, a prediction for every test.

    ``sizes`` are (height, width) of the outputs that belong to ``Puzzle.inputs``, training pairs first; ``cost`` is
    0 for "the same as the input" and grows with how far-fetched the rule is (constants about 1, counts 4 and more).
    """

    sizes: tuple[tuple[int, int], ...]
    rule: str
    cost: float


def output_sizes(puzzle: Puzzle, most: int = 3) -> tuple[SizeRule, ...]:
    """Up to ``most`` predictions that differ on a test, the cheapest first; empty where no rule holds on all pairs.

    Predicted sides are 1 to 30. Equal up to swapping axes: rows and columns are treated alike.
    """
    measured = [measures(grid) for grid in puzzle.inputs]
    pairs = len(puzzle.train)
    heights = [pair.output.shape[0] for pair in puzzle.train]
    widths = [pair.output.shape[1] for pair in puzzle.train]
    vertical = _axis_rules(measured, heights, "height")
    horizontal = _axis_rules(measured, widths, "width")
    joint: dict[tuple[tuple[int, int], ...], SizeRule] = {}
    for rule_v, cost_v, sides_v in vertical:
        for rule_h, cost_h, sides_h in horizontal:
            alike = rule_v.replace("height", "width") == rule_h
            cost = (cost_v + cost_h) / 2 + (0.0 if alike else 1.0)
            sizes = tuple(zip(sides_v, sides_h, strict=True))
            if sizes not in joint or cost < joint[sizes].cost:
                rule = rule_v if alike else f"{rule_v} x {rule_h}"
                joint[sizes] = SizeRule(sizes, rule, cost)
    ranked = sorted(joint.values(), key=lambda each: (each.cost, each.rule))
    kept: dict[tuple[tuple[int, int], ...], SizeRule] = {}
    for each in ranked:
        kept.setdefault(each.sizes[pairs:], each)
    return tuple(kept.values())[:most]


def _axis_rules(
    measured: Sequence[Measures], wanted: list[int], axis: str
) -> list[tuple[str, float, tuple[int, ...]]]:
    """Rules for one side: text, cost and the sides they give, the cheapest for each distinct prediction."""
    found: dict[tuple[int, ...], tuple[str, float, tuple[int, ...]]] = {}
    for rule, cost, value in _rules(measured, len(set(wanted)) == 1, wanted[0], axis):
        sides = [value(each) for each in measured]
        if sides[: len(wanted)] != wanted:
            continue
        proven = tuple(side for side in sides if side is not None and 1 <= side <= LARGEST_SIDE)
        if len(proven) == len(sides) and (proven not in found or cost < found[proven][1]):
            found[proven] = (rule, cost, proven)
    return sorted(found.values(), key=lambda each: (each[1], each[0]))[:6]


def _rules(
    measured: Sequence[Measures], constant: bool, first: int, axis: str
) -> Iterator[tuple[str, float, Callable[[Measures], int | None]]]:
    if constant:
        yield f"{first}", 1.4, lambda _: first
    shared = [name for name in measured[0] if all(name in each for each in measured)]
    for name in shared:
        side, other = name.endswith("height"), name.endswith("width")
        if (side or other) and not name.endswith(axis):
            across = 1.0
        elif side or other:
            across = 0.0
        else:
            across = 2.0
        varied = len({each[name] for each in measured}) > 1
        base = across + _COSTS.get(name.rpartition(" ")[0] or name, 2.0) + (0.0 if varied else 1.0)
        for times, parts in _FACTORS:
            for margin in _MARGINS:
                cost = (
                    base
                    + (0.0 if times == parts else 0.6)
                    + (0.0 if margin == 0 else 1.2 + 0.1 * abs(margin))
                )
                if margin and times != parts:
                    cost += 1.0
                if name == f"input {axis}" and times == parts and margin == 0:
                    cost = 0.0
                text = name if times == parts else f"{name} * {times}" if parts == 1 else f"{name} / {parts}"
                if margin:
                    text += f" {'+' if margin > 0 else '-'} {abs(margin)}"
                yield text, cost, _line(name, times, parts, margin)


def _line(name: str, times: int, parts: int, margin: int) -> Callable[[Measures], int | None]:
    def value(measured: Measures) -> int | None:
        whole, rest = divmod(measured[name] * times, parts)
        return None if rest else whole + margin

    return value


_COSTS = {
    "input": 0.5,
    "figure": 1.2,
    "panel": 1.2,
    "panels": 1.6,
    "largest": 1.6,
    "smallest": 1.8,
    "frame": 1.8,
}


def measures(grid: Grid) -> dict[str, int]:
    """What a side may be read from, by name; names end in ``height`` or ``width`` where a measure belongs to an axis.

    Measures that make no sense for the grid (no figure, no panels) are left out.
    """
    height, width = grid.shape
    counts = np.bincount(grid.ravel(), minlength=COLOURS)
    ground = int(counts.argmax())
    found = {"input height": height, "input width": width}
    found["longer side"], found["shorter side"] = max(height, width), min(height, width)
    found["colours"] = int((counts > 0).sum())
    found["figure cells"] = height * width - int(counts[ground])
    found["cells"] = height * width
    _measure_box(found, "figure", grid != ground)
    if ground != 0 and counts[0]:
        _measure_box(found, "filled", grid != 0)
    by_count = sorted((int(-counts[c]), c) for c in range(COLOURS) if counts[c] and c != ground)
    if by_count:
        _measure_box(found, "commonest colour", grid == by_count[0][1])
        _measure_box(found, "rarest colour", grid == by_count[-1][1])
        found["cells of commonest"], found["cells of rarest"] = -by_count[0][0], -by_count[-1][0]
    for colour in range(COLOURS):
        if counts[colour]:
            _measure_box(found, f"colour {colour}", grid == colour)
            found[f"cells of {colour}"] = int(counts[colour])
    _measure_objects(found, grid, ground)
    _measure_panels(found, grid)
    found["runs height"] = 1 + int((grid[1:] != grid[:-1]).any(axis=1).sum())
    found["runs width"] = 1 + int((grid[:, 1:] != grid[:, :-1]).any(axis=0).sum())
    found["tile height"], found["tile width"] = _period(grid), _period(grid.T)
    return {name: number for name, number in found.items() if 0 <= number <= _MOST_COUNTED or "input" in name}


def _measure_box(found: dict[str, int], name: str, mask: np.ndarray) -> None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows):
        found[f"{name} height"] = int(rows[-1] - rows[0]) + 1
        found[f"{name} width"] = int(columns[-1] - columns[0]) + 1


def _measure_objects(found: dict[str, int], grid: Grid, ground: int) -> None:
    for by_colour, diagonal in ((False, True), (False, False), (True, True), (True, False)):
        kind = f"{'one-coloured' if by_colour else 'mixed'} {'diagonal' if diagonal else 'orthogonal'}"
        labels = components(grid, ground, diagonal, by_colour)
        sizes = np.bincount(labels.ravel())[1:]
        found[f"{kind} objects"] = len(sizes)
        if not 1 <= len(sizes) <= _MOST_COUNTED:
            continue
        for extreme, size in (("largest", sizes.max()), ("smallest", sizes.min())):
            chosen = np.flatnonzero(sizes == size)
            found[f"cells of {extreme} {kind}"] = int(size)
            if len(chosen) == 1:
                _measure_box(found, f"{extreme} {kind}", labels == int(chosen[0]) + 1)


def _measure_panels(found: dict[str, int], grid: Grid) -> None:
    """Panels between full lines of one colour, where all of them are of one size."""
    for colour in range(COLOURS):
        rows, columns = (grid == colour).all(axis=1), (grid == colour).all(axis=0)
        if rows.all() or not (rows.any() or columns.any()):
            continue
        tall, wide = _gaps(rows), _gaps(columns)
        if len(tall) * len(wide) < 2 or len(set(tall)) > 1 or len(set(wide)) > 1:
            continue
        found["panel height"], found["panel width"] = tall[0], wide[0]
        found["panels height"], found["panels width"] = len(tall), len(wide)
        found["panels"] = len(tall) * len(wide)
        return


def _gaps(lines: np.ndarray) -> list[int]:
    edges = [-1, *np.flatnonzero(lines).tolist(), len(lines)]
    return [after - before - 1 for before, after in pairwise(edges) if after - before > 1]


def _period(grid: Grid) -> int:
    """The smallest number of rows after which the grid repeats itself; all of them where it never does."""
    for rows in range(1, grid.shape[0] // 2 + 1):
        if (grid[rows:] == grid[:-rows]).all():
            return rows
    return grid.shape[0]
