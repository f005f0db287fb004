"""Lifting lists, comprehensions and loops over them; and, where nothing else is known, one item after another."""

from __future__ import annotations

import ast
import copy
import re
from typing import TypeVar

from medalist.families.speedup.optimiser.arrays.axes import number
from medalist.families.speedup.optimiser.arrays.parts import Parts, column_of
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Plain,
    Position,
    Record,
    Series,
    Stack,
    Value,
    joined,
    varies,
)
from medalist.families.speedup.optimiser.arrays.walking import Lifted, Renamer, Walker
from medalist.families.speedup.optimiser.rewriting import Source, stores

_Node = TypeVar("_Node", ast.expr, ast.stmt)


class Sequences(Parts):
    """A walker that lifts displays and comprehensions."""

    def _display(self, node: ast.List | ast.Tuple) -> Lifted:
        if any(isinstance(entry, ast.Starred) for entry in node.elts):
            raise CannotLift("a starred entry")
        lifted = [self.lift(entry) for entry in node.elts]
        codes = [
            self.stacked(code, value)[0] if isinstance(value, Position) else code for code, value in lifted
        ]
        values = tuple(Stack(0) if isinstance(value, Position) else value for _, value in lifted)
        return ast.List(codes, ast.Load()), Series(values)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> Lifted:
        if len(node.generators) != 1:
            raise CannotLift("a comprehension over several loops")
        (generator,) = node.generators
        before = dict(self.environment)
        if not generator.ifs:
            entrywise = self._entrywise(node.elt, generator)
            self.environment.clear()
            self.environment.update(before)
            if entrywise is not None:
                return entrywise
        iterable = self.enter_loop(generator.target, generator.iter)
        if any(self.varying(test) for test in generator.ifs):
            raise CannotLift("a comprehension whose filter varies")
        tests = [self.renamed(test) for test in generator.ifs]
        code, value = self.lift(node.elt)
        self.environment.clear()
        self.environment.update(before)
        if not varies(value):
            raise CannotLift("a comprehension of what is the same for all")
        inner = ast.comprehension(generator.target, iterable, tests, 0)
        return ast.ListComp(code, [inner]), Series(None, value)

    def _entrywise(self, element: ast.expr, generator: ast.comprehension) -> Lifted | None:
        """A comprehension over the entries of vectors as arithmetic with the vectors; None where it is another."""
        targets, sources = [generator.target], [generator.iter]
        zipped = (
            isinstance(generator.iter, ast.Call)
            and self.source.library_name(generator.iter.func) == "builtins.zip"
        )
        if zipped and isinstance(generator.iter, ast.Call) and isinstance(generator.target, ast.Tuple):
            targets, sources = generator.target.elts, generator.iter.args
        if len(targets) != len(sources) or not all(isinstance(target, ast.Name) for target in targets):
            return None
        try:
            lifted = [self.lift(source) for source in sources]
            if any(not isinstance(value, Stack) or value.rank != 1 for _, value in lifted):
                return None
            for target, (code, value) in zip(targets, lifted, strict=True):
                if isinstance(target, ast.Name):
                    self.environment[target.id] = Bound(code, value)
            code, value = self.lift(element)
        except CannotLift:
            return None
        return (code, value) if isinstance(value, Stack) and value.rank == 1 else None

    def enter_loop(self, target: ast.expr, iterable: ast.expr) -> ast.expr:
        """Bind the names of an inner loop and give what it runs over in lifted code. Raises `CannotLift`."""
        code, value = self.lift(iterable)
        entry: Value
        if isinstance(value, Plain):
            entry = self.ranks.entry(iterable)
            if not isinstance(target, ast.Name) and _counts_numbers(self.source, iterable):
                entry = Plain(0)
        elif isinstance(value, Series):
            found = joined(value.items) if value.items is not None else value.item
            if found is None:
                raise CannotLift("a loop over a list of unknown entries")
            entry = found
        elif isinstance(value, Stack) and value.rank:
            code, entry = (
                self.np("moveaxis", code, number(1), number(0)),
                Stack(value.rank - 1, value.boolean),
            )
        else:
            raise CannotLift("a loop over what is no list")
        for name in stores(target):
            unpacked = entry if isinstance(target, ast.Name) else Plain(0) if entry == Plain(0) else Plain()
            if varies(entry) and not isinstance(target, ast.Name):
                raise CannotLift("entries that are unpacked")
            self.environment[name] = Bound(ast.Name(name, ast.Load()), unpacked)
        return code

    def _one_by_one(self, node: ast.expr) -> Lifted:
        """An expression that has no lifted form, evaluated for one item after another."""
        value = self.result_of_one(node)
        if value is None:
            raise CannotLift("what an unknown expression gives")
        inner, sources = self.single_items(node)
        every = ast.ListComp(inner, [_generator(sources)])
        if isinstance(value, Series):
            each = ast.ListComp(
                self.np("array", ast.Name("column", ast.Load())),
                [ast.comprehension(
                    ast.Name("column", ast.Store()),
                    ast.Call(ast.Name("zip", ast.Load()), [ast.Starred(every, ast.Load())], []), [], 0,
                )],
            )  # fmt: skip
            return each, value
        if isinstance(value, Stack) and value.text:
            return self.np("array", every, dtype=ast.Name("object", ast.Load())), value
        return self.np("array", every), value

    def single_items(self, node: _Node) -> tuple[_Node, list[tuple[str, ast.expr]]]:
        """A copy of ``node`` for single items, and (name in it, what to go through for it). Raises `CannotLift`."""
        replaced = _FieldNames(self)
        inner = replaced.visit(copy.deepcopy(node))
        names = sorted(self.varying(inner) - set(replaced.columns))
        single = {name: self.source.fresh(f"one_{name}") for name in names}
        sources: list[tuple[str, ast.expr]] = [(single[name], self._iterated(name)) for name in names]
        sources += [(name, _listed(column)) for name, column in replaced.columns.items()]
        if not sources:
            raise CannotLift("nothing that depends on the item")
        inner = Renamer(
            {old: Bound(ast.Name(new, ast.Load()), Plain()) for old, new in single.items()}
        ).visit(inner)
        return Renamer(self.environment, {name for name, _ in sources}).visit(inner), sources

    def _iterated(self, name: str) -> ast.expr:
        code, value = copy.deepcopy(self.environment[name].code), self.environment[name].value
        if isinstance(value, Position) and self.positions is not None:
            return _listed(self.positions)
        if isinstance(value, Series):
            code, value = self.stacked(code, value)
        if not isinstance(value, Stack):
            raise CannotLift("items of what is no stack")
        return _listed(code) if value.rank == 0 else code


