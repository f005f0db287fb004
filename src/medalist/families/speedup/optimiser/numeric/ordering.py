"""Values that are sorted only to look at one or two of them: said so that a selection can take the sort's place.

``d.sort()`` followed by ``d[k]``, and ``s = sorted(d)`` followed by ``s[k]``, become ``sorted(d)[k]``.
"""

# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from medalist.families.speedup.optimiser.numeric.growing import begins_empty
from medalist.families.speedup.optimiser.numeric.syntax import (
    Imports,
    Statement,
    Usage,
    assigned,
    body_of,
    code,
    dotted,
    expression,
    only,
    with_body,
)

_MOST_LOOKED_AT = 3


def selecting(block: Sequence[Statement], imports: Imports) -> list[Statement]:
    """The block with its sorts for the sake of an item or two as such."""
    statements = list(block)
    for index in range(len(statements) - 1, -1, -1):
        statement = statements[index]
        rest = statements[index + 1 :]
        found = _sorted_in_place(statement, statements[:index]) or _sorted_copy(statement, imports)
        if found is None:
            if isinstance(statement, cst.For | cst.While | cst.If):
                statements[index] = with_body(statement, selecting(body_of(statement), imports))
            continue
        name, text = found
        looks = _Looks(name, text)
        changed = [part.visit(looks) for part in rest]
        whole = sum(Usage.of([part]).reads.get(name, 0) for part in rest) - looks.looked - looks.measured
        if 0 < looks.looked <= _MOST_LOOKED_AT and not whole:
            statements[index:] = changed  # type: ignore[assignment]
    return statements


def _sorted_in_place(statement: Statement, before: Sequence[Statement]) -> tuple[str, str] | None:
    """The list of ``d.sort()``, where it begins in the same block, and ``sorted(d)``."""
    small = only(statement)
    call = small.value if isinstance(small, cst.Expr) else None
    if not (
        isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and call.func.attr.value == "sort"
    ):
        return None
    name = dotted(call.func.value)
    fresh = any(begins_empty(part) == name for part in before)
    return (name, f"sorted({name})") if fresh and not call.args and name else None


def _sorted_copy(statement: Statement, imports: Imports) -> tuple[str, str] | None:
    """The name of ``s = sorted(d)``, and the call."""
    parts = assigned(statement)
    if parts is None or not isinstance(parts[0], cst.Name) or not isinstance(parts[1], cst.Call):
        return None
    call = parts[1]
    sorts = dotted(call.func) == "sorted" or imports.resolve(call.func) == "numpy.sort"
    plain = (
        len(call.args) == 1 and call.args[0].keyword is None and parts[0].value != dotted(call.args[0].value)
    )
    return (parts[0].value, code(call)) if sorts and plain else None


class _Looks(cst.CSTTransformer):
    """Puts the sort into each look at one item."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.looked = 0
        self.measured = 0

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """The length of what is sorted is that of what was not."""
        given = (
            original_node.args[0].value
            if dotted(original_node.func) == "len" and original_node.args
            else None
        )
        sort = expression(self.text)
        if given is None or dotted(given) != self.name or not isinstance(sort, cst.Call):
            return updated_node
        self.measured += 1
        return updated_node.with_changes(args=[cst.Arg(sort.args[0].value)])

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        single = len(original_node.slice) == 1 and isinstance(original_node.slice[0].slice, cst.Index)
        if not (single and dotted(original_node.value) == self.name):
            return updated_node
        self.looked += 1
        return updated_node.with_changes(value=expression(self.text))
