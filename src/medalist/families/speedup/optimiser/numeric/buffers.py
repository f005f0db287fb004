"""Growing lists as arrays of their full length, filled from the front: what a compiled kernel reads and writes fast.

A list of numbers becomes one axis; a list of equally long rows a matrix, whose rows are filled in place.
"""
# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from medalist.families.speedup.optimiser.numeric.growing import (
    Growing,
    appended_to,
    begins_empty,
    growing_lists,
    stable_length,
    views_of,
)
from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.syntax import (
    Imports,
    Names,
    Statement,
    Usage,
    code,
    dotted,
    expression,
    statements,
    walk,
)
from medalist.families.speedup.optimiser.numeric.values import UNKNOWN, Value

DTYPES = {"bool": "bool_"}


@dataclass
class Buffer:
    """An array in a list's place. ``axes`` are its lengths as text, ``filled`` the variable that counts its items."""

    name: str
    axes: list[str]
    dtype: str
    exact: bool
    filled: str = ""
    counter: str = ""
    parent: str = ""
    """The matrix of which this is a row."""
    rows: list[cst.BaseExpression] = field(default_factory=list)

    @property
    def whole(self) -> str:
        """The items, as an expression: those so far, where more were allowed for."""
        return f"{self.name}[:{self.filled}]" if self.filled and not self.exact else self.name


def with_buffers(
    block: Sequence[Statement], inference: Inference, names: Names, np: str
) -> tuple[list[Statement], dict[str, Buffer]]:
    """The block with every list that allows it as an array, and those arrays by name."""
    growing = {one.name: one for one in growing_lists(block)}
    buffers: dict[str, Buffer] = {}
    for one in growing.values():
        buffer = _buffer(one, growing, inference)
        if buffer is not None:
            buffers[one.name] = buffer
    for buffer in list(buffers.values()):
        if buffer.parent and buffer.parent not in buffers:
            buffer.parent = ""
        if (not buffer.exact or not buffer.counter) and not buffer.filled:
            buffer.filled = names.fresh(f"{buffer.name}_filled")
    if not buffers:
        return list(block), buffers
    rewriter = _Rewriter(buffers, inference.imports, np)
    return rewriter.block(block), buffers


def _buffer(one: Growing, growing: Mapping[str, Growing], inference: Inference) -> Buffer | None:
    held = inference.variables.get(one.name, UNKNOWN).item or UNKNOWN
    growth = one.growth
    exact = growth.exact and not one.read_while_growing
    if held.is_number:
        buffer = Buffer(one.name, [growth.text()], held.dtype, exact, counter=one.counter)
        _find_parent(buffer, one, growing)
        return buffer
    widths = {_width(item, one, growing, inference) for item in one.appended}
    if _is_ordered(one):
        return None
    if len(widths) != 1 or not (width := widths.pop()):
        return None
    inner = _innermost(held)
    if not inner.is_number:
        return None
    return Buffer(
        one.name, [growth.text(), width], inner.dtype, exact, counter=one.counter, rows=list(one.appended)
    )


def _innermost(held: Value) -> Value:
    if held.group == "tuple" and held.items:
        return held.items[0] if len({item.dtype for item in held.items}) == 1 else UNKNOWN
    if held.group == "list":
        return held.item or UNKNOWN
    return Value("number", held.dtype) if held.is_array and held.ndim == 1 else UNKNOWN


def _is_ordered(one: Growing) -> bool:
    """Whether the list's rows are put in order somewhere: a matrix would be sorted otherwise."""
    for part in one.block[one.start :]:
        for node in walk(part):
            if isinstance(node, cst.Call):
                method = isinstance(node.func, cst.Attribute) and node.func.attr.value == "sort"
                ordered = dotted(node.func) in ("sorted", "min", "max") and node.args
                owner = node.func.value if method else node.args[0].value if ordered else None  # type: ignore[union-attr]
                if owner is not None and dotted(owner) == one.name:
                    return True
    return False


def _find_parent(buffer: Buffer, one: Growing, growing: Mapping[str, Growing]) -> None:
    """The list that takes this one as a row, when that is all that becomes of it."""
    for other in growing.values():
        takes = [item for item in other.appended if isinstance(item, cst.Name) and item.value == one.name]
        if takes and len(other.appended) == 1 and one.growth.exact and not one.read_while_growing:
            buffer.parent = other.name


