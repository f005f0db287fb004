"""Searching a list for an entry, again and again: a set or a dictionary made once answers at once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.plain.scopes import (
    ByScope,
    Found,
    Scope,
    changed_in,
    kind_of_name,
)
from medalist.families.speedup.optimiser.rewriting import Source, Splice, spliced

_LISTS = ("list", "tuple")


class SetMembership(ByScope):
    """``x in some_list`` in a loop asks a set that is made once, and kept up where the list only grows."""

    name = "sets for membership"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every list that is searched repeatedly."""
        for name in sorted({test.comparators[0].id for test in _tests(scope)}):  # pyright: ignore[reportAttributeAccessIssue]
            tests = [test for test in _tests(scope) if _searched(test) == name]
            text = _with_set(scope, kinds, name, tests)
            yield Found(
                f"`{name}` in `{scope.qualified}` is searched by way of a set",
                "A set holds the same entries; the list itself keeps its order and its repetitions.",
                text,
            )


class SetsOfDocuments(ByScope):
    """Lists that a loop runs over only to search each of them become sets, made once."""

    name = "sets of the lists that are searched"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every inner loop, or comprehension, over lists of which only membership is asked."""
        for node in ast.walk(scope.function):
            if isinstance(node, ast.For | ast.comprehension):
                text = _with_sets(scope, kinds, node)
                yield Found(
                    f"the lists of `{scope.source.segment(node.iter)}` in `{scope.qualified}` are searched as sets",
                    "Only membership is asked of them, which a set answers alike.",
                    text,
                )


class IndexedPlaces(ByScope):
    """``some_list.index(x)`` in a loop asks a dictionary of first places."""

    name = "dictionaries for places in lists"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every list whose ``index`` is asked repeatedly."""
        calls = [call for call in ast.walk(scope.function) if _is_index(call)]
        for name in sorted({call.func.value.id for call in calls}):  # pyright: ignore
            own = [call for call in calls if call.func.value.id == name]  # pyright: ignore
            text = _with_places(scope, kinds, name, own)
            yield Found(
                f"places in `{name}` in `{scope.qualified}` are looked up in a dictionary",
                "The dictionary holds the first place of every entry, which is what `index` answers.",
                text,
            )


def _with_sets(scope: Scope, kinds: dict[str, Kind], node: ast.For | ast.comprehension) -> str | None:
    """The program with the entries of an inner loop's list as sets; None where more than membership is asked."""
    if not isinstance(node.iter, ast.Name) or not isinstance(node.target, ast.Name):
        return None
    name, entry = node.iter.id, node.target.id
    items = kinds[name].items if name in kinds else ()
    if items and items[0].group not in _LISTS:
        return None
    around = node if isinstance(node, ast.For) else scope.parents[node]
    uses = [
        one
        for one in ast.walk(around)
        if isinstance(one, ast.Name) and one.id == entry and one is not node.target
    ]
    asked = {id(test.comparators[0]) for test in _tests(scope)}
    place = scope.steady_before(around, [name])
    if not uses or any(id(one) not in asked for one in uses) or place is None:
        return None
    made = scope.source.fresh(f"{name}_sets")
    line = f"{made} = [set({entry}) for {entry} in {name}]"
    return spliced(
        scope.source.text, [Splice(*scope.source.span(node.iter), made), _before(scope, place, line)]
    )


def _searched(test: ast.Compare) -> str:
    among = test.comparators[0]
    return among.id if isinstance(among, ast.Name) else ""


def _tests(scope: Scope) -> Iterator[ast.Compare]:
    for node in ast.walk(scope.function):
        match node:
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Name()]):
                yield node


def _with_set(scope: Scope, kinds: dict[str, Kind], name: str, tests: list[ast.Compare]) -> str | None:
    """The program with the list's membership tests asked of a set; None where that cannot be."""
    if kind_of_name(scope, name, kinds) not in _LISTS:
        return None
    source = scope.source
    made = source.fresh(f"{name}_set")
    constant = _constant(source, scope, name)
    if constant is not None:
        made = source.fresh(f"{name}_SET" if name.isupper() else f"{name}_set")
        splices = [_renamed(source, test, made) for test in tests]
        end = source.line_span(constant)[1]
        return spliced(source.text, [*splices, Splice(end, end, f"{made} = frozenset({name})\n")])
    steady = _place(scope, name, tests)
    if steady is not None:
        return spliced(
            source.text,
            [
                *(_renamed(source, test, made) for test in tests),
                _before(scope, steady, f"{made} = set({name})"),
            ],
        )
    return _with_growing_set(scope, name, made, tests)


