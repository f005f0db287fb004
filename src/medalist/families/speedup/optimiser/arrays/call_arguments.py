"""Arguments of calls that are lifted: found by name or place, checked, and written again with other axes."""

from __future__ import annotations

import ast
import copy

from medalist.families.speedup.optimiser.arrays.axes import (
    axis_code,
    length,
)
from medalist.families.speedup.optimiser.arrays.values import (
    CannotLift,
    Lifter,
    Plain,
    Stack,
    Value,
    varies,
)

Lifted = tuple[ast.expr, Value]


def argument_of(node: ast.Call, keyword: str, position: int) -> ast.expr | None:
    for given in node.keywords:
        if given.arg == keyword:
            return given.value
    return node.args[position] if position < len(node.args) else None


def plain_keywords(lifter: Lifter, node: ast.Call) -> None:
    if any(
        keyword.arg in ("out", "where") or varies(lifter.lift(keyword.value)[1]) for keyword in node.keywords
    ):
        raise CannotLift("an option that depends on the item")


def axis_call(func: ast.expr, code: ast.expr, axes: tuple[int, ...], rest: list[ast.keyword]) -> ast.expr:
    return ast.Call(func, [code], [ast.keyword("axis", axis_code(axes)), *rest])


def again(lifter: Lifter, node: ast.Call, code: ast.expr, **axes: tuple[int, ...] | None) -> ast.Call:
    """The same call of the stack ``code``, with its axes named anew (None leaves NumPy's default)."""
    plain_keywords(lifter, node)
    others = node.args[1:]
    if any(varies(lifter.lift(argument)[1]) for argument in others):
        raise CannotLift("an option that depends on the item")
    words = {"axis", "axes"}
    if (
        others
        and any(axes.values())
        and all(keyword.arg not in words for keyword in node.keywords)
        and len(others) > 1
    ):
        raise CannotLift("axes by position")
    rest = [keyword for keyword in node.keywords if keyword.arg not in words]
    named = [ast.keyword(word, axis_code(value)) for word, value in axes.items() if value is not None]
    if (
        len(others) == 1
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("sort", "argsort", "cumsum", "flip")
    ):
        others = []
    return ast.Call(node.func, [code, *others], [*rest, *named])


def broadcast_rank(values: list[Stack | Plain]) -> int:
    """The rank of the parts after broadcasting. Raises `CannotLift` for text."""
    if any(isinstance(value, Stack) and value.text for value in values):
        raise CannotLift("arithmetic with text")
    return max(value.rank or 0 for value in values)


def items_in(lifter: Lifter, code: ast.expr) -> ast.expr:
    """The number of items of a stack, without working out again what is no name."""
    return length(code) if isinstance(code, ast.Name) else copy.deepcopy(lifter.count)
