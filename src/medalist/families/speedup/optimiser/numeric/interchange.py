"""Distances of one row to all others, a column at a time: the inner loop then runs along memory and is vectorised.

A kernel that adds up ``(x[i, k] - x[j, k]) ** 2`` over the few columns ``k`` for one ``j`` after another waits for each
sum. With the loops interchanged it adds column ``k`` for all ``j`` at once, from a transposed copy of ``x``.
"""

# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from medalist.families.speedup.optimiser.numeric.compiled import ByKernel, CompiledKernel, with_kernel
from medalist.families.speedup.optimiser.numeric.places import Source
from medalist.families.speedup.optimiser.numeric.syntax import (
    Names,
    Statement,
    Usage,
    all_names,
    argument,
    assigned,
    body_of,
    code,
    dotted,
    expression,
    global_names,
    only,
    statements,
    substituted,
    unless_malformed,
    walk,
    with_body,
)
from medalist.families.speedup.optimiser.transformation import Edit


class ColumnsAtOnce(ByKernel):
    """Loop interchange in kernels that compare one row with all others."""

    name = "columns at once"

    @unless_malformed
    def edit(self, source: Source, kernel: CompiledKernel) -> Edit | None:
        names = Names(all_names(kernel.node) | global_names(source.module))
        np = source.imports.alias("numpy", "np")
        parameters = [parameter.name.value for parameter in kernel.node.params.params]
        constant = set(parameters) - Usage.of(kernel.body).stores - set(Usage.of(kernel.body).writes)
        for outer in (
            node for part in kernel.body for node in walk(part) if isinstance(node, cst.For | cst.While)
        ):
            found = next(_comparisons(outer, constant, names), None)
            if found is None:
                continue
            changed = found.rewritten(names, np)
            body = _replaced(kernel.body, outer, changed)
            if body is None:
                continue
            return Edit(
                transformation=self.name,
                title=f"compared a row with all others a column at a time in {kernel.name}",
                reason="The same sums of the same terms in the same order, for all rows at once.",
                text=with_kernel(source, kernel, body).code,
                seconds=kernel.seconds,
            )
        return None


@dataclass(frozen=True)
class _Comparison:
    """``for counter in range(...)`` inside ``outer``, with running numbers over columns of ``table`` for each turn."""

    outer: cst.For | cst.While
    inner: cst.For
    counter: str
    turns: str
    size: str
    table: str
    view: str
    """The name that stands for the row, where the loop goes over the rows themselves."""
    begins: dict[str, str]
    columns: cst.For
    drop: tuple[cst.CSTNode, ...]

    def rewritten(self, names: Names, np: str) -> list[Statement]:
        """What stands in the outer loop's place."""
        transposed = names.fresh(f"{self.table}_columns")
        column = names.fresh("column")
        vectors = {name: names.fresh(f"{name}_of_each") for name in self.begins}
        place = self.counter
        lines = [f"{transposed} = {np}.ascontiguousarray({self.table}.T)"]
        lines += [f"{vector} = {np}.empty({self.size})" for vector in vectors.values()]
        k = dotted(self.columns.target)
        hoisted: dict[str, str] = {}
        turn = _Turn(self, column, vectors, hoisted, names)
        turns = [part.visit(turn) for part in body_of(self.columns)]
        sums = [f"{vectors[name]}[:] = {start}" for name, start in self.begins.items()]
        sums += [
            f"for {k} in {_turns(self.columns, self.view, self.table)}:",
            f"    {column} = {transposed}[{k}]",
        ]
        sums += [f"    {name} = {text}" for text, name in hoisted.items()]
        sums.append(f"    for {place} in {self.turns}:")
        sums += ["        " + code(part).strip() for part in turns]  # type: ignore[arg-type]
        rest = _without(self.inner, self.drop)
        reads = {name: expression(f"{vector}[{place}]") for name, vector in vectors.items()}
        kept = [substituted(part, reads) for part in body_of(rest)]
        target = self._target(kept)
        inner = with_body(self.inner.with_changes(**target), kept)  # type: ignore[arg-type]
        position = next(i for i, part in enumerate(body_of(self.outer)) if part is self.inner)
        body = list(body_of(self.outer))
        body[position : position + 1] = [*statements("\n".join(sums)), inner]
        before = statements("\n".join(lines))
        before[0] = before[0].with_changes(leading_lines=self.outer.leading_lines)
        return [*before, with_body(self.outer.with_changes(leading_lines=()), body)]

    def _target(self, kept: Sequence[cst.CSTNode]) -> dict[str, cst.BaseExpression]:
        """The inner loop's target and iterable: over the rows too where they are still read."""
        if self.view and self.view in Usage.of(kept).reads:
            pair = expression(f"({self.counter}, {self.view})").with_changes(lpar=[], rpar=[])
            return {"target": pair, "iter": expression(f"enumerate({self.table})")}
        return {"target": cst.Name(self.counter), "iter": expression(self.turns)}


