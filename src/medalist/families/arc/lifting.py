"""Definitions taken out of this package for a stand-alone file, each with all that it names.

Source is taken as it stands, by its place in the syntax tree: decorators and examples go, types of arrays become
``np.ndarray``, a name that two modules use for different things gets a number. Compiled kernels are given as the
plain loops that they were compiled from.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from medalist.source.edits import Editor
from medalist.source.tree import parse

_PACKAGE = "medalist."

_PLAIN = {("medalist.families.arc.grids.kernels", "components"): "_label"}
"""Compiled functions, and the plain loops in the same module that stand for them."""

_WRITTEN = {("medalist.families.arc.operators.bodies", "result_of"): "    return body(grid)"}
"""Functions that run a program: in the file it is a function itself."""

TAKEN = frozenset({"np", "solve", "grid", "inf", "nan", *dir(builtins), *keyword.kwlist})
"""Names that nothing lifted may have."""


def fresh(name: str, used: set[str]) -> str:
    """``name``, with a number where it is taken; taken from now on."""
    number, candidate = 1, name
    while candidate in used:
        number += 1
        candidate = f"{name}_{number}"
    used.add(candidate)
    return candidate


@dataclass
class _Module:
    """What a module of this package names at its top."""

    lines: list[str]
    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By local name: the module, and the name in it, empty for the module itself."""

    def text(self, name: str) -> str:
        """The source of a definition, without its decorators."""
        statement = self.definitions[name]
        return "\n".join(self.lines[statement.lineno - 1 : statement.end_lineno])


@cache
def _module(name: str) -> _Module:
    code = inspect.getsource(import_module(name))
    module = _Module(code.splitlines())
    for statement in ast.parse(code).body:
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
class Lifted:
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
            taken = name in TAKEN or name in self._names.values()
            self._names[key] = fresh(f"{name}_of_{short}" if taken else name, {*TAKEN, *self._names.values()})
            self._lift(module, name, self._names[key])
        return self._names[key]

    def _lift(self, module: str, name: str, final: str) -> None:
        source = _module(module)
        plain = _PLAIN.get((module, name), name)
        if plain not in source.definitions:
            raise ValueError(f"{module} defines no {plain} that a stand-alone file could have")
        text = source.text(plain)
        if plain != name:
            documented = ast.get_docstring(_statement(source.definitions[name])) or ""
            text = _documented(text, documented)
        if (module, name) in _WRITTEN:
            statement = ast.parse(text).body[0]
            documented = _quoted((ast.get_docstring(_statement(statement)) or "").split(">>>")[0].rstrip())
            text = f"{text.splitlines()[0]}\n    {documented}\n{_WRITTEN[module, name]}"
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
