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
    codes: Numbers
    """The valid symbols of each row as bits of a number."""

    @classmethod
    def of(cls, bits: Bits, valid: Bits) -> Sample:
        packed = np.packbits(np.concatenate([bits, valid], axis=1), axis=1)
        keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, counts = np.unique(keys, return_index=True, return_counts=True)
        order = np.argsort(first)
        valid = valid[first[order]]
        codes = valid @ (1 << np.arange(valid.shape[1], dtype=np.int64))
        return cls(bits[first[order]], valid, counts[order].astype(np.int64), codes)


ANCHORS = 160
NEAREST = 3
ROUNDS = 5
WITNESSES = 24
"""So many failures, and the search for small sets begins anew with what they teach."""


def conflicts(sample: Sample) -> Bits:
    """Which tests separate each of some pairs of conflicting rows, shape (pairs, tests): close pairs, evenly chosen.

    Rows explained by few symbols' rivals are anchors; each brings its nearest conflicting rows and a far one.
    """
    kinds, kind_of = np.unique(sample.valid, axis=0, return_inverse=True)
    kind_of = kind_of.ravel()
    anchors: list[int] = []
    share = max(6, ANCHORS // max(len(kinds), 1))
    for kind in range(len(kinds)):
        rows = np.flatnonzero(kind_of == kind)
        anchors += rows[np.linspace(0, len(rows) - 1, min(share, len(rows))).round().astype(int)].tolist()
    anchors = anchors[: ANCHORS * 3 // 2]
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
    """Sets of one, two and three tests that separate every pair, those of cheap tests first within a size.

    A set grows by the tests that separate the pair hardest to separate of those still left; pairs are kept as bits of
    64-bit words, one row of words a test.
    """
    if not len(separated) or not separated.any(axis=1).all():
        return
    separated = separated[np.argsort(separated.sum(axis=1), kind="stable")]
    words = _words(separated)
    whole = _words(np.ones((len(separated), 1), bool))[0]
    nodes = 0
    seen: set[tuple[int, ...]] = set()
    frontier: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for size in (1, 2, 3):
        grown: list[tuple[float, tuple[int, ...]]] = []
        for cost, chosen in sorted(frontier):
            nodes += 1
            if nodes > most_nodes:
                return
            covered = np.bitwise_or.reduce(words[list(chosen)], axis=0) if chosen else np.zeros_like(whole)
            if size < 3:
                missing = np.unpackbits(~covered.view(np.uint8), count=len(separated))
                hardest = separated[int(np.argmax(missing))]
                some = np.flatnonzero(hardest)
                some = some[np.argsort(costs[some], kind="stable")][: most_nodes // size]
                grown += [(cost + float(costs[test]), (*chosen, int(test))) for test in some]
            complete = np.flatnonzero(((words | covered) == whole).all(axis=1))
            for test in complete[np.argsort(costs[complete], kind="stable")]:
                key = tuple(sorted((*chosen, int(test))))
                if len(set(key)) == size and key not in seen:
                    seen.add(key)
                    yield key
        frontier = [each for each in grown if tuple(sorted(each[1])) not in seen]


def _words(separated: Bits) -> npt.NDArray[np.uint64]:
    """(tests, words): for each test a bit a pair."""
    packed = np.packbits(separated, axis=0).T
    width = -(-packed.shape[1] // 8) * 8
    padded = np.zeros((len(packed), width), np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)


def small_rules(
    sample: Sample, separated: Bits, costs: npt.NDArray[np.float64], most_nodes: int, most: int
) -> Iterator[Rule]:
    """Rules of one to three tests, ``most`` at most. Sets that fail on all rows tell which pairs were missing."""
    tried: set[tuple[int, ...]] = set()
    found = 0
    for _ in range(ROUNDS):
        missing: list[Bits] = []
        for chosen in small_sets(separated, costs, most_nodes):
            if chosen in tried:
                continue
            tried.add(chosen)
            rule, pair = rule_of(sample, chosen, costs)
            if rule is not None:
                yield rule
                found += 1
                if found >= most:
                    return
            elif pair is not None:
                missing.append(sample.bits[pair[0]] ^ sample.bits[pair[1]])
                if len(missing) >= WITNESSES:
                    break
        if not missing:
            return
        separated = np.concatenate([separated, np.unique(np.stack(missing), axis=0)])


def rule_of(
    sample: Sample, tests: tuple[int, ...], costs: npt.NDArray[np.float64]
) -> tuple[Rule | None, tuple[int, int] | None]:
    """The tree over these tests alone that explains every row; or None and two rows that they fail to tell apart."""
    keys = sample.bits[:, list(tests)] @ (1 << np.arange(len(tests)))
    groups, valid, weight = [], [], []
    for key in range(1 << len(tests)):
        rows = np.flatnonzero(keys == key)
        if not len(rows):
            continue
        common = int(np.bitwise_and.reduce(sample.codes[rows]))
        if not common:
            clash = np.flatnonzero((sample.codes[rows] & sample.codes[rows[0]]) == 0)
            return None, (int(rows[0]), int(rows[clash[0]])) if len(clash) else None
        groups.append(key)
        valid.append([bool(common >> symbol & 1) for symbol in range(sample.valid.shape[1])])
        weight.append(int(sample.weight[rows].sum()))
    cells = (np.array(groups)[:, None] >> np.arange(len(tests)) & 1).astype(bool)
    grown = _grow(cells, np.array(valid), np.array(weight), np.array(tests), costs * 0.01, 99, -1e-6)
    if grown is None:
        return None, None
    tree, leaves = grown
    return Rule(tree, tests, leaves, float(costs[list(tests)].sum())), None


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