def _width(
    item: cst.BaseExpression, one: Growing, growing: Mapping[str, Growing], inference: Inference
) -> str:
    """The length of an appended row, as an expression that holds where the list begins."""
    rest = one.block[one.start + 1 :]
    unstable = set(Usage.of(rest).writes)
    views = views_of(one.block)
    if isinstance(item, cst.List | cst.Tuple):
        return str(len(item.elements))
    if isinstance(item, cst.Name) and item.value in growing:
        growth = growing[item.value].growth
        if not growth.exact or growing[item.value].read_while_growing:
            return ""
        text = growth.text()
        # The row's own length may speak of views that only live inside the loop.
        resolved = stable_length(expression(f"range({text})"), views, unstable)
        return resolved
    if isinstance(item, cst.Call) and inference.imports.resolve(item.func) in ("numpy.full", "numpy.zeros"):
        return stable_length(expression(f"range({code(item.args[0].value)})"), views, unstable)
    if inference.value(item).is_array and inference.value(item).ndim == 1 and dotted(item):
        return stable_length(item, views, unstable)
    return ""


class _Rewriter(cst.CSTTransformer):
    """Puts the arrays in the lists' places, statement by statement."""

    def __init__(self, buffers: Mapping[str, Buffer], imports: Imports, np: str) -> None:
        self.buffers = buffers
        self.imports = imports
        self.np = np

    def block(self, block: Iterable[Statement]) -> list[Statement]:
        """A block outside of any compound statement."""
        module = cst.Module(list(block)).visit(self)
        assert isinstance(module, cst.Module)
        return [
            part
            for part in module.body
            if isinstance(part, cst.SimpleStatementLine | cst.BaseCompoundStatement)
        ]

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        found = appended_to(node)
        if found is not None and found[0] in self.buffers:
            return not (isinstance(found[1], cst.Name) and found[1].value in self.buffers)
        return begins_empty(node) not in self.buffers

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.FlattenSentinel[cst.SimpleStatementLine] | cst.SimpleStatementLine:
        begun = begins_empty(original_node)
        if begun in self.buffers:
            return self._lines(original_node, self._begin(self.buffers[begun]))
        found = appended_to(original_node)
        if found is not None and found[0] in self.buffers:
            changed = appended_to(updated_node)
            assert changed is not None
            return self._lines(original_node, self._append(self.buffers[found[0]], changed[1]))
        return updated_node

    def _lines(self, original: cst.SimpleStatementLine, texts: list[str]) -> cst.FlattenSentinel:
        made = [part for text in texts for part in statements(text)]
        if made:
            made[0] = made[0].with_changes(leading_lines=original.leading_lines)
        return cst.FlattenSentinel(made)

    def _begin(self, buffer: Buffer) -> list[str]:
        parent = self.buffers.get(buffer.parent)
        if parent is not None:
            lines = [f"{buffer.name} = {parent.name}[{parent.filled or parent.counter}]"]
        else:
            shape = buffer.axes[0] if len(buffer.axes) == 1 else f"({', '.join(buffer.axes)})"
            dtype = f", dtype={self.np}.{DTYPES.get(buffer.dtype, buffer.dtype)}"
            lines = [f"{buffer.name} = {self.np}.empty({shape}{'' if buffer.dtype == 'float64' else dtype})"]
        return [*lines, f"{buffer.filled} = 0"] if buffer.filled else lines

    def _append(self, buffer: Buffer, item: cst.BaseExpression) -> list[str]:
        place = buffer.filled or buffer.counter
        row = self.buffers.get(dotted(item))
        lines = []
        if row is None and isinstance(item, cst.List | cst.Tuple) and len(buffer.axes) == 2:
            lines = [
                f"{buffer.name}[{place}, {column}] = {code(element.value)}"
                for column, element in enumerate(item.elements)
            ]
        elif row is None or row.parent != buffer.name:
            lines = [f"{buffer.name}[{place}] = {code(item)}"]
        return [*lines, f"{buffer.filled} += 1"] if buffer.filled else lines

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        buffer = self.buffers.get(original_node.value)
        return updated_node if buffer is None or buffer.exact else expression(buffer.whole)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return not isinstance(node.value, cst.Name) or node.value.value in self.buffers

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_If(self, original_node: cst.If, updated_node: cst.If) -> cst.If:
        test = original_node.test
        inner = test.expression if isinstance(test, cst.UnaryOperation) else test
        if isinstance(inner, cst.Name) and inner.value in self.buffers:
            sign = "==" if inner is not test else ">"
            return updated_node.with_changes(
                test=expression(f"len({self.buffers[inner.value].whole}) {sign} 0")
            )
        return updated_node
