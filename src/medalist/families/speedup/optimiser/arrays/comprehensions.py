"""Comprehensions over items, and tables' ``apply``: lifted like loops, so that many items are treated at once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from medalist.families.speedup.optimiser.arrays.functions import Functions
from medalist.families.speedup.optimiser.arrays.items import SMALLEST_SHARE, TABLE, Loop
from medalist.families.speedup.optimiser.arrays.outer_loops import LoopBody
from medalist.families.speedup.optimiser.arrays.stacking import REASON, lifted_text
from medalist.families.speedup.optimiser.arrays.values import (
    Bound,
    CannotLift,
    Plain,
    Record,
    Stack,
    Widen,
    plain_of,
)
from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source, Splice, blocks, loads, spliced
from medalist.families.speedup.optimiser.transformation import Edit, Program


class StackedComprehensions:
    """``[f(item) for item in items]`` as a loop over blocks of items."""

    name = "whole stacks instead of single items, in comprehensions"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        """An edit for every list comprehension over items that can be lifted."""
        source = Source.read(program.text)
        if source is None or source.alias("numpy") is None:
            return
        for qualified, function, seconds in timed_functions(program, source):
            for statement, comprehension in _comprehensions(source, function):
                text = self._lifted(program, source, qualified, statement, comprehension)
                if text is not None:
                    yield Edit(
                        self.name,
                        f"the comprehension at line {comprehension.lineno} in `{qualified}` treats many items at once",
                        REASON,
                        text,
                        seconds,
                    )

    def _lifted(
        self, program: Program, source: Source, qualified: str, statement: ast.stmt, node: ast.ListComp
    ) -> str | None:
        (generator,) = node.generators
        name = source.fresh("rows")
        indentation = source.indentation(statement)
        head = f"for {source.segment(generator.target)} in {source.segment(generator.iter)}:"
        tests = [f"if not ({source.segment(test)}):\n{indentation}        continue" for test in generator.ifs]
        lines = [
            f"{name} = []",
            head,
            *(f"    {one}" for one in [*tests, f"{name}.append({source.segment(node.elt)})"]),
        ]
        place = source.line_span(statement)[0]
        loop_text = "".join(f"{indentation}{line}\n" for line in lines)
        text = spliced(source.text, [Splice(place, place, loop_text), Splice(*source.span(node), name)])
        changed = Source.read(text) if text is not None else None
        if changed is None:
            return None
        line = source.first_line(statement) + 1
        loop = next(
            (one for one in ast.walk(changed.tree) if isinstance(one, ast.For) and one.lineno == line), None
        )
        seen = program.facts.functions.get(qualified)
        attributes = seen.attributes if seen is not None else {}
        if loop is None:
            return None
        found = Loop(changed, qualified, loop, kinds_in(program, qualified), attributes)
        return lifted_text(program, found) if found.read() and found.used() else None


class AppliedFunctions:
    """``table.apply(f, axis=1)`` and ``column.apply(f)`` as arithmetic with whole columns."""

    name = "whole columns instead of apply"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        """An edit for every ``apply`` or ``map`` of a function that can be lifted."""
        source = Source.read(program.text)
        if source is None or source.alias("pandas") is None:
            return
        for qualified, function, seconds in timed_functions(program, source):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args:
                    text = _applied(program, source, qualified, call)
                    if text is not None:
                        yield Edit(
                            self.name,
                            f"`{call.func.attr}` at line {call.lineno} in `{qualified}` works on whole columns",
                            "Every row is treated alone and alike, so whole columns may be treated instead.",
                            text,
                            seconds,
                        )


def timed_functions(program: Program, source: Source) -> Iterator[tuple[str, ast.FunctionDef, float]]:
    """The functions that took time, with the seconds spent in them."""
    for qualified, function in source.functions.items():
        seen = program.facts.functions.get(qualified)
        if seen is not None and program.facts.share(seen.seconds) >= SMALLEST_SHARE:
            yield qualified, function, seen.seconds


def kinds_in(program: Program, qualified: str) -> Mapping[str, Kind]:
    """What is known of a function's names: its arguments, and what was seen around its loops."""
    seen = program.facts.functions.get(qualified)
    kinds = dict(seen.arguments) if seen is not None else {}
    for loop in program.facts.loops:
        if loop.function == qualified:
            kinds |= {**loop.bound_after, **loop.variables}
    return kinds


