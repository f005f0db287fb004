"""Lifting what binds and stores: assignments, sums, parts of arrays, and lists that grow."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from typing import Protocol

from medalist.families.speedup.optimiser.arrays.axes import index, number, whole
from medalist.families.speedup.optimiser.arrays.expressions import Expressions
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Plain,
    Record,
    Series,
    Stack,
    Value,
    Widen,
    aligned,
    joined,
    varies,
)
from medalist.families.speedup.optimiser.arrays.walking import Lifted
from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source, loads


class Library(Protocol):
    """Where lifted functions of the program come from."""

    def call(self, body: Storing, call: ast.Call) -> Lifted | None:
        """The lifted call of a function of the program; None when it has none. Raises `CannotLift`."""
        ...

    def result(self, call: ast.expr) -> Value | None:
        """What an expression gives for one item, as far as was seen."""
        ...


class Storing(Expressions):
    """A walker over the statements of one function or loop body, which emits their lifted form.

    ``wide`` are the names known to get parts that vary although they begin the same for all items. Raises
    `CannotLift` for what it cannot do and `Widen` when another name turns out to belong to ``wide``.
    """

    def __init__(
        self,
        source: Source,
        numpy: str,
        attributes: Mapping[str, Kind],
        library: Library,
        wide: frozenset[str],
    ) -> None:
        super().__init__(source, numpy, attributes)
        self.library = library
        self.wide = wide
        self.owner = ""
        self.masks: list[ast.expr] = []
        self.made: set[str] = set()

    def function(self, call: ast.Call) -> Lifted | None:
        """The lifted call of a function of the program; None when it has none."""
        return self.library.call(self, call)

    def result_of_one(self, node: ast.expr) -> Value | None:
        """What an expression without a lifted form gives for one item, as far as was seen or is known."""
        return self.library.result(node)

    def bind(self, name: str, code: ast.expr, value: Value) -> list[ast.stmt]:
        """``name = code``; under a mask that varies under another name, to be chosen from later."""
        if name in self.wide and isinstance(value, Plain):
            code, value = self._widened(code, value)
        if not self.masks:
            self.environment[name] = Bound(ast.Name(name, ast.Load()), value)
            return [assigned(name, code)]
        other = self.source.fresh(f"{name}_chosen", self.made)
        self.made.add(other)
        self.environment[name] = Bound(ast.Name(other, ast.Load()), value)
        return [assigned(other, code)]

    def _widened(self, code: ast.expr, value: Plain) -> tuple[ast.expr, Value]:
        """A fresh list or array that is the same for all items, as one for each item."""
        if isinstance(code, ast.List) and not code.elts:
            return code, Series(())
        if (
            isinstance(code, ast.Call)
            and self.source.library_name(code.func) == "builtins.list"
            and not code.args
        ):
            return ast.List([], ast.Load()), Series(())
        name = self.source.library_name(code.func) if isinstance(code, ast.Call) else ""
        if isinstance(code, ast.Call) and name in ("numpy.zeros", "numpy.ones", "numpy.empty", "numpy.full"):
            shape = code.args[0]
            axes = shape.elts if isinstance(shape, ast.Tuple | ast.List) else [shape]
            if not isinstance(shape, ast.Tuple | ast.List) and value.rank != 1:
                axes = [ast.Starred(shape, ast.Load())]
            if value.rank is None:
                raise CannotLift("an array of unknown rank")
            together = ast.Tuple([self.count, *axes], ast.Load())
            return ast.Call(code.func, [together, *code.args[1:]], code.keywords), Stack(value.rank)
        if value.rank is not None and value.rank > 0:
            shape = ast.Starred(self.np("shape", code), ast.Load())
            copied = self.np("broadcast_to", code, ast.Tuple([self.count, shape], ast.Load()))
            return ast.Call(ast.Attribute(copied, "copy", ast.Load()), [], []), Stack(value.rank)
        raise CannotLift("what cannot be had once an item")

    def assign(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """An assignment to a name, to several, or to a part."""
        if isinstance(target, ast.Tuple | ast.List):
            return self._unpack(target, value)
        code, what = self.lift(value)
        if isinstance(target, ast.Name):
            if isinstance(what, Record):
                self.environment[target.id] = Bound(code, what)
                return []
            if not isinstance(what, Plain | Stack | Series):
                code, what = self.stacked(code, what)
            return self.bind(target.id, code, what)
        if isinstance(target, ast.Subscript):
            return self.store(target, code, what)
        raise CannotLift("an assignment to an attribute")

    def _unpack(self, target: ast.Tuple | ast.List, value: ast.expr) -> list[ast.stmt]:
        names = [entry.id for entry in target.elts if isinstance(entry, ast.Name)]
        if len(names) != len(target.elts):
            raise CannotLift("unpacking into parts")
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(names):
            if set(names[:-1]) & loads(*value.elts[1:]):
                raise CannotLift("names that are exchanged")
            pairs = [(name, *self.lift(entry)) for name, entry in zip(names, value.elts, strict=True)]
            return [step for name, code, what in pairs for step in self.bind(name, code, what)]
        code, what = self.lift(value)
        if isinstance(what, Stack) and what.rank:
            code = self.np("moveaxis", code, number(1), number(0))
            parts: list[Value] = [Stack(what.rank - 1, what.boolean)] * len(names)
        elif isinstance(what, Series) and what.items is not None and len(what.items) == len(names):
            parts = list(what.items)
        elif isinstance(what, Plain):
            parts = [self._unpacked_plain(value)] * len(names)
        else:
            raise CannotLift("unpacking what is not known")
        if self.masks:
            raise CannotLift("unpacking on one path")
        for name, part in zip(names, parts, strict=True):
            if name in self.wide:
                raise CannotLift("an unpacked name that gets parts that vary")
            self.environment[name] = Bound(ast.Name(name, ast.Load()), part)
        stored = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
        return [ast.Assign([stored], code)]

    def _unpacked_plain(self, value: ast.expr) -> Plain:
        if isinstance(value, ast.Attribute) and value.attr == "shape":
            return Plain(0)
        name = self.source.library_name(value.func) if isinstance(value, ast.Call) else ""
        return Plain(
            {"numpy.meshgrid": 2, "numpy.indices": 2, "numpy.nonzero": 1, "numpy.where": 1}.get(name)
        )

    def augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        """``target += value``."""
        reading = copy.deepcopy(node.target)
        for one in ast.walk(reading):
            if isinstance(one, ast.Name | ast.Subscript | ast.Attribute):
                one.ctx = ast.Load()
        whole_value = ast.BinOp(reading, node.op, node.value)
        if not isinstance(node.target, ast.Name):
            return self.assign(node.target, ast.copy_location(whole_value, node))
        before = self.environment.get(node.target.id)
        code, value = self.lift(whole_value)
        same_series = isinstance(value, Series) and before is not None and not self.masks
        if (same_series or isinstance(value, Plain)) and not self.masks and before is not None:
            self.environment[node.target.id] = Bound(before.code, value)
            return [ast.AugAssign(ast.Name(node.target.id, ast.Store()), node.op, self.lift(node.value)[0])]
        return self.bind(node.target.id, code, value)

    def store(self, target: ast.Subscript, code: ast.expr, value: Value) -> list[ast.stmt]:
        """``array[...] = value``, of an array that the body itself made."""
        if not isinstance(target.value, ast.Name) or target.value.id not in self.environment:
            raise CannotLift("a part of what the body did not make")
        name = target.value.id
        held = self.environment[name].value
        if isinstance(held, Plain):
            if varies(value) or self.varying(target.slice) or self.masks:
                raise Widen(name)
            return [ast.Assign([self.renamed_store(target)], code)]
        entries = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
        lifted = [self._index_entry(entry) for entry in entries]
        if not isinstance(held, Stack):
            raise CannotLift("a part of a list")
        part_code, part = self._stored_place(target, held, lifted)
        if not isinstance(value, Plain | Stack):
            code, value = self.stacked(code, value)
        if isinstance(value, Stack):
            code = aligned(code, value.rank, part.rank)
        if self.masks:
            code = self.np("where", aligned(self.mask(), 0, part.rank), code, copy.deepcopy(part_code))
        stored = copy.deepcopy(part_code)
        if isinstance(stored, ast.Subscript):
            stored.ctx = ast.Store()
        return [ast.Assign([stored], code)]

    def _stored_place(
        self, target: ast.Subscript, held: Stack, lifted: list[tuple[ast.expr, Stack | Plain]]
    ) -> tuple[ast.expr, Stack]:
        code = copy.deepcopy(self.environment[target.value.id].code)  # pyright: ignore[reportAttributeAccessIssue]
        if len(lifted) == 1 and isinstance(lifted[0][1], Stack):
            place, kind = lifted[0]
            if kind.rank or kind.boolean:
                raise CannotLift("a part at places that vary")
            return index(code, self.np("arange", self.count), place), Stack(held.rank - 1)
        if any(varies(kind) for _, kind in lifted):
            raise CannotLift("a part at places that vary")
        numbers = sum(1 for entry, kind in lifted if not isinstance(entry, ast.Slice) and kind == Plain(0))
        if numbers + sum(isinstance(entry, ast.Slice) for entry, _ in lifted) != len(lifted):
            raise CannotLift("a part at places that are not known")
        return index(code, whole(), *(entry for entry, _ in lifted)), Stack(held.rank - numbers)

    def mask(self) -> ast.expr:
        """The items that the present path is for."""
        code = copy.deepcopy(self.masks[0])
        for other in self.masks[1:]:
            code = ast.BinOp(code, ast.BitAnd(), copy.deepcopy(other))
        return code

    def renamed_store(self, target: ast.Subscript) -> ast.Subscript:
        """A stored part of something plain, with the names of lifted code."""
        return ast.Subscript(self.renamed(target.value), self.renamed(target.slice), ast.Store())

    def effect(self, node: ast.Expr, call: ast.Call) -> list[ast.stmt]:
        """A call for its effect: appending to a list that the body made, or one that is the same for all items."""
        func = call.func
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and len(call.args) == 1:
            bound = self.environment.get(func.value.id)
            if bound is not None and func.attr in ("append", "extend"):
                return self._grown(func, bound, call.args[0])
        if self.varying(node) or self.masks:
            raise CannotLift("a call for its effect on what varies")
        return [ast.Expr(self.renamed(call))]

    def _grown(self, func: ast.Attribute, bound: Bound, argument: ast.expr) -> list[ast.stmt]:
        name = func.value.id  # pyright: ignore[reportAttributeAccessIssue]
        code, value = self.lift(argument)
        if self.masks:
            raise CannotLift("a list that grows on one path")
        if isinstance(bound.value, Plain):
            if varies(value):
                raise Widen(name)
        elif isinstance(bound.value, Series):
            items = bound.value.items
            if func.attr == "append":
                added: tuple[Value, ...] | None = (value,)
            else:
                added = value.items if isinstance(value, Series) else None
                if isinstance(value, Stack) and value.rank:
                    code, added = self.np("moveaxis", code, number(1), number(0)), None
                    value = Series(None, Stack(value.rank - 1, value.boolean))
            if items is not None and added is not None:
                self.environment[name] = Bound(bound.code, Series(items + added))
            else:
                grown = [bound.value, Series(added) if added is not None else value]
                self.environment[name] = Bound(bound.code, joined(grown))
        else:
            raise CannotLift("appending to an array")
        return [
            ast.Expr(ast.Call(ast.Attribute(copy.deepcopy(bound.code), func.attr, ast.Load()), [code], []))
        ]


def assigned(name: str, code: ast.expr) -> ast.stmt:
    """``name = code``."""
    return ast.Assign([ast.Name(name, ast.Store())], code)
