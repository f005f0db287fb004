"""Texts, lists, arrays and tables that grow by being made anew in every turn of a loop: parts collected, joined once."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.plain.scopes import ByScope, Found, Scope, kind_of_name
from medalist.families.speedup.optimiser.rewriting import Source, Splice, spliced

_JOINERS = ("pandas.concat", "numpy.concatenate", "numpy.vstack", "numpy.hstack", "numpy.append")


@dataclass(frozen=True)
class Growth:
    """``name = join(name, part)``: the statement, the part that is added, and how all parts are joined in the end.

    ``joined`` holds the list of parts where ``{}`` stands.
    """

    statement: ast.stmt
    name: str
    part: str
    joined: str


class CollectedParts(ByScope):
    """``text += part`` and ``table = concat([table, part])`` in a loop collect the parts and join them behind it."""

    name = "parts collected and joined once"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every name that grows in a loop and is not looked at there."""
        growths: dict[str, list[Growth]] = {}
        for node in ast.walk(scope.function):
            growth = _growth(scope, kinds, node) if isinstance(node, ast.Assign | ast.AugAssign) else None
            if growth is not None:
                growths.setdefault(growth.name, []).append(growth)
        for name, found in growths.items():
            text = _collected(scope, name, found)
            yield Found(
                f"`{name}` in `{scope.qualified}` is joined once, of parts collected in the loop",
                "Joining is associative, and nothing looks at what is there before the loop has ended.",
                text,
            )


def _growth(scope: Scope, kinds: dict[str, Kind], node: ast.Assign | ast.AugAssign) -> Growth | None:
    source = scope.source
    if isinstance(node, ast.AugAssign):
        if not isinstance(node.target, ast.Name) or not isinstance(node.op, ast.Add):
            return None
        if kind_of_name(scope, node.target.id, kinds) != "str":
            return None
        return Growth(node, node.target.id, source.segment(node.value), '"".join({})')
    if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return None
    name, value = node.targets[0].id, node.value
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        if (
            isinstance(value.left, ast.Name)
            and value.left.id == name
            and kind_of_name(scope, name, kinds) == "str"
        ):
            return Growth(node, name, source.segment(value.right), '"".join({})')
        return None
    return _joined_call(source, node, name, value) if isinstance(value, ast.Call) else None


def _joined_call(source: Source, node: ast.Assign, name: str, call: ast.Call) -> Growth | None:
    function = source.library_name(call.func)
    if function not in _JOINERS:
        return None
    called = source.segment(call.func)
    words = "".join(f", {source.segment_of_keyword(keyword)}" for keyword in call.keywords)
    if function == "numpy.append":
        if len(call.args) != 2 or call.keywords or not _is(call.args[0], name):
            return None
        alias = called.rpartition(".")[0]
        together = f"{alias}.concatenate([{alias}.ravel(part) for part in {{}}])"
        return Growth(node, name, source.segment(call.args[1]), together) if alias else None
    parts = call.args[0] if len(call.args) == 1 else None
    if not isinstance(parts, ast.List | ast.Tuple) or len(parts.elts) != 2 or not _is(parts.elts[0], name):
        return None
    return Growth(node, name, source.segment(parts.elts[1]), f"{called}({{}}{words})")


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _collected(scope: Scope, name: str, growths: list[Growth]) -> str | None:
    """The program with the parts of ``name`` collected; None where something else touches it in the loop."""
    source = scope.source
    if len({growth.joined for growth in growths}) != 1:
        return None
    common = scope.loops(growths[0].statement)
    for growth in growths[1:]:
        others = scope.loops(growth.statement)
        common = [loop for loop in common if loop in others]
    loop = None
    inside = {id(one) for growth in growths for one in ast.walk(growth.statement)}
    for candidate in common:
        uses = [one for one in ast.walk(candidate) if isinstance(one, ast.Name) and one.id == name]
        if any(id(one) not in inside for one in uses):
            break
        loop = candidate
    if loop is None or loop.orelse or not source.alone(loop):
        return None
    if any(isinstance(one, ast.Return | ast.Yield) for one in ast.walk(loop)):
        return None
    if not all(source.alone(growth.statement) for growth in growths):
        return None
    if any(name in growth.part.replace(".", " ").split() for growth in growths):
        return None
    made = source.fresh(f"{name}_parts")
    indentation = source.indentation(loop)
    start, end = source.line_span(loop)
    splices = [Splice(start, start, f"{indentation}{made} = [{name}]\n")]
    splices += [Splice(*source.span(growth.statement), f"{made}.append({growth.part})") for growth in growths]
    newline = "" if source.text[:end].endswith("\n") else "\n"
    splices.append(Splice(end, end, f"{newline}{indentation}{name} = {growths[0].joined.format(made)}\n"))
    return spliced(source.text, splices)


class AppendedEntries(ByScope):
    """``entries = entries + [entry]`` becomes ``entries.append(entry)``: the list is not copied every time."""

    name = "append instead of a copy"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every statement in a loop that makes a list longer by a copy of it."""
        for node in ast.walk(scope.function):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.BinOp(left=ast.Name(id=copied), op=ast.Add(), right=ast.List(elts=[entry])),
                ) if name == copied and scope.loops(node):
                    new = f"{name}.append({scope.source.segment(entry)})"
                    text = spliced(scope.source.text, [Splice(*scope.source.span(node), new)])
                    yield Found(
                        f"`{name}` in `{scope.qualified}` grows in place",
                        "The list that is made longer is the function's own.",
                        text,
                    )
