"""Where a function's expressions stand among its loops, and how far out of them a value may be prepared."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source, stores
from medalist.families.speedup.optimiser.transformation import Edit, Program

SMALLEST_SHARE = 0.004
"""Of a run's time: functions below are left alone."""
CHANGING = frozenset(
    {
        *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "appendleft", "popleft"),
        *("add", "update", "discard", "setdefault", "popitem", "fill", "resize", "put", "drop_duplicates"),
    }
)
"""Methods that change what they belong to."""
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


class Scope:
    """One function of a program, with the way from every node to the function."""

    def __init__(self, source: Source, qualified: str, function: ast.FunctionDef) -> None:
        self.source = source
        self.qualified = qualified
        self.function = function
        self.parents: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(function):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, innermost first, the function itself left out."""
        current = self.parents.get(node)
        while current is not None and current is not self.function:
            yield current
            current = self.parents.get(current)

    def all_for_loops(self) -> Iterator[ast.For]:
        """In the order of ``ast.walk``: outer ones before those inside."""
        return (node for node in ast.walk(self.function) if isinstance(node, ast.For))

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement that ``node`` is part of."""
        for one in (node, *self.around(node)):
            if isinstance(one, ast.stmt):
                return one
        return None

    def loops(self, node: ast.AST) -> list[ast.For | ast.While]:
        """The loop statements around ``node``, innermost first; a loop's own iterable is outside of it."""
        found: list[ast.For | ast.While] = []
        child = node
        for around in self.around(node):
            if isinstance(around, ast.FunctionDef | ast.Lambda):
                return []
            outside = isinstance(around, ast.For) and child is around.iter
            if isinstance(around, ast.For | ast.While) and not outside:
                found.append(around)
            child = around
        return found

    def steady_before(self, node: ast.AST, names: Iterable[str]) -> ast.stmt | None:
        """The statement before which a value made of ``names`` may be prepared for ``node``.

        The outermost loop around ``node`` in which none of them changes; the statement itself where only a
        comprehension repeats it. None where nothing is gained.
        """
        wanted = set(names)
        place: ast.stmt | None = None
        for around in self.around(node):
            if isinstance(around, _COMPREHENSIONS):
                if wanted & {name for one in around.generators for name in stores(one.target)}:
                    return None
                place = self.statement(node)
            if isinstance(around, ast.Lambda | ast.FunctionDef):
                return None
        for loop in self.loops(node):
            if wanted & changed_in(loop):
                break
            place = loop
        return place if place is not None and self.source.alone(place) else None


class Found(NamedTuple):
    """One place of a scope: an edit's title and reason, and the new text, None where it does not work out."""

    title: str
    reason: str
    text: str | None


class ByScope(ABC):
    """A transformation that looks at one function after another, those that took time alone."""

    name: str
    needs: tuple[str, ...] = ()
    imports: str = ""
    """A module without which no program has what is looked for."""

    def edits(self, program: Program) -> Iterable[Edit]:
        source = Source.read(program.text)
        if source is None or (self.imports and source.alias(self.imports) is None):
            return
        for scope, seconds, kinds in scopes(program, source):
            for title, reason, text in self.found(scope, kinds):
                if text is not None:
                    yield Edit(self.name, title, reason, text, seconds)

    @abstractmethod
    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """The places in ``scope`` worth an edit, the most promising first; ``kinds`` is what its names were seen to hold."""
        ...


def changed_in(node: ast.AST) -> set[str]:
    """Names that are bound in ``node``, or whose object is changed there as far as can be seen."""
    found = stores(node)
    for one in ast.walk(node):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in CHANGING:
                found.add(name)
            case (
                ast.Subscript(value=owner, ctx=ast.Store() | ast.Del())
                | ast.Attribute(value=owner, ctx=ast.Store())
            ):
                while isinstance(owner, ast.Subscript | ast.Attribute):
                    owner = owner.value
                if isinstance(owner, ast.Name):
                    found.add(owner.id)
    return found


def scopes(program: Program, source: Source) -> Iterator[tuple[Scope, float, dict[str, Kind]]]:
    """The functions that took time, the seconds spent in them, and what their names were seen to hold."""
    for qualified, function in source.functions.items():
        seen = program.facts.functions.get(qualified)
        if seen is None or program.facts.share(seen.seconds) < SMALLEST_SHARE:
            continue
        kinds: dict[str, Kind] = {}
        for loop in program.facts.loops:
            if loop.function == qualified:
                kinds |= {**loop.bound_after, **loop.variables}
        kinds |= seen.arguments
        yield Scope(source, qualified, function), seen.seconds, kinds


def kind_of_name(scope: Scope, name: str, kinds: dict[str, Kind]) -> str:
    """``list``, ``str`` ... of a name: as it was seen, else by what it is bound to everywhere; "" when unknown."""
    if name in kinds and kinds[name].group != "object":
        return kinds[name].group
    found: set[str] = set()
    trees: list[ast.AST] = [scope.function]
    if name not in stores(scope.function):
        trees = [one for one in scope.source.tree.body if isinstance(one, ast.Assign)]
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id == name for t in node.targets
            ):
                found.add(_group(scope.source, node.value))
            elif isinstance(node, ast.For | ast.comprehension) and name in stores(node.target):
                found.add(_entry_group(node, name, kinds))
    return found.pop() if len(found) == 1 else ""


def _entry_group(node: ast.For | ast.comprehension, name: str, kinds: dict[str, Kind]) -> str:
    if isinstance(node.target, ast.Name) and isinstance(node.iter, ast.Name) and node.iter.id in kinds:
        items = kinds[node.iter.id].items
        return items[0].group if items and all(item.group == items[0].group for item in items) else ""
    del name
    return ""


def _group(source: Source, value: ast.expr) -> str:
    match value:
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Tuple():
            return "tuple"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.JoinedStr() | ast.Constant(value=str()):
            return "str"
        case ast.Call(func=ast.Attribute(attr="split" | "splitlines" | "findall" | "tolist" | "readlines")):
            return "list"
        case ast.Call(func=ast.Attribute(attr="lower" | "upper" | "strip" | "replace" | "join" | "read")):
            return "str"
        case ast.Call():
            name = source.library_name(value.func)
            return {"builtins.list": "list", "builtins.sorted": "list", "builtins.str": "str"}.get(name, "")
    return ""
