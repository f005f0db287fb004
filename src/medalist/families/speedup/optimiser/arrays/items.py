"""Loops over items: what they run over, what was seen of the names around them, and how many items go at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

from medalist.families.speedup.optimiser.arrays.axes import index, length, method, number
from medalist.families.speedup.optimiser.facts import Kind, LoopFacts
from medalist.families.speedup.optimiser.rewriting import Source, loads, stores
from medalist.families.speedup.optimiser.transformation import Program

SMALLEST_SHARE = 0.004
"""Of a run's time: loops below are left alone."""
TABLE = "pandas.DataFrame"
"""A table's class, as the facts name it."""
_ENTRIES_AT_ONCE = 2**17
_LEAST, _MOST = 16, 4096
_ITEMS_OF_UNKNOWN_SIZE = 128


@dataclass
class Loop:
    """A loop over items in a function: where it stands, and what was seen of the names around it."""

    source: Source
    qualified: str
    node: ast.For
    kinds: Mapping[str, Kind]
    attributes: Mapping[str, Kind]
    position: str = ""
    first: ast.expr | None = None
    count: ast.expr | None = None
    items: list[tuple[ast.expr, ast.expr]] = field(default_factory=list)
    """(target, array) for every array that the loop runs over."""
    table: str = ""
    record: str = ""

    def kind(self, node: ast.expr) -> Kind | None:
        """What an expression held, for names and attributes of ``self``."""
        if isinstance(node, ast.Name):
            return self.kinds.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            return self.attributes.get(node.attr)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "to_numpy"
        ):
            return Kind("array", ndim=1)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return self.kind(node.value)
        return None

    def read(self) -> bool:
        """Understand what the loop runs over; False when it is none of the forms known."""
        iterable, target = self.node.iter, self.node.target
        name = self.source.library_name(iterable.func) if isinstance(iterable, ast.Call) else ""
        if isinstance(iterable, ast.Call) and name == "builtins.enumerate" and len(iterable.args) == 1:
            if (
                not isinstance(target, ast.Tuple)
                or len(target.elts) != 2
                or not isinstance(target.elts[0], ast.Name)
            ):
                return False
            self.position, target, iterable = target.elts[0].id, target.elts[1], iterable.args[0]
            name = self.source.library_name(iterable.func) if isinstance(iterable, ast.Call) else ""
        if isinstance(iterable, ast.Call):
            return self._read_call(name, iterable, target)
        return self._read_item(target, iterable)

    def used(self) -> bool:
        """Whether the body looks at the item at all."""
        return bool(stores(self.node.target) & loads(*self.node.body))

    def _read_call(self, name: str, iterable: ast.Call, target: ast.expr) -> bool:
        if name == "builtins.range" and not self.position and isinstance(target, ast.Name):
            self.position = target.id
            if len(iterable.args) > 2 or iterable.keywords:
                return False
            self.count = iterable.args[-1]
            self.first = iterable.args[0] if len(iterable.args) == 2 else None
            self._table_of_count()
            return True
        if (
            name == "builtins.zip"
            and isinstance(target, ast.Tuple)
            and len(target.elts) == len(iterable.args)
        ):
            pairs = zip(target.elts, iterable.args, strict=True)
            return all(self._read_item(one, array) for one, array in pairs)
        if name == "itertools.pairwise" and isinstance(target, ast.Tuple) and len(target.elts) == 2:
            (array,) = iterable.args
            before = index(array, ast.Slice(upper=number(-1)))
            after = index(array, ast.Slice(lower=number(1)))
            return self._read_item(target.elts[0], before) and self._read_item(target.elts[1], after)
        if isinstance(iterable.func, ast.Attribute) and isinstance(iterable.func.value, ast.Name):
            return self._read_table(iterable, iterable.func.attr, iterable.func.value.id, target)
        return False

    def _table_of_count(self) -> None:
        """``range(len(table))``: the loop counts a table's rows."""
        for one in ast.walk(self.count) if self.count is not None else ():
            if isinstance(one, ast.Name):
                kind = self.kinds.get(one.id)
                if kind is not None and kind.type_name == TABLE and self.first is None:
                    self.table = one.id

    def _read_table(self, iterable: ast.Call, method: str, table: str, target: ast.expr) -> bool:
        kind = self.kinds.get(table)
        if self.position or iterable.args or (kind is not None and kind.type_name not in ("", TABLE)):
            return False
        self.table, self.count = table, length(ast.Name(table, ast.Load()))
        if method == "itertuples" and isinstance(target, ast.Name):
            self.record = target.id
            return True
        if method == "iterrows" and isinstance(target, ast.Tuple) and len(target.elts) == 2:
            label, row = target.elts
            if isinstance(label, ast.Name) and isinstance(row, ast.Name):
                self.position, self.record = label.id, row.id
                return True
        return False

    def _read_item(self, target: ast.expr, array: ast.expr) -> bool:
        array = self._column(array) or array
        kind = self.kind(array)
        if kind is None or kind.group not in ("array", "list", "tuple"):
            return False
        if kind.group == "array" and not kind.ndim:
            return False
        self.items.append((target, array))
        if self.count is None:
            self.count = length(array)
        return True

    def _column(self, node: ast.expr) -> ast.expr | None:
        """A table's column that is run over, as an array; None for anything else."""
        match node:
            case ast.Subscript(value=ast.Name(id=table), slice=ast.Constant(value=str())):
                kind = self.kinds.get(table)
                if kind is not None and kind.type_name == TABLE:
                    self.table = table
                    return method(node, "to_numpy")
        return None

    @property
    def small(self) -> bool:
        """Whether every item is a few numbers and the body does nothing else with them: all go at once."""
        several = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp)
        if any(isinstance(one, several) for one in ast.walk(self.node) if one is not self.node):
            return bool(self.table)
        return bool(self.table) or self._entries() == 1

    def _entries(self) -> int | None:
        """The number of entries of the largest item; None when it is not known."""
        sizes: list[int] = []
        names = {array.id for _, array in self.items if isinstance(array, ast.Name)}
        indexed = [
            one
            for one in ast.walk(self.node)
            if isinstance(one, ast.Subscript) and isinstance(one.value, ast.Name)
        ]
        names |= {
            one.value.id
            for one in indexed
            if isinstance(one.value, ast.Name) and self.position in loads(one.slice)
        }
        for name in names & set(self.kinds):
            kind = self.kinds[name]
            shape = kind.shape[1:] if kind.group == "array" else kind.items[0].shape if kind.items else ()
            known = [size for size in shape if size is not None]
            if len(known) != len(shape):
                return None
            sizes.append(prod(known))
        return max(sizes, default=None)

    def at_once(self) -> int:
        """How many items fit the processor's cache together, a power of two."""
        entries = self._entries()
        if not entries or entries == 1:
            return _ITEMS_OF_UNKNOWN_SIZE
        return max(_LEAST, min(_MOST, 1 << max(0, (_ENTRIES_AT_ONCE // entries).bit_length() - 1)))


def candidates(program: Program, source: Source, qualified: str, function: ast.FunctionDef) -> Iterator[Loop]:
    """The ``for`` loops of a function that took time, with what was seen of the names around them."""
    seen = program.facts.functions.get(qualified)
    attributes = seen.attributes if seen is not None else {}
    for outer in outermost(function):
        facts = program.facts.loop_at(outer.lineno)
        if facts is None or program.facts.share(facts.seconds) < SMALLEST_SHARE:
            continue
        kinds = {**(seen.arguments if seen is not None else {}), **facts.bound_after, **facts.variables}
        for node in [outer, *inner_loops(outer)]:
            if isinstance(node, ast.For) and not node.orelse and source.alone(node):
                yield Loop(source, qualified, node, kinds, attributes)


def outermost(function: ast.AST) -> Iterator[ast.For | ast.While]:
    """The loops of a function that stand in no other."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, ast.For | ast.While):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield from outermost(child)


def inner_loops(loop: ast.AST) -> Iterator[ast.For | ast.While]:
    """The loops inside a loop, outer ones first."""
    for found in outermost(loop):
        yield found
        yield from inner_loops(found)


def seconds_of(program: Program, loop: Loop) -> float:
    """What a loop, or the outermost one around it, took."""
    before = [
        one for one in program.facts.loops if one.function == loop.qualified and one.line <= loop.node.lineno
    ]
    last: LoopFacts | None = max(before, key=lambda one: one.line, default=None)
    return last.seconds if last is not None else 0.0
