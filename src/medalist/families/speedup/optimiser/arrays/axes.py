"""Axis arguments of NumPy calls on stacks: read, shifted by one, or named where none was given."""

from __future__ import annotations

import ast

from medalist.families.speedup.optimiser.arrays.values import CannotLift


def number(value: int) -> ast.expr:
    """An integer as an expression."""
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def integer(node: ast.expr) -> int | None:
    """The integer that a literal says; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = integer(node.operand)
        return -inner if inner is not None else None
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def axes_of(node: ast.expr | None) -> tuple[int, ...] | None:
    """The axes an argument names: None for all of them. Raises `CannotLift` when it is no literal."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return None
    entries = node.elts if isinstance(node, ast.Tuple) else [node]
    found = [integer(entry) for entry in entries]
    axes = tuple(axis for axis in found if axis is not None)
    if len(axes) != len(found):
        raise CannotLift("an axis that is not a literal")
    return axes


def shifted(axes: tuple[int, ...] | None, rank: int) -> tuple[int, ...]:
    """The same axes of an item in a stack of items of ``rank`` axes."""
    if axes is None:
        return tuple(range(1, rank + 1))
    if any(not -rank <= axis < rank for axis in axes):
        raise CannotLift("an axis that the item does not have")
    return tuple(axis + 1 if axis >= 0 else axis for axis in axes)


def axis_code(axes: tuple[int, ...]) -> ast.expr:
    """Axes as an argument: a number for one, else a tuple."""
    if len(axes) == 1:
        return number(axes[0])
    return ast.Tuple([number(axis) for axis in axes], ast.Load())


def index(code: ast.expr, *places: ast.expr) -> ast.expr:
    """``code[places]``."""
    inner = places[0] if len(places) == 1 else ast.Tuple(list(places), ast.Load())
    return ast.Subscript(code, inner, ast.Load())


def whole() -> ast.expr:
    """``:``, as an index."""
    return ast.Slice()


def length(code: ast.expr) -> ast.expr:
    """``len(code)``."""
    return ast.Call(ast.Name("len", ast.Load()), [code], [])


def method(code: ast.expr, name: str, *arguments: ast.expr) -> ast.Call:
    """``code.name(arguments)``."""
    return ast.Call(ast.Attribute(code, name, ast.Load()), list(arguments), [])
