"""Lists that grow by ``append``: how long they may become, read off the loops around the appends.

The count of appends is a sum of products of loop lengths, each an expression that can be evaluated where the list
begins. A list whose count cannot be said there stays a list.
"""
# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import libcst as cst

from medalist.families.speedup.optimiser.numeric.syntax import (
    Statement,
    Usage,
    assigned,
    body_of,
    code,
    dotted,
    expression,
    only,
    substituted,
    walk,
)

Terms = dict[tuple[str, ...], int]


@dataclass
class Growth:
    """How often a list is appended to: at most ``terms``, and just that where ``exact``."""

    terms: Terms = field(default_factory=dict)
    exact: bool = True
    bounded: bool = True

    def text(self) -> str:
        """The greatest length as an expression."""
        parts = []
        for factors, times in self.terms.items():
            wrapped = [
                part if part.isidentifier() or part.endswith((")", "]")) else f"({part})" for part in factors
            ]
            parts.append(" * ".join(([str(times)] if times > 1 or not wrapped else []) + wrapped))
        return " + ".join(parts) or "0"


@dataclass
class Growing:
    """A list that begins empty once in a block and grows there. ``appended`` are the appended expressions."""

    name: str
    block: Sequence[Statement]
    start: int
    growth: Growth
    appended: list[cst.BaseExpression]
    read_while_growing: bool
    counter: str = ""
    """The variable that equals the number of items at each append, where a loop's own counter does."""


def begin_empty(statement: Statement) -> list[str]:
    """The names that ``low, high = [], []`` makes empty lists; one name for a plain beginning."""
    parts = assigned(statement)
    if parts is None or not (isinstance(parts[0], cst.Tuple) and isinstance(parts[1], cst.Tuple)):
        return [name] if (name := begins_empty(statement)) else []
    names, values = ([element.value for element in side.elements] for side in parts)  # type: ignore[union-attr]
    empty = all(isinstance(value, cst.List) and not value.elements for value in values)
    return [dotted(name) for name in names] if empty and len(names) == len(values) else []


def begins_empty(statement: Statement) -> str:
    """The name of the list that the statement makes empty."""
    parts = assigned(statement)
    if parts is None or not isinstance(parts[0], cst.Name):
        return ""
    value = parts[1]
    empty = isinstance(value, cst.List) and not value.elements
    call = isinstance(value, cst.Call) and dotted(value.func) == "list" and not value.args
    return parts[0].value if empty or call else ""


def appended_to(statement: cst.CSTNode) -> tuple[str, cst.BaseExpression] | None:
    """The list and the item of an ``append`` that is a statement of its own."""
    small = only(statement)
    if isinstance(small, cst.AugAssign) and isinstance(small.operator, cst.AddAssign):
        value = small.value
        if isinstance(small.target, cst.Name) and isinstance(value, cst.List) and len(value.elements) == 1:
            return small.target.value, value.elements[0].value
    if not (isinstance(small, cst.Expr) and isinstance(small.value, cst.Call)):
        return None
    call = small.value
    if isinstance(call.func, cst.Attribute) and call.func.attr.value == "append" and len(call.args) == 1:
        return dotted(call.func.value), call.args[0].value
    return None


def growing_lists(block: Sequence[Statement]) -> list[Growing]:
    """Every list that begins in ``block`` or below and whose length can be bounded there; outer ones first."""
    found: list[Growing] = []
    _collect(block, views_of(block), found)
    counts = Usage.of(block).writes
    return [one for one in found if counts.get(one.name) == 1]


def _collect(block: Sequence[Statement], views: dict[str, tuple[str, int]], found: list[Growing]) -> None:
    for start, statement in enumerate(block):
        name = begins_empty(statement)
        if name:
            grown = _growing(name, block, start, views)
            if grown is not None:
                found.append(grown)
        for part in _blocks(statement):
            _collect(part, views, found)


def _blocks(statement: cst.CSTNode) -> list[Sequence[Statement]]:
    """The blocks of a compound statement, else's too."""
    if isinstance(statement, cst.SimpleStatementLine):
        return []
    orelse = getattr(statement, "orelse", None)
    return [body_of(statement), *(_blocks(orelse) if orelse is not None else [])]


