"""What depends on an inner loop's entry alone, worked out once an entry instead of once a turn of the outer loop."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.plain.once import CHEAP, is_steady_call
from medalist.families.speedup.optimiser.plain.scopes import (
    ByScope,
    Found,
    Scope,
    changed_in,
    kind_of_name,
)
from medalist.families.speedup.optimiser.rewriting import Source, Splice, loads, spliced, stores

_TEXT_METHODS = frozenset({"lower", "upper", "strip", "casefold", "title"})


class TabulatedTerms(ByScope):
    """A call in an inner loop that the outer loop does not change is made for every entry before both."""

    name = "terms of an inner loop worked out once"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every inner loop with such calls."""
        for loop in filter(scope.loops, scope.all_for_loops()):
            yield Found(
                f"terms of the loop at line {loop.lineno} in `{scope.qualified}` are worked out once",
                "They follow from the inner loop's entry and from what the outer loop leaves alone.",
                _tabulated(scope, loop),
            )


def _tabulated(scope: Scope, loop: ast.For) -> str | None:
    source, own = scope.source, stores(loop.target)
    calls = [call for call in ast.walk(ast.Module(loop.body, [])) if _is_term(scope, loop, call, own)]
    calls = [one for one in calls if not any(one in ast.walk(other) for other in calls if other is not one)]
    if not calls or not _steady_iterable(source, loop.iter):
        return None
    place = scope.steady_before(loop, loads(loop.iter, *calls) - own)
    if place is None or own & changed_in(ast.Module(loop.body, [])):
        return None
    names: dict[str, str] = {}
    for call in calls:
        if isinstance(call, ast.expr) and source.segment(call) not in names:
            names[source.segment(call)] = source.fresh("term", names.values())
    target, iterable = source.segment(loop.target), source.segment(loop.iter)
    indentation, start = source.indentation(place), source.line_span(place)[0]
    lines = [f"{name}s = [{code} for {target} in {iterable}]" for code, name in names.items()]
    entry = f"({target})" if isinstance(loop.target, ast.Tuple) and not target.startswith("(") else target
    head = f"for {entry}, {', '.join(names.values())} in zip({iterable}, {', '.join(f'{n}s' for n in names.values())})"
    splices = [Splice(start, start, "".join(f"{indentation}{line}\n" for line in lines))]
    splices.append(Splice(source.span(loop)[0], source.span(loop.iter)[1], head))
    splices += [
        Splice(*source.span(one), names[source.segment(one)]) for one in calls if isinstance(one, ast.expr)
    ]
    return spliced(source.text, splices)


def _is_term(scope: Scope, loop: ast.For, call: ast.AST, own: set[str]) -> bool:
    """Whether a call in the loop follows from the loop's own entry and nothing else that the loop binds."""
    if (
        not isinstance(call, ast.Call)
        or not loads(call) & own
        or scope.source.library_name(call.func) in CHEAP
    ):
        return False
    around = [
        one
        for one in scope.around(call)
        if isinstance(one, ast.For | ast.While | ast.Lambda | ast.comprehension)
    ]
    if not around or around[0] is not loop or loads(call) & (changed_in(loop) - own):
        return False
    return all(is_steady_call(scope.source, one) for one in ast.walk(call) if isinstance(one, ast.Call))


def _steady_iterable(source: Source, iterable: ast.expr) -> bool:
    if isinstance(iterable, ast.Name):
        return True
    name = source.library_name(iterable.func) if isinstance(iterable, ast.Call) else ""
    return name in ("builtins.range", "builtins.enumerate", "builtins.zip", "builtins.sorted") and all(
        isinstance(one, ast.Name | ast.Constant) or _steady_iterable(source, one) or _is_length(source, one)
        for one in (iterable.args if isinstance(iterable, ast.Call) else [])
    )


def _is_length(source: Source, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and source.library_name(node.func) == "builtins.len"


class TestedCharacters(ByScope):
    """A test of every character of a text is made once for each different one."""

    name = "characters tested once each"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every loop over a text that begins with a test of the character."""
        for loop in filter(scope.source.alone, scope.all_for_loops()):
            yield Found(
                f"the loop at line {loop.lineno} in `{scope.qualified}` tests each character once",
                "The test follows from the character alone, and a text has few different ones.",
                _tested(scope, loop, kinds),
            )


def _tested(scope: Scope, loop: ast.For, kinds: dict[str, Kind]) -> str | None:
    source = scope.source
    if not isinstance(loop.target, ast.Name) or not _is_text(scope, loop.iter, kinds):
        return None
    if not isinstance(loop.body[0], ast.If) or loop.target.id not in loads(loop.body[0].test):
        return None
    character, test = loop.target.id, loop.body[0].test
    calls = [one for one in ast.walk(test) if isinstance(one, ast.Call)]
    if not calls or (loads(test) - {character}) & changed_in(loop):
        return None
    if not all(is_steady_call(source, one) or _pattern_call(source, one) for one in calls):
        return None
    made = source.fresh(f"{character}s_that_fit")
    indentation, start = source.indentation(loop), source.line_span(loop)[0]
    line = f"{made} = {{{character} for {character} in set({source.segment(loop.iter)}) if {source.segment(test)}}}"
    return spliced(
        source.text,
        [
            Splice(start, start, f"{indentation}{line}\n"),
            Splice(*source.span(test), f"{character} in {made}"),
        ],
    )


def _pattern_call(source: Source, call: ast.Call) -> bool:
    """A method of a pattern that the module compiles, or one of the character that answers with a truth value."""
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return False
    if call.func.attr.startswith("is"):
        return True
    for node in source.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func)) if (
                name == call.func.value.id
            ):
                return source.library_name(func) == "re.compile"
    return False


def _is_text(scope: Scope, node: ast.expr, kinds: dict[str, Kind]) -> bool:
    if isinstance(node, ast.Name):
        return kind_of_name(scope, node.id, kinds) == "str"
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _TEXT_METHODS
    )
