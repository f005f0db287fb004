"""Rules found in a table: the smallest sets of tests that tell apart what must differ, and trees over them.

Two rows conflict when no symbol explains both. A set of tests that separates every conflict is a rule: the sets of
one, two and three tests are found as hitting sets of a sample of close conflicts and then checked against all rows.
Where there are none, trees grow greedily, by information gain less what a test costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medalist.families.arc.stages.cell_rules.tables import Bits, Test

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rule:
    """A tree whose inner nodes are (test number, yes, no) and whose leaves are numbers of symbols."""

    tree: Any
    tests: tuple[int, ...]
    leaves: int
    cost: float


@dataclass(frozen=True)
class Sample:
    """Training rows without repetition: ``bits`` of the tests, ``valid`` symbols, how many rows each stands for."""

    bits: Bits
    valid: Bits
    weight: Numbers

    @classmethod
    def of(cls, bits: Bits, valid: Bits) -> Sample:
        packed = np.packbits(np.concatenate([bits, valid], axis=1), axis=1)
        keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, counts = np.unique(keys, return_index=True, return_counts=True)
        order = np.argsort(first)
        return cls(bits[first[order]], valid[first[order]], counts[order].astype(np.int64))


ANCHORS = 240
NEAREST = 3


def conflicts(sample: Sample) -> Bits:
    """Which tests separate each of some pairs of conflicting rows, shape (pairs, tests): close pairs, evenly chosen.

    Rows explained by few symbols' rivals are anchors; each brings its nearest conflicting rows and a far one.
    """
    kinds, kind_of = np.unique(sample.valid, axis=0, return_inverse=True)
    kind_of = kind_of.ravel()
    anchors: list[int] = []
    share = max(8, ANCHORS // max(len(kinds), 1))
    for kind in range(len(kinds)):
        rows = np.flatnonzero(kind_of == kind)
        anchors += rows[np.linspace(0, len(rows) - 1, min(share, len(rows))).round().astype(int)].tolist()
    anchors = anchors[: 2 * ANCHORS]
    signs = sample.bits.astype(np.float32) * 2 - 1
    alike = signs[anchors] @ signs.T
    clash = ~(kinds[kind_of[anchors]].astype(np.int16) @ sample.valid.T.astype(np.int16)).astype(bool)
    alike[~clash] = -np.inf
    found: list[tuple[int, int]] = []
    for place, anchor in enumerate(anchors):
        rivals = np.flatnonzero(clash[place])
        if not len(rivals):
            continue
        near = np.argsort(-alike[place], kind="stable")[: min(NEAREST, len(rivals))].tolist()
        near.append(int(rivals[(place * 7919) % len(rivals)]))
        found += [(anchor, other) for other in near]
    pairs = np.array(found, np.int64).reshape(-1, 2)
    return np.unique(sample.bits[pairs[:, 0]] ^ sample.bits[pairs[:, 1]], axis=0)


def by_column(
    separated: Bits, costs: npt.NDArray[np.float64], of_column: dict[str, tuple[int, ...]]
) -> tuple[Bits, npt.NDArray[np.float64], list[Numbers]]:
    """Which whole columns separate the pairs, what each costs, and the numbers of each one's tests."""
    members = [np.array(numbers, np.int64) for numbers in of_column.values()]
    whole = np.stack([separated[:, numbers].any(axis=1) for numbers in members], axis=1)
    return whole, np.array([float(costs[numbers].min()) for numbers in members]), members


def small_sets(separated: Bits, costs: npt.NDArray[np.float64], most_nodes: int) -> Iterator[tuple[int, ...]]:
    """Sets of one, two and three tests that separate every pair, those of cheap tests first within a size."""
    if not len(separated) or not separated.any(axis=1).all():
        return
    nodes = 0
    seen: set[tuple[int, ...]] = set()
    frontier: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for size in (1, 2, 3):
        grown: list[tuple[float, tuple[int, ...]]] = []
        for cost, chosen in sorted(frontier):
            nodes += 1
            if nodes > most_nodes:
                return
            left = separated if not chosen else separated[~separated[:, list(chosen)].any(axis=1)]
            if size < 3:
                hardest = left[int(np.argmin(left.sum(axis=1)))]
                for test in np.flatnonzero(hardest):
                    grown.append((cost + float(costs[test]), (*chosen, int(test))))
            whole = np.flatnonzero(left.all(axis=0))
            for test in whole[np.argsort(costs[whole], kind="stable")]:
                key = tuple(sorted((*chosen, int(test))))
                if len(set(key)) == size and key not in seen:
                    seen.add(key)
                    yield key
        frontier = [each for each in grown if tuple(sorted(each[1])) not in seen]