def _growing(
    name: str, block: Sequence[Statement], start: int, views: dict[str, tuple[str, int]]
) -> Growing | None:
    rest = block[start + 1 :]
    growers = [index for index, part in enumerate(rest) if _grows(part, name)]
    growing = rest[: growers[-1] + 1] if growers else rest
    growth = _growth(rest, name, views, set(Usage.of(growing).writes))
    items = [
        found[1] for part in rest for node in walk(part) if (found := appended_to(node)) and found[0] == name
    ]
    if not growth.bounded or not items:
        return None
    reads = sum(_reads_in(part, name) for part in rest if _grows(part, name))
    counter = _counter(rest, name) if growth.exact and not reads else ""
    return Growing(name, block, start, growth, items, bool(reads), counter)


def _grows(node: cst.CSTNode, name: str) -> bool:
    return any((found := appended_to(part)) is not None and found[0] == name for part in walk(node))


def _reads_in(node: cst.CSTNode, name: str) -> int:
    """How often the list is read, beside being appended to."""
    appends = sum((found := appended_to(part)) is not None and found[0] == name for part in walk(node))
    return Usage.of([node]).reads.get(name, 0) - appends


def _counter(rest: Sequence[Statement], name: str) -> str:
    """The counter of the one loop that appends once a turn, counted from zero in steps of one."""
    growers = [part for part in rest if _grows(part, name)]
    if len(growers) != 1 or not isinstance(growers[0], cst.For):
        return ""
    loop = growers[0]
    each_turn = _growth(body_of(loop), name, {}, set())
    if each_turn.terms != {(): 1} or not each_turn.exact:
        return ""
    if Usage.of(body_of(loop)).writes.keys() & Usage.of([loop.target]).reads.keys():
        return ""
    iterated = loop.iter
    if not isinstance(iterated, cst.Call):
        return ""
    function = dotted(iterated.func)
    if function == "range" and len(iterated.args) == 1 and isinstance(loop.target, cst.Name):
        return loop.target.value if loop.target.value.strip("_") else ""
    if function == "enumerate" and len(iterated.args) == 1 and isinstance(loop.target, cst.Tuple):
        return dotted(loop.target.elements[0].value)
    return ""


def _growth(
    block: Iterable[Statement], name: str, views: dict[str, tuple[str, int]], unstable: set[str]
) -> Growth:
    total = Growth()
    for statement in block:
        part = _statement_growth(statement, name, views, unstable)
        for factors, times in part.terms.items():
            total.terms[factors] = total.terms.get(factors, 0) + times
        total.exact &= part.exact
        total.bounded &= part.bounded
    return total


def _statement_growth(
    node: Statement, name: str, views: dict[str, tuple[str, int]], unstable: set[str]
) -> Growth:
    found = appended_to(node)
    if found is not None:
        return Growth({(): 1} if found[0] == name else {})
    if isinstance(node, cst.SimpleStatementLine) or not _grows(node, name):
        return Growth()
    if isinstance(node, cst.For):
        inner = _growth(body_of(node), name, views, unstable)
        length = stable_length(node.iter, views, unstable)
        terms = {
            tuple(part for part in (length, *factors) if part): times
            for factors, times in inner.terms.items()
        }
        return Growth(terms, inner.exact and not _leaves_early(node), inner.bounded and bool(length))
    if isinstance(node, cst.If):
        branches = [_growth(body_of(node), name, views, unstable), Growth()]
        if node.orelse is not None:
            orelse = node.orelse
            branches[1] = (
                _growth(body_of(orelse), name, views, unstable)
                if isinstance(orelse, cst.Else)
                else _statement_growth(orelse, name, views, unstable)
            )
        first, second = branches
        terms = {
            key: max(first.terms.get(key, 0), second.terms.get(key, 0))
            for key in {**first.terms, **second.terms}
        }
        exact = first.exact and second.exact and first.terms == second.terms
        return Growth(terms, exact, first.bounded and second.bounded)
    return Growth(bounded=False, exact=False)


