"""A program as one Python file that needs NumPy alone: the rule in words, what it is made of, and ``solve(grid)``.

The source of every operator that a program uses is lifted out of this package, and so are, transitively, the
functions, constants and small classes that they name. Compiled kernels are given as the plain loops that they were
compiled from. The file gives the very outputs that the program gives; it raises where the program has none.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import keyword
import math
import pprint
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from medalist.families.arc.language.operator import Kind, find_operator
from medalist.families.arc.language.program import INPUT, Program
from medalist.source.edits import Editor
from medalist.source.tree import parse

_PACKAGE = "medalist."
_LINE = 100
_INLINE = 60
"""Longer literals become constants of the file."""

_PLAIN = {("medalist.families.arc.grids.kernels", "components"): "_label"}
"""Compiled functions, and the plain loops in the same module that stand for them."""

_VARIABLES = {
    Kind.GRID: "picture",
    Kind.MASK: "mask",
    Kind.PIECE: "piece",
    Kind.PIECES: "pieces",
    Kind.NUMBER: "number",
    Kind.GRIDS: "pictures",
}
_TAKEN = frozenset({"np", "solve", "grid", "inf", "nan", *dir(builtins), *keyword.kwlist})


def stand_alone(program: Program, why: str = "") -> str:
    """The file's text: ``solve`` takes and gives a grid as lists of whole numbers.

    ``why``: a sentence that is put above the rule. Raises ValueError for a program whose operators use what no
    stand-alone file can have.
    """
    lifted = _Lifted()
    calls = {
        each: lifted.name_of(function.__module__, function.__name__)
        for each in _in_order(program)
        for function in (find_operator(each.operator).function,)
    }
    constants, body = _assignments(program, calls, lifted.names_taken)
    if _not_finite(program):
        constants.insert(0, 'inf, nan = float("inf"), float("nan")')
    parts = [_heading(program, why), lifted.imports, *lifted.constants, *constants]
    return "\n\n".join(parts) + "\n" + "".join(f"\n\n{each}\n" for each in (*lifted.definitions, body))


def in_words(program: Program) -> list[str]:
    """The rule, a line an operator in the order of their use: what it does, and with which numbers."""
    lines = []
    for each in _in_order(program):
        told = [f"{name} {_told(value)}" for name, value in each.parameters]
        lines.append(_first_sentence(each.operator) + (f" ({', '.join(told)})" if told else ""))
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


# ---- the program's own lines


def _assignments(program: Program, calls: dict[Program, str], taken: frozenset[str]) -> tuple[list[str], str]:
    """Constants of learned literals, and ``solve``: an assignment an operator, shared parts once."""
    used = {*taken, *_TAKEN}
    names = {INPUT: "start"}
    constants: list[str] = []
    lines = ["start = np.array(grid, dtype=np.int8)"]
    for part, function in calls.items():
        arguments = [names[argument] for argument in part.arguments]
        for key, value in part.parameters:
            text = repr(value)
            if len(text) > _INLINE:
                constant = _fresh(key.upper(), used)
                constants.append(f"{constant} = {_long(value)}")
                text = constant
            arguments.append(f"{key}={text}")
        kind = find_operator(part.operator).gives
        names[part] = "answer" if part == program else _fresh(_VARIABLES[kind], used)
        lines += _call(names[part], function, arguments)
    lines.append(f"return {names[program]}.tolist()")
    head = "def solve(grid: list[list[int]]) -> list[list[int]]:"
    return constants, "\n".join([head, *("    " + line for line in lines)])


def _call(name: str, function: str, arguments: list[str]) -> list[str]:
    line = f"{name} = {function}({', '.join(arguments)})"
    if len(line) <= _LINE:
        return [line]
    return [f"{name} = {function}(", *(f"    {argument}," for argument in arguments), ")"]


def _long(value: Any) -> str:
    """A literal over several lines."""
    text = pprint.pformat(value, width=_LINE - 4, compact=True)
    if not isinstance(value, tuple):
        return text
    lines = [line[1:] for line in text.rstrip(")").split("\n")]
    closing = text[len(text.rstrip(")")) + 1 :]
    lines[-1] = (lines[-1] + closing).rstrip(",") + ","
    return "\n".join(["(", *("    " + line for line in lines), ")"])


def _fresh(name: str, used: set[str]) -> str:
    """``name``, with a number where it is taken; taken from now on."""
    number, candidate = 1, name
    while candidate in used:
        number += 1
        candidate = f"{name}_{number}"
    used.add(candidate)
    return candidate


def _not_finite(program: Program) -> bool:
    """Whether a literal holds a number that Python has no literal for: ``repr`` writes it as ``inf`` or ``nan``."""

    def holds(value: Any) -> bool:
        if isinstance(value, tuple):
            return any(holds(each) for each in value)
        return isinstance(value, float) and not math.isfinite(value)

    return any(holds(value) for part in program.parts() for _, value in part.parameters)


# ---- what the operators are made of


@dataclass
class _Module:
    """What a module of this package names at its top."""

    code: str
    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By local name: the module, and the name in it, empty for the module itself."""


