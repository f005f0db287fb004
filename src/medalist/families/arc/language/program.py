"""A program: operators applied to operators, down to the input. Every stage's finds are written as one.

A program is a value: equal ones are equal, it can be kept as JSON, printed as a line, and run on any grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from medalist.families.arc.grids.cells import Grid, is_grid
from medalist.families.arc.language.operator import NoValue, find_operator

_INPUT = "input"

CANNOT = (NoValue, ValueError, IndexError, ZeroDivisionError, OverflowError)
"""What an operator may raise on a grid it was not made for."""


@dataclass(frozen=True)
class Program:
    """``operator`` applied to the values of ``arguments``, with literal ``parameters`` by name.

    Literals are whole numbers, floats, text, booleans, None and tuples of these.
    """

    operator: str
    arguments: tuple[Program, ...] = ()
    parameters: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def _hash(self) -> int:
        return hash((self.operator, self.arguments, self.parameters))

    def __hash__(self) -> int:
        return self._hash

    def run(self, grid: Grid) -> Any:
        """The value for ``grid``. Raises one of ``CANNOT`` where the program makes no sense for it."""
        return _run(self, grid, {})

    def answer(self, grid: Grid) -> Grid | None:
        """The grid it gives for ``grid``; None where it gives none that may stand in a submission."""
        try:
            found = self.run(grid)
        except CANNOT:
            return None
        return found if is_grid(found) else None

    @cached_property
    def cost(self) -> float:
        """How long it is: the sum of its operators' costs, shared parts counted once."""
        return sum(find_operator(each.operator).cost for each in set(self.parts()) if each != INPUT)

    def parts(self) -> Iterator[Program]:
        """Itself and everything below, parents first; shared parts as often as they stand."""
        yield self
        for argument in self.arguments:
            yield from argument.parts()

    def __str__(self) -> str:
        if self.operator == _INPUT:
            return _INPUT
        inside = [str(argument) for argument in self.arguments]
        inside += [f"{name}={value!r}" for name, value in self.parameters]
        return f"{self.operator}({', '.join(inside)})"

    def as_json(self) -> list[Any]:
        """Nested lists, which ``from_json`` reads."""
        return [
            self.operator,
            [each.as_json() for each in self.arguments],
            [list(p) for p in self.parameters],
        ]

    @classmethod
    def from_json(cls, value: Any) -> Program:
        """Raises ValueError for anything that ``as_json`` does not write."""
        try:
            name, arguments, parameters = value
            return cls(
                str(name),
                tuple(cls.from_json(each) for each in arguments),
                tuple((str(key), _tuples(literal)) for key, literal in parameters),
            )
        except TypeError as error:
            raise ValueError(f"no program: {value!r}") from error


INPUT = Program(_INPUT)


def call(name: str, *arguments: Program, **parameters: Any) -> Program:
    """The program that applies an operator: ``call("crop", INPUT, colour=3)``."""
    return Program(name, arguments, tuple(sorted(parameters.items())))


def _run(program: Program, grid: Grid, known: dict[Program, Any]) -> Any:
    if program.operator == _INPUT:
        return grid
    if program not in known:
        function = find_operator(program.operator).function
        values = [_run(argument, grid, known) for argument in program.arguments]
        known[program] = function(*values, **dict(program.parameters))
    return known[program]


def _tuples(literal: Any) -> Any:
    return tuple(_tuples(each) for each in literal) if isinstance(literal, list) else literal
