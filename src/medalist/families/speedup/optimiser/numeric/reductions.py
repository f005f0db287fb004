"""Sums, means, extremes, products and norms of array expressions, each as a loop that keeps a running number."""
# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from medalist.families.speedup.optimiser.numeric.elements import Elements, NotElementwise
from medalist.families.speedup.optimiser.numeric.syntax import (
    Names,
    Statement,
    argument,
    code,
    dotted,
    expression,
    statements,
)
from medalist.families.speedup.optimiser.numeric.values import Value

_CONTRACTIONS = ("dot", "inner", "vdot")
_SQUARED = ("norm", "std", "var")


@dataclass
class Loop:
    """One loop nest over elements: what precedes it, and what it does each turn.

    ``used`` are the deferred arrays whose elements it speaks of; each is computed once a turn.
    """

    lengths: list[str]
    counters: list[str]
    begins: list[str] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)
    used: dict[str, None] = field(default_factory=dict)

    def written(self, elements: Elements) -> list[Statement]:
        """The nest as statements."""
        lines, indent = list(self.begins), ""
        if not self.turns:
            return statements("\n".join(lines))
        for counter, length in zip(self.counters, self.lengths, strict=True):
            lines.append(f"{indent}for {counter} in range({length}):")
            indent += "    "
        lines.extend(indent + line for line in [*self._definitions(elements), *self.turns])
        return statements("\n".join(lines) + "\n")

    def _definitions(self, elements: Elements) -> Iterator[str]:
        done: dict[str, str] = {}

        def define(name: str) -> None:
            if name in done:
                return
            used: dict[str, None] = {}
            element = elements.at(elements.deferred[name], self.counters, used)
            for other in used:
                define(other)
            done[name] = f"{name} = {code(element)}"

        for name in list(self.used):
            define(name)
        self.used.update(dict.fromkeys(done))
        yield from done.values()