class _FieldNames(ast.NodeTransformer):
    """Replaces a record's fields by names that stand for one row's entry; ``columns`` says which column each is."""

    def __init__(self, lifter: Walker) -> None:
        self.lifter = lifter
        self.columns: dict[str, ast.expr] = {}

    def _field(self, node: ast.Subscript | ast.Attribute, name: object) -> ast.AST:
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in self.lifter.environment and isinstance(name, str):
            bound = self.lifter.environment[owner.id]
            if isinstance(bound.value, Record):
                entry = re.sub(r"\W", "_", name) if re.match(r"[^\W\d]", name) else f"one_{len(self.columns)}"
                self.columns[entry] = column_of(bound.code, name)
                return ast.Name(entry, ast.Load())
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return self._field(node, node.slice.value if isinstance(node.slice, ast.Constant) else None)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._field(node, node.attr)


def _counts_numbers(source: Source, iterable: ast.expr) -> bool:
    """Whether all that a loop over ``iterable`` unpacks are numbers: positions, and literals."""
    parts = [iterable]
    if isinstance(iterable, ast.Call):
        if source.library_name(iterable.func) not in ("builtins.enumerate", "builtins.zip", "builtins.range"):
            return False
        parts = iterable.args
    return all(
        isinstance(one, ast.Constant | ast.List | ast.Tuple | ast.UnaryOp | ast.USub | ast.Load)
        or (isinstance(one, ast.Call) and source.library_name(one.func) == "builtins.range")
        for part in parts
        for one in ([part] if isinstance(part, ast.Call) else ast.walk(part))
    )


def item_loop(sources: list[tuple[str, ast.expr]]) -> tuple[ast.expr, ast.expr]:
    """(target, iterable) of a loop over single items."""
    generator = _generator(sources)
    return generator.target, generator.iter


def _generator(sources: list[tuple[str, ast.expr]]) -> ast.comprehension:
    names: list[ast.expr] = [ast.Name(name, ast.Store()) for name, _ in sources]
    if len(sources) == 1:
        return ast.comprehension(names[0], sources[0][1], [], 0)
    together = ast.Call(ast.Name("zip", ast.Load()), [code for _, code in sources], [])
    return ast.comprehension(ast.Tuple(names, ast.Store()), together, [], 0)


def _listed(code: ast.expr) -> ast.expr:
    """A stack of numbers as a list, whose entries are Python's own and fast to go through."""
    return ast.Call(ast.Attribute(code, "tolist", ast.Load()), [], [])
