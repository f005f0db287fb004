"""Assembling stand-alone scripts from the source text of real functions.

The functions live in ``kit/parts/*.py``, where they are linted, typed and tested like any other
code. ``assemble`` links a script: it starts from a little glue code, follows the names that the code
uses through the parts, and writes those functions, the constants and imports they need, and nothing
else. It reads source text only and never imports a part, so it costs no pandas.
"""

from __future__ import annotations

import ast
import builtins
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PARTS_FOLDER = Path(__file__).parent / "parts"
_PARTS_PACKAGE = "medalist.families.compete.kit.parts."
# No part, yet scripts carry it when it is named as one: what training prints is written in one place.
LINES = "medalist.training.lines"
_LINES_FILE = Path(__file__).parents[3] / "training" / "lines.py"
_LINE_WIDTH = 100


@dataclass(frozen=True)
class Setting:
    """A constant at the top of the script; ``comment`` goes on the line above it."""

    name: str
    value: Any
    comment: str = ""


@dataclass(frozen=True)
class _Definition:
    """A function, class or constant of a part: its text, and the free names that it uses."""

    name: str
    text: str
    is_constant: bool
    uses: frozenset[str]


@dataclass(frozen=True)
class _Part:
    """A parsed part: definitions in file order, imports by the name they bind, other parts it imports."""

    definitions: dict[str, _Definition]
    imports: dict[str, tuple[str, str]]
    neighbours: tuple[str, ...]


def assemble(docstring: str, settings: Sequence[Setting], code: str, parts: Sequence[str]) -> str:
    """The text of a stand-alone script: docstring, imports, settings, part functions, ``code``.

    ``code`` is the script's own functions, its last lines usually the ``if __name__`` clause.
    ``parts`` names the modules of ``kit/parts`` to look in, in the order their functions shall stand
    in the script; parts that those import are found by themselves and stand before them. Settings
    that the code does not use are left out. Raises ValueError where a name is defined by nobody or
    by two parts: a mistake in the kit, never in a user's data.
    """
    library = _load(parts)
    index = _index(library)
    own = ast.parse(code)
    bound_here = {name for node in own.body for name in _bound_at_top(node)}
    by_name = {setting.name: setting for setting in settings}
    wanted: list[str] = sorted(_free_names(own))
    seen: set[str] = set()
    imports: set[tuple[str, str, str]] = set()
    while wanted:
        name = wanted.pop()
        if name in seen or name in bound_here or name in by_name or hasattr(builtins, name):
            seen.add(name)
            continue
        seen.add(name)
        if name in index:
            wanted.extend(sorted(index[name].uses - seen))
        else:
            imports.add((name, *_find_import(name, library)))
    used = [d for part in library.values() for d in part.definitions.values() if d.name in seen]
    used = [d for d in used if d.name not in bound_here]
    blocks = [
        f'"""{docstring.strip()}\n"""' if "\n" in docstring.strip() else f'"""{docstring.strip()}"""',
        _write_imports(imports),
        "\n".join(_write_setting(s) for s in settings if s.name in seen),
        "\n".join(d.text for d in used if d.is_constant),
    ]
    head = "\n\n".join(block for block in blocks if block)
    functions = [d.text for d in used if not d.is_constant]
    return "\n\n\n".join([head, *functions, code.strip()]) + "\n"


def _load(parts: Sequence[str]) -> dict[str, _Part]:
    """The named parts and those they import, each after the parts that it builds on."""
    library: dict[str, _Part] = {}

    def visit(name: str) -> None:
        if name in library:
            return
        part = _read_part(name)
        for neighbour in part.neighbours:
            visit(neighbour)
        library[name] = part

    for name in parts:
        visit(name)
    return library


