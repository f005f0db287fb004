"""How calls of NumPy are lifted to stacks: entry by entry, by reduction, as products; others by their own rules."""

from __future__ import annotations

import ast

from medalist.families.speedup.optimiser.arrays import numpy_rules as rules
from medalist.families.speedup.optimiser.arrays.array_calls import SPECIAL
from medalist.families.speedup.optimiser.arrays.axes import (
    axes_of,
    axis_code,
    index,
    method,
    number,
    shifted,
    whole,
)
from medalist.families.speedup.optimiser.arrays.call_arguments import (
    Lifted,
    again,
    argument_of,
    axis_call,
    broadcast_rank,
    items_in,
    plain_keywords,
)
from medalist.families.speedup.optimiser.arrays.values import (
    CannotLift,
    Lifter,
    Plain,
    Series,
    Stack,
    Where,
    aligned,
    varies,
)


def numpy_call(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    """The call ``numpy.name(...)``."""
    if name in ("array", "asarray", "asanyarray", "ascontiguousarray"):
        return _array(lifter, node)
    if name in ("dot", "matmul", "inner", "vdot") and len(node.args) == 2:
        return product(lifter, *node.args)
    special = SPECIAL.get(name)
    if special is not None:
        return special(lifter, name, node)
    if name in rules.REDUCTIONS:
        return reduction(lifter, name, node.func, node.args, node)
    if name in rules.QUANTILES:
        return _quantile(lifter, node)
    if name in rules.ELEMENTWISE:
        return elementwise(lifter, name, node)
    code, value = lifter.operand(node.args[0]) if node.args else (node, Plain())
    if not isinstance(value, Stack):
        raise CannotLift("the first argument is the same for all items")
    if name in rules.MATRIX_FUNCTIONS and value.rank == 2:
        return again(lifter, node, code), Stack(rules.MATRIX_FUNCTIONS[name])
    if name in rules.LAST_TWO_AXES and value.rank >= 2:
        axes = axes_of(argument_of(node, "axes", 2))
        keep = shifted(axes, value.rank) if axes is not None else None
        return again(lifter, node, code, axes=keep), value
    if name in rules.LAST_AXIS and value.rank >= 1:
        axes = axes_of(argument_of(node, "axis", 2 if name.startswith("fft") or name == "diff" else 1))
        return again(lifter, node, code, axis=shifted(axes, value.rank) if axes is not None else None), value
    if name in rules.CUMULATIVE and value.rank >= 1:
        axes = axes_of(argument_of(node, "axis", 1))
        if axes is None and value.rank > 1:
            raise CannotLift("a running sum over several axes")
        return again(lifter, node, code, axis=shifted(axes or (0,), value.rank)), value
    if name in rules.ALL_AXES and value.rank >= 1:
        word = "axis" if name == "flip" else "axes"
        return again(
            lifter, node, code, **{word: shifted(axes_of(argument_of(node, word, 1)), value.rank)}
        ), value
    raise CannotLift(f"numpy.{name} has no rule")


def elementwise(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    """A function that works entry by entry, its arguments aligned."""
    if name == "where" and len(node.args) != 3:
        raise CannotLift("numpy.where that asks for places")
    operands = [lifter.operand(argument) for argument in node.args]
    target = broadcast_rank([value for _, value in operands])
    arguments = [
        aligned(code, value.rank, target) if isinstance(value, Stack) else code for code, value in operands
    ]
    plain_keywords(lifter, node)
    return ast.Call(node.func, arguments, node.keywords), Stack(target, boolean=name in rules.MASKS)


def product(lifter: Lifter, left: ast.expr, right: ast.expr) -> Lifted:
    """``left @ right`` of parts with one or two axes."""
    (a, first), (b, second) = lifter.operand(left), lifter.operand(right)
    ranks = (first.rank, second.rank)
    none = ast.Constant(None)
    if ranks == (0, 0) or None in ranks or max(ranks[0] or 0, ranks[1] or 0) > 2 or 0 in ranks:
        raise CannotLift("a product of unknown shapes")
    result = Stack((ranks[0] or 0) + (ranks[1] or 0) - 2)
    matmul = lambda x, y: ast.BinOp(x, ast.MatMult(), y)  # noqa: E731
    if isinstance(first, Stack) and isinstance(second, Stack):
        match ranks:
            case (1, 1):
                return lifter.np("sum", ast.BinOp(a, ast.Mult(), b), axis=number(1)), result
            case (2, 1):
                return index(matmul(a, index(b, whole(), whole(), none)), whole(), whole(), number(0)), result
            case (1, 2):
                return index(matmul(index(a, whole(), none), b), whole(), number(0)), result
        return matmul(a, b), result
    if isinstance(first, Plain) and second.rank == 1:
        return matmul(b, a if first.rank == 1 else ast.Attribute(a, "T", ast.Load())), result
    return matmul(a, b), result


def _array(lifter: Lifter, node: ast.Call) -> Lifted:
    code, value = lifter.lift(node.args[0])
    plain_keywords(lifter, node)
    if isinstance(value, Series):
        code, value = lifter.stacked(code, value)
        dtype = argument_of(node, "dtype", 1)
        return (method(code, "astype", dtype) if dtype is not None else code), value
    return ast.Call(node.func, [code, *node.args[1:]], node.keywords), value


def reduction(lifter: Lifter, name: str, func: ast.expr, arguments: list[ast.expr], node: ast.Call) -> Lifted:
    """A reduction as a function, the array first; ``node`` holds the other arguments."""
    position = 1 if arguments is node.args else 0
    axes = axes_of(argument_of(node, "axis", position))
    if len(node.args) > position + 1:
        raise CannotLift("reduction options by position")
    plain_keywords(lifter, node)
    code, value = lifter.lift(arguments[0])
    rest = [keyword for keyword in node.keywords if keyword.arg != "axis"]
    keep = any(keyword.arg == "keepdims" for keyword in rest)
    mask = name in rules.MASKS
    if isinstance(value, Where):
        return _masked_reduction(lifter, name, func, value, axes, rest)
    if (
        isinstance(value, Series)
        and value.items is None
        and value.item == Stack(0)
        and axes is None
        and not keep
    ):
        return axis_call(func, code, (0,), rest), Stack(0, boolean=mask)
    code, value = lifter.stacked(code, value)
    if not isinstance(value, Stack) or value.text:
        raise CannotLift("a reduction of what is no stack")
    if value.rank == 0:
        if (
            name in ("mean", "sum", "min", "max", "amin", "amax", "median", "prod")
            and not rest
            and axes is None
        ):
            return code, value
        raise CannotLift("a reduction of a number")
    if name in rules.ONE_AXIS and axes is None and value.rank > 1:
        return axis_call(
            func, method(code, "reshape", items_in(lifter, code), number(-1)), (1,), rest
        ), Stack(0)
    result = Stack(value.rank if keep else value.rank - len(axes) if axes is not None else 0, boolean=mask)
    return axis_call(func, code, shifted(axes, value.rank), rest), result


def _masked_reduction(
    lifter: Lifter,
    name: str,
    func: ast.expr,
    value: Where,
    axes: tuple[int, ...] | None,
    rest: list[ast.keyword],
) -> Lifted:
    if axes is not None or value.rank == 0:
        raise CannotLift("a ragged reduction over some axes")
    if name in ("mean", "std", "var", "sum", "prod", "any", "all"):
        where = ast.keyword("where", value.mask)
        return axis_call(func, value.stack, shifted(None, value.rank), [*rest, where]), Stack(0)
    if name in ("min", "max", "amin", "amax") and not rest:
        none = lifter.np(
            "where", value.mask, value.stack, _infinity(lifter, -1 if name.endswith("max") else 1)
        )
        return axis_call(func, none, shifted(None, value.rank), []), Stack(0)
    raise CannotLift("a ragged reduction")


def _infinity(lifter: Lifter, sign: int) -> ast.expr:
    infinity = ast.Attribute(ast.Name(lifter.numpy, ast.Load()), "inf", ast.Load())
    return infinity if sign > 0 else ast.UnaryOp(ast.USub(), infinity)


def _quantile(lifter: Lifter, node: ast.Call) -> Lifted:
    if len(node.args) != 2:
        raise CannotLift("quantile options by position")
    code, value = lifter.operand(node.args[0])
    points, wanted = lifter.lift(node.args[1])
    plain_keywords(lifter, node)
    many = isinstance(node.args[1], ast.List | ast.Tuple) or (isinstance(wanted, Plain) and wanted.rank == 1)
    if isinstance(node.args[1], ast.List | ast.Tuple) and not any(
        varies(lifter.lift(e)[1]) for e in node.args[1].elts
    ):
        points, wanted = node.args[1], Plain(1)
    if not isinstance(value, Stack) or not value.rank or not isinstance(wanted, Plain):
        raise CannotLift("a quantile of what is no stack")
    axes = axes_of(argument_of(node, "axis", 2))
    rest = [keyword for keyword in node.keywords if keyword.arg != "axis"]
    axis = ast.keyword("axis", axis_code(shifted(axes, value.rank)))
    call: ast.expr = ast.Call(node.func, [code, points], [axis, *rest])
    rank = value.rank - len(axes) if axes is not None else 0
    if many:
        return lifter.np("moveaxis", call, number(0), number(1)), Stack(rank + 1)
    return call, Stack(rank)
