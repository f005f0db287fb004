"""Lifting statements: the body of a function of one item becomes the body of a function of a stack of items."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence

from medalist.families.speedup.optimiser.arrays.storing import Storing, assigned
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Plain,
    Stack,
    Value,
    joined,
    varies,
)
from medalist.families.speedup.optimiser.arrays.walking import Lifted, Renamer
from medalist.families.speedup.optimiser.rewriting import same, stores

_RETURNING = (ast.Return, ast.Raise)


_TURNS_UNTIL_STABLE = 5


_LONGEST_BRANCHED_REST = 12


class Body(Storing):
    """A walker over a whole body: its statements, and the paths that tests and inner loops make through them."""

    def run(self, statements: Sequence[ast.stmt]) -> tuple[list[ast.stmt], Lifted | None]:
        """The lifted statements, and what they return where they do so at their end."""
        emitted: list[ast.stmt] = []
        early: list[Value] = []
        for place, statement in enumerate(statements):
            rest = statements[place + 1 :]
            if isinstance(statement, ast.Return):
                code, value = self.returned(statement)
                return emitted, (code, joined([*early, value]))
            if isinstance(statement, ast.If) and _returns(statement):
                test, value = self.condition(statement.test)
                if isinstance(value, Stack):
                    steps, result = self._split(test, statement, rest)
                    return emitted + steps, result
                early.append(self._early(emitted, statement, test))
                continue
            emitted += [ast.copy_location(one, statement) for one in self.statement(statement)]
        if early:
            raise CannotLift("a function that returns on some paths only")
        return emitted, None

    def returned(self, statement: ast.Return) -> Lifted:
        """A returned value. Raises `CannotLift` when there is none."""
        if statement.value is None:
            raise CannotLift("a function that returns nothing")
        return self.lift(statement.value)

    def _early(self, emitted: list[ast.stmt], statement: ast.If, test: ast.expr) -> Value:
        """``if plain: ...; return value``: kept as it is, with what it returns lifted."""
        before = dict(self.environment)
        steps, result = self.run(statement.body)
        if result is None or statement.orelse or not varies(result[1]):
            raise CannotLift("a branch that returns on some paths only")
        self._restore(before)
        emitted.append(ast.copy_location(ast.If(test, [*steps, ast.Return(result[0])], []), statement))
        return result[1]

    def _split(
        self, test: ast.expr, statement: ast.If, rest: Sequence[ast.stmt]
    ) -> tuple[list[ast.stmt], Lifted | None]:
        """Both paths behind a test that varies, each to its return; the test then chooses."""
        if len(rest) > _LONGEST_BRANCHED_REST:
            raise CannotLift("a long function behind a test that varies")
        steps, mask = self._named_mask(test)
        before = dict(self.environment)
        results: list[Lifted] = []
        for branch in (statement.body, statement.orelse):
            path = list(branch) if _ends(branch) else [*branch, *rest]
            self.masks.append(mask)
            more, result = self.run(path)
            self.masks.pop()
            self._restore(before)
            if result is None:
                raise CannotLift("a path that returns nothing")
            steps += more
            results.append(result)
        return steps, self.either(mask, results[0], results[1])

    def _named_mask(self, test: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        if isinstance(test, ast.Name):
            return [], test
        name = self.source.fresh("chosen", self.made)
        self.made.add(name)
        return [assigned(name, test)], ast.Name(name, ast.Load())

    def _restore(self, environment: dict[str, Bound]) -> None:
        self.environment.clear()
        self.environment.update(environment)

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """One statement's lifted form. Raises `CannotLift`."""
        match node:
            case ast.Assign(targets=[target]):
                return self.assign(target, node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                return self.assign(node.target, value)
            case ast.AugAssign():
                return self.augmented(node)
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return [copy.deepcopy(node)]
            case ast.Expr(value=ast.Call() as call):
                return self.effect(node, call)
            case ast.For():
                return self._for(node)
            case ast.If():
                return self._if(node)
            case ast.Assert() if not self.varying(node.test):
                return [copy.deepcopy(node)]
            case ast.Raise() | ast.Continue() | ast.Break() if not self.masks:
                return [copy.deepcopy(node)]
        raise CannotLift(f"{type(node).__name__} has no lifted form")

    def _for(self, node: ast.For) -> list[ast.stmt]:
        """An inner loop, run until what its names hold no longer changes from turn to turn."""
        if node.orelse or self.masks:
            raise CannotLift("a loop on one path")
        for _ in range(_TURNS_UNTIL_STABLE):
            before, made = dict(self.environment), set(self.made)
            iterable = self.enter_loop(node.target, node.iter)
            body = self._plain_block(node.body)
            changed = self._join_with(before, stores(*node.body) | self._grown_names(node))
            if not changed:
                return [ast.For(copy.deepcopy(node.target), iterable, body, [])]
            self.made = made
        raise CannotLift("a loop whose names never settle")

    def _grown_names(self, node: ast.stmt) -> set[str]:
        return {
            one.func.value.id
            for one in ast.walk(node)
            if isinstance(one, ast.Call)
            and isinstance(one.func, ast.Attribute)
            and isinstance(one.func.value, ast.Name)
        }

    def _join_with(self, before: dict[str, Bound], names: set[str]) -> bool:
        """Go back to ``before``, where ``names`` now hold what they held or what they hold at the end."""
        after = dict(self.environment)
        self._restore(before)
        changed = False
        for name in names & set(after):
            if name not in before:
                self.environment[name] = after[name]
                continue
            value = joined((before[name].value, after[name].value))
            if isinstance(value, Stack) and isinstance(before[name].value, Plain):
                changed = True
            changed = changed or value != before[name].value
            self.environment[name] = Bound(after[name].code, value)
        return changed

    def _plain_block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        emitted, result = self.run(statements)
        if result is not None:
            raise CannotLift("a return out of a loop")
        return emitted or [ast.Pass()]

    def _if(self, node: ast.If) -> list[ast.stmt]:
        test, value = self.condition(node.test)
        before = dict(self.environment)
        if isinstance(value, Plain):
            body = self._plain_block(node.body)
            after = dict(self.environment)
            self._restore(before)
            orelse = self._plain_block(node.orelse) if node.orelse else []
            for name, bound in after.items():
                if name in self.environment and self.environment[name] != bound:
                    merged = joined((self.environment[name].value, bound.value))
                    self.environment[name] = Bound(bound.code, merged)
                else:
                    self.environment.setdefault(name, bound)
            return [ast.If(test, body, orelse)]
        return self._masked_if(node, test)

    def _masked_if(self, node: ast.If, test: ast.expr) -> list[ast.stmt]:
        """Both branches for all items; then each name gets, item by item, what its branch gave it."""
        if any(isinstance(one, ast.Break | ast.Continue) for one in ast.walk(node)):
            raise CannotLift("leaving a turn for some items only")
        steps, mask = self._named_mask(test)
        before = dict(self.environment)
        paths: list[dict[str, Bound]] = []
        for branch, chosen in ((node.body, mask), (node.orelse, ast.UnaryOp(ast.Invert(), mask))):
            self.masks.append(chosen)
            more, result = self.run(branch)
            self.masks.pop()
            if result is not None:
                raise CannotLift("a return out of a branch")
            steps += more
            paths.append(dict(self.environment))
            self._restore(before)
        yes, no = paths
        for name in sorted(stores(*node.body, *node.orelse)):
            first, second = yes.get(name), no.get(name)
            if first is None or second is None or same(first.code, second.code):
                continue  # bound on one path only: of no use behind it; or untouched
            code, value = self.either(
                copy.deepcopy(mask), (first.code, first.value), (second.code, second.value)
            )
            steps += self.bind(name, code, value)
        return _inlined(steps)


def _inlined(steps: list[ast.stmt]) -> list[ast.stmt]:
    """Steps without the names that are bound to be used once, right behind, in a choice."""
    counts: dict[str, int] = {}
    for step in steps:
        for one in ast.walk(step):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
                counts[one.id] = counts.get(one.id, 0) + 1
    kept: list[ast.stmt] = []
    waiting: dict[str, Bound] = {}
    for step in steps:
        step = Renamer(waiting).visit(step)
        target = step.targets[0] if isinstance(step, ast.Assign) else None
        name = target.id if isinstance(target, ast.Name) else ""
        if (
            isinstance(step, ast.Assign)
            and name.rstrip("_0123456789").endswith("_chosen")
            and counts.get(name) == 1
        ):
            waiting[name] = Bound(step.value, Plain())
            continue
        kept.append(step)
    return kept


def _returns(node: ast.stmt) -> bool:
    return any(isinstance(one, ast.Return) for one in ast.walk(node))


def _ends(statements: Sequence[ast.stmt]) -> bool:
    """Whether every path through ``statements`` returns."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.If):
        return _ends(last.body) and _ends(last.orelse)
    return isinstance(last, _RETURNING)