@cache
def _read_part(name: str) -> _Part:
    path = _LINES_FILE if name == LINES else PARTS_FOLDER / f"{name}.py"
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    definitions: dict[str, _Definition] = {}
    imports: dict[str, tuple[str, str]] = {}
    neighbours: list[str] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            imports.update({(a.asname or a.name): ("", _aliased(a)) for a in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == LINES or node.module.startswith(_PARTS_PACKAGE):
                neighbours.append(node.module.removeprefix(_PARTS_PACKAGE))
            else:
                imports.update({(a.asname or a.name): (node.module, _aliased(a)) for a in node.names})
        else:
            source = _source_of(node, lines)
            uses = frozenset(_free_names(ast.Module([node], [])))
            constant = not isinstance(node, ast.FunctionDef | ast.ClassDef)
            for bound in _bound_at_top(node):
                definitions[bound] = _Definition(bound, source, constant, uses)
    return _Part(definitions, imports, tuple(dict.fromkeys(neighbours)))


def _aliased(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _source_of(node: ast.stmt, lines: list[str]) -> str:
    """A statement's lines with its decorators and the comment directly above it."""
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]) - 1
    while start > 0 and lines[start - 1].startswith("#"):
        start -= 1
    return "\n".join(lines[start : node.end_lineno])


def _bound_at_top(node: ast.stmt) -> Iterable[str]:
    """The names that a top-level statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return (node.name,)
    if isinstance(node, ast.Assign):
        return tuple(target.id for target in node.targets if isinstance(target, ast.Name))
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return (node.target.id,)
    return ()


def _free_names(tree: ast.Module) -> set[str]:
    """Names that the top-level statements read and do not bind within themselves."""
    free: set[str] = set()
    for statement in tree.body:
        nodes = list(ast.walk(statement))
        bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
        bound |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        bound |= {n.name for n in nodes if isinstance(n, ast.ExceptHandler) and n.name}
        for n in nodes:
            if isinstance(n, ast.Import | ast.ImportFrom):
                bound |= {(a.asname or a.name).split(".")[0] for a in n.names}
        free |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - bound
    return free - {"__name__", "__file__"}


def _index(library: dict[str, _Part]) -> dict[str, _Definition]:
    index: dict[str, _Definition] = {}
    for part in library.values():
        for name, definition in part.definitions.items():
            if name in index:
                raise ValueError(f"two parts define {name!r}")
            index[name] = definition
    return index


def _find_import(name: str, library: dict[str, _Part]) -> tuple[str, str]:
    for part in library.values():
        if name in part.imports:
            return part.imports[name]
    raise ValueError(f"no part defines or imports {name!r}")


def _write_imports(imports: set[tuple[str, str, str]]) -> str:
    """Import lines, the standard library's first, one line a module."""
    lines: dict[bool, list[str]] = {True: [], False: []}
    plain = sorted(text for _, module, text in imports if not module)
    for text in plain:
        lines[text.split(".")[0].split(" ")[0] in sys.stdlib_module_names].append(f"import {text}")
    for module in sorted({module for _, module, _ in imports if module}):
        names = sorted({text for _, m, text in imports if m == module})
        line = f"from {module} import {', '.join(names)}"
        if len(line) > _LINE_WIDTH:
            line = f"from {module} import (\n" + "".join(f"    {n},\n" for n in names) + ")"
        lines[module.split(".")[0] in sys.stdlib_module_names].append(line)
    return "\n\n".join("\n".join(group) for group in (lines[True], lines[False]) if group)


def _write_setting(setting: Setting) -> str:
    comment = f"# {setting.comment}\n" if setting.comment else ""
    return f"{comment}{setting.name} = {_literal(setting.value, len(setting.name) + 3)}"


def _literal(value: Any, column: int = 0, indent: str = "") -> str:
    """``value`` (of JSON's types, tuples too) as Python source that starts in this column."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list | tuple) or not value:
        return repr(value)
    inner = indent + "    "
    if isinstance(value, dict):
        items = [f"{_literal(k)}: {_literal(v, len(repr(k)) + 6, inner)}" for k, v in value.items()]
        left, right = "{}"
    else:
        items = [_literal(item, 4, inner) for item in value]
        left, right = "[]" if isinstance(value, list) else "()"
    line = ", ".join(items) + ("," if isinstance(value, tuple) and len(items) == 1 else "")
    if column + len(line) + 2 <= _LINE_WIDTH and "\n" not in line:
        return f"{left}{line}{right}"
    if isinstance(value, dict) or any("\n" in item for item in items):
        rows = [f"{item}," for item in items]
    else:
        rows = _packed(items, _LINE_WIDTH - len(inner))
    return f"{left}\n" + "".join(f"{inner}{row}\n" for row in rows) + f"{indent}{right}"


def _packed(items: list[str], width: int) -> list[str]:
    """The items, each with its comma, as many to a row as fit."""
    rows = [""]
    for item in items:
        if rows[-1] and len(rows[-1]) + len(item) + 2 > width:
            rows.append("")
        rows[-1] += f"{' ' if rows[-1] else ''}{item},"
    return rows
