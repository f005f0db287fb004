"""Bottom-up search: values that operators give for every input of a puzzle at once, the cheapest first.

A state is the tuple of values over all training and test inputs. One that is invalid on any input is dropped, and
of those that agree everywhere only the first, which is the cheapest, is kept. States are expanded in the order of
their cost, operators of one cost together, until the meter is spent; nothing here depends on the machine.
What a state is good for (an answer, a layer of one) is for the stages to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from itertools import product
from math import log2, prod
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from medalist.families.arc.grids.cells import Piece
from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import Kind, Operator, operators
from medalist.families.arc.language.program import CANNOT, INPUT, Program
from medalist.families.arc.solving.sizes import output_sizes
from medalist.families.arc.solving.stage import Meter

LARGEST_VALUE_SIDE = 60
MOST_PIECES = 300
_PARTNERS = 10
"""Of each kind, the first so many states are tried as the second argument of operators that take two."""
_CELLS_A_STATE = 5000
"""A state of more cells than this counts as several, so that states cost about the same everywhere."""
_CELLS_A_PIECE = 250
"""A piece takes as long as so many cells."""
_FAILURES_A_STATE = 12
"""So many attempts that fail on the first input count as one state."""
_OF_PIECES = 0.6
"""What an operator that takes or gives pieces costs: splitting, picking and drawing are three where others are one."""
_CHOICE = 0.06
"""What each bit of a literal's choice adds to the cost."""
_PIECE_KINDS = {Kind.PIECE, Kind.PIECES}
_SIZED_BONUS = 0.6
"""By how much a value of the outputs' size comes earlier."""


@dataclass(frozen=True)
class Step:
    """An operator with literals chosen: what turns states into a new one."""

    name: str
    function: Callable[..., Any]
    takes: tuple[Kind, ...]
    gives: Kind
    parameters: tuple[tuple[str, Any], ...]
    keywords: Mapping[str, Any]
    cost: float


class State:
    """Values over all inputs of a puzzle (training pairs first), and the cheapest program found that gives them."""

    __slots__ = ("cost", "depth", "expected", "kind", "program", "sized", "values", "ways")

    def __init__(
        self, kind: Kind, values: tuple[Any, ...], program: Program, cost: float, depth: int, sized: bool
    ) -> None:
        self.kind, self.values, self.program, self.cost, self.depth = kind, values, program, cost, depth
        self.sized = sized
        """Whether it is a grid of the size of every training output."""
        self.expected = False
        """Whether it is ``sized`` and, where sizes can be predicted, of a size predicted for the tests."""
        self.ways = 1
        """How many programs were tried that give it."""


def blind_steps() -> Mapping[tuple[Kind, ...], Sequence[Step]]:
    """Every step that needs no knowledge of the puzzle, by what it takes, the cheapest first.

    Later choices of a literal cost a little more than the first.
    """
    return _steps(len(operators()))


@cache
def _steps(_known: int) -> Mapping[tuple[Kind, ...], Sequence[Step]]:
    steps: dict[tuple[Kind, ...], list[Step]] = {}
    for each in operators().values():
        if each.blind and each.takes and not each.name.startswith(("to_", "from_")):
            steps.setdefault(each.takes, []).extend(_literal_steps(each))
    return {takes: sorted(found, key=lambda step: step.cost) for takes, found in steps.items()}


def _fitting(
    steps: Mapping[tuple[Kind, ...], Sequence[Step]], puzzle: Puzzle
) -> Mapping[tuple[Kind, ...], Sequence[Step]]:
    """Without steps about a colour that stands nowhere in the puzzle."""
    grids = (*puzzle.inputs, *puzzle.outputs)
    palette = set(np.concatenate([grid.ravel() for grid in grids]).tolist())
    return {
        takes: [step for step in several if step.keywords.get("colour", 0) in palette | {0}]
        for takes, several in steps.items()
    }


def _literal_steps(each: Operator) -> Iterator[Step]:
    names = sorted(each.choices)
    ways = prod(len(each.choices[name]) for name in names)
    cost = each.cost * (_OF_PIECES if _PIECE_KINDS & {each.gives, *each.takes} else 1.0) + _CHOICE * log2(
        ways
    )
    for literals in product(*(tuple(each.choices[name]) for name in names)):
        parameters = tuple(zip(names, literals, strict=True))
        yield Step(each.name, each.function, each.takes, each.gives, parameters, dict(parameters), cost)


_explorations: WeakKeyDictionary[Puzzle, Exploration] = WeakKeyDictionary()


def explored(puzzle: Puzzle) -> Exploration:
    """The exploration of a puzzle, which stages that ask for the same one share while the puzzle lives."""
    if puzzle not in _explorations:
        _explorations[puzzle] = Exploration(puzzle)
    return _explorations[puzzle]


