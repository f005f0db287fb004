"""Find the few rules, condition and action, that together explain every changed cell of the training outputs.

Every rule kept is right wherever it fires; the search is a small set cover over changed cells. Rule sets that are
equally good on training pairs vote with their test answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medalist.families.arc.grids.cells import Grid, is_grid, same
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.operators.object_rules import acted
from medalist.families.arc.operators.object_rules_scene import ground_colour
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.object_rules.actions import Able, Learner
from medalist.families.arc.stages.object_rules.cast import Cast, casts
from medalist.families.arc.stages.object_rules.conditions import Asked, joined_conditions, single_conditions
from medalist.families.arc.stages.object_rules.findings import Finding

SPLITS = (
    "four",
    "eight",
    "eight_any",
    "four_any",
    "holes",
    "colours",
    "spaces",
    "panels",
    "regions",
    "cells",
)
SECOND_RULE = 1.0
"""The price of each rule after the first."""

UNSURE = 4.0
"""With nothing cheaper than this two tests at once are tried."""

TRIED = 40
"""Rule sets, the cheapest first, that are carried out on a puzzle."""

ALIKE = 4
"""Rules kept for one set of explained cells."""

MOST_JOINED = 60
"""Objects of a puzzle up to which two tests at once are tried."""

ENOUGH, CHEAP = 40, 1.5
"""With so many findings, one of them cheaper than this, no other way of cutting up is looked at."""

BASES = 300


@dataclass(frozen=True)
class Rule:
    """A literal rule of ``act_on_objects`` with the cells it explains and its price."""

    literal: tuple[Any, ...]
    cover: int
    price: float


def acts(puzzle: Puzzle, ground: int, meter: Meter, found: list[Finding]) -> None:
    """Add to ``found`` what rules over objects explain the puzzle. May raise Spent on the way."""
    learners = [Learner(cast, meter) for cast in casts(puzzle, ground, SPLITS)]
    stock = {learner.cast.split: learner.cast for learner in learners}
    if not learners or not learners[0].change:
        return
    change = learners[0].change
    for joined in (False, True):
        everything: list[Rule] = []
        for learner in learners:
            if joined and learner.cast.trained > MOST_JOINED:
                continue
            conditions = single_conditions(learner.cast)
            if joined:
                conditions = joined_conditions(learner.cast, conditions)
            rules = rules_of(learner.cast, learner.abilities, conditions, meter)
            everything += rules
            _keep(found, puzzle, ground, stock, rule_sets(rules, change, meter), meter)
            if len(found) >= ENOUGH and min(each.price for each in found) < CHEAP:
                break
        if not found:
            _keep(found, puzzle, ground, stock, rule_sets(_fewer(everything), change, meter), meter)
        if any(each.price < UNSURE for each in found):
            break


def rules_of(cast: Cast, able: Sequence[Able], conditions: Sequence[Asked], meter: Meter) -> list[Rule]:
    """Every rule that is right wherever it fires and explains something; a few for each set of cells."""
    found: list[Rule] = []
    for each in able:
        for asked in conditions:
            objects = asked.objects & cast.seen
            if objects & ~each.allowed:
                continue
            cover, rest = 0, objects
            while rest:
                lowest = rest & -rest
                cover |= each.covers[lowest.bit_length() - 1]
                rest ^= lowest
            if cover:
                found.append(
                    Rule((cast.split, asked.condition, each.action), cover, asked.price + each.price)
                )
    meter.spend(1 + len(able) // 20)
    return _fewer(found)


def _fewer(rules: Sequence[Rule]) -> list[Rule]:
    kept: dict[int, int] = {}
    found = []
    for rule in sorted(rules, key=lambda r: (r.price, str(r.literal))):
        kept[rule.cover] = kept.get(rule.cover, 0) + 1
        if kept[rule.cover] <= ALIKE:
            found.append(rule)
    return found


def rule_sets(rules: Sequence[Rule], change: int, meter: Meter) -> list[tuple[float, tuple[Rule, ...]]]:
    """Sets of at most four rules that together explain ``change``, the cheapest first."""
    whole = [(rule.price, (rule,)) for rule in rules if rule.cover == change]
    if len(whole) < TRIED // 2:
        whole += _pairs([rule for rule in rules if rule.cover != change], change, meter)
    if not whole:
        whole += _greedy(rules, change)
    return sorted(whole, key=lambda each: (each[0], str([rule.literal for rule in each[1]])))[:TRIED]


def _pairs(rules: Sequence[Rule], change: int, meter: Meter) -> list[tuple[float, tuple[Rule, ...]]]:
    found = []
    largest = sorted(rules, key=lambda rule: (-rule.cover.bit_count(), rule.price))[:BASES]
    meter.spend(1 + len(largest) // 10)
    for one in largest:
        needed = change & ~one.cover
        if needed.bit_count() > one.cover.bit_count():
            break
        fits = 0
        for other in rules:  # cheapest first
            if other.cover & needed == needed:
                found.append((one.price + other.price + SECOND_RULE, (one, other)))
                fits += 1
                if fits == ALIKE:
                    break
    return found


def _greedy(rules: Sequence[Rule], change: int) -> list[tuple[float, tuple[Rule, ...]]]:
    """Begin with each of a few large rules, then always take what explains most for its price."""
    found = []
    largest = sorted(rules, key=lambda rule: (-rule.cover.bit_count(), rule.price))[:12]
    for one in largest:
        chosen, needed = [one], change & ~one.cover
        while needed and len(chosen) < 4:
            best = max(
                rules, key=lambda rule: ((rule.cover & needed).bit_count() / (1 + rule.price), -rule.price)
            )
            if not best.cover & needed:
                break
            chosen.append(best)
            needed &= ~best.cover
        if not needed:
            found.append(
                (sum(rule.price for rule in chosen) + SECOND_RULE * (len(chosen) - 1), tuple(chosen))
            )
    return found


def _keep(
    found: list[Finding],
    puzzle: Puzzle,
    ground: int,
    stock: dict[str, Cast],
    sets: Sequence[tuple[float, tuple[Rule, ...]]],
    meter: Meter,
) -> None:
    """Carry the rule sets out; those that give every training output and a grid for each test are kept."""
    for price, rules in sets:
        literals = tuple(rule.literal for rule in rules)
        for order in (literals, literals[::-1])[: len(literals)]:
            meter.spend(1)
            answers = list(_answers(puzzle, ground, stock, order))
            if len(answers) == len(puzzle.inputs):
                program = call("act_on_objects", INPUT, ground=ground, rules=order)
                found.append(Finding(program, price, tuple(answers[len(puzzle.train) :])))
                break


def _answers(
    puzzle: Puzzle, ground: int, stock: dict[str, Cast], literals: tuple[Any, ...]
) -> Iterator[Grid]:
    for number, grid in enumerate(puzzle.inputs):
        scenes = {split: stock[split].scenes[number] for split, _, _ in literals}
        try:
            answer = acted(grid, ground_colour(grid, ground), scenes, literals)
        except NoValue:
            return
        if not is_grid(answer) or (
            number < len(puzzle.train) and not same(answer, puzzle.train[number].output)
        ):
            return
        yield answer
