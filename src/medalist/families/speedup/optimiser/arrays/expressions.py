"""Lifting expressions: what an expression of one item becomes for a stack of items."""

from __future__ import annotations

import ast
import copy

from medalist.families.speedup.optimiser.arrays.axes import number
from medalist.families.speedup.optimiser.arrays.call_arguments import broadcast_rank
from medalist.families.speedup.optimiser.arrays.calls import product
from medalist.families.speedup.optimiser.arrays.sequences import Sequences
from medalist.families.speedup.optimiser.arrays.standard_calls import lifted_call
from medalist.families.speedup.optimiser.arrays.values import (
    CannotLift,
    Plain,
    Series,
    Stack,
    Value,
    aligned,
    joined,
    varies,
)
from medalist.families.speedup.optimiser.arrays.walking import Lifted, draws, entry_code

_KINDS_OF_CALLS_PER_ITEM = (ast.Call, ast.JoinedStr, ast.Subscript, ast.BinOp, ast.Compare, ast.BoolOp)


class Expressions(Sequences):
    """A walker over all expressions of one function body."""

    def lift(self, node: ast.expr) -> Lifted:
        """The lifted form of an expression and what it is. Raises `CannotLift`."""
        if not self.varying(node):
            if any(draws(self.source, one) for one in ast.walk(node)):
                raise CannotLift("a number drawn anew for every item")
            return self.renamed(node), Plain(*self.ranks.of(node))
        try:
            return self._lift_varying(node)
        except CannotLift:
            if not isinstance(node, _KINDS_OF_CALLS_PER_ITEM):
                raise
            return self._one_by_one(node)

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

    def _binary(self, node: ast.BinOp) -> Lifted:
        if isinstance(node.op, ast.MatMult):
            return product(self, node.left, node.right)
        (left, first), (right, second) = self.lift(node.left), self.lift(node.right)
        if isinstance(first, Series) and isinstance(second, Series) and isinstance(node.op, ast.Add):
            known = first.items is not None and second.items is not None
            items = (first.items or ()) + (second.items or ()) if known else None
            return ast.BinOp(left, node.op, right), Series(items, None if known else _entry(first, second))
        (left, first), (right, second) = self.stacked(left, first), self.stacked(right, second)
        if isinstance(first, Plain) and isinstance(second, Plain):
            return ast.BinOp(left, node.op, right), Plain(_plain_rank(first, second))
        target = broadcast_rank([first, second])
        boolean = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor) and (
            first.boolean or second.boolean
        )
        return ast.BinOp(_fit(left, first, target), node.op, _fit(right, second, target)), Stack(
            target, boolean
        )

    def _unary(self, node: ast.UnaryOp) -> Lifted:
        code, value = self.operand(node.operand)
        if isinstance(value, Plain):
            return ast.UnaryOp(node.op, code), value
        if value.text:
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
        lifted = [self.lift(place) for place in places]
        if not any(varies(value) for _, value in lifted):
            return ast.Compare(lifted[0][0], node.ops, [code for code, _ in lifted[1:]]), Plain(
                0, boolean=True
            )
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
            self.either(copy.deepcopy(mask), (entry_code(yes[0], k), a), (entry_code(no[0], k), b))
            for k, (a, b) in enumerate(zip(first, second, strict=True))
        ]
        return ast.List([code for code, _ in entries], ast.Load()), Series(
            tuple(value for _, value in entries)
        )


def _plain_rank(*values: Plain) -> int | None:
    ranks = [value.rank for value in values]
    return None if None in ranks else max(rank or 0 for rank in ranks)


def _fit(code: ast.expr, value: Stack | Plain, target: int) -> ast.expr:
    return aligned(code, value.rank, target) if isinstance(value, Stack) else code


def _entry(*series: Series) -> Value | None:
    parts: list[Value] = []
    for one in series:
        parts += list(one.items) if one.items is not None else [one.item] if one.item is not None else []
    return joined(parts) if parts else None


def _is_text(code: ast.expr, value: Stack | Plain) -> bool:
    return (isinstance(value, Stack) and value.text) or (
        isinstance(code, ast.Constant) and isinstance(code.value, str)
    )


def _truth(code: ast.expr, value: Stack | Plain) -> bool:
    return value.boolean or (isinstance(code, ast.Constant) and isinstance(code.value, bool))