class Exploration:
    """The states of one puzzle, found by ``run`` in rounds; ``states`` holds all, in the order they were found."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.states: list[State] = []
        self.tried = 0
        self._shapes = tuple(output.shape for output in puzzle.outputs)
        self._predicted = {rule.sizes[len(self._shapes) :] for rule in output_sizes(puzzle)}
        self._seen: dict[bytes, State] = {}
        self._queue: list[tuple[float, int, State, tuple[Kind, ...], int]] = []
        self._partners: dict[Kind, list[State]] = {}
        self._steps = _fitting(blind_steps(), puzzle)
        self._failures = 0
        self._pushed = 0
        self._take(Kind.GRID, puzzle.inputs, INPUT, 0.0, 0)

    def run(self, meter: Meter, most: int) -> Iterator[State]:
        """All states from the first on, the cheapest first about, until ``most`` were tried since the exploration began.

        What an earlier call found is given again without being counted. Lets ``Spent`` of ``meter`` through, after
        the states that were found until then; operators that belong together are never broken off.
        """
        yielded = 0
        counted = self.tried
        while True:
            while yielded < len(self.states):
                yielded += 1
                yield self.states[yielded - 1]
            meter.spend(self.tried - counted)
            if not self._queue or self.tried >= most:
                return
            counted = self.tried
            self._expand()

    def _expand(self) -> None:
        """Apply to the state next in turn those of its steps that cost the same; the dearer ones go back in turn."""
        priority, _, state, takes, start = heappop(self._queue)
        steps = self._steps[takes]
        cost = steps[start].cost
        stop = start
        while stop < len(steps) and steps[stop].cost == cost:
            stop += 1
        if stop < len(steps):
            self._push(priority - cost + steps[stop].cost, state, takes, stop)
        if len(takes) == 1:
            arguments = (state.values,)
            for step in steps[start:stop]:
                self._try(step, (state,), arguments)
            return
        for others in self._companions(state, takes):
            arguments = tuple(other.values for other in others)
            for step in steps[start:stop]:
                self._try(step, others, arguments)

    def _companions(self, state: State, takes: tuple[Kind, ...]) -> Iterator[tuple[State, ...]]:
        """Argument tuples with ``state`` in them whose other members come first of their kinds."""
        if len(takes) != 2:
            return
        first, second = takes
        if state.kind == first:
            for other in self._partners.get(second, ()):
                yield state, other
        if state.kind == second:
            for other in self._partners.get(first, ()):
                if other is not state:
                    yield other, state

    def _try(self, step: Step, states: tuple[State, ...], arguments: tuple[tuple[Any, ...], ...]) -> None:
        function, keywords = step.function, step.keywords
        values = []
        try:
            if len(arguments) == 1:
                for value in arguments[0]:
                    values.append(function(value, **keywords))
            else:
                for pair in zip(*arguments, strict=True):
                    values.append(function(*pair, **keywords))
        except CANNOT:
            self._failures += 1
            if values or self._failures >= _FAILURES_A_STATE:
                self._failures = 0
                self.tried += 1
            return
        cells = _cells(step.gives, values)
        if cells < 0:
            self.tried += 1
            return
        self.tried += 1 + cells // _CELLS_A_STATE
        program = Program(step.name, tuple(state.program for state in states), step.parameters)
        cost = step.cost + sum(state.cost for state in states)
        depth = 1 + max(state.depth for state in states)
        self._take(step.gives, tuple(values), program, cost, depth)

    def _take(self, kind: Kind, values: tuple[Any, ...], program: Program, cost: float, depth: int) -> None:
        key = fingerprint(values)
        if key in self._seen:
            self._seen[key].ways += 1
            return
        fitting = kind in (Kind.GRID, Kind.PIECE) and all(
            (value if kind == Kind.GRID else value.cells).shape == shape
            for value, shape in zip(values, self._shapes, strict=False)
        )
        state = State(kind, values, program, cost, depth, fitting and kind == Kind.GRID)
        if state.sized:
            tests = tuple(value.shape for value in values[len(self._shapes) :])
            state.expected = not self._predicted or tests in self._predicted
        self._seen[key] = state
        self.states.append(state)
        partners = self._partners.setdefault(kind, [])
        if len(partners) < _PARTNERS:
            partners.append(state)
        priority = cost - (
            _SIZED_BONUS if depth and (state.expected or (kind == Kind.PIECE and fitting)) else 0.0
        )
        for takes in self._steps:
            if kind not in takes or (len(takes) > 1 and depth > 2):
                continue
            first = self._steps[takes][0].cost
            extra = 0.0 if len(takes) == 1 else 0.5
            self._push(priority + first + extra, state, takes, 0)

    def _push(self, priority: float, state: State, takes: tuple[Kind, ...], start: int) -> None:
        self._pushed += 1
        heappush(self._queue, (priority, self._pushed, state, takes, start))


def _cells(kind: Kind, values: Sequence[Any]) -> int:
    """How many cells there are in all values; -1 where one of them is empty or too large to go on with."""
    total = 0
    if kind == Kind.NUMBER:
        return len(values)
    for value in values:
        if kind in (Kind.GRID, Kind.MASK):
            pieces: Sequence[Any] = (value,)
        elif kind == Kind.PIECE:
            pieces = (value.cells,)
        else:
            pieces = value
            if not 1 <= len(value) <= MOST_PIECES:
                return -1
        for each in pieces:
            cells = each.cells if isinstance(each, Piece) else each
            if cells.size == 0 or max(cells.shape) > LARGEST_VALUE_SIDE:
                return -1
            total += cells.size
        if pieces is value:
            total += _CELLS_A_PIECE * len(value)
    return total
