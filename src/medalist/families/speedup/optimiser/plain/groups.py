"""Parts of a table or a list chosen by a key, again and again: parted once, then looked up."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.plain.scopes import ByScope, Found, Scope, changed_in
from medalist.families.speedup.optimiser.rewriting import (
    Splice,
    loads,
    same,
    spliced,
    stores,
)


class GroupedRows(ByScope):
    """``table[table["key"] == value]`` in a loop looks up a group of rows that ``groupby`` made once."""

    name = "rows grouped once"
    imports = "pandas"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every table and key by which rows are chosen repeatedly."""
        found: dict[tuple[str, str], list[tuple[ast.Subscript, ast.expr, ast.expr | None]]] = {}
        for node in ast.walk(scope.function):
            chosen = _chosen(node)
            if chosen is not None and isinstance(node, ast.Subscript):
                table, key, wanted, column = chosen
                found.setdefault((table, key), []).append((node, wanted, column))
        for (table, key), places in found.items():
            text = _grouped(scope, table, key, places)
            yield Found(
                f"rows of `{table}` in `{scope.qualified}` are grouped by {key!r} once",
                "A group holds the rows with its key in their order, as the comparison would choose them.",
                text,
            )


def _chosen(node: ast.AST) -> tuple[str, str, ast.expr, ast.expr | None] | None:
    """(table, key column, wanted value, column taken) of a choice of rows; None for anything else."""
    match node:
        case ast.Subscript(value=ast.Name(id=table), slice=ast.Compare() as test, ctx=ast.Load()):
            column = None
        case ast.Subscript(
            value=ast.Attribute(value=ast.Name(id=table), attr="loc"),
            slice=ast.Compare() as test,
            ctx=ast.Load(),
        ):
            column = None
        case ast.Subscript(
            value=ast.Attribute(value=ast.Name(id=table), attr="loc"),
            slice=ast.Tuple(elts=[ast.Compare() as test, ast.Constant() as column]),
            ctx=ast.Load(),
        ):
            pass
        case _:
            return None
    match test:
        case ast.Compare(
            left=ast.Subscript(value=ast.Name(id=owner), slice=ast.Constant(value=str() as key))
            | ast.Attribute(value=ast.Name(id=owner), attr=key),
            ops=[ast.Eq()],
            comparators=[wanted],
        ) if owner == table and table not in loads(wanted):
            return table, key, wanted, column
    return None


def _grouped(
    scope: Scope, table: str, key: str, places: list[tuple[ast.Subscript, ast.expr, ast.expr | None]]
) -> str | None:
    source = scope.source
    before = {scope.steady_before(node, [table]) for node, _, _ in places}
    place = before.pop() if len(before) == 1 else None
    if place is None:
        return None
    made = source.fresh(f"{table}_by_{key}" if key.isidentifier() else f"{table}_by_key")
    start = source.line_span(place)[0]
    splices = [
        Splice(start, start, f'{source.indentation(place)}{made} = dict(list({table}.groupby("{key}")))\n')
    ]
    for node, wanted, column in places:
        code = f"{made}.get({source.segment(wanted)}, {table}.iloc[:0])"
        splices.append(
            Splice(*source.span(node), f"{code}[{source.segment(column)}]" if column is not None else code)
        )
    return spliced(source.text, splices)


class EarlierMatches(ByScope):
    """``for j in range(i): if key[j] == key[i]: ...`` visits the earlier entries with the same key only."""

    name = "earlier entries found by their key"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every loop over earlier positions that does something for equal keys only."""
        for loop in scope.all_for_loops():
            yield Found(
                f"the loop at line {loop.lineno} in `{scope.qualified}` visits earlier entries of its key",
                "Positions are noted under their key as the outer loop passes them, so none is missed.",
                _with_earlier(scope, loop),
            )


def _with_earlier(scope: Scope, loop: ast.For) -> str | None:
    source = scope.source
    outer = scope.parents.get(loop)
    match loop:
        case ast.For(
            target=ast.Name(id=earlier),
            iter=ast.Call(func=ast.Name(id="range"), args=[ast.Name(id=here)]),
            body=[ast.If(orelse=[]) as branch],
            orelse=[],
        ):
            pass
        case _:
            return None
    if not isinstance(outer, ast.For) or not isinstance(outer.target, ast.Name) or outer.target.id != here:
        return None
    if not isinstance(outer.iter, ast.Call) or source.library_name(outer.iter.func) != "builtins.range":
        return None
    if len(outer.iter.args) != 1 or any(isinstance(one, ast.Continue) for one in ast.walk(outer)):
        return None
    tests = (
        branch.test.values
        if isinstance(branch.test, ast.BoolOp) and isinstance(branch.test.op, ast.And)
        else [branch.test]
    )
    key = _same_key(tests[0], earlier, here)
    if key is None or (loads(key) - {here}) & changed_in(outer) or here in stores(*outer.body):
        return None
    if not all(map(source.alone, (outer, loop, branch, outer.body[-1]))):
        return None
    made = source.fresh("earlier_by_key")
    indentation, inner = source.indentation(outer), source.indentation(loop)
    start, end = source.line_span(outer)[0], source.line_span(outer)[1]
    rest = " and ".join(source.segment(one) for one in tests[1:])
    splices = [
        Splice(start, start, f"{indentation}{made} = {{}}\n"),
        Splice(*source.span(loop.iter), f"{made}.get({source.segment(key)}, ())"),
        Splice(end, end, f"{inner}{made}.setdefault({source.segment(key)}, []).append({here})\n"),
    ]
    if rest:
        splices.append(Splice(*source.span(branch.test), rest))
    else:
        first, last = source.line_span(branch.body[0])[0], source.line_span(branch)[1]
        body = source.text[first:last].splitlines(keepends=True)
        splices.append(
            Splice(source.line_span(branch)[0], last, "".join(line.removeprefix("    ") for line in body))
        )
    return spliced(source.text, splices)


def _same_key(test: ast.expr, earlier: str, here: str) -> ast.expr | None:
    """The key at ``here`` of a test that it equals the key at ``earlier``; None for any other test."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            for key, other in ((left, right), (right, left)):
                moved = ast.parse(ast.unparse(other), mode="eval").body
                for one in ast.walk(moved):
                    if isinstance(one, ast.Name) and one.id == earlier:
                        one.id = here
                if here in loads(key) and earlier in loads(other) and same(key, moved):
                    return key
    return None
