"""pandas: loops over rows, tables grown in loops, stores that reach a copy."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from medalist.hints.detectors import Spot
from medalist.source.tree import Script


def loops_over_rows(script: Script) -> Iterator[Spot]:
    """`iterrows` builds a Series for every row: a thousand times slower than a column operation."""
    for call, name in script.calls:
        if name.endswith(".iterrows"):
            yield Spot(call, "every row becomes a Series")


def concat_in_loop(script: Script) -> Iterator[Spot]:
    """A table grown by `concat` in a loop copies itself each time."""
    for call in script.calls_to(r"pandas\.concat"):
        statement = next((a for a in script.ancestors(call) if isinstance(a, ast.stmt)), None)
        if not isinstance(statement, ast.Assign) or not script.loops_around(call) or not call.args:
            continue
        grown = {t.id for t in statement.targets if isinstance(t, ast.Name)}
        pieces = call.args[0].elts if isinstance(call.args[0], ast.List | ast.Tuple) else []
        if any(isinstance(piece, ast.Name) and piece.id in grown for piece in pieces):
            yield Spot(call, "the whole table is copied in every round")


def chained_assignment(script: Script) -> Iterator[Spot]:
    """`frame[mask]["x"] = value` stores into a copy that is thrown away."""
    for node in script.nodes:
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Store):
            continue
        inner = node.value
        if not isinstance(inner, ast.Subscript) or not script.name(inner.value).startswith("pandas."):
            continue
        if isinstance(inner.value, ast.Attribute) and inner.value.attr in ("loc", "iloc", "at", "iat"):
            continue
        masks = isinstance(inner.slice, ast.Compare | ast.BinOp | ast.UnaryOp | ast.Call)
        column_then_mask = isinstance(node.slice, ast.Compare) and isinstance(inner.slice, ast.Constant)
        if masks or column_then_mask:
            yield Spot(node, "the value is stored into a copy")


def inplace_on_a_column(script: Script) -> Iterator[Spot]:
    """`frame["x"].fillna(0, inplace=True)` fills a copy in pandas 3."""
    for call, name in script.calls:
        if not isinstance(call.func, ast.Attribute) or not name.startswith("pandas."):
            continue
        column = call.func.value
        inplace = script.value(script.argument(call, "inplace")) is True
        if inplace and isinstance(column, ast.Subscript) and isinstance(column.slice, ast.Constant):
            yield Spot(call, "a copy of the column is changed")


def lookup_for_every_row(script: Script) -> Iterator[Spot]:
    """`frame[frame["id"] == key]` inside a loop scans the whole table each time."""
    for node in script.nodes:
        if not (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)):
            continue
        mask = node.slice
        loops = [loop for loop in script.loops_around(node) if isinstance(loop, ast.For)]
        if not (loops and isinstance(mask, ast.Compare) and isinstance(mask.ops[0], ast.Eq)):
            continue
        if not script.name(node.value).startswith("pandas.read_"):
            continue
        walked = script.name(loops[0].iter)
        if walked.endswith((".iterrows()", ".itertuples()", ".unique()")):
            yield Spot(node, "the whole table is scanned in every round")