def _comprehensions(source: Source, function: ast.FunctionDef) -> Iterator[tuple[ast.stmt, ast.ListComp]]:
    """List comprehensions over one loop that are evaluated once by a statement of their own lines."""
    for block in blocks(function):
        for statement in block:
            if not isinstance(statement, ast.Assign | ast.Return | ast.Expr | ast.AugAssign | ast.AnnAssign):
                continue
            inner = {
                one
                for outer in ast.walk(statement)
                if isinstance(
                    outer, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp | ast.Lambda
                )
                for one in ast.walk(outer)
                if one is not outer
            }
            for node in ast.walk(statement) if source.alone(statement) else ():
                if isinstance(node, ast.ListComp) and len(node.generators) == 1 and node not in inner:
                    yield statement, node


def _applied(program: Program, source: Source, qualified: str, call: ast.Call) -> str | None:
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in ("apply", "map") or len(call.args) != 1:
        return None
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    by_row = (
        set(words) == {"axis"}
        and isinstance(words["axis"], ast.Constant)
        and words["axis"].value in (1, "columns")
    )
    by_entry = (
        not words and isinstance(func.value, ast.Subscript) and isinstance(func.value.slice, ast.Constant)
    )
    owner = func.value.value if by_entry and isinstance(func.value, ast.Subscript) else func.value
    if not (by_row or by_entry) or not isinstance(owner, ast.Name):
        return None
    alias, columns = source.alias("numpy"), source.alias("pandas")
    functions = Functions(source, program.facts, alias or source.fresh("np"))
    code = _whole_column(program, functions, qualified, call.args[0], func.value, by_row)
    if code is None or columns is None:
        return None
    text = f"{columns}.Series({ast.unparse(ast.fix_missing_locations(code))}, index={owner.id}.index)"
    splices = [Splice(*source.span(call), text), *functions.splices()]
    if alias is None:
        splices.append(source.new_import("numpy", functions.numpy))
    return spliced(source.text, splices)


def _whole_column(
    program: Program, functions: Functions, qualified: str, applied: ast.expr, owner: ast.expr, by_row: bool
) -> ast.expr | None:
    """What a function gives for all rows (or entries) of ``owner`` at once; None where it has no lifted form."""
    item = (
        applied.args.args[0].arg
        if isinstance(applied, ast.Lambda) and len(applied.args.args) == 1
        else "<item>"
    )
    expression = (
        applied.body
        if isinstance(applied, ast.Lambda)
        else ast.Call(applied, [ast.Name(item, ast.Load())], [])
    )
    seen = program.facts.functions.get(qualified)
    attributes = seen.attributes if seen is not None else {}
    body = LoopBody(functions.source, functions.numpy, attributes, functions, frozenset(), set())
    body.owner = qualified.rpartition(".")[0]
    for name, kind in kinds_in(program, qualified).items():
        if kind.type_name != TABLE:
            body.environment[name] = Bound(ast.Name(name, ast.Load()), plain_of(kind))
    if by_row:
        body.environment[item] = Bound(owner, Record())
    else:
        column = ast.Call(ast.Attribute(owner, "to_numpy", ast.Load()), [], [])
        body.environment[item] = Bound(column, Stack(0))
    body.count = ast.Call(ast.Name("len", ast.Load()), [owner], [])
    try:
        code, value = body.stacked(*body.lift(expression))
    except (CannotLift, Widen):
        return None
    if isinstance(value, Plain) or value.rank or item in loads(code):
        return None
    return code
