"""Greedy composition: outputs built of layers that bottom-up search found.

After icecuber's solver for the ARC contest of 2020 (its heart, by its author's account): of all values of the
output's size, repeatedly the one that is never wrong where nothing covers it yet and that covers the most, laid under
those before it. What is lowest must cover the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import Kind
from medalist.families.arc.language.program import Program, call
from medalist.families.arc.solving.stage import Meter, Proposal, Spent
from medalist.families.arc.solving.states import State, explored
from medalist.families.arc.stages.composition_layers import Layer, Layers, Stack, stacks

_STARTS = 6
_MOST_LAYERS = 7


class Composition:
    """Stacks of layers that give every training output."""

    name = "composition"
    states = 12_000

    def propose(self, puzzle: Puzzle, meter: Meter) -> Iterator[Proposal]:
        layers = gathered(puzzle, meter, self.states)
        nothing = np.zeros_like(layers.pair_bits(0))
        found = [each for each in stacks(layers, nothing, _STARTS, _MOST_LAYERS) if not each.left]
        found.sort(key=lambda each: (each.cost, each.chosen))
        if not found:
            return
        borne = _left_out(layers)
        for each in found:
            program = program_of(layers, each)
            if program is not None:
                yield Proposal(
                    program, confidence(each, borne), f"{len(each.chosen)} layers that are never wrong"
                )


def gathered(puzzle: Puzzle, meter: Meter, most: int) -> Layers:
    """The layers of the first ``most`` states, or of as many as the meter lets try."""
    layers = Layers(puzzle, grounds_of(puzzle))
    try:
        for state in explored(puzzle).run(meter, most):
            layers.add(state)
            if state.sized and len(state.program.arguments) <= 1:
                _add_canvases(layers, state)
    except Spent:
        pass
    return layers


def grounds_of(puzzle: Puzzle) -> tuple[int, ...]:
    """Colours that may be clear: 0, and the most frequent of all inputs."""
    counts = np.bincount(np.concatenate([grid.ravel() for grid in puzzle.inputs]), minlength=10)
    return tuple(dict.fromkeys((0, int(counts.argmax()))))


def _add_canvases(layers: Layers, state: State) -> None:
    """A plain canvas of each colour of outputs, of the size of a state, where there is none yet."""
    for colour in np.unique(layers.target).tolist():
        program = call("blank", state.program, colour=colour)
        values = tuple(np.full_like(value, colour) for value in state.values)
        layers.add(State(Kind.GRID, values, program, state.cost + 0.3, 0, True))


def _left_out(layers: Layers) -> float:
    """The share of pairs that a stack found without them gives."""
    pairs = len(layers.puzzle.train)
    borne = 0
    for number in range(pairs):
        without = layers.pair_bits(number)
        for each in stacks(layers, without, 1, _MOST_LAYERS):
            borne += not each.left and _covers(layers, each, number)
    return borne / pairs


def _covers(layers: Layers, stack: Stack, number: int) -> bool:
    right, wrong = layers.matrices()
    open_cells = layers.pair_bits(number)
    for each in stack.chosen:
        if (wrong[each] & open_cells).any():
            return False
        open_cells = open_cells & ~right[each]
    return not open_cells.any()


def program_of(layers: Layers, stack: Stack) -> Program | None:
    """The stack as a program, from the lowest layer up; None where the lowest shows nothing on its own."""
    chosen: list[Layer] = [layers.layers[each] for each in stack.chosen]
    program = chosen[-1].alone
    if program is None:
        return None
    for layer in reversed(chosen[:-1]):
        program = layer.put(program)
    return program


def confidence(stack: Stack, borne: float) -> float:
    return max(0.1, 0.35 + 0.5 * borne - 0.03 * stack.cost)


stage = Composition()
