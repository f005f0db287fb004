"""Comprehensions, generators and ``map`` written out as loops, so that one set of rewrites serves all of them."""
# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from medalist.families.speedup.optimiser.numeric.growing import begin_empty
from medalist.families.speedup.optimiser.numeric.syntax import (
    Names,
    Statement,
    all_names,
    assigned,
    body_of,
    code,
    dotted,
    expression,
    statements,
    substituted,
    with_body,
)

Comprehension = cst.ListComp | cst.GeneratorExp


def written_out(block: Iterable[Statement], names: Names) -> list[Statement]:
    """The statements with every comprehension as a loop before the statement that uses it."""
    result: list[Statement] = []
    for statement in block:
        result.extend(_statement(statement, names))
    return result


def _statement(statement: Statement, names: Names) -> list[Statement]:
    if isinstance(statement, cst.While):
        return [with_body(statement, written_out(body_of(statement), names))]
    if isinstance(statement, cst.For):
        before, iterated = _expression(statement.iter, names)
        body = written_out(body_of(statement), names)
        return [*before, with_body(statement.with_changes(iter=iterated), body)]
    if isinstance(statement, cst.If):
        before, test = _expression(statement.test, names)
        changed = with_body(statement.with_changes(test=test), written_out(body_of(statement), names))
        if isinstance(statement.orelse, cst.Else):
            orelse = with_body(statement.orelse, written_out(body_of(statement.orelse), names))
            changed = changed.with_changes(orelse=orelse)
        elif isinstance(statement.orelse, cst.If):
            *early, orelse = _statement(statement.orelse, names)
            if early:
                changed = changed.with_changes(
                    orelse=with_body(cst.Else(cst.IndentedBlock([])), [*early, orelse])
                )
            else:
                changed = changed.with_changes(orelse=orelse)
        return [*before, changed]
    if not isinstance(statement, cst.SimpleStatementLine):
        return [statement]
    begun = begin_empty(statement)
    if len(begun) > 1:
        return [part for name in begun for part in statements(f"{name} = []")]
    parts = assigned(statement)
    if (
        parts is not None
        and isinstance(parts[0], cst.Name)
        and isinstance(_as_comprehension(parts[1]), cst.ListComp)
    ):
        comprehension = _as_comprehension(parts[1])
        assert comprehension is not None
        if parts[0].value not in all_names(comprehension):
            return _list_loop(comprehension, parts[0].value, names)
    taker = _Taker(names)
    changed = statement.visit(taker)
    assert isinstance(changed, cst.SimpleStatementLine)
    return [*taker.before, changed]


def _expression(node: cst.BaseExpression, names: Names) -> tuple[list[Statement], cst.BaseExpression]:
    taker = _Taker(names)
    changed = node.visit(taker)
    assert isinstance(changed, cst.BaseExpression)
    return taker.before, changed


def _as_comprehension(node: cst.BaseExpression) -> Comprehension | None:
    """The comprehension that ``node`` is, ``list(map(...))`` too."""
    if isinstance(node, Comprehension):
        return node
    if isinstance(node, cst.Call) and dotted(node.func) == "list" and len(node.args) == 1:
        inner = node.args[0].value
        if isinstance(inner, cst.GeneratorExp):
            return cst.ListComp(inner.elt, inner.for_in)
        mapped = _mapped(inner)
        return cst.ListComp(mapped.elt, mapped.for_in) if mapped is not None else None
    return None


def _mapped(node: cst.BaseExpression) -> cst.GeneratorExp | None:
    """``map(f, values)`` as a generator."""
    if not (isinstance(node, cst.Call) and dotted(node.func) == "map" and len(node.args) == 2):
        return None
    function, values = node.args[0].value, node.args[1].value
    taken = all_names(node)
    name = next(name for name in ("item", "element", "entry_of_map") if name not in taken)
    if isinstance(function, cst.Lambda):
        if len(function.params.params) != 1:
            return None
        parameter = function.params.params[0].name.value
        body = substituted(function.body, {parameter: cst.Name(name)})
    else:
        body = cst.Call(function, [cst.Arg(cst.Name(name))])
    return expression(f"({code(body)} for {name} in {code(values)})")  # type: ignore[return-value]


class _Taker(cst.CSTTransformer):
    """Takes the comprehensions out of an expression, outermost first, and puts names in their place."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.before: list[Statement] = []

    def visit_ListComp(self, node: cst.ListComp) -> bool:
        return False

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> bool:
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def leave_ListComp(self, original_node: cst.ListComp, updated_node: cst.ListComp) -> cst.BaseExpression:
        name = self.names.fresh("items")
        self.before.extend(_list_loop(original_node, name, self.names))
        return cst.Name(name)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        whole = _as_comprehension(original_node)
        if isinstance(whole, cst.ListComp):
            return self.leave_ListComp(whole, whole)
        given = original_node.args[0].value if len(original_node.args) == 1 else None
        inner = given if isinstance(given, Comprehension) else _mapped(given) if given is not None else None
        if inner is None:
            return updated_node
        function = dotted(original_node.func)
        if function == "sum":
            name = self.names.fresh("total")
            self.before.extend(statements(f"{name} = 0"))
            self.before.extend(_loops(inner, f"{name} += {{}}", self.names))
            return cst.Name(name)
        if function in ("any", "all"):
            name = self.names.fresh("found" if function == "any" else "holds")
            start, test = ("False", "if {}:") if function == "any" else ("True", "if not ({}):")
            self.before.extend(statements(f"{name} = {start}"))
            self.before.extend(_loops(inner, f"{test}\n    {name} = {start == 'False'}", self.names))
            return cst.Name(name)
        if isinstance(inner, cst.GeneratorExp) and function in ("max", "min", "sorted"):
            name = self.names.fresh("items")
            self.before.extend(_list_loop(inner, name, self.names))
            return updated_node.with_changes(args=[cst.Arg(cst.Name(name))])
        return updated_node


def _list_loop(node: Comprehension, name: str, names: Names) -> list[Statement]:
    return [*statements(f"{name} = []"), *_loops(node, f"{name}.append({{}})", names)]


def _loops(node: Comprehension, innermost: str, names: Names) -> list[Statement]:
    """Nested loops around ``innermost``, whose braces stand for the element."""
    clauses: list[str] = []
    clause: cst.CompFor | None = node.for_in
    while clause is not None:
        clauses.append(f"for {code(clause.target)} in {code(clause.iter)}:")
        clauses.extend(f"if {code(condition.test)}:" for condition in clause.ifs)
        clause = clause.inner_for_in
    element = code(
        node.elt.with_changes(lpar=[], rpar=[]) if isinstance(node.elt, cst.GeneratorExp) else node.elt
    )
    element = " ".join(line.strip() for line in element.splitlines())
    lines = innermost.format(element).splitlines()
    text = "\n".join("    " * depth + line for depth, line in enumerate(clauses))
    text += "".join("\n" + "    " * len(clauses) + line for line in lines) + "\n"
    return written_out(statements(text), names)
