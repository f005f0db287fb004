"""Rules that are applied until nothing changes: lines that grow, floods, automata.

A rule is a conjunction of tests on a cell and its neighbours that must hold nowhere in the finished outputs and on no
cell that stays; so its negatives are known although the states between input and output are not. Rules that, applied
to the inputs to the end, change nothing wrongly are sound; sound rules are joined until all outputs are reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import COLOURS, Grid
from medalist.families.arc.grids.puzzle import Pair
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.operators.cell_rules import STEPS, grown_once
from medalist.families.arc.operators.local_colours import WAYS, usual_background
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.cell_rules.tables import Bits, Table, build_table

PER_SYMBOL = 14
"""Conjunctions tried per symbol."""

RULES = 24
EXTENDED = 40
WORDS = 200
"""Of more tests than this, only the cheapest are used."""
SIMULATION = 10
"""States that one simulation counts as."""


VOCABULARIES = (("own", "near"),)
"""What conditions may speak of, tried one after another."""


def learn_growth(
    pairs: Sequence[Pair], background: int, families: tuple[str, ...], meter: Meter
) -> tuple[Any, ...] | None:
    """Rules for ``grow_by_rules`` that turn every input into its output; None where none are found."""
    if not any((pair.input != pair.output).any() for pair in pairs):
        return None
    candidates = sorted(_conjunctions(pairs, background, families), key=lambda each: (-each[0], str(each[1])))
    sound: list[tuple[int, tuple[Any, ...]]] = []
    known: set[Any] = set()
    for _, rule in candidates:
        for together in (_turned_ways(rule), (rule,)):
            if together in known or not together:
                continue
            known.add(together)
            meter.spend(SIMULATION)
            right = _simulated(pairs, background, together)
            if right is not None and right > 0:
                sound.append((right, together))
                break
    return _joined(pairs, background, sound, meter)


def _turned_ways(rule: Any) -> tuple[Any, ...]:
    """The rule in every direction that turning and mirroring gives it; empty where it names none, or no turn of it."""
    leaf, conditions = rule
    words = [leaf] if isinstance(leaf, str) else []
    words += [word for condition in conditions for word in condition[:3] if isinstance(word, str)]
    if any("across" in word or "row" in word or "column" in word for word in words):
        return ()
    found = []
    for turn in range(8):
        names = {name: _turned_way(down, right, turn) for name, down, right in WAYS}
        found.append(
            (
                _renamed(leaf, names),
                tuple(
                    (_renamed(column, names), test, _renamed(value, names), whether)
                    for column, test, value, whether in conditions
                ),
            )
        )
    distinct = tuple(dict.fromkeys(found))
    return distinct if len(distinct) > 1 else ()


def _turned_way(down: int, right: int, turn: int) -> str:
    """The name of a direction after ``turn % 4`` quarter turns, mirrored from 4 on."""
    if turn >= 4:
        right = -right
    for _ in range(turn % 4):
        down, right = -right, down
    return next(name for name, *way in WAYS if way == [down, right])


def _renamed(word: Any, names: dict[str, str]) -> Any:
    return " ".join(names.get(each, each) for each in word.split(" ")) if isinstance(word, str) else word


def _joined(
    pairs: Sequence[Pair], background: int, sound: list[tuple[int, tuple[Any, ...]]], meter: Meter
) -> tuple[Any, ...] | None:
    """The soundest rules joined while each adds cells that become right and none that becomes wrong."""
    wanted = sum(int((pair.input != pair.output).sum()) for pair in pairs)
    sound.sort(key=lambda each: (-each[0], len(each[1][0][1]), str(each[1])))
    rules: tuple[Any, ...] = ()
    reached = 0
    for _, together in sound:
        meter.spend(SIMULATION)
        right = _simulated(pairs, background, (*rules, *together))
        if right is not None and right > reached:
            rules, reached = (*rules, *together), right
        if reached == wanted:
            return rules
        if len(rules) >= RULES:
            break
    return None


def _simulated(pairs: Sequence[Pair], background: int, rules: tuple[Any, ...]) -> int | None:
    """How many cells come right in the end; None as soon as one turns wrong, or no end comes."""
    right = 0
    for pair in pairs:
        grid = pair.input
        usual = usual_background(grid) if background < 0 else background
        for step in range(STEPS):
            try:
                after = grown_once(grid, usual, rules)
            except NoValue:
                return None
            moved = after != grid
            if not moved.any():
                break
            if (after != pair.output)[moved].any() or step == STEPS - 1:
                return None
            grid = after
        right += int(((grid == pair.output) & (pair.input != pair.output)).sum())
    return right


def _conjunctions(
    pairs: Sequence[Pair], background: int, families: tuple[str, ...]
) -> Iterator[tuple[float, Any]]:
    """(score, rule): tests that hold on changed cells of the inputs, on none that stays and nowhere in outputs."""
    grids: list[Grid] = [pair.input for pair in pairs] + [pair.output for pair in pairs]
    table = build_table(grids, len(grids), background, families)
    outputs = np.concatenate([pair.output.ravel() for pair in pairs] * 2).astype(np.int16)
    cells = table.colours["own"]
    changed = cells != outputs
    start = _common_start(table, changed)
    if start is None or not len(table.tests):
        return
    first, here = start
    some = [n for n, test in enumerate(table.tests) if not test.column.startswith("own ")][:WORDS]
    bits = table.bits[:, some]
    some = [n for n, held in zip(some, bits[here].T, strict=True) if held.any() and not held.all()]
    literals = np.concatenate([table.bits[:, some], ~table.bits[:, some]], axis=1)
    costs = np.array([table.tests[n].cost for n in some] * 2)
    costs[len(some) :] += 0.3
    if not some:
        return
    negative = np.unique(literals[here & ~changed], axis=0).astype(np.float32)
    colours = sorted({int(colour) for colour in outputs[changed]})
    leaves: list[int | str] = [*colours, *(f"near {way[0]}" for way in WAYS)]
    for leaf in leaves:
        values = cells * 0 + leaf if isinstance(leaf, int) else table.colours[leaf]
        fits = changed & (values == outputs)
        if not fits.any():
            continue
        positive, times = np.unique(literals[fits], axis=0, return_counts=True)
        for chosen, score in _separating(positive, times, negative, costs):
            conditions = tuple(_literal(table, some, int(number)) for number in chosen)
            yield score, (leaf, (*first, *conditions))


def _common_start(table: Table, changed: Bits) -> tuple[Any, Bits] | None:
    """What all cells that change are before: background, or one colour; with where that holds. None otherwise."""
    own = table.colours["own"]
    usual = table.colours["background"]
    if (own[changed] == usual[changed]).all():
        return (("own", "same as", "background", True),), own == usual
    for colour in range(COLOURS):
        if (own[changed] == colour).all():
            return (("own", "is", colour, True),), own == colour
    return None


def _literal(table: Table, some: list[int], number: int) -> tuple[Any, ...]:
    test = table.tests[some[number % len(some)]]
    return (test.column, test.test, test.value, number < len(some))


def _separating(
    positive: Bits, times: np.ndarray, negative: np.ndarray, costs: np.ndarray
) -> list[tuple[tuple[int, ...], float]]:
    """Sets of one to three literals that hold on positives and on no negative, best first."""
    weighted = positive.astype(np.float32) * times[:, None]
    both = positive.T.astype(np.float32) @ weighted
    wrong = negative.T @ negative if len(negative) else np.zeros_like(both)
    whole = float(times.sum())
    found: list[tuple[tuple[int, ...], float]] = []
    price = costs[:, None] + costs[None]
    np.fill_diagonal(price, costs)
    score = 10.0 * np.sqrt(both / whole) - price
    good = (wrong == 0) & (both > 0) & np.triu(np.ones_like(both, bool))
    for flat in np.argsort(np.where(good, -score, np.inf), axis=None)[:PER_SYMBOL]:
        one, other = divmod(int(flat), len(costs))
        if good[one, other]:
            found.append((tuple(sorted({one, other})), float(score[one, other])))
    purity = np.where((both > 0) & (wrong > 0) & np.triu(np.ones_like(both, bool)), score - wrong, -np.inf)
    for flat in np.argsort(-purity, axis=None)[:EXTENDED]:
        one, other = divmod(int(flat), len(costs))
        if one == other or not np.isfinite(purity[one, other]):
            continue
        left = negative[(negative[:, one] > 0) & (negative[:, other] > 0)]
        held = weighted[positive[:, one] & positive[:, other]].sum(axis=0)
        third = 10.0 * np.sqrt(held / whole) - costs - price[one, other]
        third[(left.sum(axis=0) > 0) | (held == 0)] = -np.inf
        best = int(np.argmax(third))
        if np.isfinite(third[best]):
            found.append((tuple(sorted((one, other, best))), float(third[best])))
    return sorted(found, key=lambda each: (-each[1], each[0]))[:PER_SYMBOL]