class _Turn(cst.CSTTransformer):
    """One turn over a column: items of the row from the column, running numbers from their vectors."""

    def __init__(
        self, owner: _Comparison, column: str, vectors: dict[str, str], hoisted: dict[str, str], names: Names
    ) -> None:
        self.owner = owner
        self.column = column
        self.vectors = vectors
        self.hoisted = hoisted
        self.names = names

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        text = code(original_node)
        if _is_item(
            original_node,
            self.owner.table,
            self.owner.counter,
            self.owner.view,
            dotted(self.owner.columns.target),
        ):
            return expression(f"{self.column}[{self.owner.counter}]")
        if text not in self.hoisted:
            self.hoisted[text] = self.names.fresh("own")
        return cst.Name(self.hoisted[text])

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        return False

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        vector = self.vectors.get(original_node.value)
        return expression(f"{vector}[{self.owner.counter}]") if vector else updated_node


def _comparisons(outer: cst.For | cst.While, constant: set[str], names: Names) -> Iterator[_Comparison]:
    for inner in body_of(outer):
        if not isinstance(inner, cst.For):
            continue
        header = _header(inner, names)
        if header is None:
            continue
        counter, turns, size, rows, view = header
        if Usage.of([expression(size)]).reads.keys() & Usage.of([outer]).writes.keys():
            continue
        for block in _guarded(inner):
            for index, part in enumerate(block):
                if not isinstance(part, cst.For):
                    continue
                begins: dict[str, str] = {}
                drop: list[cst.CSTNode] = [part]
                for before in reversed(block[:index]):
                    parts = assigned(before)
                    if parts is None or not isinstance(parts[0], cst.Name) or not _constant(parts[1]):
                        break
                    begins[parts[0].value] = code(parts[1])
                    drop.append(before)
                table = _table(part, counter, view, rows, constant)
                if begins and table and _suits(part, inner, begins, counter, view, table):
                    yield _Comparison(
                        outer, inner, counter, turns, size, table, view, begins, part, tuple(drop)
                    )


def _header(loop: cst.For, names: Names) -> tuple[str, str, str, str, str] | None:
    """Counter, the range it goes over, the size that holds it, and the rows with their name where it goes over those."""
    iterated, target = loop.iter, loop.target
    if isinstance(iterated, cst.Name) and isinstance(target, cst.Name):
        rows = iterated.value
        return names.fresh(f"{target.value}_place"), f"range(len({rows}))", f"len({rows})", rows, target.value
    if not isinstance(iterated, cst.Call):
        return None
    function, first, second = dotted(iterated.func), argument(iterated, 0), argument(iterated, 1)
    if function == "range" and isinstance(target, cst.Name) and first is not None and len(iterated.args) <= 2:
        return target.value, code(iterated), code(second if second is not None else first), "", ""
    if (
        function == "enumerate"
        and isinstance(target, cst.Tuple)
        and isinstance(first, cst.Name)
        and second is None
    ):
        rows = first.value
        counter, view = (dotted(element.value) for element in target.elements)
        return counter, f"range(len({rows}))", f"len({rows})", rows, view
    return None


