"""Loops that treat one item after another, made to treat many at once: one NumPy call for all instead of one each."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

from medalist.families.speedup.optimiser.arrays.axes import index, length, method, number
from medalist.families.speedup.optimiser.arrays.functions import Functions
from medalist.families.speedup.optimiser.arrays.outer_loops import LoopBody, RowAccess
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Position,
    Record,
    Stack,
    Widen,
    plain_of,
)
from medalist.families.speedup.optimiser.facts import Kind, LoopFacts
from medalist.families.speedup.optimiser.rewriting import (
    Source,
    Splice,
    bound,
    loads,
    spliced,
    stores,
    written,
)
from medalist.families.speedup.optimiser.transformation import Edit, Program

SMALLEST_SHARE = 0.004
"""Of a run's time: loops below are left alone."""
REASON = "Each item is treated alone and alike, so NumPy may treat a stack of them along one more axis."
TABLE = "pandas.DataFrame"
"""A table's class, as the facts name it."""
_MOST_WIDENINGS = 12
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


class StackedLoops:
    """Loops over items become calls of NumPy on stacks of items, a bounded number at once."""

    name = "whole stacks instead of single items"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        """An edit for every loop over items that can be lifted, outer loops before inner ones."""
        source = Source.read(program.text)
        if source is None:
            return
        for qualified, function in source.functions.items():
            yield from self._of_function(program, source, qualified, function)

    def _of_function(
        self, program: Program, source: Source, qualified: str, function: ast.FunctionDef
    ) -> Iterator[Edit]:
        for loop in candidates(program, source, qualified, function):
            if loop.read() and loop.used():
                edit = stacked(program, loop)
                if edit is not None:
                    yield edit


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


def stacked(program: Program, loop: Loop) -> Edit | None:
    """The edit that lifts one loop; None where it has no lifted form."""
    text = lifted_text(program, loop)
    if text is None:
        return None
    return Edit(
        StackedLoops.name,
        f"the loop at line {loop.node.lineno} in `{loop.qualified}` treats many items at once",
        REASON,
        text,
        seconds_of(program, loop),
    )


def lifted_text(program: Program, loop: Loop) -> str | None:
    """The program with one loop lifted; None where it has no lifted form."""
    alias = loop.source.alias("numpy") or loop.source.fresh("np")
    wide: frozenset[str] = frozenset()
    for _ in range(_MOST_WIDENINGS):
        functions = Functions(loop.source, program.facts, alias)
        try:
            return _Rewrite(loop, functions, wide).text()
        except Widen as more:
            wide |= {more.name}
        except CannotLift:
            return None
    return None


