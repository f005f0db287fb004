"""Learning: many consistent rules of a table, weighed by simplicity, vote on what the other grids' outputs are.

Each rule weighs exp(-cost of its symbols and tests), less where it meets combinations of answers to its tests that
no training cell gave. Rules that agree on all test outputs are one answer; its share of all weight, its simplest rule's
cost and its novelty are what confidence is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.cell_rules.rules import (
    Rule,
    Sample,
    by_column,
    classes_of,
    conflicts,
    greedy_rule,
    small_rules,
    small_sets,
)
from medalist.families.arc.stages.cell_rules.tables import FAMILIES, Bits, Table, Values
from medalist.families.arc.stages.cell_rules.targets import Cover, colours_of, covers

GREEDY = (
    ("own", "near"),
    ("own", "ray"),
    ("own", "part", "shape"),
    ("own", "thing", "shape", "group"),
    ("own", "to", "ray"),
    ("own", "line", "place"),
    ("own", "panel"),
    tuple(FAMILIES),
)
"""Families that greedy trees are grown over, one after another."""


@dataclass(frozen=True)
class Effort:
    """How much is tried for each set of symbols."""

    covers: int = 4
    sets: int = 60
    """Small sets of tests."""
    nodes: int = 500
    """Of the search for small sets."""
    lookups: int = 20
    """Trees over one or two columns."""
    lookup_nodes: int = 60
    lookup_leaves: int = 16
    leaves: int = 12
    """Of greedy trees."""
    families: tuple[tuple[str, ...], ...] = GREEDY
    wanted: str | None = None
    """A symbol that every rule must use."""


FULL = Effort()
BRIEF = Effort(covers=3, sets=24, nodes=200, lookups=8, lookup_nodes=24)
"""For pairs left out."""


@dataclass
class Answer:
    """What some rules give for all held-out rows, and the best of them."""

    colours: Values
    weight: float
    best: Rule
    cover: Cover
    cost: float
    novelty: float
    rules: int = 1


@dataclass(frozen=True)
class Learnt:
    answers: list[Answer]
    """By weight, heaviest first."""

    whole: float
    """The weight of all rules."""


def learn(
    table: Table, learned: Bits, asked: Bits, outputs: Values, meter: Meter, effort: Effort = FULL
) -> Learnt:
    """Rules from the rows ``learned`` (a mask), whose ``outputs`` are known, answer the rows ``asked``.

    ``outputs`` has a colour for each learned row, in order.
    """
    rows = np.flatnonzero(learned)
    order = np.concatenate([rows, np.flatnonzero(~learned)])
    view = Table(
        table.grid_of[order],
        {name: values[order] for name, values in table.colours.items()},
        {},
        table.tests,
        table.bits[order],
        table.of_column,
    )
    questions = np.flatnonzero(asked[order])
    costs = np.array([test.cost for test in table.tests])
    answers: dict[bytes, Answer] = {}
    whole = 0.0
    for cover in covers(view, len(rows), outputs, effort.covers, effort.wanted):
        meter.spend()
        sample = Sample.of(view.bits[: len(rows)], cover.valid)
        for rule in _rules(sample, table, costs, effort):
            meter.spend()
            answer = _answered(rule, cover, view.bits, questions, sample)
            if answer is None:
                continue
            whole += answer.weight
            key = answer.colours.tobytes()
            held = answers.setdefault(key, answer)
            if held is not answer:
                held.weight += answer.weight
                held.rules += 1
                if answer.cost < held.cost:
                    held.best, held.cover, held.cost, held.novelty = rule, cover, answer.cost, answer.novelty
    return Learnt(sorted(answers.values(), key=lambda a: (-a.weight, a.cost)), whole)


def _rules(sample: Sample, table: Table, costs: npt.NDArray[np.float64], effort: Effort) -> Iterator[Rule]:
    if sample.valid.all(axis=0).any():
        yield Rule(int(np.argmax(sample.valid.all(axis=0))), (), 1, 0.0)
        return
    if not len(table.tests):
        return
    separated = conflicts(sample)
    if not separated.any(axis=1).all():
        return
    yield from _lookups(sample, separated, table, costs, effort)
    yield from small_rules(sample, separated, costs, effort.nodes, effort.sets)
    owner = [test.column.split(" ")[0] for test in table.tests]
    seen = set()
    for some in effort.families:
        allowed = np.array([i for i, family in enumerate(owner) if family in (*some, "other")], np.int64)
        if len(allowed):
            rule = greedy_rule(sample, allowed, costs, effort.leaves)
            if rule is not None and rule.tree not in seen:
                seen.add(rule.tree)
                yield rule


def _lookups(
    sample: Sample, separated: Bits, table: Table, costs: npt.NDArray[np.float64], effort: Effort
) -> Iterator[Rule]:
    """Trees over the tests of one or two columns that tell everything apart between them."""
    if not table.of_column:
        return
    whole, column_costs, members = by_column(separated, costs, table.of_column)
    for taken, chosen in enumerate(small_sets(whole, column_costs, effort.lookup_nodes)):
        if taken >= effort.lookups or len(chosen) > 2:
            return
        allowed = np.concatenate([members[number] for number in chosen])
        rule = greedy_rule(sample, allowed, costs, effort.lookup_leaves)
        if rule is not None:
            price = float(column_costs[list(chosen)].sum()) + 0.5 * rule.leaves
            yield Rule(rule.tree, rule.tests, rule.leaves, min(price, rule.cost))


def _answered(
    rule: Rule, cover: Cover, bits: Bits, questions: npt.NDArray[np.int64], sample: Sample
) -> Answer | None:
    """None where the rule names a colour that is not there."""
    classes = classes_of(rule.tree, bits[questions])
    colours = colours_of(cover, questions, classes)
    if (colours < 0).any():
        return None
    used = list(rule.tests)[:30]
    scale = 1 << np.arange(len(used))
    novelty = float((~np.isin(bits[questions][:, used] @ scale, sample.bits[:, used] @ scale)).mean())
    new = 0.0 if novelty == 0 else 1.0 + min(3.0, 20.0 * novelty)
    cost = cover.cost + rule.cost + new
    return Answer(colours, float(np.exp(-cost)), rule, cover, cost, novelty)
