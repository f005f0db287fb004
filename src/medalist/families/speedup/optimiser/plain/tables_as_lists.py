"""Cells of a table read and written one at a time: the columns are taken out as lists once, and put back once."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.plain.scopes import ByScope, Found, Scope
from medalist.families.speedup.optimiser.rewriting import Splice, loads, spliced

_TABLE = "pandas.DataFrame"
_BY_PLACE = ("iloc", "values", "loc", "at", "iat")
_HARMLESS = ("index", "shape", "columns")


@dataclass
class Cells:
    """What a loop does with one table: cells that it reads and writes, (expression, column, row)."""

    table: str
    reads: list[tuple[ast.expr, str, ast.expr]] = field(default_factory=list)
    writes: list[tuple[ast.expr, str, ast.expr]] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """The columns that are touched, in the order of the program."""
        return list(dict.fromkeys(column for _, column, _ in [*self.reads, *self.writes]))


class CellsFromLists(ByScope):
    """``table.loc[i, "a"]`` and its like in a loop read and write lists of the columns' entries."""

    name = "columns as lists instead of cells of a table"
    imports = "pandas"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every table whose cells a loop reads or writes one at a time."""
        tables = sorted(name for name, kind in kinds.items() if kind.type_name == _TABLE)
        for table in tables:
            found = _outermost(scope, table)
            text = _with_lists(scope, *found) if found is not None else None
            yield Found(
                f"cells of `{table}` in `{scope.qualified}` are entries of lists",
                "Lists hold the columns' entries in their order, and written columns are put back.",
                text,
            )


def _outermost(scope: Scope, table: str) -> tuple[ast.For | ast.While, Cells] | None:
    """The first outermost loop that touches ``table`` by cells only, with what it does."""
    for node in ast.walk(scope.function):
        if isinstance(node, ast.For | ast.While) and scope.source.alone(node):
            cells = _cells(scope, node, table)
            if cells is not None and cells.columns:
                return node, cells
    return None


def _cells(scope: Scope, loop: ast.For | ast.While, table: str) -> Cells | None:
    """All that a loop does with ``table``; None when that is more than reading and writing cells."""
    cells = Cells(table)
    understood: set[int] = set()
    for node in ast.walk(loop):
        cell = _cell(node, table)
        if cell is not None and isinstance(node, ast.expr) and not isinstance(cell[1], ast.Slice):
            if table in loads(cell[1]):
                return None
            stored = isinstance(getattr(node, "ctx", None), ast.Store)
            (cells.writes if stored else cells.reads).append((node, *cell))
            understood |= {id(one) for one in ast.walk(node)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
            understood |= {id(one) for one in node.args}
        elif isinstance(node, ast.Attribute) and node.attr in _HARMLESS:
            understood.add(id(node.value))
    names = [one for one in ast.walk(loop) if isinstance(one, ast.Name) and one.id == table]
    if any(id(one) not in understood for one in names):
        return None
    written = [scope.parents.get(node) for node, _, _ in cells.writes]
    return cells if all(isinstance(one, ast.Assign | ast.AugAssign) for one in written) else None


def _cell(node: ast.AST, table: str) -> tuple[str, ast.expr] | None:
    """(column, row) of one cell; None for anything else."""

    def named(one: ast.expr) -> bool:
        return isinstance(one, ast.Name) and one.id == table

    match node:
        case ast.Subscript(
            value=ast.Attribute(value=owner, attr="loc" | "at"),
            slice=ast.Tuple(elts=[row, ast.Constant(value=str() as column)]),
        ) if named(owner):
            return column, row
        case ast.Subscript(
            value=ast.Subscript(value=ast.Attribute(value=owner, attr="iloc" | "loc"), slice=row),
            slice=ast.Constant(value=str() as column),
            ctx=ast.Load(),
        ) if named(owner):
            return column, row
        case ast.Subscript(
            value=ast.Attribute(
                value=ast.Subscript(value=owner, slice=ast.Constant(value=str() as column)), attr=how
            ),
            slice=row,
            ctx=ast.Load(),
        ) if named(owner) and how in _BY_PLACE:
            return column, row
        case ast.Subscript(
            value=ast.Subscript(value=owner, slice=ast.Constant(value=str() as column)),
            slice=row,
            ctx=ast.Load(),
        ) if named(owner):
            return column, row
    return None


def _with_lists(scope: Scope, loop: ast.For | ast.While, cells: Cells) -> str | None:
    source, table = scope.source, cells.table
    taken: list[str] = []
    names: dict[str, str] = {}
    for column in cells.columns:
        wanted = f"{column}_values" if column.isidentifier() else f"{table}_values"
        names[column] = source.fresh(wanted, taken)
        taken.append(names[column])
    splices = [
        Splice(*source.span(node), f"{names[column]}[{source.segment(row)}]")
        for node, column, row in [*cells.reads, *cells.writes]
    ]
    indentation = source.indentation(loop)
    start, end = source.line_span(loop)
    read = {column for _, column, _ in cells.reads}
    before = [
        f"{names[column]} = {table}[{column!r}].tolist()".replace("'", '"')
        if column in read or _made_before(scope, table, column, loop)
        else f'{names[column]} = [float("nan")] * len({table})'
        for column in cells.columns
    ]
    after = [
        f'{table}["{column}"] = {names[column]}'
        for column in dict.fromkeys(column for _, column, _ in cells.writes)
    ]
    splices.append(Splice(start, start, "".join(f"{indentation}{line}\n" for line in before)))
    splices.append(Splice(end, end, "".join(f"{indentation}{line}\n" for line in after)))
    return spliced(source.text, splices)


def _made_before(scope: Scope, table: str, column: str, loop: ast.stmt) -> bool:
    for node in ast.walk(scope.function):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=made), ctx=ast.Store()):
                if name == table and made == column and node.lineno < loop.lineno:
                    return True
    return False


class RowsFromLists(ByScope):
    """``for label, row in table.iterrows()`` goes through lists of the columns that the loop looks at."""

    name = "columns side by side instead of rows of a table"
    imports = "pandas"

    def found(self, scope: Scope, kinds: dict[str, Kind]) -> Iterable[Found]:
        """An edit for every loop over rows that only asks for fields of the row."""
        for loop in scope.all_for_loops():
            yield Found(
                f"the loop at line {loop.lineno} in `{scope.qualified}` goes through columns side by side",
                "The lists hold the columns' entries in the order of the rows.",
                _with_columns(scope, loop),
            )


def _with_columns(scope: Scope, loop: ast.For) -> str | None:
    match loop:
        case ast.For(
            target=ast.Tuple(elts=[ast.Name(id=label), ast.Name(id=row)]),
            iter=ast.Call(func=ast.Attribute(value=owner, attr="iterrows"), args=[], keywords=[]),
        ):
            pass
        case ast.For(
            target=ast.Name(id=row),
            iter=ast.Call(func=ast.Attribute(value=owner, attr="itertuples"), args=[], keywords=_),
        ):
            label = ""
        case _:
            return None
    source = scope.source
    fields: list[tuple[ast.expr, str]] = []
    for node in ast.walk(loop):
        match node:
            case ast.Subscript(
                value=ast.Name(id=name), slice=ast.Constant(value=str() as column), ctx=ast.Load()
            ):
                pass
            case ast.Attribute(value=ast.Name(id=name), attr=column, ctx=ast.Load()):
                pass
            case _:
                continue
        if name == row:
            fields.append((node, column))
    uses = [
        one
        for one in ast.walk(loop)
        if isinstance(one, ast.Name) and one.id == row and isinstance(one.ctx, ast.Load)
    ]
    if not fields or len(uses) != len(fields) or not isinstance(owner, ast.Name):
        return None
    names: dict[str, str] = {}
    for _, column in fields:
        if column not in names:
            wanted = column if column.isidentifier() else "entry"
            names[column] = source.fresh(f"row_{wanted}", names.values())
    table = source.segment(owner)
    columns = [f'{table}["{column}"].tolist()' if column != "Index" else f"{table}.index" for column in names]
    targets = [label, *names.values()] if label else list(names.values())
    sources = [f"{table}.index", *columns] if label else columns
    head = f"for {', '.join(targets)} in zip({', '.join(sources)}):"
    if len(targets) == 1:
        head = f"for {targets[0]} in {sources[0]}:"
    begin = source.span(loop)[0]
    colon = source.text.index(":", source.span(loop.iter)[1])
    splices = [Splice(begin, colon + 1, head)]
    splices += [Splice(*source.span(node), names[column]) for node, column in fields]
    return spliced(source.text, splices)
