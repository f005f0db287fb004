"""Lifting parts of things: attributes, entries of lists, fields of rows, and parts of arrays."""

from __future__ import annotations

import ast
import copy

from medalist.families.speedup.optimiser.arrays.axes import index, integer, method, number, whole
from medalist.families.speedup.optimiser.arrays.values import (
    CannotLift,
    Plain,
    Record,
    Series,
    Stack,
    Value,
    Where,
    joined,
    varies,
)
from medalist.families.speedup.optimiser.arrays.walking import Lifted, Walker, entry_code


class Parts(Walker):
    """A walker that lifts attributes and subscripts."""

    def _attribute(self, node: ast.Attribute) -> Lifted:
        code, value = self.lift(node.value)
        if isinstance(value, Record):
            return column_of(code, node.attr), Stack(0)
        if not isinstance(value, Stack):
            raise CannotLift(f"the attribute {node.attr} of what is no stack")
        match node.attr:
            case "shape":
                return index(ast.Attribute(code, "shape", ast.Load()), ast.Slice(number(1))), Plain()
            case "ndim":
                return number(value.rank), Plain(0)
            case "dtype":
                return ast.Attribute(code, "dtype", ast.Load()), Plain()
            case "size" if value.rank:
                return ast.Attribute(index(code, number(0)), "size", ast.Load()), Plain(0)
            case "real" | "imag":
                return ast.Attribute(code, node.attr, ast.Load()), value
            case "T" if value.rank < 2:
                return code, value
            case "T" if value.rank == 2:
                return self.np("swapaxes", code, number(1), number(2)), value
        raise CannotLift(f"the attribute {node.attr} has no rule")

    def _subscript(self, node: ast.Subscript) -> Lifted:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            shape, value = self.lift(node.value)
            axis = integer(node.slice)
            if axis is not None and isinstance(value, Plain) and isinstance(shape, ast.Subscript):
                return index(shape.value, number(axis + 1 if axis >= 0 else axis)), Plain(0)
        code, value = self.lift(node.value)
        match value:
            case Record() if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                return column_of(code, node.slice.value), Stack(0)
            case Series():
                return self._series_entry(node, code, value)
            case Stack() if not value.text:
                return self._part(node, code, value)
            case Plain():
                return self._looked_up(node, code, value)
        raise CannotLift("a part of this has no rule")

    def _series_entry(self, node: ast.Subscript, code: ast.expr, value: Series) -> Lifted:
        place, plain = self.lift(node.slice)
        if varies(plain):
            raise CannotLift("a list's entry at a place that varies")
        where = integer(node.slice)
        if value.items is not None and where is not None and -len(value.items) <= where < len(value.items):
            return entry_code(code, where), value.items[where]
        item = value.item if value.items is None else joined(value.items)
        if item is None or isinstance(node.slice, ast.Slice):
            raise CannotLift("a list's entry that is not known")
        return index(code, place), item

    def _part(self, node: ast.Subscript, code: ast.expr, value: Stack) -> Lifted:
        """A part of a stack: the same indices behind one more axis."""
        entries = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        lifted = [self._index_entry(entry) for entry in entries]
        if len(lifted) == 1 and isinstance(lifted[0][1], Stack):
            mask, kind = lifted[0]
            if kind.boolean and kind.rank == value.rank:
                return code, Where(code, mask, value.rank)
            if kind.rank == 0 and not kind.boolean:
                everyone = self.np("arange", self.count)
                return index(code, everyone, mask), Stack(value.rank - 1)
        if any(varies(kind) for _, kind in lifted):
            raise CannotLift("a part at places that vary")
        rank, gathered = value.rank, 0
        for entry, kind in lifted:
            rank, gathered = _rank_behind(entry, kind, rank, gathered)
        if isinstance(entries[0], ast.Constant) and entries[0].value is ...:
            return index(code, *(entry for entry, _ in lifted)), Stack(rank, value.boolean)
        if rank < 0:
            raise CannotLift("more indices than axes")
        if isinstance(code, ast.Subscript) and _plain_places(code) and isinstance(code.slice, ast.Tuple):
            code, before = code.value, code.slice.elts
            if len(before) == 2 and integer(before[1]) is not None and _only_simple(entries):
                return index(code, *before, *(entry for entry, _ in lifted)), Stack(rank, value.boolean)
            code = index(code, *before)
        return index(code, whole(), *(entry for entry, _ in lifted)), Stack(rank, boolean=value.boolean)

    def _index_entry(self, entry: ast.expr) -> tuple[ast.expr, Stack | Plain]:
        if isinstance(entry, ast.Slice):
            bounds = [bound for bound in (entry.lower, entry.upper, entry.step) if bound is not None]
            lifted = [self.lift(bound) for bound in bounds]
            if any(varies(value) for _, value in lifted):
                raise CannotLift("a slice whose bounds vary")
            codes = iter(code for code, _ in lifted)
            parts = [
                next(codes) if bound is not None else None for bound in (entry.lower, entry.upper, entry.step)
            ]
            return ast.Slice(*parts), Plain()
        return self.operand(entry)

    def _looked_up(self, node: ast.Subscript, code: ast.expr, value: Plain) -> Lifted:
        """A part of an array that is the same for all items, at a place that varies."""
        if value.rank is None or value.rank == 0:
            raise CannotLift("a look-up in what is no array")
        entries = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        lifted = [self._index_entry(entry) for entry in entries]
        varied = [kind for _, kind in lifted if isinstance(kind, Stack)]
        if len(varied) != 1 or varied[0].boolean or not isinstance(lifted[0][1], Stack):
            raise CannotLift("a look-up at several places")
        rank, gathered = value.rank - 1, 0
        for entry, kind in lifted[1:]:
            rank, gathered = _rank_behind(entry, kind, rank, gathered)
        return index(code, *(entry for entry, _ in lifted)), Stack(rank + varied[0].rank)


def column_of(table: ast.expr, name: str) -> ast.expr:
    """A table's column as an array."""
    if name == "Index":
        return method(ast.Attribute(copy.deepcopy(table), "index", ast.Load()), "to_numpy")
    return method(index(copy.deepcopy(table), ast.Constant(name)), "to_numpy")


def _rank_behind(entry: ast.expr, kind: Value, rank: int, gathered: int) -> tuple[int, int]:
    """The rank left after one index entry; lists of places share one new axis. Raises `CannotLift`."""
    if isinstance(entry, ast.Slice):
        return rank, gathered
    if isinstance(entry, ast.Constant) and entry.value in (None, ...):
        return (rank + 1, gathered) if entry.value is None else (rank, gathered)
    if not isinstance(kind, Plain) or kind.rank is None:
        raise CannotLift("an index that is not known")
    if kind.rank == 0:
        return rank - 1, gathered
    if kind.boolean:
        return rank - kind.rank + 1, 1
    return (rank - 1 if gathered else rank - 1 + kind.rank), 1


def _plain_places(code: ast.Subscript) -> bool:
    places = code.slice.elts if isinstance(code.slice, ast.Tuple) else [code.slice]
    first = places[0]
    return isinstance(first, ast.Slice) and first.lower is None and first.upper is None and first.step is None


def _only_simple(entries: list[ast.expr]) -> bool:
    return all(
        isinstance(entry, ast.Slice | ast.Constant | ast.Name | ast.BinOp | ast.UnaryOp) for entry in entries
    )