@cache
def _module(name: str) -> _Module:
    module = _Module(inspect.getsource(import_module(name)))
    for statement in ast.parse(module.code).body:
        match statement:
            case ast.Import(names=aliases):
                for alias in aliases:
                    module.imports[alias.asname or alias.name] = (alias.name, "")
            case ast.ImportFrom(module=source, names=aliases):
                for alias in aliases:
                    module.imports[alias.asname or alias.name] = (source or "", alias.name)
            case ast.FunctionDef(name=defined) | ast.ClassDef(name=defined):
                module.definitions[defined] = statement
            case ast.Assign(targets=[ast.Name(id=defined)]) | ast.AnnAssign(target=ast.Name(id=defined)):
                module.definitions[defined] = statement
    return module


@dataclass
class _Lifted:
    """Definitions taken out of their modules, each after those that it needs."""

    constants: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    _names: dict[tuple[str, str], str] = field(default_factory=dict)
    _imports: dict[str, set[str]] = field(default_factory=dict)
    """By module: what is taken from it; nothing where it is imported as a whole, with the name it has here."""

    @property
    def names_taken(self) -> frozenset[str]:
        return frozenset(self._names.values())

    @property
    def imports(self) -> str:
        standard = [f"import {module}" for module, names in sorted(self._imports.items()) if not names]
        standard += [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self._imports.items())
            if names
        ]
        numpy = ["import numpy as np", *(line for line in standard if line.startswith("import numpy."))]
        standard = [line for line in standard if not line.startswith("import numpy")]
        return "\n".join(
            ["from __future__ import annotations", *([""] if standard else []), *standard, "", *numpy]
        )

    def name_of(self, module: str, name: str) -> str:
        """The name that a definition has in the file, which it is put into with all that it needs."""
        key = (module, name)
        if key not in self._names:
            short = module.rpartition(".")[2]
            taken = name in _TAKEN or name in self._names.values()
            self._names[key] = _fresh(
                f"{name}_of_{short}" if taken else name, {*_TAKEN, *self._names.values()}
            )
            self._lift(module, name, self._names[key])
        return self._names[key]

    def _lift(self, module: str, name: str, final: str) -> None:
        source = _module(module)
        plain = _PLAIN.get((module, name), name)
        if plain not in source.definitions:
            raise ValueError(f"{module} defines no {plain} that a stand-alone file could have")
        text = ast.get_source_segment(source.code, source.definitions[plain]) or ""
        if plain != name:
            documented = ast.get_docstring(_statement(source.definitions[name])) or ""
            text = _documented(text, documented)
        tree = ast.parse(text)
        renamed = {plain: final}
        for used in _names_in(tree.body[0]):
            if used != plain:
                found = self._resolved(module, used)
                if found:
                    renamed[used] = found
        edited = _edited(text, plain, renamed)
        (self.constants if _is_plain(tree.body[0]) else self.definitions).append(edited)

    def _resolved(self, module: str, name: str) -> str:
        """The name in the file of what ``name`` means in ``module``; empty for a builtin."""
        source = _module(module)
        if name in source.definitions:
            return self.name_of(module, name)
        if name not in source.imports:
            return ""
        origin, imported = source.imports[name]
        if origin.startswith(_PACKAGE):
            if not imported:
                raise ValueError(f"{module} imports {origin} as a whole; import the names in it")
            return self.name_of(origin, imported)
        alias = f" as {name}" if name != (imported or origin) else ""
        names = self._imports.setdefault(origin if imported else origin + alias, set())
        names.update({imported + alias} if imported else ())
        return name


