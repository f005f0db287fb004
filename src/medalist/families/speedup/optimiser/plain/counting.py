"""Counting in one pass instead of once a word, and finding what fits by a dictionary instead of by looking at all."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.plain.scopes import ByScope, Found, Scope, kind_of_name
from medalist.families.speedup.optimiser.rewriting import (
    Source,
    Splice,
    conjuncts,
    loads,
    same,
    spliced,
    stores,
)


class CountedOnce(ByScope):
    """``some_list.count(x)`` for one x after another becomes a ``Counter`` made in one pass."""

    name = "counting in one pass"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every list whose entries are counted repeatedly."""
        found: dict[str, list[tuple[ast.expr, ast.expr]]] = {}
        for node in ast.walk(scope.function):
            counted = _counted(node)
            if counted is not None and isinstance(node, ast.expr):
                found.setdefault(counted[0], []).append((node, counted[1]))
        for name, counts in found.items():
            text = _with_counter(scope, kinds, name, counts)
            yield Found(
                f"the entries of `{name}` in `{scope.qualified}` are counted in one pass",
                "A counter holds how often each entry occurs, and 0 for all others, as counting anew would say.",
                text,
            )


def _counted(node: ast.AST) -> tuple[str, ast.expr] | None:
    """(list, entry) of ``list.count(entry)`` and of ``sum(1 for x in list if x == entry)``."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="count"), args=[entry], keywords=[]):
            return name, entry
        case ast.Call(
            func=ast.Name(id="sum" | "len"),
            args=[
                ast.GeneratorExp(
                    elt=element,
                    generators=[
                        ast.comprehension(
                            target=ast.Name(id=one),
                            iter=ast.Name(id=name),
                            ifs=[ast.Compare(left=left, ops=[ast.Eq()], comparators=[right])],
                        )
                    ],
                )
                | ast.ListComp(
                    elt=element,
                    generators=[
                        ast.comprehension(
                            target=ast.Name(id=one),
                            iter=ast.Name(id=name),
                            ifs=[ast.Compare(left=left, ops=[ast.Eq()], comparators=[right])],
                        )
                    ],
                )
            ],
        ):
            number = isinstance(element, ast.Constant) and element.value == 1
            length = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"
            for item, entry in ((left, right), (right, left)):
                if (
                    isinstance(item, ast.Name)
                    and item.id == one
                    and one not in loads(entry)
                    and (number or length)
                ):
                    return name, entry
    return None


def _with_counter(
    scope: Scope, kinds: dict[str, Kind], name: str, counts: list[tuple[ast.expr, ast.expr]]
) -> str | None:
    by_method = any(isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) for node, _ in counts)
    if kind_of_name(scope, name, kinds) not in (
        ("list", "tuple") if by_method else ("list", "tuple", "str", "")
    ):
        return None
    source = scope.source
    places = {scope.steady_before(node, [name]) for node, _ in counts}
    place = places.pop() if len(places) == 1 else None
    if place is None:
        return None
    made = source.fresh(f"{name}_counts")
    counter, splices = _counter(source)
    splices += [Splice(*source.span(node), f"{made}[{source.segment(entry)}]") for node, entry in counts]
    start = source.line_span(place)[0]
    splices.append(Splice(start, start, f"{source.indentation(place)}{made} = {counter}({name})\n"))
    return spliced(source.text, splices)


def _counter(source: Source) -> tuple[str, list[Splice]]:
    """``collections.Counter`` as the program may call it, with the import that it may need."""
    for name, target in source.imports.items():
        if target == "collections.Counter" and name not in source.bound:
            return name, []
    known = source.alias("collections")
    return (f"{known}.Counter", []) if known else ("collections.Counter", [source.new_import("collections")])


class IndexedMatches(ByScope):
    """``for b in many: if b.key == wanted: ...`` inside a loop visits only the entries under the wanted key."""

    name = "entries found by their key"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every inner loop that does something for matching entries only."""
        for loop in filter(scope.source.alone, filter(scope.loops, scope.all_for_loops())):
            yield Found(
                f"the loop at line {loop.lineno} in `{scope.qualified}` visits matching entries only",
                "Entries under one key are kept in their order, so the same ones are visited in turn.",
                _with_index(scope, loop),
            )


def _with_index(scope: Scope, loop: ast.For) -> str | None:
    """The program with a loop's entries found by key; None where the loop is no search for equal keys."""
    if loop.orelse or len(loop.body) != 1 or not isinstance(loop.body[0], ast.If) or loop.body[0].orelse:
        return None
    branch = loop.body[0]
    tests = conjuncts(branch.test)
    own = stores(loop.target)
    found = _key(tests[0], own)
    if found is None or any(isinstance(one, ast.NamedExpr | ast.Call) for one in ast.walk(found[0])):
        return None
    key, wanted = found
    place = scope.steady_before(loop, loads(loop.iter, key) - own)
    if place is None or place is loop or not isinstance(place, ast.For | ast.While):
        return None
    if loads(loop.iter, key) & stores(*branch.body) or not scope.source.alone(branch):
        return None
    source = scope.source
    target = source.segment(loop.target)
    made = source.fresh(f"{'_'.join(sorted(own))[:20]}_by_key")
    outer, inner = source.indentation(place), source.indentation(loop)
    entry = f"({target})" if isinstance(loop.target, ast.Tuple) and not target.startswith("(") else target
    prepared = [
        f"{made} = {{}}",
        f"for {target} in {source.segment(loop.iter)}:",
        f"    {made}.setdefault({source.segment(key)}, []).append({entry})",
    ]
    head = f"{inner}for {target} in {made}.get({source.segment(wanted)}, ()):\n"
    start, end = source.line_span(loop)
    rest = tests[1:]
    first_body = source.line_span(branch.body[0])[0]
    if rest:
        joined = " and ".join(
            source.segment(one) if not isinstance(one, ast.BoolOp) else f"({source.segment(one)})"
            for one in rest
        )
        body = f"{inner}    if {joined}:\n{source.text[first_body:end]}"
    else:
        body = "".join(
            line.removeprefix("    ") for line in source.text[first_body:end].splitlines(keepends=True)
        )
    before = source.line_span(place)[0]
    return spliced(
        source.text,
        [
            Splice(before, before, "".join(f"{outer}{line}\n" for line in prepared)),
            Splice(start, end, head + body),
        ],
    )


def _key(test: ast.expr, own: set[str]) -> tuple[ast.expr, ast.expr] | None:
    """(key of the entry, key that is wanted) of an equality; None for any other test."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return None
    left, right = test.left, test.comparators[0]
    for key, wanted in ((left, right), (right, left)):
        if loads(key) & own and not loads(wanted) & own and not same(key, wanted):
            return key, wanted
    return None
