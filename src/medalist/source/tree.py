"""Reading a Python script by meaning instead of by its identifiers.

`parse` gives a `Script`, whose questions are answered through import aliases, simple assignments, helper
functions and attributes of `self`:

- `name(expression)`: where a value comes from, as a dotted path. With ``import numpy as n; a = n.zeros(3)``
  the name of ``a.sum`` is ``numpy.zeros().sum``. An instance of a class of the script carries its base:
  ``<torch.nn.Module>()``. What cannot be resolved is ``?``, so that nobody matches on a user's identifier.
- `value(expression)`: the constant behind it (argparse defaults, config classes and dicts included).
- `backward_slice(expression)`: every node that flows into it.

It reads one file, never imports or runs it, and takes the later of two assignments whatever the branch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

from medalist.core.errors import InputError
from medalist.source.origins import UNKNOWN, Origins
from medalist.source.scopes import Binding

_MAX_DEPTH = 40
_MAX_SLICE = 4000


def parse(code: str, *, filename: str = "script", text_columns: Iterable[str] = ()) -> Script:
    """A `Script` of Python source; ``text_columns`` are columns of its data known to hold text.

    Raises `InputError` naming the line when ``code`` is not Python.
    """
    return _parsed(code, filename, frozenset(text_columns))


@lru_cache(maxsize=2)
def _parsed(code: str, filename: str, text_columns: frozenset[str]) -> Script:
    """As `parse`; the last two are remembered, for one review asks several times about the same text."""
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise InputError(
            f"The script is not valid Python: {error.msg}.",
            where=f"{filename}, line {error.lineno or 1}",
            next_step="Mend the syntax; `python -m py_compile FILE` shows the same place.",
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(
            f"The script cannot be parsed: {error or type(error).__name__}.",
            where=filename,
            next_step="Give a text file with Python source.",
        ) from None
    return Script(code, tree, text_columns)


class Script(Origins):
    """One parsed script. Immutable; answers are remembered."""

    def __init__(self, code: str, tree: ast.Module, text_columns: frozenset[str] = frozenset()) -> None:
        super().__init__(tree)
        self.code = code
        self.text_columns = text_columns
        self._slices: dict[ast.expr, tuple[ast.AST, ...]] = {}

    # ---- walking

    @cached_property
    def calls(self) -> tuple[tuple[ast.Call, str], ...]:
        """Every call with the name of what is called, in source order."""
        return tuple((node, self.name(node.func)) for node in self.nodes if isinstance(node, ast.Call))

    def calls_to(self, pattern: str) -> Iterator[ast.Call]:
        """Calls whose callee's name matches the regular expression ``pattern`` in full."""
        compiled = re.compile(pattern)
        for call, name in self.calls:
            if compiled.fullmatch(name):
                yield call

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, innermost first."""
        current = self._table.parents.get(node)
        while current is not None:
            yield current
            current = self._table.parents.get(current)

    def loops_around(self, node: ast.AST) -> list[ast.For | ast.While]:
        """`for` and `while` statements whose body holds ``node`` within its own function, innermost first."""
        found: list[ast.For | ast.While] = []
        child: ast.AST = node
        for around in self.ancestors(node):
            if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                break
            if isinstance(around, ast.For | ast.While) and child in around.body:
                found.append(around)
            child = around
        return found

    def contexts_around(self, node: ast.AST) -> list[str]:
        """Names of the `with` contexts and decorators ``node`` runs under, through helper functions too."""
        return self._contexts(node, 0)

    def _contexts(self, node: ast.AST, depth: int) -> list[str]:
        found: list[str] = []
        for around in self.ancestors(node):
            if isinstance(around, ast.With | ast.AsyncWith):
                found.extend(self.name(item.context_expr) for item in around.items)
            elif isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
                found.extend(self.name(decorator) for decorator in around.decorator_list)
                if depth < 3:
                    for call in self.call_sites.get(around, ()):
                        found.extend(self._contexts(call, depth + 1))
        return found

    def function_of(self, node: ast.AST) -> ast.AST:
        """The function (or the module) whose body ``node`` stands in."""
        for around in self.ancestors(node):
            if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return around
        return self.tree

    # ---- values and flow

    def argument(self, call: ast.Call, keyword: str, position: int | None = None) -> ast.expr | None:
        """The argument passed by ``keyword`` (or in the `**{...}` of a literal dict) or at ``position``."""
        for given in call.keywords:
            if given.arg == keyword:
                return given.value
            if given.arg is None:
                found = self._item(given.value, keyword)
                if found is not None:
                    return found
        if position is not None and position < len(call.args):
            plain = not any(isinstance(argument, ast.Starred) for argument in call.args[: position + 1])
            return call.args[position] if plain else None
        return None

    def passes_unknown(self, call: ast.Call) -> bool:
        """True where `*args` or `**options` may carry an argument that cannot be read here."""
        starred = any(isinstance(argument, ast.Starred) for argument in call.args)
        return starred or any(k.arg is None and self._dictionary(k.value) is None for k in call.keywords)

    def _dictionary(self, expression: ast.expr, depth: int = 0) -> dict[str, ast.expr] | None:
        if depth > 8:
            return None
        if isinstance(expression, ast.Dict):
            keys = zip(expression.keys, expression.values, strict=True)
            return {k.value: v for k, v in keys if isinstance(k, ast.Constant) and isinstance(k.value, str)}
        if isinstance(expression, ast.Call) and self.name(expression.func) == "dict":
            return {k.arg: k.value for k in expression.keywords if k.arg is not None}
        if isinstance(expression, ast.Name):
            binding = self.binding(expression)
            if binding is not None and binding.kind == "assign" and not binding.path and binding.value:
                return self._dictionary(binding.value, depth + 1)
        return None

    def _item(self, expression: ast.expr, key: str) -> ast.expr | None:
        items = self._dictionary(expression)
        return items.get(key) if items else None

    def value(self, expression: ast.expr | None) -> object:
        """The constant that ``expression`` evaluates to, `UNKNOWN` when it cannot be told."""
        return self._value(expression, 0)

    def _value(self, expression: ast.expr | None, depth: int) -> object:
        if expression is None or depth > _MAX_DEPTH:
            return UNKNOWN
        match expression:
            case ast.Constant():
                return expression.value
            case ast.Name():
                return self._value_of_binding(self.binding(expression), depth)
            case ast.Attribute():
                option = self._argparse_default(expression)
                if option is not None:
                    return self._value(option, depth + 1)
                return self._value_of_binding(self.attribute_binding(expression), depth)
            case ast.Subscript(slice=ast.Constant(value=str() as key)):
                return self._value(self._item(expression.value, key), depth + 1)
            case ast.UnaryOp(op=ast.USub()):
                inner = self._value(expression.operand, depth + 1)
                return -inner if isinstance(inner, int | float) else UNKNOWN
            case ast.BinOp(op=ast.Mult() | ast.FloorDiv() | ast.Add() | ast.Sub()):
                return self._arithmetic(expression, depth)
            case _:
                return UNKNOWN

    def _value_of_binding(self, binding: Binding | None, depth: int) -> object:
        if binding is None or binding.path:
            return UNKNOWN
        if binding.kind == "parameter":
            given = [self._value(argument, depth + 1) for argument in self.arguments_for(binding)]
            known = [value for value in given if value != UNKNOWN]
            if known:
                return known[0] if all(value == known[0] for value in known) else UNKNOWN
            return self._value(binding.value, depth + 1)
        return self._value(binding.value, depth + 1) if binding.kind == "assign" else UNKNOWN

    def _arithmetic(self, expression: ast.BinOp, depth: int) -> object:
        left, right = self._value(expression.left, depth + 1), self._value(expression.right, depth + 1)
        if not isinstance(left, int) or not isinstance(right, int):
            return UNKNOWN
        match expression.op:
            case ast.Mult():
                return left * right
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case _:
                return left // right if right else UNKNOWN

    @cached_property
    def _options(self) -> dict[str, ast.expr | None]:
        found: dict[str, ast.expr | None] = {}
        for call, name in self.calls:
            if name.endswith(".add_argument") and call.args:
                flags = [str(a.value) for a in call.args if isinstance(a, ast.Constant)]
                long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
                found[long.lstrip("-").replace("-", "_")] = self.argument(call, "default")
        return found

    def _argparse_default(self, attribute: ast.Attribute) -> ast.expr | None:
        if attribute.attr not in self._options:
            return None
        return self._options[attribute.attr] if ".parse_" in self.name(attribute.value) else None

    def backward_slice(self, expression: ast.expr) -> tuple[ast.AST, ...]:
        """Every node that flows into ``expression``, itself first: through variables, parts stored into
        them, unpacking, parameters (from every call in the script) and what helper functions return."""
        if expression not in self._slices:
            seen: dict[ast.AST, None] = {}
            waiting: list[ast.AST] = [expression]
            while waiting and len(seen) < _MAX_SLICE:
                node = waiting.pop()
                if node not in seen:
                    seen[node] = None
                    waiting.extend(self._flows_into(node))
                    waiting.extend(self._table.children[node])
            self._slices[expression] = tuple(seen)
        return self._slices[expression]

    def _flows_into(self, node: ast.AST) -> Iterator[ast.AST]:
        bindings: list[Binding] = []
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            bindings = self.bindings_before(node)
        elif isinstance(node, ast.Attribute):
            binding = self.attribute_binding(node)
            bindings = [binding] if binding is not None else []
        elif isinstance(node, ast.Call):
            yield from self.results(node)
        for binding in bindings:
            if binding.kind == "parameter":
                yield from self.arguments_for(binding)
            if binding.value is not None:
                yield binding.value