def _guarded(inner: cst.For) -> Iterator[Sequence[Statement]]:
    """The loop's body, and those of its branches without an else."""
    blocks = [body_of(inner)]
    while blocks:
        block = blocks.pop()
        yield block
        blocks += [body_of(part) for part in block if isinstance(part, cst.If) and part.orelse is None]


def _constant(node: cst.BaseExpression) -> bool:
    text = code(node)
    return isinstance(node, cst.Float | cst.Integer) or text.removeprefix("-").endswith(".inf")


def _is_item(node: cst.Subscript, table: str, counter: str, view: str, column: str) -> bool:
    text = code(node).replace(" ", "")
    return text == f"{table}[{counter},{column}]" or bool(view and text == f"{view}[{column}]")


def _table(columns: cst.For, counter: str, view: str, rows: str, constant: set[str]) -> str:
    """The array whose rows the inner loop goes over."""
    if not isinstance(columns.target, cst.Name):
        return ""
    column = columns.target.value
    for node in walk(columns.body):
        if isinstance(node, cst.Subscript):
            if rows in constant and _is_item(node, rows, counter, view, column):
                return rows
            base = dotted(node.value)
            if base in constant and _is_item(node, base, counter, "", column):
                return base
    return ""


def _suits(
    columns: cst.For, inner: cst.For, begins: dict[str, str], counter: str, view: str, table: str
) -> bool:
    """Whether each turn only adds to running numbers from the row's items and from what does not depend on the row."""
    column = dotted(columns.target)
    own: set[str] = set()
    for part in body_of(columns):
        small = only(part)
        target = small.target if isinstance(small, cst.AugAssign) else (assigned(part) or (None,))[0]
        if not isinstance(target, cst.Name):
            return False
        if target.value not in begins:
            own.add(target.value)
    usage = Usage.of([inner])
    varying = ((usage.writes.keys() | usage.stores) - own - begins.keys() - {column}) | {counter}
    dependent = _Dependent(varying | ({view} if view else set()), table, counter, view, column)
    columns.body.visit(dependent)
    turns = expression(_turns(columns, view, table))
    header = Usage.of([turns]).reads.keys() & (varying | {view})
    # Each running number must be read after the loop only, and its own numbers nowhere else.
    elsewhere = Usage.of([inner]).reads
    inside = Usage.of([columns]).reads
    return (
        not dependent.found
        and not header
        and all(elsewhere.get(name, 0) == inside.get(name, 0) for name in own)
    )


def _turns(columns: cst.For, view: str, table: str) -> str:
    """What the loop over columns goes over, said of the table and not of a row of it."""
    text = code(columns.iter)
    return text.replace(f"({view}.shape[0])", f"({table}.shape[1])") if view else text


class _Dependent(cst.CSTVisitor):
    """Whether anything beside the row's own items depends on the row."""

    def __init__(self, varying: set[str], table: str, counter: str, view: str, column: str) -> None:
        self.varying = varying
        self.item = (table, counter, view, column)
        self.found = False

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        return not _is_item(node, *self.item)

    def visit_Name(self, node: cst.Name) -> None:
        self.found |= node.value in self.varying


class _Dropping(cst.CSTTransformer):
    def __init__(self, nodes: Sequence[cst.CSTNode]) -> None:
        self.nodes = nodes

    def on_leave(self, original_node, updated_node):  # type: ignore[no-untyped-def, override]
        if any(original_node is node for node in self.nodes):
            return cst.RemoveFromParent()
        return super().on_leave(original_node, updated_node)


def _without(loop: cst.For, nodes: Sequence[cst.CSTNode]) -> cst.For:
    result = loop.visit(_Dropping(nodes))
    assert isinstance(result, cst.For)
    return result


def _replaced(
    body: Sequence[Statement], loop: cst.CSTNode, instead: Sequence[Statement]
) -> list[Statement] | None:
    """The body with statements in the place of a loop that stands in it, not deeper."""
    if not any(part is loop for part in body):
        return None
    return [new for part in body for new in (instead if part is loop else [part])]
