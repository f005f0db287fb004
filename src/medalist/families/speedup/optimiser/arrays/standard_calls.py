"""How calls of the standard library and methods of arrays are lifted to stacks; and which rule a call falls under."""

from __future__ import annotations

import ast

from medalist.families.speedup.optimiser.arrays import numpy_rules as rules
from medalist.families.speedup.optimiser.arrays.array_calls import reshaped
from medalist.families.speedup.optimiser.arrays.axes import (
    axis_code,
    index,
    length,
    method,
    number,
    shifted,
)
from medalist.families.speedup.optimiser.arrays.call_arguments import Lifted, broadcast_rank, plain_keywords
from medalist.families.speedup.optimiser.arrays.calls import numpy_call, product, reduction
from medalist.families.speedup.optimiser.arrays.values import (
    CannotLift,
    Lifter,
    Plain,
    Series,
    Stack,
    Where,
    varies,
)


def lifted_call(lifter: Lifter, node: ast.Call) -> Lifted:
    """A call at least one of whose arguments depends on the item. Raises `CannotLift`."""
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(
        keyword.arg is None for keyword in node.keywords
    ):
        raise CannotLift("starred arguments")
    same = _same_for_all(lifter, node)
    if same is not None:
        return same, Plain(*lifter.ranks.of(node))
    own = lifter.function(node)
    if own is not None:
        return own
    name = lifter.source.library_name(node.func)
    if name.startswith("numpy."):
        return numpy_call(lifter, name.removeprefix("numpy."), node)
    if name.startswith("math."):
        return _math(lifter, name.removeprefix("math."), node)
    if name in ("pandas.isna", "pandas.isnull", "pandas.notna", "pandas.notnull") and len(node.args) == 1:
        code, value = lifter.operand(node.args[0])
        return ast.Call(node.func, [code], []), Stack(value.rank or 0, boolean=True)
    if name.startswith("builtins."):
        return _builtin(lifter, name.removeprefix("builtins."), node)
    if isinstance(node.func, ast.Attribute):
        return _method(lifter, node.func, node)
    raise CannotLift("a call that is not known")


def _same_for_all(lifter: Lifter, node: ast.Call) -> ast.Call | None:
    """A call whose arguments turn out to be the same for all items, such as a stack's shape; None for others."""
    if isinstance(node.func, ast.Attribute) and lifter.varying(node.func):
        return None
    arguments = [lifter.lift(argument) for argument in node.args]
    options = [lifter.lift(keyword.value) for keyword in node.keywords]
    if any(varies(value) for _, value in [*arguments, *options]):
        return None
    keywords = [ast.keyword(given.arg, code) for given, (code, _) in zip(node.keywords, options, strict=True)]
    return ast.Call(node.func, [code for code, _ in arguments], keywords)


