"""What programs give for every input of a puzzle, each operator on each arguments once, and how near that comes.

Two programs whose parts give equal values share the work: what is known is known by operator, literals and the
fingerprints of the arguments. A program that fails on any input, test inputs included, has no values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import Grid, Piece, is_grid
from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.individual import Individual, judge
from medalist.families.arc.language.operator import NoValue, find_operator
from medalist.families.arc.language.program import CANNOT, INPUT, Program
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.solving.states import LARGEST_VALUE_SIDE, MOST_PIECES

_CELLS_A_STATE = 800
"""Values of more cells than this count as several states."""


class Values:
    """The values of programs over ``puzzle.inputs``; new ones are counted on ``meter``, which may raise ``Spent``."""

    def __init__(self, puzzle: Puzzle, meter: Meter) -> None:
        self.puzzle = puzzle
        self.meter = meter
        start = fingerprint(puzzle.inputs)
        self._keys: dict[Program, bytes] = {INPUT: start}
        self._values: dict[bytes, tuple[Any, ...] | None] = {start: puzzle.inputs}
        self._calls: dict[Any, bytes] = {}

    def of(self, program: Program) -> tuple[Any, ...] | None:
        """A value an input; None where there is none for one of them."""
        return self._values[self.key(program)]

    def key(self, program: Program) -> bytes:
        """Equal for programs that give the same values; empty where there are none."""
        if program not in self._keys:
            arguments = tuple(self.key(argument) for argument in program.arguments)
            call = (program.operator, program.parameters, arguments)
            if call not in self._calls:
                self._calls[call] = self._computed(program, arguments)
            self._keys[program] = self._calls[call]
        return self._keys[program]

    def individual(self, program: Program, origin: str) -> Individual | None:
        """The program as one of a population; None where it gives no grid for one of the inputs."""
        values = self.of(program)
        if values is None or not all(is_grid(value) for value in values):
            return None
        return judge(program, values, self.puzzle, origin=origin)

    def _computed(self, program: Program, arguments: tuple[bytes, ...]) -> bytes:
        self._values.setdefault(b"", None)
        given = [self._values[each] for each in arguments]
        if any(each is None for each in given):
            return b""
        function, literals = find_operator(program.operator).function, dict(program.parameters)
        values: list[Any] = []
        cells = 0
        try:
            for row in zip(*(each for each in given if each is not None), strict=True):
                values.append(function(*row, **literals))
                cells += _cells(values[-1])
        except CANNOT:
            self.meter.spend()
            return b""
        self.meter.spend(1 + cells // _CELLS_A_STATE)
        key = fingerprint(values)
        self._values[key] = tuple(values)
        return key


def _cells(value: Any) -> int:
    """How many cells a value has. Raises NoValue for one that is empty or too large to go on with."""
    if isinstance(value, np.ndarray):
        if value.size == 0 or max(value.shape) > LARGEST_VALUE_SIDE:
            raise NoValue("empty or too large")
        return value.size
    if isinstance(value, Piece):
        return _cells(value.cells)
    if isinstance(value, tuple):
        if not 1 <= len(value) <= MOST_PIECES:
            raise NoValue("no pieces, or too many")
        return sum(_cells(each) for each in value)
    return 1


def changes_right(answer: Grid | None, pair: Pair) -> float:
    """Of the cells that change, or that ``answer`` changes, the share that is right; 1.0 only where all is.

    Where the shape is not the input's, what changes is what is not the most frequent colour of the output. Of another
    shape than the output's it is 0.0, and leaving a grid as it is does no better.
    """
    wanted = pair.output
    if answer is None or answer.shape != wanted.shape:
        return 0.0
    before = pair.input if pair.same_shape else np.bincount(wanted.ravel()).argmax()
    concerned = (wanted != before) | (answer != before)
    return float((answer == wanted)[concerned].mean()) if concerned.any() else 1.0


def fitness_vector(individual: Individual, puzzle: Puzzle) -> tuple[float, ...]:
    """By case, larger is better, 1.0 at best: each pair solved, its shape right, its changes right, its colours right."""
    answers: Sequence[Grid | None] = individual.answers[: len(puzzle.train)]
    solved = [float(near == 1.0) for near in individual.closeness]
    pairs = list(zip(answers, puzzle.train, strict=True))
    return (
        *solved,
        *(_shape_right(answer, pair) for answer, pair in pairs),
        *(changes_right(answer, pair) for answer, pair in pairs),
        *(_colours_right(answer, pair) for answer, pair in pairs),
    )


def _shape_right(answer: Grid | None, pair: Pair) -> float:
    """A quarter for each side that is right alone."""
    if answer is None:
        return 0.0
    sides = sum(a == b for a, b in zip(answer.shape, pair.output.shape, strict=True))
    return (0.0, 0.25, 1.0)[sides]


def _colours_right(answer: Grid | None, pair: Pair) -> float:
    """The share that both have of the colours that one of them has."""
    if answer is None:
        return 0.0
    one, other = set(answer.ravel().tolist()), set(pair.output.ravel().tolist())
    return len(one & other) / len(one | other)
