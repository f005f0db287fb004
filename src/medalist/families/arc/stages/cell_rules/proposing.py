"""The stage of cell rules: growth first, being cheap and nearly always right, then rules over all that surrounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import INPUT, Program, call
from medalist.families.arc.solving.stage import Meter, Proposal
from medalist.families.arc.stages.cell_rules import confidence
from medalist.families.arc.stages.cell_rules.growth import VOCABULARIES, learn_growth
from medalist.families.arc.stages.cell_rules.learn import BRIEF, FULL, Effort, learn
from medalist.families.arc.stages.cell_rules.rules import written
from medalist.families.arc.stages.cell_rules.tables import (
    FAMILIES,
    Table,
    Values,
    build_table,
    puzzle_background,
)

ANSWERS = 4
DEAR = 18.0
"""A best rule that costs more is hardly ever right; no pair is left out to see."""


@dataclass(frozen=True)
class CellRules:
    """Proposes nothing for puzzles whose grids change their shape."""

    name: str = "cell rules"
    states: int = 20000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        if not puzzle.same_shape:
            return
        background = puzzle_background(puzzle.inputs)
        yield from _grown(puzzle, background, meter)
        yield from _ruled(puzzle, background, meter)


def _grown(puzzle: Puzzle, background: int, meter: Meter) -> Iterator[Proposal]:
    """Rules that are applied until nothing changes."""
    for families in VOCABULARIES:
        rules = learn_growth(puzzle.train, background, families, meter)
        if rules is None:
            continue
        program = call("grow_by_rules", INPUT, background=background, rules=rules)
        held = _grown_held_out(puzzle.train, background, families, meter)
        yield Proposal(
            program,
            confidence.of_growth(held, len(rules)),
            f"{len(rules)} rules grow until nothing changes; right on {held:.0%} of left-out pairs",
        )
        return


def _grown_held_out(
    pairs: tuple[Pair, ...], background: int, families: tuple[str, ...], meter: Meter
) -> float:
    right = 0
    for number, pair in enumerate(pairs):
        rest = pairs[:number] + pairs[number + 1 :]
        rules = learn_growth(rest, background, families, meter) if rest else None
        if rules is not None:
            found = call("grow_by_rules", INPUT, background=background, rules=rules).answer(pair.input)
            right += found is not None and bool((found == pair.output).all())
    return right / len(pairs)


def _ruled(puzzle: Puzzle, background: int, meter: Meter) -> Iterator[Proposal]:
    """Rules over everything that surrounds a cell."""
    table = build_table(puzzle.inputs, len(puzzle.train), background, tuple(FAMILIES))
    yield from proposed(
        puzzle, table, lambda tree: call("by_tree", INPUT, background=background, tree=tree), 1.0, FULL, meter
    )


def proposed(
    puzzle: Puzzle,
    table: Table,
    program_of: Callable[[Any], Program],
    believed: float,
    effort: Effort,
    meter: Meter,
) -> Iterator[Proposal]:
    """The best answers of what a table teaches; ``believed`` lowers their confidence."""
    train = len(puzzle.train)
    outputs = np.concatenate([pair.output.ravel() for pair in puzzle.train]).astype(np.int16)
    learned = table.grid_of < train
    learnt = learn(table, learned, ~learned, outputs, meter, effort)
    if not learnt.answers:
        return
    brief = replace(BRIEF, wanted=effort.wanted)
    held = held_out(table, train, outputs, meter, brief) if learnt.answers[0].cost < DEAR else 0.0
    for place, answer in enumerate(learnt.answers[:ANSWERS]):
        tree = written(answer.best.tree, table.tests, answer.cover.symbols)
        share = answer.weight / learnt.whole
        yield Proposal(
            program_of(tree),
            believed * confidence.of_answer(held, answer.cost, share, place == 0),
            f"{len(answer.best.tests)} tests, {answer.rules} rules agree, {held:.2f} of left-out pairs, "
            f"cost {answer.cost:.1f}, share {share:.2f}, novelty {answer.novelty:.3f}",
        )


def held_out(table: Table, train: int, outputs: Values, meter: Meter, effort: Effort) -> float:
    """The share of pairs whose output is the first answer of what the other pairs teach."""
    if train < 2:
        return 0.0
    right = 0
    for pair in range(train):
        asked = table.grid_of == pair
        learned = (table.grid_of < train) & ~asked
        whole = table.grid_of[table.grid_of < train]
        learnt = learn(table, learned, asked, outputs[whole != pair], meter, effort)
        right += bool(learnt.answers) and bool((learnt.answers[0].colours == outputs[whole == pair]).all())
    return right / train


stage = CellRules()
