"""Lifting the body of a loop over items: what leaves a turn of the loop leaves it for many items at once."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping

from medalist.families.speedup.optimiser.arrays.axes import index, number
from medalist.families.speedup.optimiser.arrays.bodies import Body
from medalist.families.speedup.optimiser.arrays.storing import Library
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Plain,
    Position,
    Record,
    Series,
    Stack,
    Value,
    aligned,
    varies,
)
from medalist.families.speedup.optimiser.arrays.walking import Lifted
from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source, loads, same

_AT = {ast.Add: "add", ast.Sub: "subtract"}


class LoopBody(Body):
    """A walker for the body of a loop over items. ``local`` are the names that the loop itself binds.

    ``block`` is the index of the items worked on at once, None for all of them; ``lists`` are the kinds of lists
    around the loop that are indexed by item.
    """

    def __init__(
        self,
        source: Source,
        numpy: str,
        attributes: Mapping[str, Kind],
        library: Library,
        wide: frozenset[str],
        local: set[str],
    ) -> None:
        super().__init__(source, numpy, attributes, library, wide)
        self.local = local
        self.block: ast.expr | None = None
        self.lists: dict[str, Kind] = {}

    # ---- reading

    def lift(self, node: ast.expr) -> Lifted:
        """As of any body; a name that carries something from one item to the next has no lifted form."""
        for name in loads(node) & self.local:
            if name not in self.environment:
                raise CannotLift(f"{name} is carried from one item to the next")
        return super().lift(node)

    def items_of(self, array: ast.expr) -> ast.expr:
        """The items of ``array`` that are worked on at once."""
        return index(array, copy.deepcopy(self.block)) if self.block is not None else array

    def list_items(self, array: ast.expr, kind: Kind) -> Lifted | None:
        """The items of a Python list, as a stack; None when they are not alike."""
        first = kind.items[0] if kind.items else None
        if first is None or any((k.group, k.ndim) != (first.group, first.ndim) for k in kind.items):
            return None
        if (
            first.group in ("list", "tuple")
            and first.items
            and first.items[0].group in ("int", "float", "bool")
        ):
            return self.np("array", self.items_of(array)), Stack(1)
        if first.group == "array":
            return self.np("stack", self.items_of(array)), Stack(first.ndim, boolean=first.dtype == "bool")
        if first.group == "str":
            objects = ast.Name("object", ast.Load())
            return self.np("array", self.items_of(array), dtype=objects), Stack(0, text=True)
        if first.group in ("int", "float", "bool"):
            return self.np("array", self.items_of(array)), Stack(0, boolean=first.group == "bool")
        return None

    def _looked_up(self, node: ast.Subscript, code: ast.expr, value: Plain) -> Lifted:
        entries = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if self._is_position(entries[0]):
            listed = self.lists.get(code.id) if isinstance(code, ast.Name) else None
            if listed is not None and len(entries) == 1:
                found = self.list_items(code, listed)
                if found is not None:
                    return found
            if value.rank:
                rest = [self._index_entry(entry) for entry in entries[1:]]
                numbers = sum(1 for _, kind in rest if kind == Plain(0))
                slices = sum(isinstance(entry, ast.Slice) for entry, _ in rest)
                if any(varies(kind) for _, kind in rest) or numbers + slices != len(rest):
                    raise CannotLift("an item's part that is not known")
                block = copy.deepcopy(self.block) if self.block is not None else ast.Slice()
                whole_array = not rest and self.block is None
                code = code if whole_array else index(code, block, *(entry for entry, _ in rest))
                return code, Stack(value.rank - 1 - numbers, boolean=value.boolean)
        return super()._looked_up(node, code, value)

    def _is_position(self, entry: ast.expr) -> bool:
        bound = self.environment.get(entry.id) if isinstance(entry, ast.Name) else None
        return bound is not None and isinstance(bound.value, Position)

    # ---- what leaves the loop

    def store(self, target: ast.Subscript, code: ast.expr, value: Value) -> list[ast.stmt]:
        """``array[...] = value``: of an array around the loop, all items' parts at once."""
        name = target.value.id if isinstance(target.value, ast.Name) else ""
        bound = self.environment.get(name)
        if bound is not None and isinstance(bound.value, Record) and isinstance(target.slice, ast.Constant):
            return self._column_store(bound.code, str(target.slice.value), code, value)
        if name in self.local or not name:
            return super().store(target, code, value)
        entries = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
        if not isinstance(value, Plain | Stack):
            code, value = self.stacked(code, value)
        lifted = [self._index_entry(entry) for entry in entries[1:]]
        numbers = sum(1 for _, kind in lifted if kind == Plain(0))
        if any(varies(kind) for _, kind in lifted):
            raise CannotLift("stored at places that vary")
        if self._is_position(entries[0]):
            block = copy.deepcopy(self.block) if self.block is not None else ast.Slice()
        elif not lifted:
            return self._scattered(name, entries[0], code, value)
        else:
            raise CannotLift("stored where another item may store too")
        outer = self.environment.get(name)
        rank = outer.value.rank if outer is not None and isinstance(outer.value, Plain) else None
        if isinstance(value, Stack) and rank is not None:
            code = aligned(code, value.rank, rank - 1 - numbers)
        place = index(ast.Name(name, ast.Load()), block, *(entry for entry, _ in lifted))
        if self.masks:
            part = value.rank if isinstance(value, Stack) else 0
            code = self.np("where", aligned(self.mask(), 0, part), code, copy.deepcopy(place))
        stored = copy.deepcopy(place)
        stored.ctx = ast.Store()  # pyright: ignore[reportAttributeAccessIssue]
        return [ast.Assign([stored], code)]

    def _column_store(self, table: ast.expr, name: str, code: ast.expr, value: Value) -> list[ast.stmt]:
        code, value = self.stacked(code, value)
        if value.rank not in (0, None):
            raise CannotLift("an array in a table's cell")
        if not self.masks:
            return [ast.Assign([_stored(index(table, ast.Constant(name)))], code)]
        rows = ast.Attribute(table, "loc", ast.Load())
        chosen = index(code, self.mask()) if isinstance(value, Stack) else code
        return [ast.Assign([_stored(index(rows, self.mask(), ast.Constant(name)))], chosen)]

    def _scattered(self, name: str, entry: ast.expr, code: ast.expr, value: Value) -> list[ast.stmt]:
        places, kind = self.operand(entry)
        outer = self.environment.get(name)
        rank = outer.value.rank if outer is not None and isinstance(outer.value, Plain) else None
        if not isinstance(kind, Stack) or kind.rank or kind.boolean or rank is None:
            raise CannotLift("stored at places that are not known")
        if self.masks:
            places = index(places, self.mask())
            code = index(code, self.mask()) if isinstance(value, Stack) else code
        return [ast.Assign([_stored(index(ast.Name(name, ast.Load()), places))], code)]

    def augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        """``total += part``: a sum over the items, or over those that fall on the same place."""
        target = node.target
        if isinstance(target, ast.Name) and target.id in self.sums:
            return self._summed(target, node.op, node.value)
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            entries = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
            name = target.value.id
            if name not in self.local and not any(self._is_position(entry) for entry in entries):
                return self._summed_at(target, name, entries, node)
        return super().augmented(node)

    sums: frozenset[str] = frozenset()
    """Names around the loop to which every item adds."""

    def _summed(self, target: ast.Name, operator: ast.operator, part: ast.expr) -> list[ast.stmt]:
        if type(operator) not in _AT:
            raise CannotLift("an accumulation that is no sum")
        code, value = self.operand(part)
        if isinstance(value, Plain):
            items = self.np("count_nonzero", self.mask()) if self.masks else copy.deepcopy(self.count)
            plain_one = isinstance(code, ast.Constant) and code.value == 1
            total: ast.expr = items if plain_one else ast.BinOp(code, ast.Mult(), items)
        elif value.text:
            raise CannotLift("a sum of text")
        else:
            chosen = index(code, self.mask()) if self.masks else code
            axis = {"axis": number(0)} if value.rank else {}
            total = self._weighted(chosen, value) or self.np("sum", chosen, **axis)
        return [ast.AugAssign(ast.Name(target.id, ast.Store()), operator, total)]

    def _weighted(self, code: ast.expr, value: Stack) -> ast.expr | None:
        """The sum of vectors, each times its number, as a product: ``weights @ vectors``."""
        if value.rank != 1 or not isinstance(code, ast.BinOp) or not isinstance(code.op, ast.Mult):
            return None
        for weight, vectors in ((code.left, code.right), (code.right, code.left)):
            if isinstance(weight, ast.Subscript) and same(weight, aligned(weight.value, 0, 1)):
                return ast.BinOp(weight.value, ast.MatMult(), vectors)
        return None

    def _summed_at(
        self, target: ast.Subscript, name: str, entries: list[ast.expr], node: ast.AugAssign
    ) -> list[ast.stmt]:
        if type(node.op) not in _AT or len(entries) != 1:
            raise CannotLift("an accumulation that is no sum")
        outer = self.environment.get(name)
        if outer is None or not isinstance(outer.value, Plain) or not outer.value.rank:
            raise CannotLift("a sum in what is no array")
        places, kind = self.operand(entries[0])
        code, value = self.operand(node.value)
        if isinstance(kind, Plain):
            if not isinstance(value, Stack):
                raise CannotLift("the same for every item, added once an item")
            chosen = index(code, self.mask()) if self.masks else code
            place = self.renamed_store(target)
            return [ast.AugAssign(place, node.op, self.np("sum", chosen, axis=number(0)))]
        if self.masks:
            places = index(places, self.mask())
            code = index(code, self.mask()) if isinstance(value, Stack) else code
        function = ast.Attribute(self.np(_AT[type(node.op)]).func, "at", ast.Load())
        return [ast.Expr(ast.Call(function, [ast.Name(name, ast.Load()), places, code], []))]

    def effect(self, node: ast.Expr, call: ast.Call) -> list[ast.stmt]:
        """``rows.append(item's part)``: the list around the loop grows by all items' parts."""
        func = call.func
        outer = (
            isinstance(func, ast.Attribute)
            and isinstance(func.value, ast.Name)
            and func.value.id not in self.local
        )
        if outer and isinstance(func, ast.Attribute) and func.attr == "append" and len(call.args) == 1:
            parts = self._parts(call.args[0])
            return [ast.Expr(ast.Call(ast.Attribute(func.value, "extend", ast.Load()), [parts], []))]
        if outer or not isinstance(func, ast.Attribute):
            raise CannotLift("a call for its effect, once an item")
        return super().effect(node, call)

    def _parts(self, node: ast.expr) -> ast.expr:
        """What single items append, as something to extend a list with."""
        if isinstance(node, ast.Dict) and all(key is not None for key in node.keys) and self.varying(node):
            return self._dictionaries(node)
        code, value = self.lift(node)
        if isinstance(value, Plain):
            items = self.np("count_nonzero", self.mask()) if self.masks else copy.deepcopy(self.count)
            return ast.BinOp(ast.List([code], ast.Load()), ast.Mult(), items)
        if (
            isinstance(value, Series)
            and value.items
            and not all(isinstance(item, Stack) and item.rank == 0 and not item.text for item in value.items)
        ):
            return self._zipped(code, value)
        if isinstance(value, Series) and isinstance(node, ast.Tuple):
            return self._zipped(code, value)
        code, value = self.stacked(code, value)
        chosen = index(code, self.mask()) if self.masks else code
        return self._listed(chosen) if isinstance(value, Stack) and value.rank == 0 else chosen

    def _zipped(self, code: ast.expr, value: Series) -> ast.expr:
        if not isinstance(code, ast.List) or value.items is None or len(code.elts) != len(value.items):
            raise CannotLift("a tuple of what is not known")
        columns = [self._entries(one, what) for one, what in zip(code.elts, value.items, strict=True)]
        return ast.Call(ast.Name("zip", ast.Load()), columns, [])

    def _entries(self, code: ast.expr, value: Value) -> ast.expr:
        code, value = self.stacked(code, value)
        if isinstance(value, Plain):
            code = self.np("full", copy.deepcopy(self.count), code)
            value = Stack(0)
        chosen = index(code, self.mask()) if self.masks else code
        return self._listed(chosen) if value.rank == 0 else chosen

    def _listed(self, code: ast.expr) -> ast.expr:
        return ast.Call(ast.Attribute(code, "tolist", ast.Load()), [], [])

    def _dictionaries(self, node: ast.Dict) -> ast.expr:
        names: list[str] = []
        columns: list[ast.expr] = []
        values: list[ast.expr] = []
        for key, entry in zip(node.keys, node.values, strict=True):
            code, value = self.lift(entry)
            if isinstance(value, Plain):
                values.append(code)
                continue
            text = key.value if isinstance(key, ast.Constant) else None
            wanted = text if isinstance(text, str) and text.isidentifier() else "entry"
            names.append(
                wanted if wanted not in names and not varies(self._of(wanted)) else f"entry_{len(names)}"
            )
            columns.append(self._entries(code, value))
            values.append(ast.Name(names[-1], ast.Load()))
        target: ast.expr = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
        if len(names) == 1:
            target = ast.Name(names[0], ast.Store())
        together = ast.Call(ast.Name("zip", ast.Load()), columns, []) if len(names) > 1 else columns[0]
        return ast.GeneratorExp(ast.Dict(node.keys, values), [ast.comprehension(target, together, [], 0)])

    def _of(self, name: str) -> Value:
        return self.environment[name].value if name in self.environment else Plain()

    def assign(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """An assignment; ``total = total + part`` and ``best = max(best, part)`` are accumulations."""
        if isinstance(target, ast.Name) and target.id in self.sums:
            if (
                isinstance(value, ast.BinOp)
                and isinstance(value.left, ast.Name)
                and value.left.id == target.id
            ):
                return self._summed(target, value.op, value.right)
            if isinstance(value, ast.Call) and len(value.args) == 2:
                return self._extreme(target, value)
            raise CannotLift("an accumulation that is no sum")
        return super().assign(target, value)

    def _extreme(self, target: ast.Name, call: ast.Call) -> list[ast.stmt]:
        name = self.source.library_name(call.func)
        others = [
            argument
            for argument in call.args
            if not (isinstance(argument, ast.Name) and argument.id == target.id)
        ]
        if name not in ("builtins.min", "builtins.max") or len(others) != 1:
            raise CannotLift("an accumulation that is no sum")
        code, value = self.operand(others[0])
        if not isinstance(value, Stack) or value.rank or self.masks:
            raise CannotLift("the extreme of what are no numbers")
        extreme = self.np(name.removeprefix("builtins."), code)
        return [
            ast.Assign(
                [ast.Name(target.id, ast.Store())],
                ast.Call(call.func, [ast.Name(target.id, ast.Load()), extreme], []),
            )
        ]


class RowAccess(ast.NodeTransformer):
    """Rewrites cells of a table at the loop's position as fields of one record, under the name ``record``.

    ``table.loc[i, "a"]``, ``table.at[i, "a"]``, ``table["a"].iloc[i]``, ``table["a"].values[i]``, ``table["a"][i]``
    and ``table.iloc[i]`` are understood.
    """

    def __init__(self, table: str, position: str) -> None:
        self.table = table
        self.position = position
        self.record = f"<row of {table}>"
        self.seen = False

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        inner = node.value
        if isinstance(inner, ast.Attribute) and self._is(inner.value, self.table):
            if (
                inner.attr in ("loc", "at")
                and isinstance(node.slice, ast.Tuple)
                and len(node.slice.elts) == 2
            ):
                row, column = node.slice.elts
                if self._is(row, self.position) and isinstance(column, ast.Constant):
                    return self._field(column, node.ctx)
            if inner.attr in ("iloc", "loc") and self._is(node.slice, self.position):
                self.seen = True
                return ast.Name(self.record, ast.Load())
        if self._is(node.slice, self.position):
            column = (
                inner.value
                if isinstance(inner, ast.Attribute) and inner.attr in ("iloc", "loc", "values", "at")
                else inner
            )
            if (
                isinstance(column, ast.Subscript)
                and self._is(column.value, self.table)
                and isinstance(column.slice, ast.Constant)
                and isinstance(column.slice.value, str)
                and isinstance(node.ctx, ast.Load)
            ):
                return self._field(column.slice, node.ctx)
        return self.generic_visit(node)

    def _is(self, node: ast.AST, name: str) -> bool:
        return isinstance(node, ast.Name) and node.id == name

    def _field(self, column: ast.expr, context: ast.expr_context) -> ast.expr:
        self.seen = True
        return ast.Subscript(ast.Name(self.record, ast.Load()), column, context)

    def bound(self) -> Bound:
        """What the record's name means in lifted code."""
        return Bound(ast.Name(self.table, ast.Load()), Record())


def _stored(place: ast.expr) -> ast.expr:
    if isinstance(place, ast.Subscript):
        place.ctx = ast.Store()
    return place