def rule_of(sample: Sample, tests: tuple[int, ...], costs: npt.NDArray[np.float64]) -> Rule | None:
    """The tree over these tests alone that explains every row; None where they do not suffice."""
    bits = sample.bits[:, list(tests)]
    keys = bits @ (1 << np.arange(len(tests)))
    groups = np.unique(keys)
    valid = np.stack([sample.valid[keys == key].all(axis=0) for key in groups])
    if not valid.any(axis=1).all():
        return None
    weight = np.array([sample.weight[keys == key].sum() for key in groups])
    cells = (groups[:, None] >> np.arange(len(tests)) & 1).astype(bool)
    grown = _grow(cells, valid, weight, np.array(tests), costs * 0.01, 99, -1e-6)
    if grown is None:
        return None
    tree, leaves = grown
    return Rule(tree, tests, leaves, float(costs[list(tests)].sum()))


def greedy_rule(
    sample: Sample, allowed: Numbers, costs: npt.NDArray[np.float64], most_leaves: int, scale: float = 0.02
) -> Rule | None:
    """A tree grown by gain over the ``allowed`` tests; None where it would need more leaves, or cannot."""
    grown = _grow(
        sample.bits[:, allowed], sample.valid, sample.weight, allowed, costs * scale, most_leaves, 1e-6
    )
    if grown is None:
        return None
    tree, leaves = grown
    used = tuple(sorted(_tests_in(tree)))
    return Rule(tree, used, leaves, float(costs[list(used)].sum()) + 0.5 * max(0, leaves - len(used) - 1))


def _tests_in(tree: Any) -> set[int]:
    return {tree[0]} | _tests_in(tree[1]) | _tests_in(tree[2]) if isinstance(tree, tuple) else set()


def _grow(
    bits: Bits,
    valid: Bits,
    weight: Numbers,
    names: Numbers,
    costs: npt.NDArray[np.float64],
    most: int,
    least: float,
) -> Any:
    """(tree, leaves), or None. ``costs`` are by test number and lower a test's gain."""
    leaves = 0
    used: set[int] = set()

    def grow(rows: Numbers) -> Any:
        nonlocal leaves
        common = valid[rows].all(axis=0)
        if common.any():
            leaves += 1
            return int(np.argmax(common))
        labels = _labels(valid[rows], weight[rows])
        gains = _gains(bits[rows], labels, weight[rows], valid.shape[1])
        price = costs[names].copy()
        price[[place for place, name in enumerate(names) if int(name) in used]] *= 0.3
        split = (gains > least) & (bits[rows].any(axis=0)) & ~bits[rows].all(axis=0)
        if not split.any() or leaves >= most:
            return None
        best = int(np.argmax(np.where(split, gains - price, -np.inf)))
        used.add(int(names[best]))
        here = bits[rows, best]
        yes = grow(rows[here])
        no = grow(rows[~here]) if yes is not None else None
        return None if yes is None or no is None else (int(names[best]), yes, no)

    tree = grow(np.arange(len(bits)))
    return None if tree is None or leaves > most else (tree, leaves)


def _labels(valid: Bits, weight: Numbers) -> Numbers:
    """One symbol a row: the one that explains most rows, wherever it is valid, and so on with the rest."""
    labels = np.full(len(valid), -1, np.int64)
    for symbol in np.argsort(-(valid * weight[:, None]).sum(axis=0), kind="stable"):
        labels[(labels < 0) & valid[:, symbol]] = symbol
    return labels


def _gains(bits: Bits, labels: Numbers, weight: Numbers, symbols: int) -> npt.NDArray[np.float64]:
    """The share of the labels' entropy that each test takes away."""
    marks = np.zeros((symbols, len(labels)), np.float32)
    marks[labels, np.arange(len(labels))] = np.sqrt(weight)
    yes = (marks @ bits.astype(np.float32)).astype(np.float64)
    whole = marks.sum(axis=1).astype(np.float64)[:, None]
    left = _entropy(yes) + _entropy(np.maximum(whole - yes, 0.0))
    return 1.0 - left / max(float(_entropy(whole)[0]), 1e-9)


def _entropy(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    total = counts.sum(axis=0)
    parts = np.where(counts > 0, counts * np.log(np.maximum(counts, 1e-12)), 0.0).sum(axis=0)
    return total * np.log(np.maximum(total, 1e-12)) - parts


def classes_of(tree: Any, bits: Bits) -> Numbers:
    """The leaf of every row."""
    found = np.zeros(len(bits), np.int64)
    open_nodes = [(tree, np.arange(len(bits)))]
    while open_nodes:
        node, rows = open_nodes.pop()
        if isinstance(node, tuple):
            here = bits[rows, node[0]]
            open_nodes += [(node[1], rows[here]), (node[2], rows[~here])]
        else:
            found[rows] = node
    return found


def written(tree: Any, tests: tuple[Test, ...], symbols: tuple[int | str, ...]) -> Any:
    """The tree as operators take it, with tests and symbols spelt out."""
    if not isinstance(tree, tuple):
        return symbols[tree]
    test = tests[tree[0]]
    yes, no = written(tree[1], tests, symbols), written(tree[2], tests, symbols)
    return yes if yes == no else (test.column, test.test, test.value, yes, no)