def _place(
    scope: Scope, name: str, nodes: list[ast.AST] | list[ast.Compare] | list[ast.Call]
) -> ast.stmt | None:
    """The one statement before which something made of ``name`` serves all nodes."""
    places = {scope.steady_before(node, [name]) for node in nodes}
    return places.pop() if len(places) == 1 else None


def _with_growing_set(scope: Scope, name: str, made: str, tests: list[ast.Compare]) -> str | None:
    """A list that only grows by ``append`` while it is searched: the set grows with it."""
    source = scope.source
    loops = {scope.loops(test)[-1] for test in tests if scope.loops(test)}
    if len(loops) != 1 or any(not scope.loops(test) for test in tests):
        return None
    (loop,) = loops
    appends = [one for one in ast.walk(loop) if isinstance(one, ast.Expr) and _appended(one, name)]
    without = [one for one in ast.walk(loop) if isinstance(one, ast.Call) and _changes(one, name)]
    rebinds = [one for one in ast.walk(loop) if isinstance(one, ast.Assign) and name in changed_in(one)]
    for rebind in rebinds:
        if not (isinstance(rebind.value, ast.List) and not rebind.value.elts and len(rebind.targets) == 1):
            return None
    if not appends or len(without) != len(appends) or not all(map(source.alone, [*appends, *rebinds, loop])):
        return None
    splices = [_renamed(source, test, made) for test in tests]
    for statement in appends:
        end, indentation = source.line_span(statement)[1], source.indentation(statement)
        call = statement.value
        if not isinstance(call, ast.Call) or not isinstance(
            call.args[0], ast.Name | ast.Attribute | ast.Constant
        ):
            return None
        splices.append(Splice(end, end, f"{indentation}{made}.add({source.segment(call.args[0])})\n"))
    for rebind in rebinds:
        end = source.line_span(rebind)[1]
        splices.append(Splice(end, end, f"{source.indentation(rebind)}{made} = set()\n"))
    if not rebinds:
        splices.append(_before(scope, loop, f"{made} = set({name})"))
    return spliced(source.text, splices)


def _appended(statement: ast.Expr, name: str) -> bool:
    call = statement.value
    return isinstance(call, ast.Call) and _changes(call, name) and call.func.attr == "append"  # pyright: ignore


def _changes(call: ast.Call, name: str) -> bool:
    return (
        name in changed_in(call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == name
    )


def _constant(source: Source, scope: Scope, name: str) -> ast.stmt | None:
    """The module-level assignment of a list that no function changes; None when there is none."""
    if name in changed_in(scope.function) or name in {
        one.arg for one in ast.walk(scope.function.args) if isinstance(one, ast.arg)
    }:
        return None
    found = [
        one
        for one in source.tree.body
        if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in one.targets)
    ]
    changes = [one for one in source.tree.body if one not in found and name in changed_in(one)]
    return found[0] if len(found) == 1 and not changes else None


def _renamed(source: Source, test: ast.Compare, made: str) -> Splice:
    return Splice(*source.span(test.comparators[0]), made)


def _before(scope: Scope, statement: ast.stmt, line: str) -> Splice:
    place = scope.source.line_span(statement)[0]
    return Splice(place, place, f"{scope.source.indentation(statement)}{line}\n")


def _is_index(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr="index"), args=[_], keywords=[]):
            return True
    return False


def _with_places(scope: Scope, kinds: dict[str, Kind], name: str, calls: list[ast.AST]) -> str | None:
    if kind_of_name(scope, name, kinds) not in _LISTS:
        return None
    steady = _place(scope, name, calls)
    if steady is None:
        return None
    source = scope.source
    made = source.fresh(f"{name}_places")
    splices = [
        Splice(*source.span(call), f"{made}[{source.segment(call.args[0])}]")
        for call in calls
        if isinstance(call, ast.Call)
    ]
    tests = [
        test
        for test in _tests(scope)
        if _searched(test) == name and scope.steady_before(test, [name]) is steady
    ]
    splices += [_renamed(source, test, made) for test in tests]
    line = f"{made} = {{entry: place for place, entry in reversed(list(enumerate({name})))}}"
    return spliced(source.text, [*splices, _before(scope, steady, line)])
