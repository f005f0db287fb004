"""Greedy composition: outputs built of layers that bottom-up search found.

After icecuber's solver for the ARC contest of 2020 (its heart, by its author's account): of all values of the
output's size, repeatedly the one that is never wrong where nothing covers it yet and that covers the most, laid under
those before it. What is lowest must cover the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from math import exp
from typing import overload

import numpy as np

from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import Program
from medalist.families.arc.solving.stage import Meter, Proposal, Spent
from medalist.families.arc.solving.states import explored
from medalist.families.arc.solving.views import View, coarse_views, colour_views
from medalist.families.arc.stages.composition_layers import Greedy, Layer, Layers, Stack, Words
from medalist.families.arc.stages.composition_tables import tables

_STARTS = 12
_MOST_LAYERS = 7
_MOST_TABLES = 6
_ENOUGH = 0.45
"""No more is tried once a proposal is believed this much."""
_LAST = 4
"""Rounds before the last one."""
NEAR = 0.01
"""The confidence of what leaves cells of training outputs."""


class Composition:
    """Stacks of layers that give every training output, on the puzzle as it is and on views of it."""

    name = "composition"
    states = 64_000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        """Further rounds, with more states or on another view, only while nothing is believed enough."""
        believed = 0.0
        nearest: Proposal | None = None
        for number, (view, most) in enumerate(_rounds(puzzle)):
            layers, spent = gathered(view.puzzle, meter, most)
            found = [*_stacked(layers), *(_tabulated(view.puzzle, layers) if number < _LAST else ())]
            for each in sorted(_agreeing(view.puzzle, found), key=lambda each: -each.confidence):
                if each.confidence > NEAR:
                    believed = max(believed, each.confidence)
                    yield Proposal(view.bring(each.program), each.confidence, each.why)
                elif nearest is None:
                    nearest = Proposal(view.bring(each.program), NEAR, each.why)
            if spent or believed >= _ENOUGH:
                break
        if nearest is not None and not believed:
            yield nearest


def _agreeing(puzzle: Puzzle, found: Sequence[Proposal]) -> Iterator[Proposal]:
    """The proposals, believed more where others give the same answers too, and less where others give different ones."""
    groups: dict[bytes, list[Proposal]] = {}
    for each in found:
        answers = [each.program.answer(test) for test in puzzle.tests]
        if all(answer is not None for answer in answers):
            groups.setdefault(fingerprint(answers), []).append(each)
    total = sum(each.confidence for each in found)
    for group in groups.values():
        share = sum(each.confidence for each in group) / total
        for each in group:
            if each.confidence <= NEAR:
                yield each
            else:
                yield Proposal(each.program, min(0.95, each.confidence * (0.85 + 0.25 * share)), each.why)


def _rounds(puzzle: Puzzle) -> Iterator[tuple[View, int]]:
    """Views with the states to try on each: the puzzle as it is, views of it, then the puzzle with many more."""
    raw = View("as it is", puzzle, lambda program: program)
    yield raw, 12_000
    for view in islice(chain(coarse_views(puzzle), colour_views(puzzle)), _LAST - 1):
        yield view, 7_000
    yield raw, 32_000


def _stacked(layers: Layers) -> Iterator[Proposal]:
    """Complete stacks; where there is none, the one that leaves the fewest cells, over the first state there is."""
    if not layers.layers or not layers.sized:
        return
    greedy = Greedy(layers)
    nothing = np.zeros_like(layers.pair_bits(0))
    stacks = list(greedy.stacks(nothing, _STARTS, _MOST_LAYERS))
    found = [each for each in stacks if not each.left]
    if not found:
        for each in sorted(stacks, key=lambda each: each.left)[:1]:
            program = program_of(layers, each, layers.sized[0].program)
            yield Proposal(program, NEAR, f"layers that leave {each.left} cells")
        return
    borne = _left_out(layers, greedy)
    least = min(each.cost for each in found)
    for each in found:
        program = program_of(layers, each)
        if program is not None:
            believed = confidence(each, borne, least)
            yield Proposal(program, believed, f"{len(each.chosen)} layers that are never wrong")


def _tabulated(puzzle: Puzzle, layers: Layers) -> Iterator[Proposal]:
    found = sorted(tables(puzzle, layers.sized), key=lambda each: each.cost - 4 * each.borne)
    for each in found[:_MOST_TABLES]:
        believed = max(0.1, 0.45 * each.borne + 0.4 - 0.06 * each.cost)
        yield Proposal(each.program, believed, "a table of two pictures of the output's size")


def gathered(puzzle: Puzzle, meter: Meter, most: int) -> tuple[Layers, bool]:
    """The layers of the first ``most`` states, or of as many as the meter lets try; whether it is spent."""
    layers = Layers(puzzle, grounds_of(puzzle))
    try:
        for state in explored(puzzle).run(meter, most):
            layers.add(state)
    except Spent:
        return layers, True
    return layers, False


def grounds_of(puzzle: Puzzle) -> tuple[int, ...]:
    """Colours that may be clear: 0, and the most frequent of all inputs."""
    counts = np.bincount(np.concatenate([grid.ravel() for grid in puzzle.inputs]), minlength=10)
    return tuple(dict.fromkeys((0, int(counts.argmax()))))


def _left_out(layers: Layers, greedy: Greedy) -> float:
    """The share of pairs that a stack found without them gives."""
    pairs = len(layers.puzzle.train)
    borne = 0
    for number in range(pairs):
        without = layers.pair_bits(number)
        for each in greedy.stacks(without, 1, _MOST_LAYERS):
            borne += not each.left and _covers(greedy, each, without)
    return borne / pairs


def _covers(greedy: Greedy, stack: Stack, cells: Words) -> bool:
    """Whether a stack is right on all of the ``cells``."""
    for each in stack.chosen:
        if (greedy.wrong[each] & cells).any():
            return False
        cells = cells & ~greedy.right[each]
    return not cells.any()


@overload
def program_of(layers: Layers, stack: Stack) -> Program | None: ...
@overload
def program_of(layers: Layers, stack: Stack, below: Program) -> Program: ...
def program_of(layers: Layers, stack: Stack, below: Program | None = None) -> Program | None:
    """The stack as a program, from the lowest layer up, over ``below`` if given.

    None where nothing is below and the lowest layer shows nothing on its own.
    """
    chosen: list[Layer] = [layers.layers[each] for each in stack.chosen]
    program = below
    if program is None:
        program = chosen.pop().alone
    if program is None:
        return None
    for layer in reversed(chosen):
        program = layer.put(program)
    return program


def confidence(stack: Stack, borne: float, least: float) -> float:
    """From the share of pairs ``borne`` out, and less for what is longer, than the shortest stack too."""
    return max(0.1, 0.35 + 0.5 * borne - 0.03 * stack.cost) * exp(-0.2 * (stack.cost - least))


stage = Composition()
