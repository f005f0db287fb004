"""How calls of NumPy, of the standard library and of array methods are lifted to stacks."""

from __future__ import annotations

import ast
from collections.abc import Callable

from medalist.families.speedup.optimiser.arrays import numpy_rules as rules
from medalist.families.speedup.optimiser.arrays.axes import (
    axes_of,
    axis_code,
    index,
    integer,
    length,
    method,
    number,
    shifted,
    whole,
)
from medalist.families.speedup.optimiser.arrays.values import (
    CannotLift,
    Lifter,
    Plain,
    Series,
    Stack,
    Value,
    Where,
    aligned,
    varies,
)

Lifted = tuple[ast.expr, Value]


def numpy_call(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    """The call ``numpy.name(...)``."""
    if name in ("array", "asarray", "asanyarray", "ascontiguousarray"):
        return _array(lifter, node)
    if name in ("dot", "matmul", "inner", "vdot") and len(node.args) == 2:
        return product(lifter, *node.args)
    special = _SPECIAL.get(name)
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
        return _again(lifter, node, code), Stack(rules.MATRIX_FUNCTIONS[name])
    if name in rules.LAST_TWO_AXES and value.rank >= 2:
        axes = axes_of(_argument(node, "axes", 2))
        keep = shifted(axes, value.rank) if axes is not None else None
        return _again(lifter, node, code, axes=keep), value
    if name in rules.LAST_AXIS and value.rank >= 1:
        axes = axes_of(_argument(node, "axis", 2 if name.startswith("fft") or name == "diff" else 1))
        return _again(lifter, node, code, axis=shifted(axes, value.rank) if axes is not None else None), value
    if name in rules.CUMULATIVE and value.rank >= 1:
        axes = axes_of(_argument(node, "axis", 1))
        if axes is None and value.rank > 1:
            raise CannotLift("a running sum over several axes")
        return _again(lifter, node, code, axis=shifted(axes or (0,), value.rank)), value
    if name in rules.ALL_AXES and value.rank >= 1:
        word = "axis" if name == "flip" else "axes"
        return _again(
            lifter, node, code, **{word: shifted(axes_of(_argument(node, word, 1)), value.rank)}
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


def broadcast_rank(values: list[Stack | Plain]) -> int:
    """The rank of the parts after broadcasting. Raises `CannotLift` for text."""
    if any(isinstance(value, Stack) and value.text for value in values):
        raise CannotLift("arithmetic with text")
    return max(value.rank or 0 for value in values)


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


# ---- NumPy, one by one


def _array(lifter: Lifter, node: ast.Call) -> Lifted:
    code, value = lifter.lift(node.args[0])
    plain_keywords(lifter, node)
    if isinstance(value, Series):
        code, value = lifter.stacked(code, value)
        dtype = _argument(node, "dtype", 1)
        return (method(code, "astype", dtype) if dtype is not None else code), value
    return ast.Call(node.func, [code, *node.args[1:]], node.keywords), value


def reduction(lifter: Lifter, name: str, func: ast.expr, arguments: list[ast.expr], node: ast.Call) -> Lifted:
    """A reduction as a function, the array first; ``node`` holds the other arguments."""
    position = 1 if arguments is node.args else 0
    axes = axes_of(_argument(node, "axis", position))
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
        return _axis_call(func, code, (0,), rest), Stack(0, boolean=mask)
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
        return _axis_call(func, method(code, "reshape", length(code), number(-1)), (1,), rest), Stack(0)
    result = Stack(value.rank if keep else value.rank - len(axes) if axes is not None else 0, boolean=mask)
    return _axis_call(func, code, shifted(axes, value.rank), rest), result


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
        return _axis_call(func, value.stack, shifted(None, value.rank), [*rest, where]), Stack(0)
    if name in ("min", "max", "amin", "amax") and not rest:
        none = lifter.np(
            "where", value.mask, value.stack, _infinity(lifter, -1 if name.endswith("max") else 1)
        )
        return _axis_call(func, none, shifted(None, value.rank), []), Stack(0)
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
    axes = axes_of(_argument(node, "axis", 2))
    rest = [keyword for keyword in node.keywords if keyword.arg != "axis"]
    axis = ast.keyword("axis", axis_code(shifted(axes, value.rank)))
    call: ast.expr = ast.Call(node.func, [code, points], [axis, *rest])
    rank = value.rank - len(axes) if axes is not None else 0
    if many:
        return lifter.np("moveaxis", call, number(0), number(1)), Stack(rank + 1)
    return call, Stack(rank)


def _norm(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    del name
    code, value = lifter.operand(node.args[0])
    if not isinstance(value, Stack) or value.rank not in (1, 2) or len(node.args) > 2:
        raise CannotLift("a norm of what is no vector")
    axes = axes_of(_argument(node, "axis", 2))
    result = value.rank - len(axes) if axes is not None else 0
    return _again(lifter, node, code, axis=shifted(axes, value.rank)), Stack(result)


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
    (axis,) = axes_of(_argument(node, "axis", 1)) or (default,)
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
    axes = axes_of(_argument(node, "axis", 9))
    places = shifted(axes, value.rank)
    result = value if len(places) == 1 else Series(tuple(value for _ in places))
    return _again(lifter, node, code, axis=places), result


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
    axes = axes_of(_argument(node, "axis", 2))
    if not isinstance(value, Stack) or not value.rank or (axes is None and value.rank > 1):
        raise CannotLift("a roll over several axes")
    return _again(lifter, node, code, axis=shifted(axes or (0,), value.rank)), value


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
        return method(code, "reshape", length(code), number(-1)), Stack(1)
    sizes = [lifter.operand(argument) for argument in arguments]
    if any(size != Plain(0) for _, size in sizes) or not sizes:
        raise CannotLift("a shape that cannot be read")
    return method(code, "reshape", length(code), *(size for size, _ in sizes)), Stack(len(sizes))


def _take(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    """Entries of the flattened item at places that are the same for all items."""
    del name
    code, value = lifter.operand(node.args[0])
    if not isinstance(value, Stack) or not value.rank or len(node.args) != 2 or node.keywords:
        raise CannotLift("taking along an axis")
    places, kind = lifter.lift(node.args[1])
    if varies(kind):
        raise CannotLift("taking at places that vary")
    flat = code if value.rank == 1 else method(code, "reshape", length(code), number(-1))
    return lifter.np("take", flat, places, axis=number(1)), Stack(1, value.boolean)


_SPECIAL: dict[str, Callable[[Lifter, str, ast.Call], Lifted]] = {
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


# ---- arguments


def _argument(node: ast.Call, keyword: str, position: int) -> ast.expr | None:
    for given in node.keywords:
        if given.arg == keyword:
            return given.value
    return node.args[position] if position < len(node.args) else None


def plain_keywords(lifter: Lifter, node: ast.Call) -> None:
    if any(
        keyword.arg in ("out", "where") or varies(lifter.lift(keyword.value)[1]) for keyword in node.keywords
    ):
        raise CannotLift("an option that depends on the item")


def _axis_call(func: ast.expr, code: ast.expr, axes: tuple[int, ...], rest: list[ast.keyword]) -> ast.expr:
    return ast.Call(func, [code], [ast.keyword("axis", axis_code(axes)), *rest])


def _again(lifter: Lifter, node: ast.Call, code: ast.expr, **axes: tuple[int, ...] | None) -> ast.Call:
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
