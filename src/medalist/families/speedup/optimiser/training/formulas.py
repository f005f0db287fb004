"""Element-wise formulas of one variable ``x``: read from torch expressions, differentiated, written for NumPy and numba.

A formula is a Python expression in ``x``, numbers, and NumPy's functions. At a kink its slope is what torch takes it to
be: nothing at the corner of an absolute value, the whole slope on the edge of a clamp, half of each where two are equal.
"""

from __future__ import annotations

import ast
import copy

Formula = ast.expr
X: Formula = ast.Name("x")

_SIGMOID = "one / (one + np.exp(-x))"
_FUNCTIONS = {
    "exp": ("np.exp(x)", "np.exp(x)"),
    "log": ("np.log(x)", "one / x"),
    "log1p": ("np.log1p(x)", "one / (one + x)"),
    "sqrt": ("np.sqrt(x)", "real(0.5) / np.sqrt(x)"),
    "sin": ("np.sin(x)", "np.cos(x)"),
    "cos": ("np.cos(x)", "-np.sin(x)"),
    "abs": ("np.abs(x)", "np.sign(x)"),
    "square": ("x * x", "real(2) * x"),
    "tanh": ("np.tanh(x)", "one - np.tanh(x) * np.tanh(x)"),
    "sigmoid": (_SIGMOID, f"{_SIGMOID} * (one - {_SIGMOID})"),
    "relu": ("np.maximum(x, zero)", "np.where(x > zero, one, zero)"),
    "softplus": ("np.maximum(x, zero) + np.log1p(np.exp(-np.abs(x)))", _SIGMOID),
    "silu": ("x / (one + np.exp(-x))", f"{_SIGMOID} * (one + x - x / (one + np.exp(-x)))"),
}
FUNCTIONS = frozenset(_FUNCTIONS)
"""Functions of torch, by their last name, that formulas know."""


class Unknown(ValueError):
    """An expression that is no formula."""


def number(value: ast.expr) -> Formula:
    """A constant of a program, in the type of the network's numbers."""
    if isinstance(value, ast.Constant) and value.value in (0, 1) and not isinstance(value.value, bool):
        return ast.Name("one" if value.value == 1 else "zero")
    return ast.Call(ast.Name("real"), [value], [])


def function(name: str, inner: Formula) -> Formula:
    """``name`` of torch applied to a formula."""
    return within(_parsed(_FUNCTIONS[name][0]), inner)


def clamp(inner: Formula, low: Formula | None, high: Formula | None) -> Formula:
    """A formula held between two bounds, each of which may be missing."""
    held = inner
    if low is not None:
        held = where(ast.Compare(inner, [ast.Lt()], [low]), low, held)
    if high is not None:
        held = where(ast.Compare(inner, [ast.Gt()], [high]), high, held)
    return held


def power(inner: Formula, exponent: int) -> Formula:
    """A formula multiplied by itself."""
    result = inner
    for _ in range(exponent - 1):
        result = ast.BinOp(result, ast.Mult(), inner)
    return result


def where(condition: ast.expr, one: Formula, other: Formula) -> Formula:
    """One formula where a comparison of two holds, another elsewhere."""
    return ast.Call(ast.Attribute(ast.Name("np"), "where"), [condition, one, other], [])


def larger(one: Formula, other: Formula, *, smaller: bool = False) -> Formula:
    """The larger of two formulas, or the smaller."""
    callee = ast.Attribute(ast.Name("np"), "minimum" if smaller else "maximum")
    return ast.Call(callee, [one, other], [])


def within(formula: Formula, inner: Formula) -> Formula:
    """A formula with another in the place of its variable."""
    return _Put(inner).visit(copy.deepcopy(formula))


def written(formula: Formula, x: str) -> str:
    """A formula's text for the variable ``x``."""
    return ast.unparse(ast.fix_missing_locations(within(formula, ast.Name(x))))


def slope(formula: Formula) -> Formula:
    """The derivative of a formula by its variable."""
    if not _depends(formula):
        return ast.Name("zero")
    match formula:
        case ast.Name():
            return ast.Name("one")
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _negative(slope(inner))
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as operator, right=right):
            return _sum(slope(left), operator, slope(right))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _sum(_product(slope(left), right), ast.Add(), _product(left, slope(right)))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            upper = _sum(_product(slope(left), right), ast.Sub(), _product(left, slope(right)))
            if not _depends(right):
                return _quotient(slope(left), right)
            return _quotient(upper, _product(right, right))
        case ast.Call(func=ast.Attribute(attr="where"), args=[condition, one, other]):
            return where(condition, slope(one), slope(other))
        case ast.Call(func=ast.Attribute(attr=name), args=[one, other]) if name in ("maximum", "minimum"):
            sign = ast.Gt() if name == "maximum" else ast.Lt()
            if isinstance(other, ast.Name) and other.id == "zero":  # a rectifier, flat at its corner
                return where(ast.Compare(one, [sign], [other]), slope(one), ast.Name("zero"))
            half = _product(number(ast.Constant(0.5)), _sum(slope(one), ast.Add(), slope(other)))
            equal = where(ast.Compare(one, [ast.Eq()], [other]), half, slope(other))
            return where(ast.Compare(one, [sign], [other]), slope(one), equal)
        case ast.Call(func=ast.Attribute(attr=name), args=[inner]) if name in _FUNCTIONS:
            return _product(within(_parsed(_FUNCTIONS[name][1]), inner), slope(inner))
        case _:
            raise Unknown


def _depends(formula: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "x" for node in ast.walk(formula))


def _is(formula: Formula, name: str) -> bool:
    return isinstance(formula, ast.Name) and formula.id == name


def _negative(formula: Formula) -> Formula:
    return formula if _is(formula, "zero") else ast.UnaryOp(ast.USub(), formula)


def _sum(left: Formula, operator: ast.operator, right: Formula) -> Formula:
    if _is(right, "zero"):
        return left
    if _is(left, "zero"):
        return right if isinstance(operator, ast.Add) else _negative(right)
    return ast.BinOp(left, operator, right)


def _product(left: Formula, right: Formula) -> Formula:
    if _is(left, "zero") or _is(right, "zero"):
        return ast.Name("zero")
    if _is(left, "one"):
        return right
    return left if _is(right, "one") else ast.BinOp(left, ast.Mult(), right)


def _quotient(left: Formula, right: Formula) -> Formula:
    return left if _is(left, "zero") else ast.BinOp(left, ast.Div(), right)


def _parsed(text: str) -> Formula:
    return ast.parse(text, mode="eval").body


class _Put(ast.NodeTransformer):
    def __init__(self, inner: Formula) -> None:
        self._inner = inner

    def visit_Name(self, node: ast.Name) -> Formula:
        return copy.deepcopy(self._inner) if node.id == "x" else node