class _Rewrite:
    """One loop's new text."""

    def __init__(self, loop: Loop, functions: Functions, wide: frozenset[str]) -> None:
        self.loop = loop
        self.functions = functions
        self.source = loop.source
        local = bound(loop.node) - _accumulated(loop.node)
        self.body = LoopBody(loop.source, functions.numpy, loop.attributes, functions, wide, local)
        self.tables = sorted({loop.table, *(k for k, v in loop.kinds.items() if v.type_name == TABLE)} - {""})
        self.body.owner = loop.qualified.rpartition(".")[0]
        self.body.sums = frozenset(_accumulated(loop.node))

    def text(self) -> str | None:
        """The program with the loop lifted. Raises `CannotLift` and `Widen`."""
        loop, body = self.loop, self.body
        for name, kind in loop.kinds.items():
            if name not in body.local:
                body.environment[name] = Bound(ast.Name(name, ast.Load()), plain_of(kind))
                if kind.group in ("list", "tuple"):
                    body.lists[name] = kind
        blocked = not loop.small
        names = (self.source.fresh("start"), self.source.fresh("block"))
        constant = self.source.fresh("ITEMS_AT_ONCE")
        self._count_items(blocked, names)
        statements = self._entered(self._row_access(loop.node.body))
        lifted, result = body.run(without_continue(statements))
        if result is not None:
            raise CannotLift("a return out of the loop")
        lifted = self._opening + lifted
        if blocked:
            lifted = [self._block_loop(names, constant, lifted)]
        new = written(
            [ast.fix_missing_locations(one) for one in lifted],
            self.source.indentation(loop.node),
            {line: text for line, text in self.source.comments.items() if line > loop.node.lineno},
        )
        start, end = self.source.line_span(loop.node)
        splices = [Splice(start, end, new), *self.functions.splices()]
        if not self.source.alias("numpy") and f"{self.functions.numpy}." in new + "".join(
            s.new for s in splices
        ):
            splices.append(self.source.new_import("numpy", self.functions.numpy))
        if blocked:
            comment = (
                "Items treated at once: few enough that what is made of them stays in the processor's cache."
            )
            splices.append(self.source.new_constant(f"{constant} = {loop.at_once()}", comment))
        return spliced(self.source.text, splices)

    def _count_items(self, blocked: bool, names: tuple[str, str]) -> None:
        loop, body = self.loop, self.body
        count = copy.deepcopy(loop.count)
        if count is None:
            raise CannotLift("a loop of unknown length")
        start, block = (ast.Name(name, ast.Load()) for name in names)
        if blocked:
            body.block = block
            ends = (
                ast.Attribute(copy.deepcopy(block), "start", ast.Load()),
                ast.Attribute(block, "stop", ast.Load()),
            )
            body.positions = body.np("arange", *ends)
            body.count = ast.BinOp(ends[1], ast.Sub(), copy.deepcopy(start))
            return
        first = loop.first
        whole = first is None and isinstance(count, ast.Call) and len(loop.items) + bool(loop.table) > 0
        body.block = None if whole else ast.Slice(first, count)
        body.count = ast.BinOp(count, ast.Sub(), first) if first is not None else count
        if loop.record and loop.position:
            labels = ast.Attribute(ast.Name(loop.table, ast.Load()), "index", ast.Load())
            body.positions = method(labels, "to_numpy")
        else:
            body.positions = body.np("arange", *([first] if first is not None else []), count)

    def _row_access(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """The body with a table's cells at the loop's position read as fields of a record."""
        loop = self.loop
        for table in self.tables if loop.position else ():
            access = RowAccess(table, loop.position)
            statements = [access.visit(copy.deepcopy(statement)) for statement in statements]
            if access.seen:
                if not loop.small:
                    raise CannotLift("a table's rows in blocks")
                self.body.environment[access.record] = access.bound()
        return statements

    def _entered(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Bind what the loop's head binds; ``_opening`` are the statements that do so in lifted code."""
        loop, body = self.loop, self.body
        self._opening: list[ast.stmt] = []
        if loop.position:
            body.environment[loop.position] = Bound(ast.Name(loop.position, ast.Load()), Position())
        if loop.record:
            if not loop.small:
                raise CannotLift("a table's rows in blocks")
            body.environment[loop.record] = Bound(ast.Name(loop.table, ast.Load()), Record())
        for target, array in loop.items:
            kind = loop.kind(array)
            if kind is None:
                raise CannotLift("an array of unknown kind")
            if kind.group == "array":
                code, value = (
                    body.items_of(copy.deepcopy(array)),
                    Stack(kind.ndim - 1, boolean=kind.dtype == "bool"),
                )
            else:
                found = body.list_items(copy.deepcopy(array), kind)
                if found is None:
                    raise CannotLift("a list of items of different kinds")
                code, value = found
            if not isinstance(target, ast.Name):
                self._opening += self._unpacked(target, code, value)
            elif isinstance(value, Stack):
                self._opening += body.bind(target.id, code, value)
        return statements

    def _unpacked(self, target: ast.expr, code: ast.expr, value: object) -> list[ast.stmt]:
        if not isinstance(target, ast.Tuple) or not isinstance(value, Stack) or value.rank != 1:
            raise CannotLift("items that are unpacked")
        opening: list[ast.stmt] = []
        for place, name in enumerate(target.elts):
            if not isinstance(name, ast.Name):
                raise CannotLift("items that are unpacked")
            column = index(copy.deepcopy(code), ast.Slice(), number(place))
            opening += self.body.bind(name.id, column, Stack(0, value.boolean))
        return opening

    def _block_loop(self, names: tuple[str, str], constant: str, lifted: list[ast.stmt]) -> ast.stmt:
        start, block = names
        first, count = self.loop.first or number(0), self.loop.count or number(0)
        step = ast.Name(constant, ast.Load())
        over = ast.Call(ast.Name("range", ast.Load()), [first, count, step], [])
        end: ast.expr = ast.BinOp(ast.Name(start, ast.Load()), ast.Add(), step)
        end = ast.Call(ast.Name("min", ast.Load()), [end, count], [])
        cut = ast.Call(ast.Name("slice", ast.Load()), [ast.Name(start, ast.Load()), end], [])
        opening = ast.Assign([ast.Name(block, ast.Store())], cut)
        return ast.For(ast.Name(start, ast.Store()), over, [opening, *lifted], [])


def _accumulated(loop: ast.For) -> set[str]:
    """Names that a turn of the loop only adds to: ``total += part``, never bound or read in it otherwise."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(loop):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(node)
        elif (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        ):
            name = node.targets[0].id
            reads = [one for one in ast.walk(node.value) if isinstance(one, ast.Name) and one.id == name]
            if len(reads) == 1 and isinstance(node.value, ast.BinOp | ast.Call):
                found.setdefault(name, []).append(node)
    result: set[str] = set()
    for name, places in found.items():
        uses = [one for one in ast.walk(loop) if isinstance(one, ast.Name) and one.id == name]
        inside = [
            one for place in places for one in ast.walk(place) if isinstance(one, ast.Name) and one.id == name
        ]
        if len(uses) == len(inside) and not any(_in_inner_loop(loop, place) for place in places):
            result.add(name)
    return result


def _in_inner_loop(loop: ast.For, node: ast.AST) -> bool:
    return any(node in ast.walk(inner) for inner in inner_loops(loop))


def without_continue(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The same steps with ``if test: continue`` turned into a branch around what follows."""
    for place, statement in enumerate(statements):
        if (
            isinstance(statement, ast.If)
            and len(statement.body) == 1
            and isinstance(statement.body[0], ast.Continue)
            and not statement.orelse
        ):
            rest = without_continue(statements[place + 1 :])
            if not rest:
                return statements[:place]
            test = ast.UnaryOp(ast.Not(), statement.test)
            return [*statements[:place], ast.copy_location(ast.If(test, rest, []), statement)]
    return statements
