"""What variables and expressions of a numeric program hold: numbers, arrays, lists of either, and their arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import libcst as cst

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.numeric.syntax import (
    argument,
    code,
    dotted,
    words,
)

Group = Literal["number", "array", "list", "tuple", "range", "text", "none", "object", "unknown"]

ELEMENTWISE = words(
    """
    sqrt exp log log1p expm1 log2 log10 abs absolute fabs sin cos tan tanh sinh cosh arctan arcsin
    arccos arctan2 square power hypot maximum minimum fmax fmin where clip sign floor ceil rint
    isnan isfinite exp2 cbrt reciprocal negative add subtract multiply divide true_divide mod
    remainder logical_and logical_or logical_not greater less greater_equal less_equal equal
    not_equal float_power nan_to_num deg2rad rad2deg
    """
)
REDUCTIONS = words("sum mean prod max amax min amin std var any all median dot inner vdot norm nansum")
TRUTHS = words(
    """
    isnan isfinite logical_and logical_or logical_not greater less greater_equal less_equal equal
    not_equal any all isclose isinf
    """
)
CREATORS = words("zeros empty ones full")
KEEPERS = words(
    """
    zeros_like empty_like ones_like full_like copy ascontiguousarray asarray array sort partition
    cumsum clone detach cpu numpy contiguous flip roll float double
    """
)
_RANKS = ("bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64", "complex128")


@dataclass(frozen=True)
class Value:
    """What an expression holds. ``dtype`` of numbers and arrays; ``item`` of lists; ``items`` of tuples.

    ``grad`` says of a tensor that a gradient may pass it.
    """

    group: Group = "unknown"
    dtype: str = ""
    ndim: int = 0
    tensor: bool = False
    grad: bool = False
    item: Value | None = None
    items: tuple[Value, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything may be built on it."""
        return self.group not in ("unknown", "object", "text", "none")

    @property
    def is_number(self) -> bool:
        return self.group == "number"

    @property
    def is_array(self) -> bool:
        return self.group == "array"


UNKNOWN = Value()
INT = Value("number", "int64")
FLOAT = Value("number", "float64")
BOOL = Value("number", "bool")
NONE = Value("none")


def value_of_kind(kind: Kind) -> Value:
    """The value of a variable that was seen to hold ``kind``."""
    if kind.group in ("array", "tensor"):
        if kind.dtype not in (*_RANKS, "uint16", "uint32", "uint64"):
            return UNKNOWN
        tensor = kind.group == "tensor"
        if kind.ndim == 0 and not tensor:
            return Value("number", kind.dtype)
        return Value("array", kind.dtype, kind.ndim, tensor=tensor, grad=tensor and not kind.detached)
    if kind.group in ("int", "float", "bool"):
        return {"int": INT, "float": FLOAT, "bool": BOOL}[kind.group]
    if kind.group == "tuple":
        return Value("tuple", items=tuple(value_of_kind(item) for item in kind.items))
    if kind.group == "list":
        return Value("list", item=joined(value_of_kind(item) for item in kind.items))
    return {"str": Value("text"), "none": NONE}.get(kind.group, Value("object"))


def promote(left: str, right: str) -> str:
    """The dtype that arithmetic between both gives, in a compiled kernel."""
    if left == right:
        return left
    ranks = [_RANKS.index(name) if name in _RANKS else _RANKS.index("int64") for name in (left, right)]
    if max(ranks) == _RANKS.index("float32") and _RANKS.index("int32") <= min(ranks) < max(ranks):
        return "float64"
    return _RANKS[max(ranks)]


def join(left: Value | None, right: Value | None) -> Value:
    """What a variable holds that holds ``left`` at one time and ``right`` at another."""
    if left is None or right is None:
        return right or left or UNKNOWN
    if left == right:
        return left
    if left.group != right.group:
        return UNKNOWN
    if left.group == "number":
        return Value("number", promote(left.dtype, right.dtype))
    if left.group == "array" and left.ndim == right.ndim:
        return replace(left, dtype=promote(left.dtype, right.dtype), tensor=left.tensor or right.tensor)
    if left.group == "list":
        return Value("list", item=join(left.item, right.item) if left.item or right.item else None)
    if left.group == "tuple" and len(left.items) == len(right.items):
        return Value("tuple", items=tuple(join(a, b) for a, b in zip(left.items, right.items, strict=True)))
    return UNKNOWN


def joined(values: Iterable[Value]) -> Value | None:
    """All of them together, None for none."""
    result: Value | None = None
    for value in values:
        result = value if result is None else join(result, value)
    return result


def arithmetic(left: Value, right: Value) -> Value:
    if left.is_number and right.is_number:
        return Value("number", promote(left.dtype, right.dtype))
    arrays = [side for side in (left, right) if side.is_array]
    if not arrays or not all(side.is_array or side.is_number for side in (left, right)):
        return UNKNOWN
    if len(arrays) == 1:
        # A plain number is weak: it never widens a floating array.
        array, other = arrays[0], right if left.is_array else left
        floating = array.dtype.startswith("float")
        return replace(array, dtype=array.dtype if floating else promote(array.dtype, other.dtype))
    wide = max(arrays, key=lambda side: side.ndim)
    return replace(wide, dtype=promote(left.dtype, right.dtype), tensor=left.tensor or right.tensor)


def contraction(left: Value, right: Value) -> Value:
    if not (left.is_array and right.is_array):
        return UNKNOWN
    ndim = left.ndim + right.ndim - 2
    dtype = promote(left.dtype, right.dtype)
    return Value("array", dtype, ndim, left.tensor) if ndim or left.tensor else Value("number", dtype)


def reduced(name: str, node: cst.Call, held: Value) -> Value:
    if not held.known:
        return UNKNOWN
    dtype = {
        "any": "bool",
        "all": "bool",
        "argmax": "int64",
        "argmin": "int64",
        "count_nonzero": "int64",
    }.get(name, "")
    if not dtype:
        keeps = name in ("max", "amax", "min", "amin") or held.dtype.startswith("float")
        dtype = held.dtype if keeps else "int64" if name in ("sum", "prod") else "float64"
    axis = [arg for arg in node.args if arg.keyword is not None and arg.keyword.value in ("axis", "dim")]
    if axis:
        single = isinstance(axis[0].value, cst.Integer | cst.UnaryOperation)
        return replace(held, dtype=dtype, ndim=held.ndim - 1) if single and held.ndim > 1 else UNKNOWN
    return Value("array", dtype, 0, tensor=True) if held.tensor else Value("number", dtype)


def iterated_length(node: cst.BaseExpression) -> str:
    """The number of turns of ``for _ in node`` as an expression's text; empty where there is none to be said."""
    if isinstance(node, cst.Name | cst.Attribute | cst.Subscript):
        return f"len({code(node)})"
    if not isinstance(node, cst.Call) or any(arg.star for arg in node.args):
        return ""
    name, first = dotted(node.func), argument(node, 0)
    if first is None:
        return ""
    if name == "range":
        start = argument(node, 1) is None
        return code(first) if start else f"len({code(node)})"
    if name in ("enumerate", "reversed", "list", "zip"):
        return iterated_length(first)
    return ""
