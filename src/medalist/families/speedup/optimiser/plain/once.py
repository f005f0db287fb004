"""Work that gives the same again and again: patterns compiled once, pure functions remembered, steady calls hoisted."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from medalist.families.speedup.optimiser.facts import FunctionFacts, Kind
from medalist.families.speedup.optimiser.plain.scopes import (
    CHANGING,
    SMALLEST_SHARE,
    ByScope,
    Found,
    Scope,
    changed_in,
    scopes,
)
from medalist.families.speedup.optimiser.rewriting import Source, Splice, loads, spliced, stores
from medalist.families.speedup.optimiser.transformation import Edit, Program

_PATTERN_FUNCTIONS = frozenset(
    {"sub", "subn", "split", "findall", "finditer", "match", "search", "fullmatch"}
)
_STEADY_LIBRARIES = ("math.", "numpy.", "builtins.", "re.", "itertools.", "string.", "statistics.")
_UNSTEADY = ("numpy.random", "builtins.print", "builtins.open", "builtins.input", "builtins.next", "builtins.iter",
             "builtins.exec", "builtins.eval", "builtins.setattr", "builtins.map", "builtins.zip", "builtins.enumerate",
             "builtins.filter", "builtins.reversed", "builtins.globals", "builtins.super", "itertools.")  # fmt: skip
_FRESH = ("numpy.zeros", "numpy.ones", "numpy.empty", "numpy.full", "builtins.list", "builtins.dict", "builtins.set",
          "numpy.arange", "numpy.eye", "numpy.copy")  # fmt: skip
CHEAP = ("builtins.len", "builtins.range", "builtins.int", "builtins.float", "builtins.isinstance", "builtins.abs",
          "builtins.min", "builtins.max", "builtins.bool", "builtins.str")  # fmt: skip
_LEAST_CALLS = 16
_HASHABLE = ("int", "bool", "none")


class CompiledPatterns:
    """``re.sub("...", ...)`` in a hot function uses a pattern that is compiled when the program is read."""

    name = "patterns compiled once"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        """One edit for all literal patterns of the functions that took time."""
        source = Source.read(program.text)
        if source is None or source.alias("re") is None:
            return
        splices: list[Splice] = []
        patterns: dict[str, str] = {}
        spent = 0.0
        for scope, seconds, _ in scopes(program, source):
            found = list(_pattern_calls(scope))
            for call in found:
                splices.append(_compiled(source, call, patterns))
            spent += seconds if found else 0.0
        if not splices:
            return
        lines = "\n".join(f"{name} = {code}" for code, name in patterns.items())
        text = spliced(source.text, [*splices, source.new_constant(lines)])
        if text is not None:
            reason = "A pattern's text is a constant, so it may be compiled when the program is read."
            count = len(patterns)
            title = f"{count} {'pattern is' if count == 1 else 'patterns are'} compiled once"
            yield Edit(self.name, title, reason, text, spent)


def _pattern_calls(scope: Scope) -> Iterator[ast.Call]:
    for node in ast.walk(scope.function):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        name = scope.source.library_name(node.func)
        known = name.startswith("re.") and name.removeprefix("re.") in _PATTERN_FUNCTIONS
        flags = [keyword for keyword in node.keywords if keyword.arg == "flags"]
        if known and not any(loads(keyword.value) - set(scope.source.imports) for keyword in flags):
            yield node


def _compiled(source: Source, call: ast.Call, patterns: dict[str, str]) -> Splice:
    flags = "".join(
        f", {source.segment(keyword.value)}" for keyword in call.keywords if keyword.arg == "flags"
    )
    code = f"{source.alias('re')}.compile({source.segment(call.args[0])}{flags})"
    if code not in patterns:
        patterns[code] = source.fresh("PATTERN", patterns.values())
    rest = [source.segment(argument) for argument in call.args[1:]]
    rest += [source.segment_of_keyword(keyword) for keyword in call.keywords if keyword.arg != "flags"]
    method = source.library_name(call.func).removeprefix("re.")
    return Splice(*source.span(call), f"{patterns[code]}.{method}({', '.join(rest)})")


class RememberedFunctions:
    """A pure function of whole numbers that is called often remembers its answers.

    Not of what may be data: that would keep all of it, and remember from one run of the program to the next.
    """

    name = "pure functions remembered"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        """An edit for every function whose arguments can be remembered and which does nothing but answer."""
        source = Source.read(program.text)
        if source is None:
            return
        for qualified, function in source.functions.items():
            seen = program.facts.functions.get(qualified)
            if (
                seen is None
                or seen.calls < _LEAST_CALLS
                or program.facts.share(seen.seconds) < SMALLEST_SHARE
            ):
                continue
            if (
                "." in qualified
                or function.decorator_list
                or not _rememberable(seen)
                or qualified == program.entry
            ):
                continue
            if not _pure(source, function, (qualified,)):
                continue
            place = source.line_span(function)[0]
            known = source.alias("functools")
            splices = [Splice(place, place, "@functools.cache\n" if not known else f"@{known}.cache\n")]
            if not known:
                splices.append(source.new_import("functools"))
            text = spliced(source.text, splices)
            if text is not None:
                reason = "Its answer follows from its arguments alone, and it changes nothing."
                yield Edit(self.name, f"`{qualified}` remembers its answers", reason, text, seen.seconds)


def _rememberable(seen: FunctionFacts) -> bool:
    def hashable(group: str, items: tuple) -> bool:
        return group in _HASHABLE or (
            group == "tuple" and bool(items) and all(hashable(i.group, i.items) for i in items)
        )

    return bool(seen.arguments) and all(hashable(kind.group, kind.items) for kind in seen.arguments.values())


def _pure(source: Source, function: ast.FunctionDef, busy: tuple[str, ...]) -> bool:
    """Whether a function calls only what is known to be pure and touches nothing around it."""
    own = stores(function) | {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
    if any(
        isinstance(one, ast.Global | ast.Nonlocal | ast.Yield | ast.YieldFrom | ast.Await)
        for one in ast.walk(function)
    ):
        return False
    if changed_in(function) - own:
        return False
    module = {name for one in source.tree.body if isinstance(one, ast.Assign) for name in stores(one)}
    changed = {name for one in source.functions.values() for name in changed_in(one) - stores(one)}
    if loads(function) & module & changed:
        return False
    return all(_pure_call(source, one, own, busy) for one in ast.walk(function) if isinstance(one, ast.Call))


def _pure_call(source: Source, call: ast.Call, own: set[str], busy: tuple[str, ...]) -> bool:
    name = source.library_name(call.func)
    if name:
        return name.startswith(_STEADY_LIBRARIES) and not (
            name.startswith(_UNSTEADY) and name not in ("builtins.zip", "builtins.enumerate", "builtins.map")
        )
    if isinstance(call.func, ast.Name) and call.func.id in source.functions:
        inner = source.functions[call.func.id]
        return call.func.id in busy or (len(busy) < 6 and _pure(source, inner, (*busy, call.func.id)))
    return isinstance(call.func, ast.Attribute) and bool(
        loads(call.func.value) & own or not loads(call.func.value)
    )


class HoistedCalls(ByScope):
    """A call in a loop that gives the same in every turn is made before the loop."""

    name = "steady work taken out of loops"
    needs: tuple[str, ...] = ()

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every function with such calls, all of them together."""
        splices, count = _hoisted(scope)
        text = spliced(scope.source.text, splices) if count else None
        yield Found(
            f"{count} steady {'calls' if count > 1 else 'call'} taken out of loops in `{scope.qualified}`",
            "Nothing in the loop changes what they are made of.",
            text,
        )


