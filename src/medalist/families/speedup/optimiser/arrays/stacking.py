"""Loops that treat one item after another, made to treat many at once: one NumPy call for all instead of one each."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator

from medalist.families.speedup.optimiser.arrays.axes import index, method, number
from medalist.families.speedup.optimiser.arrays.functions import Functions
from medalist.families.speedup.optimiser.arrays.items import TABLE, Loop, candidates, inner_loops, seconds_of
from medalist.families.speedup.optimiser.arrays.leftovers import ItemLoop
from medalist.families.speedup.optimiser.arrays.outer_loops import RowAccess
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Position,
    Record,
    Stack,
    Widen,
    plain_of,
)
from medalist.families.speedup.optimiser.rewriting import Source, Splice, bound, spliced
from medalist.families.speedup.optimiser.transformation import Edit, Program
from medalist.families.speedup.optimiser.writing import written

REASON = "Each item is treated alone and alike, so NumPy may treat a stack of them along one more axis."


_MOST_WIDENINGS = 12


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
        self.body = ItemLoop(loop.source, functions.numpy, loop.attributes, functions, wide, local)
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
        if not body.worthwhile:
            raise CannotLift("all of it is left to single items")
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
