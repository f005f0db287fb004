"""Reading a program's text and writing changed places of it: names through imports, spans, comments, new functions.

What is not changed keeps every character it had. Nothing here decides what is worth changing.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Splice:
    """Characters ``start`` to ``end`` of a text, to be replaced by ``new``."""

    start: int
    end: int
    new: str


def spliced(text: str, splices: Iterable[Splice]) -> str | None:
    """The text with every splice applied; None where two overlap or the result is not Python."""
    result: list[str] = []
    here = 0
    for splice in sorted(splices, key=lambda one: (one.start, one.end)):
        if splice.start < here:
            return None
        result += [text[here : splice.start], splice.new]
        here = splice.end
    changed = "".join(result) + text[here:]
    return changed if is_python(changed) else None


def is_python(text: str) -> bool:
    """Whether ``text`` compiles as a module."""
    try:
        compile(text, "program", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@dataclass(frozen=True)
class Source:
    """A program's text with its tree; `read` makes one. Lines count from 1, offsets are in characters."""

    text: str
    tree: ast.Module = field(compare=False)

    @classmethod
    def read(cls, text: str) -> Source | None:
        """The source of ``text``; None when it is not Python."""
        return cls(text, ast.parse(text)) if is_python(text) else None

    # ---- places

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines with their ends."""
        return self.text.splitlines(keepends=True)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    def offset(self, line: int, column: int) -> int:
        """The offset of a tree's position, whose columns count UTF-8 bytes."""
        if line > len(self.lines):
            return len(self.text)
        content = self.lines[line - 1]
        width = column if content.isascii() else len(content.encode()[:column].decode(errors="ignore"))
        return self._starts[line - 1] + width

    def span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        """Where ``node`` begins and ends in the text."""
        last_line, last_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.offset(node.lineno, node.col_offset), self.offset(last_line, last_column)

    def segment(self, node: ast.stmt | ast.expr) -> str:
        """The text of ``node`` as it was written."""
        start, end = self.span(node)
        return self.text[start:end]

    def segment_of_keyword(self, keyword: ast.keyword) -> str:
        """A keyword argument as it was written."""
        value = self.segment(keyword.value)
        return f"{keyword.arg}={value}" if keyword.arg else f"**{value}"

    def first_line(self, statement: ast.stmt) -> int:
        """The line a statement begins on, its decorators included."""
        decorators = statement.decorator_list if isinstance(statement, FunctionNode | ast.ClassDef) else []
        return min([statement.lineno, *(one.lineno for one in decorators)])

    def line_span(self, first: ast.stmt, last: ast.stmt | None = None) -> tuple[int, int]:
        """The whole lines from ``first`` to ``last``; the end is behind the last line's end."""
        end_line = (last or first).end_lineno or (last or first).lineno
        return self._starts[self.first_line(first) - 1], self._starts[min(end_line, len(self.lines))]

    def indentation(self, statement: ast.stmt) -> str:
        """The white space before a statement's first line."""
        line = self.lines[self.first_line(statement) - 1]
        return line[: len(line) - len(line.lstrip())]

    def alone(self, statement: ast.stmt) -> bool:
        """Whether a statement shares its lines with no other."""
        start, end = self.span(statement)
        before = self.text[self._starts[self.first_line(statement) - 1] : start]
        after = self.text[end : self.line_span(statement)[1]].strip()
        decorated = self.first_line(statement) < statement.lineno
        return (decorated or not before.strip()) and (not after or after.startswith("#"))

    @cached_property
    def comments(self) -> Mapping[int, tuple[str, ...]]:
        """Comment lines that stand directly above a line, by that line's number."""
        found: dict[int, tuple[str, ...]] = {}
        waiting: list[str] = []
        for number, line in enumerate(self.lines, start=1):
            if line.strip().startswith("#"):
                waiting.append(line.strip())
                continue
            if waiting and line.strip():
                found[number] = tuple(waiting)
            waiting = []
        return found

    # ---- names

    @cached_property
    def imports(self) -> Mapping[str, str]:
        """What each imported name stands for: ``np`` -> ``numpy``, ``sqrt`` -> ``math.sqrt``."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    found[name.asname or name.name.split(".")[0]] = (
                        name.name if name.asname else name.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for name in node.names:
                    found[name.asname or name.name] = f"{node.module}.{name.name}"
        return found

    @cached_property
    def bound(self) -> frozenset[str]:
        """Every name that the program binds anywhere other than by an import."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
                found.add(node.id)
            elif isinstance(node, FunctionNode | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
        return frozenset(found)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every identifier of the program, attributes included."""
        return frozenset(re.findall(r"[^\W\d]\w*", self.text))

    def library_name(self, expression: ast.expr) -> str:
        """``numpy.mean`` for ``np.mean``, ``builtins.len`` for ``len``; "" for what is not a library's."""
        parts: list[str] = []
        while isinstance(expression, ast.Attribute):
            parts.append(expression.attr)
            expression = expression.value
        if not isinstance(expression, ast.Name) or expression.id in self.bound:
            return ""
        root = self.imports.get(expression.id)
        if root is None:
            root = f"builtins.{expression.id}" if hasattr(builtins, expression.id) else ""
        return ".".join([root, *reversed(parts)]) if root else ""

    def alias(self, module: str) -> str | None:
        """The name under which the program imports ``module``; None when it does not, or binds it anew."""
        for name, target in self.imports.items():
            if target == module and name not in self.bound:
                return name
        return None

    def fresh(self, wanted: str, taken: Iterable[str] = ()) -> str:
        """``wanted``, or with a number behind it, as a name that the program does not use."""
        used = self.names | set(taken)
        name, number = wanted, 2
        while name in used or hasattr(builtins, name):
            name, number = f"{wanted}_{number}", number + 1
        return name

    # ---- functions

    @cached_property
    def functions(self) -> Mapping[str, ast.FunctionDef]:
        """Module-level functions and methods by qualified name (``Extractor.normalise``)."""
        found: dict[str, ast.FunctionDef] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = node
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        found[f"{node.name}.{inner.name}"] = inner
        return found

    @cached_property
    def top_of_functions(self) -> int:
        """Where a new module-level definition may go: behind the imports and constants, before the first function."""
        last_import = None
        for node in self.tree.body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign) or docstring:
                last_import = node
                continue
            break
        return self.line_span(last_import)[1] if last_import is not None else 0

    def new_constant(self, line: str, comment: str = "") -> Splice:
        """A module-level constant behind the imports and the constants that are there."""
        above = f"# {comment}\n" if comment else ""
        return Splice(self.top_of_functions, self.top_of_functions, f"{above}{line}\n")

    def new_import(self, module: str, alias: str = "") -> Splice:
        """An import of ``module`` behind the last import of the program (or its docstring)."""
        line = f"import {module} as {alias}\n" if alias else f"import {module}\n"
        place = 0
        for number, node in enumerate(self.tree.body):
            docstring = not number and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            if docstring or future:
                place = self.line_span(node)[1]
            elif isinstance(node, ast.Import):
                place = self.line_span(node)[0]
                break
        return Splice(place, place, line)

    def after(self, statement: ast.stmt, definition: str) -> Splice:
        """A new definition behind a function or method, with the blank lines that belong there."""
        end = self.line_span(statement)[1]
        blank = "\n" if self.indentation(statement) else "\n\n"
        newline = "" if self.text[:end].endswith("\n") else "\n"
        return Splice(end, end, f"{newline}{blank}{definition}")


def blocks(around: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every block (list of statements) inside ``around``, its own first; inner functions and classes left out."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(around, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
            for statement in block:
                if not isinstance(statement, FunctionNode | ast.ClassDef):
                    yield from blocks(statement)
    for handler in getattr(around, "handlers", []):
        yield from blocks(handler)


def loads(*nodes: ast.AST) -> set[str]:
    """Names that are read anywhere in ``nodes``."""
    return {
        one.id
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    }


def stores(*nodes: ast.AST) -> set[str]:
    """Names that are bound anywhere in ``nodes`` (those of comprehensions too)."""
    return {
        one.id
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }


def bound(*nodes: ast.AST) -> set[str]:
    """As `stores`, without the names that comprehensions keep to themselves."""
    inside = {
        id(name)
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.comprehension)
        for name in ast.walk(one.target)
    }
    return {
        one.id
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and id(one) not in inside
    }


def same(one: ast.AST, other: ast.AST) -> bool:
    """Whether two trees say the same."""
    return ast.dump(one) == ast.dump(other)


def conjuncts(test: ast.expr) -> list[ast.expr]:
    """The tests that ``and`` joins."""
    joined = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And)
    return list(test.values) if joined and isinstance(test, ast.BoolOp) else [test]