class Reductions(cst.CSTTransformer):
    """Replaces reductions, inner ones first. ``before`` are the loops to put in front, ``defined`` their deferred arrays."""

    def __init__(self, elements: Elements, names: Names, np: str) -> None:
        self.elements = elements
        self.names = names
        self.np = np
        self.loops: list[Loop] = []
        self.made: set[str] = set()

    @property
    def before(self) -> list[Statement]:
        return [statement for loop in self.loops for statement in loop.written(self.elements)]

    @property
    def defined(self) -> set[str]:
        return {name for loop in self.loops for name in loop.used}

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        if isinstance(updated_node.operator, cst.MatrixMultiply):
            return self._reduce("dot", updated_node.left, updated_node.right) or updated_node
        return updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        full = self.elements.inference.imports.resolve(updated_node.func)
        if any(arg.keyword is not None or arg.star for arg in updated_node.args):
            return updated_node
        if not updated_node.args:
            method = updated_node.func
            if full or not isinstance(method, cst.Attribute):
                return updated_node
            return self._reduce(method.attr.value, method.value, None) or updated_node
        name = full.removeprefix("numpy.").removeprefix("linalg.") if full.startswith("numpy.") else ""
        if dotted(updated_node.func) in ("sum", "max", "min"):
            name = dotted(updated_node.func)
        method = updated_node.func
        if not full and isinstance(method, cst.Attribute) and method.attr.value == "dot":
            return self._reduce("dot", method.value, updated_node.args[0].value) or updated_node
        if name == "dist":
            name = ""
        return self._reduce(name, updated_node.args[0].value, argument(updated_node, 1)) or updated_node

    def _reduce(
        self, name: str, first: cst.BaseExpression, second: cst.BaseExpression | None
    ) -> cst.BaseExpression | None:
        contracts = name in _CONTRACTIONS
        if contracts != (second is not None) or name not in (*_SIMPLE, *_CONTRACTIONS, *_SQUARED):
            return None
        plain = (
            isinstance(first, cst.Name | cst.Subscript | cst.Attribute)
            and dotted(first) not in self.elements.deferred
        )
        if plain and not contracts and name != "norm":
            return None
        try:
            ndim = self.elements.axes(first)
            if ndim == 0 or (contracts and ndim != 1):
                return None
            return expression(self._accumulate(name, first, second))
        except NotElementwise:
            return None

    def _accumulate(self, name: str, first: cst.BaseExpression, second: cst.BaseExpression | None) -> str:
        lengths = self.elements.lengths(first)
        size = lengths[0] if lengths[0].isidentifier() and len(lengths) == 1 else f"({' * '.join(lengths)})"
        if name in ("std", "var"):
            total = self._add("total", "0.0", "{name} += {element}", first)
            mean = self.names.fresh("mean")
            begins = f"{mean} = {total} / {size}"
            turn = f"{{name}} += ({{element}} - {mean}) ** 2"
            squares = self._add("squares", "0.0", turn, first, apart=begins)
            return f"({squares} / {size})" if name == "var" else f"{self.np}.sqrt({squares} / {size})"
        if name == "norm":
            total = self._add("squares", "0.0", "{name} += ({element}) ** 2", first)
            return f"{self.np}.sqrt({total})"
        if second is not None:
            return self._add("product", "0.0", "{name} += ({element}) * ({other})", first, second)
        wish, start, turn = _SIMPLE[name]
        held = self.elements.value(first)
        if "inf" in start and not held.dtype.startswith("float"):
            raise NotElementwise(name)
        start = start.format(np=self.np)
        if name in ("sum", "prod") and not held.dtype.startswith("float"):
            start = start.removesuffix(".0")
        result = self._add(wish, start, turn, first)
        return f"({result} / {size})" if name == "mean" else result

    def _add(
        self,
        wish: str,
        start: str,
        turn: str,
        first: cst.BaseExpression,
        second: cst.BaseExpression | None = None,
        apart: str = "",
    ) -> str:
        """A running number in the last loop, when that goes over as many elements and the number needs none of its own."""
        lengths = self.elements.lengths(first)
        last = self.loops[-1] if self.loops else None
        speaks = " ".join(code(node) for node in (first, second) if node is not None)
        if last is None or last.lengths != lengths or apart or any(name in speaks for name in self.made):
            last = Loop(lengths, [self.names.index() for _ in lengths])
            if apart:
                last.begins.append(apart)
            self.loops.append(last)
        lines, first = self.elements.settled(first, self.names)
        last.begins.extend(lines)
        element = code(self.elements.at(first, last.counters, last.used))
        other = code(self.elements.at(second, last.counters, last.used)) if second is not None else ""
        name = self.names.fresh(wish)
        self.made.add(name)
        dtype = "bool" if start in ("True", "False") else "float64" if "." in start else "int64"
        self.elements.inference.variables[name] = Value("number", dtype)
        last.begins.append(f"{name} = {start}")
        last.turns.append(_simplified(turn.format(name=name, element=element, other=other)))
        return name


_SIMPLE = {
    "sum": ("total", "0.0", "{name} += {element}"),
    "mean": ("total", "0.0", "{name} += {element}"),
    "prod": ("product", "1.0", "{name} *= {element}"),
    "max": ("largest", "-{np}.inf", "{name} = max({name}, {element})"),
    "amax": ("largest", "-{np}.inf", "{name} = max({name}, {element})"),
    "min": ("smallest", "{np}.inf", "{name} = min({name}, {element})"),
    "amin": ("smallest", "{np}.inf", "{name} = min({name}, {element})"),
    "any": ("found", "False", "{name} = {name} or bool({element})"),
    "all": ("holds", "True", "{name} = {name} and bool({element})"),
    "count_nonzero": ("count", "0", "{name} += bool({element})"),
}


class _Parentheses(cst.CSTTransformer):
    """Takes the parentheses off names, elements and calls."""

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        result = super().on_leave(original_node, updated_node)
        if isinstance(result, cst.Name | cst.Subscript | cst.Call | cst.Attribute) and result.lpar:
            return result.with_changes(lpar=[], rpar=[])
        return result  # type: ignore[return-value]


def _simplified(line: str) -> str:
    changed = statements(line)[0].visit(_Parentheses())
    assert isinstance(changed, cst.CSTNode)
    return code(changed).rstrip("\n")


__all__ = ["Loop", "Reductions"]
