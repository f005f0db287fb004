"""What values are, as ``Kind``s: looking at one, and agreeing on what all of several were.

Looks at the outside of a value and at a sample of a container's items; runs nothing of the program's. NumPy and torch
are asked only where the program has loaded them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from medalist.families.speedup.optimiser.facts import Kind

_DEEPEST = 4
_LONGEST_TUPLE = 16
_ITEMS_LOOKED_AT = 24
_MIXED = Kind("object")


def kind_of(value: Any, depth: int = 0) -> Kind:
    """What ``value`` is now. Containers below the fourth level count as objects."""
    if value is None:
        return Kind("none")
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if isinstance(value, bool) or (numpy and isinstance(value, numpy.bool_)):
        return Kind("bool")
    if isinstance(value, int) or (numpy and isinstance(value, numpy.integer)):
        return Kind("int", dtype=_scalar_dtype(value))
    if isinstance(value, float) or (numpy and isinstance(value, numpy.floating)):
        return Kind("float", dtype=_scalar_dtype(value))
    if isinstance(value, str):
        return Kind("str")
    if numpy and isinstance(value, numpy.ndarray):
        return _array(value)
    if torch and isinstance(value, torch.Tensor):
        return _tensor(value)
    return _other(value, depth)


def common(kinds: Iterable[Kind]) -> Kind:
    """What all of ``kinds`` are: themselves where they agree, with None for lengths that differ; else an object."""
    return reduce(_both, kinds)


def _both(one: Kind, other: Kind) -> Kind:
    if one == other:
        return one
    if {one.group, other.group} == {"int", "float"}:
        return Kind("float")
    if (one.group, one.ndim, one.type_name) != (other.group, other.ndim, other.type_name):
        return _MIXED
    if one.group in ("array", "tensor") and one.dtype != other.dtype:
        return _MIXED
    return Kind(
        group=one.group,
        dtype=one.dtype if one.dtype == other.dtype else "",
        ndim=one.ndim,
        shape=tuple(a if a == b else None for a, b in zip(one.shape, other.shape, strict=True)),
        contiguous=one.contiguous and other.contiguous,
        detached=one.detached and other.detached,
        items=_common_items(one, other),
        type_name=one.type_name,
    )


def _common_items(one: Kind, other: Kind) -> tuple[Kind, ...]:
    if len(one.items) == len(other.items):
        return tuple(map(_both, one.items, other.items))
    if one.group == "list" and not (one.items and other.items):  # an empty list says nothing of its items
        return one.items or other.items
    return ()


def _scalar_dtype(value: Any) -> str:
    """The name of a NumPy scalar's type, "" for a number of Python's own."""
    return value.dtype.name if hasattr(value, "dtype") else ""


def _array(value: Any) -> Kind:
    return Kind(
        "array",
        dtype=value.dtype.name,
        ndim=value.ndim,
        shape=tuple(value.shape),
        contiguous=bool(value.flags.c_contiguous),
    )


def _tensor(value: Any) -> Kind:
    return Kind(
        "tensor",
        dtype=str(value.dtype).removeprefix("torch."),
        ndim=value.dim(),
        shape=tuple(int(length) for length in value.shape),
        contiguous=bool(value.is_contiguous()),
        detached=not value.requires_grad,
    )


def _other(value: Any, depth: int) -> Kind:
    if type(value) is tuple:
        items = () if depth >= _DEEPEST else tuple(kind_of(each, depth + 1) for each in value)
        return Kind("tuple", ndim=1, shape=(len(value),), items=items if len(value) <= _LONGEST_TUPLE else ())
    if type(value) is list:
        return Kind("list", ndim=1, shape=(len(value),), items=_sampled(value, depth))
    if isinstance(value, Mapping):
        return Kind("dict", ndim=1, shape=(len(value),), type_name=_type_name(value))
    return Kind("object", type_name=_type_name(value))


def _sampled(values: list[Any], depth: int) -> tuple[Kind, ...]:
    """The one kind of a list's items, by its first and last ones; none where they differ in more than lengths."""
    if not values or depth >= _DEEPEST:
        return ()
    half = max(2, _ITEMS_LOOKED_AT >> (1 + 2 * depth))
    looked_at = values if len(values) <= 2 * half else [*values[:half], *values[-half:]]
    kind = common(kind_of(each, depth + 1) for each in looked_at)
    return () if kind == _MIXED else (kind,)


def _type_name(value: Any) -> str:
    """``Extractor`` for a class of the program's own, ``pandas.DataFrame`` for a library's."""
    package, name = type(value).__module__.partition(".")[0], type(value).__qualname__
    return name if package in ("builtins", PROGRAM_MODULE) else f"{package}.{name}"


PROGRAM_MODULE = "program"
"""The name under which a program is imported, here as by the judge."""
