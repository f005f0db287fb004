"""How NumPy's functions that join, reshape and shift arrays are lifted to stacks, each by its own rule."""

from __future__ import annotations

import ast
from collections.abc import Callable

from medalist.families.speedup.optimiser.arrays.axes import (
    axes_of,
    axis_code,
    index,
    integer,
    method,
    number,
    shifted,
    whole,
)
from medalist.families.speedup.optimiser.arrays.call_arguments import (
    Lifted,
    again,
    argument_of,
    items_in,
    plain_keywords,
)
from medalist.families.speedup.optimiser.arrays.values import (
    CannotLift,
    Lifter,
    Plain,
    Series,
    Stack,
    varies,
)


def _norm(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    del name
    code, value = lifter.operand(node.args[0])
    if not isinstance(value, Stack) or value.rank not in (1, 2) or len(node.args) > 2:
        raise CannotLift("a norm of what is no vector")
    axes = axes_of(argument_of(node, "axis", 2))
    result = value.rank - len(axes) if axes is not None else 0
    return again(lifter, node, code, axis=shifted(axes, value.rank)), Stack(result)


def _outer(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    del name
    (a, first), (b, second) = (lifter.operand(argument) for argument in node.args)
    if first.rank != 1 or second.rank != 1:
        raise CannotLift("an outer product of what are no vectors")
    none, every = ast.Constant(None), ast.Constant(...)
    return ast.BinOp(index(a, every, none), ast.Mult(), index(b, every, none, whole())), Stack(2)


def _joining(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    """concatenate, hstack, stack, vstack, column_stack of a list of stacks."""
    code, value = lifter.lift(node.args[0])
    if not isinstance(value, Series):
        raise CannotLift("joining what is no list")
    parts = value.items if value.items is not None else (value.item,)
    ranks = {part.rank for part in parts if isinstance(part, Stack)}
    if len(ranks) != 1 or not all(isinstance(part, Stack) for part in parts):
        raise CannotLift("joining parts of different kinds")
    (rank,) = ranks
    stacks = name in ("stack", "vstack", "column_stack") and (name == "stack" or rank == 1)
    default = {"hstack": 0 if rank == 1 else 1, "column_stack": 1}.get(name, 0)
    (axis,) = axes_of(argument_of(node, "axis", 1)) or (default,)
    if not stacks and rank == 0:
        raise CannotLift("joining numbers")
    places = shifted((axis,), rank + 1 if stacks else rank)
    function = "stack" if stacks else "concatenate"
    return lifter.np(function, code, axis=axis_code(places)), Stack(rank + 1 if stacks else rank)


def _gradient(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    del name
    code, value = lifter.operand(node.args[0])
    if not isinstance(value, Stack) or not value.rank:
        raise CannotLift("a gradient of what is no stack")
    axes = axes_of(argument_of(node, "axis", 9))
    places = shifted(axes, value.rank)
    result = value if len(places) == 1 else Series(tuple(value for _ in places))
    return again(lifter, node, code, axis=places), result


def _pad(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    del name
    code, value = lifter.operand(node.args[0])
    width = node.args[1] if len(node.args) > 1 else None
    if not isinstance(value, Stack) or width is None or not value.rank:
        raise CannotLift("a padding of what is no stack")
    pair = ast.Tuple([number(0), number(0)], ast.Load())
    if isinstance(width, ast.Tuple | ast.List) and len(width.elts) == value.rank:
        widths: list[ast.expr] = list(width.elts)
    elif isinstance(width, ast.Tuple | ast.List) or lifter.operand(width)[1] != Plain(0):
        raise CannotLift("a padding that cannot be read")
    else:
        widths = [ast.Tuple([width, width], ast.Load()) for _ in range(value.rank)]
    plain_keywords(lifter, node)
    return ast.Call(
        node.func, [code, ast.Tuple([pair, *widths], ast.Load()), *node.args[2:]], node.keywords
    ), value


def _first_only(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    """interp, isin: entry by entry in the first argument, the others the same for all items."""
    code, value = lifter.operand(node.args[0])
    if not isinstance(value, Stack) or any(varies(lifter.lift(one)[1]) for one in node.args[1:]):
        raise CannotLift("more than the first argument varies")
    return ast.Call(node.func, [code, *node.args[1:]], node.keywords), Stack(
        value.rank, boolean=name == "isin"
    )


def _roll(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    del name
    code, value = lifter.operand(node.args[0])
    axes = axes_of(argument_of(node, "axis", 2))
    if not isinstance(value, Stack) or not value.rank or (axes is None and value.rank > 1):
        raise CannotLift("a roll over several axes")
    return again(lifter, node, code, axis=shifted(axes or (0,), value.rank)), value


def _reshape(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    if not node.args:
        raise CannotLift("nothing to reshape")
    return reshaped(lifter, name, node.args[0], node.args[1:])


def reshaped(lifter: Lifter, name: str, array: ast.expr, arguments: list[ast.expr]) -> Lifted:
    code, value = lifter.operand(array)
    if not isinstance(value, Stack) or not value.rank:
        raise CannotLift("reshaping what is no stack")
    if name == "transpose":
        if value.rank == 2 and not arguments:
            return lifter.np("swapaxes", code, number(1), number(2)), value
        raise CannotLift("a transposition with axes")
    if len(arguments) == 1 and isinstance(arguments[0], ast.Tuple | ast.List):
        arguments = arguments[0].elts
    if name in ("ravel", "flatten") or (len(arguments) == 1 and integer(arguments[0]) == -1):
        return method(code, "reshape", items_in(lifter, code), number(-1)), Stack(1)
    sizes = [lifter.operand(argument) for argument in arguments]
    if any(size != Plain(0) for _, size in sizes) or not sizes:
        raise CannotLift("a shape that cannot be read")
    return method(code, "reshape", items_in(lifter, code), *(size for size, _ in sizes)), Stack(len(sizes))


def _take(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    """Entries of the flattened item at places that are the same for all items."""
    del name
    code, value = lifter.operand(node.args[0])
    if not isinstance(value, Stack) or not value.rank or len(node.args) != 2 or node.keywords:
        raise CannotLift("taking along an axis")
    places, kind = lifter.lift(node.args[1])
    if varies(kind):
        raise CannotLift("taking at places that vary")
    flat = code if value.rank == 1 else method(code, "reshape", items_in(lifter, code), number(-1))
    return lifter.np("take", flat, places, axis=number(1)), Stack(1, value.boolean)


SPECIAL: dict[str, Callable[[Lifter, str, ast.Call], Lifted]] = {
    "linalg.norm": _norm,
    "outer": _outer,
    "concatenate": _joining,
    "hstack": _joining,
    "vstack": _joining,
    "stack": _joining,
    "column_stack": _joining,
    "gradient": _gradient,
    "pad": _pad,
    "interp": _first_only,
    "isin": _first_only,
    "digitize": _first_only,
    "take": _take,
    "roll": _roll,
    "reshape": _reshape,
    "ravel": _reshape,
    "transpose": _reshape,
}