def _statement(node: ast.stmt) -> Any:
    return node


def _names_in(statement: ast.stmt) -> Iterator[str]:
    """Names that a definition reads and may have from its module, in the order of the text.

    A name that the function itself binds is its own; one that only a comprehension in it binds may be either.
    """
    own: set[str] = set()
    read: ast.AST = statement
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        if _is_array(statement.value):
            return
        read = statement.value
    if isinstance(statement, ast.FunctionDef):
        own = {argument.arg for argument in ast.walk(statement.args) if isinstance(argument, ast.arg)}
        waiting: list[ast.AST] = list(statement.body)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            if isinstance(node, ast.FunctionDef):
                own.add(node.name)
            elif not isinstance(
                node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
            ):
                waiting += ast.iter_child_nodes(node)
    decorators = {id(node) for each in getattr(statement, "decorator_list", []) for node in ast.walk(each)}
    seen: set[str] = set()
    for node in ast.walk(read):
        if (
            isinstance(node, ast.Name)
            and node.id not in own
            and node.id not in seen
            and id(node) not in decorators
        ):
            seen.add(node.id)
            yield node.id


def _edited(text: str, name: str, renamed: dict[str, str]) -> str:
    """A definition without its decorators and examples, with names as they are in the file."""
    if renamed[name] != name:
        text = re.sub(rf"(?<=^def ){name}\b|(?<=^class ){name}\b", renamed[name], text, count=1)
    script = parse(text + "\n")
    edit = Editor(script)
    statement = script.tree.body[0]
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and renamed.get(node.id, node.id) != node.id:
            edit.replace(node, renamed[node.id])
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return _constant(edit, statement, renamed[name])
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        documentation = ast.get_docstring(statement)
        if documentation and ">>>" in documentation:
            edit.replace(statement.body[0], _quoted(documentation.split(">>>")[0].rstrip()))
    return edit.code().rstrip("\n")


def _is_plain(statement: ast.stmt) -> bool:
    """Whether a definition is a constant that needs no other definition."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    return _is_array(statement.value) or not any(
        isinstance(node, ast.Name) for node in ast.walk(statement.value)
    )


def _is_array(value: ast.expr) -> bool:
    """Whether it is a type of arrays: in the file ``np.ndarray`` stands for it."""
    return isinstance(value, ast.Subscript) and ast.unparse(value).startswith("npt.")


def _constant(edit: Editor, statement: ast.AnnAssign, name: str) -> str:
    """An annotated constant without its annotation; a type of arrays is told apart by its name alone."""
    if statement.value is None:
        raise ValueError(f"{name} has no value")
    return f"{name} = {'np.ndarray' if _is_array(statement.value) else edit.text(statement.value)}"


def _quoted(documentation: str) -> str:
    lines = documentation.replace("\\", "\\\\").split("\n")
    text = "\n".join([lines[0], *(("    " + line).rstrip() for line in lines[1:])])
    return f'"""{text}\n    """' if len(lines) > 1 else f'"""{text}"""'


def _documented(text: str, documentation: str) -> str:
    """A function's source with another docstring."""
    statement: Any = ast.parse(text).body[0]
    edit = Editor(parse(text + "\n"))
    own: Any = edit.script.tree.body[0]
    if ast.get_docstring(statement):
        edit.replace(own.body[0], _quoted(documentation))
    else:
        edit.insert_before(own.body[0], _quoted(documentation))
    return edit.code().rstrip("\n")