def _hoisted(scope: Scope) -> tuple[list[Splice], int]:
    source = scope.source
    splices: list[Splice] = []
    names: dict[tuple[str, ast.stmt], str] = {}
    taken: list[ast.Call] = []
    for call in ast.walk(scope.function):
        if (
            not isinstance(call, ast.Call)
            or not _steady(scope, call)
            or any(call in ast.walk(one) for one in taken)
        ):
            continue
        place = scope.steady_before(call, loads(call))
        if place is None or isinstance(scope.parents.get(call), ast.Expr) or _handed_on(scope, call):
            continue
        code = source.segment(call)
        if (code, place) not in names:
            last = source.library_name(call.func).rpartition(".")[2] or scope.qualified
            names[code, place] = source.fresh(f"steady_{last}", names.values())
            start = source.line_span(place)[0]
            splices.append(
                Splice(start, start, f"{source.indentation(place)}{names[code, place]} = {code}\n")
            )
        taken.append(call)
        splices.append(Splice(*source.span(call), names[code, place]))
    return splices, len(names)


def _steady(scope: Scope, call: ast.Call) -> bool:
    name = scope.source.library_name(call.func)
    if name and (
        not name.startswith(_STEADY_LIBRARIES) or name.startswith((*_UNSTEADY, *_FRESH)) or name in CHEAP
    ):
        return False
    own = {one.arg for one in ast.walk(scope.function.args) if isinstance(one, ast.arg)} | stores(
        scope.function
    )
    if any(
        isinstance(one, ast.Lambda | ast.NamedExpr | ast.GeneratorExp | ast.Starred) for one in ast.walk(call)
    ):
        return False
    inner = [one for one in ast.walk(call) if isinstance(one, ast.Call)]
    if not loads(call) & own:
        return bool(name)
    return all(is_steady_call(scope.source, one) for one in inner)


def is_steady_call(source: Source, call: ast.Call) -> bool:
    """Whether a call answers the same for the same arguments and changes nothing."""
    name = source.library_name(call.func)
    if name:
        return name.startswith(_STEADY_LIBRARIES) and not name.startswith(_UNSTEADY)
    if isinstance(call.func, ast.Name) and call.func.id in source.functions:
        return _pure(source, source.functions[call.func.id], (call.func.id,))
    return False


def _handed_on(scope: Scope, call: ast.Call) -> bool:
    """Whether the value is kept under a name that is changed later: then each turn needs its own."""
    statement = scope.statement(call)
    if not isinstance(statement, ast.Assign) or statement.value is not call:
        return False
    names = stores(*statement.targets)
    return any(_changes(one, names) for loop in scope.loops(call)[:1] for one in ast.walk(loop))


def _changes(node: ast.AST, names: set[str]) -> bool:
    """Whether ``node`` changes, rather than binds, one of ``names``."""
    match node:
        case ast.AugAssign(target=target):
            return bool({one.id for one in ast.walk(target) if isinstance(one, ast.Name)} & names)
        case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in CHANGING:
            return bool(loads(owner) & names)
        case ast.Subscript(value=owner, ctx=ast.Store()):
            return bool(loads(owner) & names)
    return False
