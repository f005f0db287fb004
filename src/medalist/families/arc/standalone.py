"""A program as one Python file that needs NumPy alone: the rule in words, what it is made of, and ``solve(grid)``.

The source of every operator that a program uses is lifted out of this package with all that it names (``lifting``).
The file gives the very outputs that the program gives; it raises where the program has none.
"""

from __future__ import annotations

import inspect
import json
import math
import pprint
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from medalist.families.arc.language.operator import Kind, find_operator
from medalist.families.arc.language.program import INPUT, Program
from medalist.families.arc.lifting import TAKEN, Lifted, fresh
from medalist.families.arc.operators.bodies import all_parts, bodies_of

_LINE = 100
_INLINE = 60
"""Longer literals become constants of the file."""

_VARIABLES = {
    Kind.GRID: "picture",
    Kind.MASK: "mask",
    Kind.PIECE: "piece",
    Kind.PIECES: "pieces",
    Kind.NUMBER: "number",
    Kind.GRIDS: "pictures",
}
_SOLVE = "def solve(grid: list[list[int]]) -> list[list[int]]:"


def stand_alone(program: Program, why: str = "") -> str:
    """The file's text: ``solve`` takes and gives a grid as lists of whole numbers.

    ``why``: a sentence that is put above the rule. Raises ValueError for a program whose operators use what no
    stand-alone file can have.
    """
    text = _Text(program)
    solving = text.function(_SOLVE, program, "np.array(grid, dtype=np.int8)", ".tolist()")
    parts = [_heading(program, why), text.lifted.imports, *text.lifted.constants, *text.constants]
    functions = (*text.lifted.definitions, *text.functions, solving)
    return "\n\n".join(parts) + "\n" + "".join(f"\n\n{each}\n" for each in functions)


def in_words(program: Program) -> list[str]:
    """The rule, a line an operator in the order of their use: what it does, and with which numbers."""
    lines: list[str] = []
    for each in _in_order(program):
        bodies = bodies_of(each)
        told = [f"{name} {_told(value)}" for name, value in each.parameters if name not in bodies]
        lines.append(_first_sentence(each.operator) + (f" ({', '.join(told)})" if told else ""))
        for name, body in bodies.items():
            lines += [f"{name}: {line}" for line in in_words(body)]
    return lines or ["The answer is the grid itself."]


def _in_order(program: Program) -> list[Program]:
    """Every part once, arguments before what is made of them; without the input."""
    found: dict[Program, None] = {}

    def visit(part: Program) -> None:
        if part in found or part == INPUT:
            return
        for argument in part.arguments:
            visit(argument)
        found[part] = None

    visit(program)
    return list(found)


def _first_sentence(operator: str) -> str:
    text = inspect.getdoc(find_operator(operator).function) or operator.replace("_", " ").capitalize() + "."
    paragraph = " ".join(text.split("\n\n")[0].split(">>>")[0].split())
    return re.split(r"(?<=[.;:])\s", paragraph)[0].rstrip(".;:")


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _INLINE else f"learned, {text[:24]}…"


def _heading(program: Program, why: str) -> str:
    words = [f"{number}. {line}" for number, line in enumerate(in_words(program), 1)]
    lines = [*textwrap.wrap(why, _LINE), *([""] if why else []), "The rule, step by step:"]
    for line in words:
        lines += textwrap.wrap(line, _LINE, subsequent_indent="   ")
    lines += ["", "solve(grid) takes a grid as lists of colours 0 to 9 and gives one; it needs NumPy alone."]
    return "\n".join(f"# {line}".rstrip() for line in lines)


class _Text:
    """The parts of a file: what is lifted, learned constants, and functions of programs within the program."""

    def __init__(self, program: Program) -> None:
        self.lifted = Lifted()
        self.constants: list[str] = []
        self.functions: list[str] = []
        self._calls: dict[str, str] = {}
        for part in all_parts(program):
            if part != INPUT and part.operator not in self._calls:
                function = find_operator(part.operator).function
                self._calls[part.operator] = self.lifted.name_of(function.__module__, function.__name__)
        self._used = {*self.lifted.names_taken, *TAKEN}
        if _not_finite(program):
            self.constants.append('inf, nan = float("inf"), float("nan")')

    def function(self, head: str, program: Program, start: str, ending: str) -> str:
        """A program as a function: an assignment an operator, shared parts once."""
        used = set(self._used)
        names = {INPUT: "start"}
        lines = [f"start = {start}"]
        for part in _in_order(program):
            arguments = [names[argument] for argument in part.arguments]
            arguments += [f"{name}={text}" for name, text in self._literals(part)]
            kind = find_operator(part.operator).gives
            names[part] = "answer" if part == program else fresh(_VARIABLES[kind], used)
            lines += _call(names[part], self._calls[part.operator], arguments)
        lines.append(f"return {names[program]}{ending}")
        return "\n".join([head, *("    " + line for line in lines)])

    def _literals(self, part: Program) -> Iterator[tuple[str, str]]:
        """Literals by name as text: short ones as they are, long ones as constants, programs as functions."""
        bodies = bodies_of(part)
        for name, value in part.parameters:
            text = _short(value)
            if name in bodies:
                text = fresh(f"on_{name}" if name != "body" else "on_each", self._used)
                self.functions.append(self.function(f"def {text}(grid):", bodies[name], "grid", ""))
            elif len(text) > _INLINE:
                text = fresh(name.upper(), self._used)
                self.constants.append(f"{text} = {_long(value)}")
            yield name, text


def _call(name: str, function: str, arguments: list[str]) -> list[str]:
    line = f"{name} = {function}({', '.join(arguments)})"
    if len(line) <= _LINE:
        return [line]
    return [f"{name} = {function}(", *(f"    {argument}," for argument in arguments), ")"]


def _short(value: Any) -> str:
    """A literal as formatters write it: text in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"({', '.join(_short(each) for each in value)}{',' if len(value) == 1 else ''})"
    return repr(value)


def _long(value: Any) -> str:
    """A literal over several lines."""
    text = pprint.pformat(value, width=_LINE - 4, compact=True)
    if not isinstance(value, tuple):
        return text
    lines = [line[1:] for line in text.rstrip(")").split("\n")]
    closing = text[len(text.rstrip(")")) + 1 :]
    lines[-1] = (lines[-1] + closing).rstrip(",") + ","
    return "\n".join(["(", *("    " + line for line in lines), ")"])


def _not_finite(program: Program) -> bool:
    """Whether a literal holds a number that Python has no literal for: ``repr`` writes it as ``inf`` or ``nan``."""

    def holds(value: Any) -> bool:
        if isinstance(value, tuple):
            return any(holds(each) for each in value)
        return isinstance(value, float) and not math.isfinite(value)

    return any(holds(value) for part in all_parts(program) for _, value in part.parameters)