def _math(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    if name not in rules.MATH or node.keywords:
        raise CannotLift(f"math.{name} has no rule")
    operands = [lifter.operand(argument) for argument in node.args]
    if any(value.rank not in (0, None) for _, value in operands):
        raise CannotLift("a function of a number, of an array")
    broadcast_rank([value for _, value in operands])
    return lifter.np(rules.MATH[name], *(code for code, _ in operands)), Stack(
        0, boolean=name.startswith("is")
    )


def _builtin(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    if not node.args or node.keywords:
        raise CannotLift(f"{name} with options")
    code, value = lifter.lift(node.args[0])
    match name:
        case "len" if isinstance(value, Stack) and value.rank:
            return index(ast.Attribute(code, "shape", ast.Load()), number(1)), Plain(0)
        case "len" if isinstance(value, Series):
            return length(code), Plain(0)
        case "len" if isinstance(value, Where) and value.rank:
            axis = axis_code(shifted(None, value.rank))
            return lifter.np("count_nonzero", value.mask, axis=axis), Stack(0)
        case "abs" | "round":
            rest = [lifter.operand(argument)[0] for argument in node.args[1:]]
            code, value = lifter.stacked(code, value)
            if isinstance(value, Stack) and not value.text:
                return lifter.np(name, code, *rest), value
        case "float" | "int" | "bool":
            code, value = lifter.stacked(code, value)
            if isinstance(value, Stack) and value.rank == 0 and not value.text:
                dtype = {"float": "float64", "int": "int64", "bool": "bool_"}[name]
                wanted = ast.Attribute(ast.Name(lifter.numpy, ast.Load()), dtype, ast.Load())
                return method(code, "astype", wanted), Stack(0, boolean=name == "bool")
        case "min" | "max" | "sum" | "any" | "all":
            return _fold(lifter, name, node)
        case "list" | "tuple" if isinstance(value, Series):
            return code, value
        case "list" | "tuple" if isinstance(value, Stack) and value.rank == 1:
            entries = ast.Call(node.func, [lifter.np("moveaxis", code, number(1), number(0))], [])
            return entries, Series(None, Stack(0, value.boolean, value.text))
        case "sorted" if isinstance(value, Stack) and value.rank == 1:
            return lifter.np("sort", code), value
    raise CannotLift(f"{name} has no rule here")


def _fold(lifter: Lifter, name: str, node: ast.Call) -> Lifted:
    """min, max, sum, any, all: of several arguments, of a list of stacks, or along a vector."""
    if len(node.args) > 1:
        if name not in ("min", "max"):
            raise CannotLift(f"{name} of several arguments")
        operands = [lifter.operand(argument) for argument in node.args]
        if any(value.rank not in (0, None) for _, value in operands):
            raise CannotLift(f"{name} of arrays")
        broadcast_rank([value for _, value in operands])
        code = operands[0][0]
        for other, _ in operands[1:]:
            code = lifter.np("minimum" if name == "min" else "maximum", code, other)
        return code, Stack(0)
    code, value = lifter.lift(node.args[0])
    boolean = name in ("any", "all")
    if isinstance(value, Series):
        parts = value.items if value.items is not None else (value.item,)
        if any(isinstance(part, Stack) and part.text for part in parts):
            raise CannotLift("a fold of text")
        if name == "sum":
            ranks = {part.rank for part in parts if isinstance(part, Stack)}
            if len(ranks) == 1 and all(isinstance(part, Stack) for part in parts):
                return ast.Call(node.func, [code], []), Stack(ranks.pop())
        elif all(isinstance(part, Stack) and part.rank == 0 for part in parts):
            return lifter.np(name, code, axis=number(0)), Stack(0, boolean=boolean)
    if isinstance(value, Stack) and value.rank == 1 and not value.text:
        return lifter.np(name, code, axis=number(1)), Stack(0, boolean=boolean)
    raise CannotLift(f"{name} has no rule here")


def _method(lifter: Lifter, func: ast.Attribute, node: ast.Call) -> Lifted:
    name = func.attr
    if name in rules.METHODS:
        _, value = lifter.lift(func.value)
        if isinstance(value, Where | Series):
            raise CannotLift("a method of a ragged array")
        plain = ast.Attribute(ast.Name(lifter.numpy, ast.Load()), name, ast.Load())
        return reduction(lifter, name, plain, [func.value], node)
    if name in ("reshape", "ravel", "flatten", "transpose"):
        return reshaped(lifter, name, func.value, node.args)
    code, value = lifter.lift(func.value)
    if name == "dot" and len(node.args) == 1:
        return product(lifter, func.value, node.args[0])
    if not isinstance(value, Stack) or value.text:
        raise CannotLift(f"the method {name} has no rule")
    if name in ("item", "tolist") and not node.args:
        if name == "item" and value.rank == 0:
            return code, value
        if name == "tolist" and value.rank <= 1:
            return code, value
    if name in rules.SHAPE_KEEPING_METHODS:
        plain_keywords(lifter, node)
        if any(varies(lifter.lift(argument)[1]) for argument in node.args):
            raise CannotLift("options that vary")
        called = ast.Attribute(code, name, ast.Load())
        return ast.Call(called, node.args, node.keywords), Stack(value.rank, boolean=False)
    if name in ("cumsum", "cumprod", "sort", "argsort"):
        return (
            numpy_call(lifter, name, _as_function(lifter, name, func.value, node))
            if name != "sort"
            else _no_sort()
        )
    raise CannotLift(f"the method {name} has no rule")


def _no_sort() -> Lifted:
    raise CannotLift("sorting in place")


def _as_function(lifter: Lifter, name: str, array: ast.expr, node: ast.Call) -> ast.Call:
    function = ast.Attribute(ast.Name(lifter.numpy, ast.Load()), name, ast.Load())
    return ast.Call(function, [array, *node.args], node.keywords)
