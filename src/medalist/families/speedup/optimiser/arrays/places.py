"""Loops that gather entries of an array at places that depend on shapes alone: the places are worked out once."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from medalist.families.speedup.optimiser.arrays.items import SMALLEST_SHARE, outermost
from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source, Splice, blocks, loads, spliced, stores
from medalist.families.speedup.optimiser.transformation import Edit, Program
from medalist.families.speedup.optimiser.writing import parsed, written

_HASHABLE = ("int", "float", "bool", "str")
_PURE_LIBRARIES = ("math.", "numpy.", "builtins.")
_IMPURE = (
    "numpy.random",
    "builtins.print",
    "builtins.open",
    "builtins.input",
    "builtins.next",
    "builtins.exec",
)


@dataclass
class Gathering:
    """A loop nest that only appends entries of arrays to lists that were empty before it.

    ``lists`` says of each list which array it takes from; ``whole`` are the arrays whose first axis is taken whole.
    """

    loop: ast.For
    empties: list[ast.stmt]
    lists: dict[str, str] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    given: list[str] = field(default_factory=list)


class GatheredPlaces:
    """The places that a loop gathers from become a function of the shape, remembered from call to call."""

    name = "places of a gathering loop worked out once"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        """An edit for every loop nest that gathers at places which depend on numbers and shapes alone."""
        source = Source.read(program.text)
        alias = source.alias("numpy") if source is not None else None
        if source is None or alias is None:
            return
        for qualified, function in source.functions.items():
            for loop in outermost(function):
                facts = program.facts.loop_at(loop.lineno)
                if (
                    facts is None
                    or facts.entered < 2
                    or not isinstance(loop, ast.For)
                    or not source.alone(loop)
                ):
                    continue
                if program.facts.share(facts.seconds) < SMALLEST_SHARE:
                    continue
                found = gathering(source, function, loop, {**facts.bound_after, **facts.variables})
                text = _rewritten(source, alias, function, found) if found is not None else None
                if text is not None:
                    yield Edit(
                        self.name,
                        f"the places that the loop at line {loop.lineno} in `{qualified}` takes are remembered",
                        "They depend on nothing but the shape and numbers, so each call finds the same ones.",
                        text,
                        facts.seconds,
                    )


def gathering(
    source: Source, function: ast.FunctionDef, loop: ast.For, kinds: dict[str, Kind]
) -> Gathering | None:
    """The gathering that a loop nest is; None when it is anything else."""
    found = Gathering(loop, [])
    appended = {_grown(call) for call in _appends(loop)}
    arrays: set[str] = set()
    for call in _appends(loop):
        entry = call.args[0]
        if not isinstance(entry, ast.Subscript) or not isinstance(entry.value, ast.Name):
            return None
        target = _grown(call)
        if found.lists.setdefault(target, entry.value.id) != entry.value.id:
            return None
        arrays.add(entry.value.id)
        if _whole_first(entry):
            found.whole.add(target)
    if not appended or "" in appended or not _only_steps(loop.body, appended):
        return None
    inside = loads(*_tests_and_values(loop)) - appended
    if inside & arrays or any(kinds.get(name) is None or kinds[name].group != "array" for name in arrays):
        return None
    own = stores(loop)
    for name in sorted(inside - own):
        kind = kinds.get(name)
        if kind is None:
            if name in _locals(function):
                return None
            continue
        if kind.group not in _HASHABLE:
            return None
        found.given.append(name)
    if not all(_pure(source, one) for one in ast.walk(loop) if isinstance(one, ast.Call)):
        return None
    block = next((block for block in blocks(function) if loop in block), [])
    return found if _find_empties(found, block) else None


def _appends(loop: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            yield node


def _grown(call: ast.Call) -> str:
    """The list that an append makes longer, "" when it has no name."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return owner.id if isinstance(owner, ast.Name) else ""


def _only_steps(statements: list[ast.stmt], lists: set[str]) -> bool:
    for statement in statements:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"))) if (
                name in lists
            ):
                continue
            case ast.Assign(targets=[ast.Name() | ast.Tuple()]) | ast.Continue() | ast.Pass() | ast.Break():
                continue
            case ast.AugAssign(target=ast.Name()):
                continue
            case ast.If():
                if _only_steps(statement.body, lists) and _only_steps(statement.orelse, lists):
                    continue
            case ast.For(orelse=[]):
                if _only_steps(statement.body, lists):
                    continue
        return False
    return True


def _tests_and_values(loop: ast.For) -> Iterator[ast.AST]:
    """Everything that decides what is appended: all but the arrays that entries are taken from."""
    changed = copy.deepcopy(loop)
    for call in _appends(changed):
        if isinstance(call.args[0], ast.Subscript):
            call.args[0] = call.args[0].slice
    yield changed


