"""Lifting expressions: what an expression of one item becomes for a stack of items."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable, Mapping

from medalist.families.speedup.optimiser.arrays.axes import index, integer, length, method, number, whole
from medalist.families.speedup.optimiser.arrays.calls import broadcast_rank, product
from medalist.families.speedup.optimiser.arrays.ranks import Ranks
from medalist.families.speedup.optimiser.arrays.standard_calls import lifted_call
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Plain,
    Position,
    Record,
    Series,
    Stack,
    Value,
    Where,
    aligned,
    joined,
    varies,
)
from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source, loads, stores

Lifted = tuple[ast.expr, Value]

_DRAWING = frozenset(
    {
        "random",
        "normal",
        "standard_normal",
        "integers",
        "randint",
        "uniform",
        "choice",
        "permutation",
        "rand",
        "randn",
    }
)
_KINDS_OF_CALLS_PER_ITEM = (ast.Call, ast.JoinedStr, ast.Subscript, ast.BinOp, ast.Compare, ast.BoolOp)


class Expressions:
    """A walker over expressions of one function body.

    ``environment`` says what the names of the program mean; names that it lacks are global and the same for all
    items. ``count`` is the code of the number of items; ``numpy`` the program's name for
    NumPy. ``notes`` collects what the text around has to bring: ``errstate`` when a branch is evaluated for items
    that do not take it.
    """

    def __init__(self, source: Source, numpy: str, attributes: Mapping[str, Kind]) -> None:
        self.source = source
        self.numpy = numpy
        self.environment: dict[str, Bound] = {}
        self.count: ast.expr = length(ast.Name("stack", ast.Load()))
        self.positions: ast.expr | None = None
        self.notes: set[str] = set()
        self.ranks = Ranks(source, self.environment, attributes)

    # ---- what the rules use

    def np(self, name: str, *arguments: ast.expr, **keywords: ast.expr) -> ast.Call:
        """A call of NumPy's ``name``."""
        function = ast.Attribute(ast.Name(self.numpy, ast.Load()), name, ast.Load())
        return ast.Call(
            function, list(arguments), [ast.keyword(key, value) for key, value in keywords.items()]
        )

    def function(self, call: ast.Call) -> Lifted | None:
        """The lifted call of a function of the program; None when it is none. For those who can lift functions."""
        del call
        return None

    def operand(self, node: ast.expr) -> tuple[ast.expr, Stack | Plain]:
        """As `lift`, with lists of stacks stacked: an array or something plain."""
        return self.stacked(*self.lift(node))

    def stacked(self, code: ast.expr, value: Value) -> tuple[ast.expr, Stack | Plain]:
        """A value as an array where it can be one. Raises `CannotLift`."""
        if isinstance(value, Stack | Plain):
            return code, value
        if isinstance(value, Position) and self.positions is not None:
            return self.positions, Stack(0)
        if isinstance(value, Series):
            parts = value.items if value.items is not None else (value.item,)
            ranks = {part.rank for part in parts if isinstance(part, Stack)}
            if len(ranks) == 1 and all(isinstance(part, Stack) for part in parts):
                return self.np("stack", code, axis=number(1)), Stack(ranks.pop() + 1)
            if ranks == {0} and all(isinstance(p, Stack) or p in (Plain(0), Plain()) for p in parts):
                together = self.np("broadcast_arrays", ast.Starred(code, ast.Load()))
                return self.np("stack", together, axis=number(1)), Stack(1)
        raise CannotLift("this is no array for all items at once")

    # ---- walking

    def lift(self, node: ast.expr) -> Lifted:
        """The lifted form of an expression and what it is. Raises `CannotLift`."""
        if not self.varying(node):
            if any(_draws(self.source, one) for one in ast.walk(node)):
                raise CannotLift("a number drawn anew for every item")
            return self.renamed(node), Plain(*self.ranks.of(node))
        try:
            return self._lift_varying(node)
        except CannotLift:
            if not isinstance(node, _KINDS_OF_CALLS_PER_ITEM):
                raise
            return self._one_by_one(node)

    def varying(self, node: ast.AST) -> set[str]:
        """Names in ``node`` that depend on the item."""
        inside = {g.target for one in ast.walk(node) for g in getattr(one, "generators", ())}
        own = {name for target in inside for name in stores(target)}
        return {
            name
            for name in loads(node) - own
            if name in self.environment and varies(self.environment[name].value)
        }

    def renamed(self, node: ast.expr) -> ast.expr:
        """A copy of an expression that is the same for all items, with the names it has in lifted code."""
        return _Renamer(self.environment).visit(copy.deepcopy(node))

    def _lift_varying(self, node: ast.expr) -> Lifted:
        match node:
            case ast.Name():
                bound = self.environment[node.id]
                return copy.deepcopy(bound.code), bound.value
            case ast.BinOp():
                return self._binary(node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.BoolOp():
                return self._boolean(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.IfExp():
                return self.choice(node.test, self.lift(node.body), self.lift(node.orelse))
            case ast.Call():
                return lifted_call(self, node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.List() | ast.Tuple():
                return self._display(node)
            case ast.ListComp() | ast.GeneratorExp():
                return self._comprehension(node)
        raise CannotLift(f"{type(node).__name__} has no lifted form")

    # ---- operators

    def _binary(self, node: ast.BinOp) -> Lifted:
        if isinstance(node.op, ast.MatMult):
            return product(self, node.left, node.right)
        (left, first), (right, second) = self.lift(node.left), self.lift(node.right)
        if isinstance(first, Series) and isinstance(second, Series) and isinstance(node.op, ast.Add):
            known = first.items is not None and second.items is not None
            items = (first.items or ()) + (second.items or ()) if known else None
            return ast.BinOp(left, node.op, right), Series(items, None if known else _entry(first, second))
        (left, first), (right, second) = self.stacked(left, first), self.stacked(right, second)
        target = broadcast_rank([first, second])
        boolean = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor) and (
            first.boolean or second.boolean
        )
        return ast.BinOp(_fit(left, first, target), node.op, _fit(right, second, target)), Stack(
            target, boolean
        )

    def _unary(self, node: ast.UnaryOp) -> Lifted:
        code, value = self.operand(node.operand)
        if not isinstance(value, Stack) or value.text:
            raise CannotLift("a sign before what is no stack")
        if isinstance(node.op, ast.Not):
            if value.rank or not value.boolean:
                raise CannotLift("the truth of what is no truth value")
            return ast.UnaryOp(ast.Invert(), code), value
        return ast.UnaryOp(node.op, code), value

    def condition(self, node: ast.expr) -> tuple[ast.expr, Stack | Plain]:
        """A test: plain, or a mask with one truth value an item. Raises `CannotLift`."""
        code, value = self.operand(node)
        if isinstance(value, Stack) and (value.rank or value.text):
            raise CannotLift("the truth of an array")
        if isinstance(value, Stack) and not value.boolean:
            code = ast.Compare(code, [ast.NotEq()], [number(0)])
        return code, Stack(0, boolean=True) if isinstance(value, Stack) else value

    def _boolean(self, node: ast.BoolOp) -> Lifted:
        operands = [self.operand(value) for value in node.values]
        if not all(isinstance(value, Stack) and value.rank == 0 and value.boolean for _, value in operands):
            raise CannotLift("and, or of what are no truth values")
        operator = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        code = operands[0][0]
        for other, _ in operands[1:]:
            code = ast.BinOp(code, operator, other)
        return code, Stack(0, boolean=True)

    def _comparison(self, node: ast.Compare) -> Lifted:
        parts: list[ast.expr] = []
        places = [node.left, *node.comparators]
        target = 0
        for operator, left, right in zip(node.ops, places[:-1], places[1:], strict=True):
            if isinstance(operator, ast.In | ast.NotIn):
                code, target = self._membership(operator, left, right)
            elif isinstance(operator, ast.Is | ast.IsNot):
                raise CannotLift("identity of what is an array")
            else:
                (a, first), (b, second) = self.operand(left), self.operand(right)
                target = max(first.rank or 0, second.rank or 0)
                code = ast.Compare(_fit(a, first, target), [operator], [_fit(b, second, target)])
            parts.append(code)
        joined_code = parts[0]
        for part in parts[1:]:
            joined_code = ast.BinOp(joined_code, ast.BitAnd(), part)
        return joined_code, Stack(target, boolean=True)

    def _membership(self, operator: ast.cmpop, left: ast.expr, right: ast.expr) -> tuple[ast.expr, int]:
        code, value = self.operand(left)
        among, plain = self.lift(right)
        literal = isinstance(right, ast.Tuple | ast.List | ast.Set)
        if not isinstance(value, Stack) or value.rank or varies(plain) or not literal:
            raise CannotLift("membership in what is no literal")
        entries = (
            ast.List(among.elts, ast.Load()) if isinstance(among, ast.Tuple | ast.List | ast.Set) else among
        )
        found: ast.expr = self.np("isin", code, entries)
        return (ast.UnaryOp(ast.Invert(), found) if isinstance(operator, ast.NotIn) else found), 0

    def choice(self, test: ast.expr, yes: Lifted, no: Lifted) -> Lifted:
        """One of two values: a plain test chooses as before, one that varies by ``where``. Raises `CannotLift`."""
        code, value = self.condition(test)
        if isinstance(value, Plain):
            return ast.IfExp(code, yes[0], no[0]), joined((yes[1], no[1]))
        return self.either(code, yes, no)

    def either(self, mask: ast.expr, yes: Lifted, no: Lifted) -> Lifted:
        """``yes`` for the items of the mask, ``no`` for the others. Raises `CannotLift`."""
        if isinstance(yes[1], Series) and isinstance(no[1], Series):
            return self._either_series(mask, (yes[0], yes[1]), (no[0], no[1]))
        (a, first), (b, second) = self.stacked(*yes), self.stacked(*no)
        target = max(first.rank or 0, second.rank or 0)
        self.notes.add("errstate")
        text = any(_is_text(code, value) for code, value in ((a, first), (b, second)))
        boolean = _truth(a, first) and _truth(b, second)
        chosen = self.np("where", aligned(mask, 0, target), _fit(a, first, target), _fit(b, second, target))
        return chosen, Stack(target, boolean=boolean, text=text)

    def _either_series(
        self, mask: ast.expr, yes: tuple[ast.expr, Series], no: tuple[ast.expr, Series]
    ) -> Lifted:
        first, second = yes[1].items, no[1].items
        if first is None or second is None or len(first) != len(second):
            raise CannotLift("one of two lists of different lengths")
        entries = [
            self.either(copy.deepcopy(mask), (_entry_code(yes[0], k), a), (_entry_code(no[0], k), b))
            for k, (a, b) in enumerate(zip(first, second, strict=True))
        ]
        return ast.List([code for code, _ in entries], ast.Load()), Series(
            tuple(value for _, value in entries)
        )

    # ---- parts

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
            return _entry_code(code, where), value.items[where]
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

    # ---- lists

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
        replaced = _FieldNames(self)
        inner = replaced.visit(copy.deepcopy(node))
        names = sorted(self.varying(inner) - set(replaced.columns))
        single = {name: self.source.fresh(f"one_{name}") for name in names}
        inner = _Renamer(
            {old: Bound(ast.Name(new, ast.Load()), Plain()) for old, new in single.items()}
        ).visit(inner)
        sources: list[tuple[str, ast.expr]] = [(single[name], self._iterated(name)) for name in names]
        sources += [(name, _listed(column)) for name, column in replaced.columns.items()]
        if not sources:
            raise CannotLift("an expression of no item")
        generator = _generator(sources)
        every = ast.ListComp(
            _Renamer(self.environment, {name for name, _ in sources}).visit(inner), [generator]
        )
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

    def result_of_one(self, node: ast.expr) -> Value | None:
        """What an expression without a lifted form gives, as a value of lifted code; None when that is not known."""
        del node
        return None

    def _iterated(self, name: str) -> ast.expr:
        code, value = copy.deepcopy(self.environment[name].code), self.environment[name].value
        if isinstance(value, Position) and self.positions is not None:
            return _listed(self.positions)
        if not isinstance(value, Stack):
            raise CannotLift("items of what is no stack")
        return _listed(code) if value.rank == 0 else code


# ---- small things


class _Renamer(ast.NodeTransformer):
    """Gives names their meaning in lifted code."""

    def __init__(self, environment: Mapping[str, Bound], keep: Iterable[str] = ()) -> None:
        self.environment = environment
        self.keep = set(keep)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        bound = self.environment.get(node.id)
        if bound is None or node.id in self.keep or not isinstance(node.ctx, ast.Load):
            return node
        return copy.deepcopy(bound.code)


class _FieldNames(ast.NodeTransformer):
    """Replaces a record's fields by names that stand for one row's entry; ``columns`` says which column each is."""

    def __init__(self, lifter: Expressions) -> None:
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


def _draws(source: Source, node: ast.AST) -> bool:
    """Whether a call draws from a random stream, or from anything else that goes on from call to call."""
    if not isinstance(node, ast.Call):
        return False
    name = source.library_name(node.func)
    if name.startswith(("random.", "numpy.random.", "torch.rand", "time.", "builtins.next")):
        return True
    return not name and isinstance(node.func, ast.Attribute) and node.func.attr in _DRAWING


def column_of(table: ast.expr, name: str) -> ast.expr:
    """A table's column as an array."""
    if name == "Index":
        return method(ast.Attribute(copy.deepcopy(table), "index", ast.Load()), "to_numpy")
    return method(index(copy.deepcopy(table), ast.Constant(name)), "to_numpy")


def _generator(sources: list[tuple[str, ast.expr]]) -> ast.comprehension:
    names: list[ast.expr] = [ast.Name(name, ast.Store()) for name, _ in sources]
    if len(sources) == 1:
        return ast.comprehension(names[0], sources[0][1], [], 0)
    together = ast.Call(ast.Name("zip", ast.Load()), [code for _, code in sources], [])
    return ast.comprehension(ast.Tuple(names, ast.Store()), together, [], 0)


def _listed(code: ast.expr) -> ast.expr:
    """A stack of numbers as a list, whose entries are Python's own and fast to go through."""
    return ast.Call(ast.Attribute(code, "tolist", ast.Load()), [], [])


def _fit(code: ast.expr, value: Stack | Plain, target: int) -> ast.expr:
    return aligned(code, value.rank, target) if isinstance(value, Stack) else code


def _entry(*series: Series) -> Value | None:
    parts: list[Value] = []
    for one in series:
        parts += list(one.items) if one.items is not None else [one.item] if one.item is not None else []
    return joined(parts) if parts else None


def _entry_code(code: ast.expr, place: int) -> ast.expr:
    if isinstance(code, ast.List):
        return code.elts[place]
    return index(copy.deepcopy(code), number(place))


def _is_text(code: ast.expr, value: Stack | Plain) -> bool:
    return (isinstance(value, Stack) and value.text) or (
        isinstance(code, ast.Constant) and isinstance(code.value, str)
    )


def _truth(code: ast.expr, value: Stack | Plain) -> bool:
    return value.boolean or (isinstance(code, ast.Constant) and isinstance(code.value, bool))


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
