"""What an expression of one item becomes when all items are worked on at once: the values of the lifting.

A program that treats one item after another is *lifted* to one that treats a stack of them: every array that depends
on the item gets one more axis in front. A value says how an expression of the item is represented in lifted code.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source


class CannotLift(Exception):
    """A construct that has no lifted form here; caught at the place that asked for the lifting."""


class Widen(Exception):
    """A name that was taken for the same for all items gets parts that vary: the body is lifted anew knowing that."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True)
class Plain:
    """The same for every item, and written as before. ``rank`` is its number of axes where that is known.

    ``boolean`` says that it is a mask. ``items`` are the values of a display whose parts are known.
    """

    rank: int | None = None
    boolean: bool = False


@dataclass(frozen=True)
class Stack:
    """An array whose first axis counts the items; ``rank`` is the number of axes of one item's part (0: a number)."""

    rank: int
    boolean: bool = False
    text: bool = False


@dataclass(frozen=True)
class Series:
    """A Python list or tuple of every item, each of whose entries depends on the item.

    In lifted code it is a list of stacks. ``items`` are its entries; None where their number is not known, and then
    ``item`` is what each of them is.
    """

    items: tuple[Value, ...] | None
    item: Value | None = None


@dataclass(frozen=True)
class Record:
    """A row of a table: in lifted code the table itself, whose columns are the fields."""


@dataclass(frozen=True)
class Where:
    """Those entries of a stack that a mask of the same shape selects: ragged, so it lives only inside reductions."""

    stack: ast.expr
    mask: ast.expr
    rank: int


@dataclass(frozen=True)
class Position:
    """The number of the item itself, as a loop over ``range`` or ``enumerate`` counts it."""


Value = Plain | Stack | Series | Record | Where | Position


@dataclass(frozen=True)
class Bound:
    """What a name of the program means in lifted code."""

    code: ast.expr
    value: Value


def varies(value: Value) -> bool:
    """Whether a value depends on the item."""
    return not isinstance(value, Plain)


def plain_of(kind: Kind | None) -> Plain:
    """The value of a variable that is the same for every item, by what it held."""
    if kind is None:
        return Plain()
    if kind.group == "array":
        return Plain(kind.ndim, boolean=kind.dtype == "bool")
    return Plain(0) if kind.group in ("int", "float", "bool", "str") else Plain()


def stack_of(kind: Kind | None) -> Value | None:
    """The value that a variable has when it depends on the item, by what it held for single items."""
    if kind is None:
        return None
    if kind.group == "array":
        return Stack(kind.ndim, boolean=kind.dtype == "bool")
    if kind.group in ("int", "float", "bool", "str"):
        return Stack(0, boolean=kind.group == "bool", text=kind.group == "str")
    if kind.group in ("list", "tuple") and kind.items:
        entries = kind.items * (kind.shape[0] or 0) if kind.group == "list" and kind.shape else kind.items
        items = [stack_of(item) for item in entries]
        return Series(tuple(item for item in items if item is not None)) if None not in items else None
    return None


def aligned(code: ast.expr, rank: int, target: int) -> ast.expr:
    """A stack of parts with ``rank`` axes, made to broadcast against stacks of parts with ``target`` axes."""
    if rank >= target:
        return code
    axes: list[ast.expr] = [ast.Slice(), *(ast.Constant(None) for _ in range(target - rank))]
    return ast.Subscript(code, ast.Tuple(axes, ast.Load()), ast.Load())


def joined(values: Sequence[Value]) -> Value:
    """What a name holds that got one of several values on several paths. Raises `CannotLift` where nothing fits."""
    first = values[0]
    if all(value == first for value in values):
        return first
    ranks = {value.rank for value in values if isinstance(value, Stack)}
    if ranks and all(isinstance(value, Stack | Plain) for value in values):
        (rank, *others) = ranks
        if not others and all((value.rank or 0) <= rank for value in values if isinstance(value, Plain)):
            stacks = [value for value in values if isinstance(value, Stack)]
            return Stack(rank, boolean=all(s.boolean for s in stacks), text=any(s.text for s in stacks))
    if all(isinstance(value, Plain) for value in values):
        return Plain()
    if all(isinstance(value, Series) for value in values):
        return _joined_series([value for value in values if isinstance(value, Series)])
    raise CannotLift("a name holds values of different kinds")


def _joined_series(values: Sequence[Series]) -> Series:
    entries: list[Value] = []
    for value in values:
        entries += list(value.items) if value.items is not None else [value.item] if value.item else []
    return Series(None, joined(entries) if entries else None)


class KnownRanks(Protocol):
    """What is known of expressions that are the same for every item."""

    def of(self, node: ast.expr) -> tuple[int | None, bool]:
        """Rank and maskhood of an expression; (None, False) when nothing is known."""
        ...


class Lifter(Protocol):
    """What the rules for calls need of the walker over expressions."""

    source: Source
    numpy: str
    count: ast.expr

    @property
    def ranks(self) -> KnownRanks:
        """What is known of expressions that are the same for every item."""
        ...

    def lift(self, node: ast.expr) -> tuple[ast.expr, Value]:
        """The lifted form of an expression and what it is. Raises `CannotLift`."""
        ...

    def operand(self, node: ast.expr) -> tuple[ast.expr, Stack | Plain]:
        """As `lift`, with lists of stacks stacked: an array or something plain."""
        ...

    def stacked(self, code: ast.expr, value: Value) -> tuple[ast.expr, Stack | Plain]:
        """A value as an array where it can be one."""
        ...

    def function(self, call: ast.Call) -> tuple[ast.expr, Value] | None:
        """The lifted call of a function of the program; None when it is none."""
        ...

    def varying(self, node: ast.AST) -> set[str]:
        """Names in ``node`` that depend on the item."""
        ...

    def np(self, name: str, *arguments: ast.expr, **keywords: ast.expr) -> ast.Call:
        """A call of NumPy's ``name``."""
        ...