def _whole_first(entry: ast.Subscript) -> bool:
    first = entry.slice.elts[0] if isinstance(entry.slice, ast.Tuple) else entry.slice
    return isinstance(first, ast.Slice) and first.lower is None and first.upper is None


def _pure(source: Source, call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "append":
        return True
    name = source.library_name(call.func)
    return name.startswith(_PURE_LIBRARIES) and not name.startswith(_IMPURE)


def _locals(function: ast.FunctionDef) -> set[str]:
    return stores(function) | {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}


def _find_empties(found: Gathering, block: list[ast.stmt]) -> bool:
    """Collect the statements before the loop that make its lists; nothing else may stand between."""
    missing = set(found.lists)
    place = block.index(found.loop) if found.loop in block else 0
    for statement in reversed(block[:place]):
        pairs = _empty_lists(statement)
        if not pairs or not pairs <= missing:
            break
        missing -= pairs
        found.empties.append(statement)
    return not missing


def _empty_lists(statement: ast.stmt) -> set[str]:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return set()
    target, value = statement.targets[0], statement.value
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    values = value.elts if isinstance(value, ast.Tuple) else [value]
    empty = all(isinstance(one, ast.List) and not one.elts for one in values) and len(targets) == len(values)
    names = {one.id for one in targets if isinstance(one, ast.Name)}
    return names if empty and len(names) == len(targets) else set()


# ---- writing


def _rewritten(source: Source, alias: str, function: ast.FunctionDef, found: Gathering) -> str | None:
    names = list(found.lists)
    arrays = list(dict.fromkeys(found.lists.values()))
    finder = source.fresh("_".join(names[:2]) + "_places")
    remembered, splices = _remembering(source)
    definition = _finder(source, alias, finder, remembered, found, arrays)
    call = f"{finder}({', '.join([*(f'{array}.shape' for array in arrays), *found.given])})"
    places = [source.fresh(f"{name}_places") for name in names]
    lines = [f"{', '.join(places)} = {call}"]
    for name, place in zip(names, places, strict=True):
        array = found.lists[name]
        if name in found.whole:
            lines.append(f"{name} = {array}.reshape(len({array}), -1)[:, {place}].T")
        else:
            lines.append(f"{name} = {alias}.take({array}, {place})")
    indentation = source.indentation(found.loop)
    start = min(source.line_span(one)[0] for one in [found.loop, *found.empties])
    splices.append(
        Splice(start, source.line_span(found.loop)[1], "".join(f"{indentation}{line}\n" for line in lines))
    )
    top = next(one for one in source.tree.body if function in ast.walk(one))
    before = source.line_span(top)[0]
    splices.append(Splice(before, before, f"{definition}\n\n"))
    return spliced(source.text, splices)


def _remembering(source: Source) -> tuple[str, list[Splice]]:
    """``functools.cache`` as the program may call it, with the import that it may need."""
    for name, target in source.imports.items():
        if target == "functools.cache" and name not in source.bound:
            return name, []
    known = source.alias("functools")
    return (f"{known}.cache", []) if known else ("functools.cache", [source.new_import("functools")])


def _finder(
    source: Source, alias: str, name: str, remembered: str, found: Gathering, arrays: list[str]
) -> str:
    """The function that works out the places, by the very loop that gathered."""
    loop = copy.deepcopy(found.loop)
    for call in _appends(loop):
        entry = call.args[0]
        target = _grown(call)
        if isinstance(entry, ast.Subscript):
            places = entry.slice.elts if isinstance(entry.slice, ast.Tuple) else [entry.slice]
            call.args[0] = ast.Tuple(places[1:] if target in found.whole else places, ast.Load())
    shapes = [source.fresh(f"{array}_shape") for array in arrays]
    lists = list(found.lists)
    body: list[ast.stmt] = [
        ast.Expr(
            ast.Constant(
                f"Where {' and '.join(lists)} take their entries from, as places in the flattened array."
            )
        )
    ]
    body += [
        ast.copy_location(ast.Assign([ast.Name(one, ast.Store())], parsed("[]")), found.loop) for one in lists
    ]
    for statement in body[1:]:
        statement.lineno = 0  # pyright: ignore[reportAttributeAccessIssue]
    body.append(loop)
    results = []
    for one in lists:
        shape = shapes[arrays.index(found.lists[one])]
        shape = f"{shape}[1:]" if one in found.whole else shape
        results.append(parsed(f"{alias}.ravel_multi_index({alias}.array({one}).T, {shape}, mode='wrap')"))
    body.append(ast.Return(results[0] if len(results) == 1 else ast.Tuple(results, ast.Load())))
    header = ast.parse(f"@{remembered}\ndef {name}({', '.join([*shapes, *found.given])}):\n    pass").body[0]
    if isinstance(header, ast.FunctionDef):
        header.body = body
        header.lineno = 0
    return written([ast.fix_missing_locations(header)], "", source.comments)