def _leaves_early(loop: cst.For) -> bool:
    return any(isinstance(part, cst.Break | cst.Continue | cst.Return) for part in walk(loop.body))


def views_of(block: Iterable[Statement]) -> dict[str, tuple[str, int]]:
    """Names that stand for rows of arrays: ``row`` in ``for row in image`` or ``row = image[i]`` -> (image, 1)."""
    block = list(block)
    writes = Usage.of(block).writes
    views: dict[str, tuple[str, int]] = {}

    def note(target: cst.CSTNode, base: cst.CSTNode, dropped: int) -> None:
        if isinstance(target, cst.Name) and writes.get(target.value) == 1 and dotted(base):
            known = views.get(dotted(base))
            views[target.value] = (known[0], known[1] + dropped) if known else (dotted(base), dropped)

    def iterate(target: cst.CSTNode, iterated: cst.BaseExpression) -> None:
        if isinstance(iterated, cst.Call) and isinstance(target, cst.Tuple):
            function, inner = dotted(iterated.func), [arg.value for arg in iterated.args]
            parts = [element.value for element in target.elements]
            if function == "enumerate" and len(parts) == 2 and inner:
                iterate(parts[1], inner[0])
            elif function == "zip" and len(parts) == len(inner):
                for part, source in zip(parts, inner, strict=True):
                    iterate(part, source)
        else:
            note(target, iterated, 1)

    for statement in block:
        for node in walk(statement):
            if isinstance(node, cst.For):
                iterate(node.target, node.iter)
            elif isinstance(node, cst.SimpleStatementLine) and (parts := assigned(node)) is not None:
                target, value = parts
                if isinstance(value, cst.Subscript) and all(
                    isinstance(i.slice, cst.Index) for i in value.slice
                ):
                    note(target, value.value, len(value.slice))
    return views


def stable_length(node: cst.BaseExpression, views: dict[str, tuple[str, int]], unstable: set[str]) -> str:
    """The number of turns of a loop over ``node``, said without the names in ``unstable``; empty where it cannot."""
    from medalist.families.speedup.optimiser.numeric.values import iterated_length

    text = iterated_length(node)
    if not text:
        return ""
    length = expression(text)
    resolved = length.visit(_Resolve(views, unstable))
    assert isinstance(resolved, cst.BaseExpression)
    return "" if Usage.of([resolved]).reads.keys() & unstable else code(resolved)


class _Resolve(cst.CSTTransformer):
    """``len(row)`` and ``row.shape[0]`` said of the array of which ``row`` is a view."""

    def __init__(self, views: dict[str, tuple[str, int]], unstable: set[str]) -> None:
        self.views = views
        self.unstable = unstable

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        inner = (
            updated_node.args[0].value if dotted(updated_node.func) == "len" and updated_node.args else None
        )
        if isinstance(inner, cst.Subscript) and all(
            isinstance(part.slice, cst.Index) for part in inner.slice
        ):
            base, axis = dotted(inner.value), len(inner.slice)
        else:
            base, axis = (dotted(inner), 0) if inner is not None else ("", 0)
            if base not in self.unstable:
                return updated_node
        return self._axis(base, axis) or updated_node

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        shape, indices = updated_node.value, updated_node.slice
        if not (isinstance(shape, cst.Attribute) and shape.attr.value == "shape" and len(indices) == 1):
            return updated_node
        axis = code(indices[0].slice)
        base = dotted(shape.value)
        return (
            self._axis(base, int(axis)) if axis.isdigit() and base in self.unstable else None
        ) or updated_node

    def _axis(self, base: str, axis: int) -> cst.BaseExpression | None:
        source, dropped = self.views.get(base, (base, 0))
        return (
            expression(f"{source}.shape[{axis + dropped}]")
            if source and source not in self.unstable
            else None
        )


__all__ = [
    "Growing",
    "Growth",
    "appended_to",
    "begins_empty",
    "growing_lists",
    "stable_length",
    "substituted",
    "views_of",
]
