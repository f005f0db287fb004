"""One element of an array expression: what ``(a[i] - b) ** 2`` is at position ``k``, and how long such arrays are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.syntax import Names, code, dotted, expression, walk
from medalist.families.speedup.optimiser.numeric.values import ELEMENTWISE, Value

_WISHES = {cst.Divide: "divisor", cst.Multiply: "factor", cst.Add: "offset", cst.Subtract: "offset"}


class NotElementwise(Exception):
    """The expression cannot be said one element at a time."""


@dataclass
class Elements:
    """Says array expressions one element at a time. ``deferred`` are arrays that exist only as their elements."""

    inference: Inference
    deferred: Mapping[str, cst.BaseExpression]

    def value(self, node: cst.BaseExpression) -> Value:
        """What the expression holds."""
        return self.inference.value(node)

    def axes(self, node: cst.BaseExpression) -> int:
        """The number of axes of an array expression, 0 for a number. Raises NotElementwise for anything else."""
        held = self.value(node)
        if held.is_number:
            return 0
        if held.is_array and not held.tensor:
            return held.ndim
        raise NotElementwise(code(node))

    def lengths(self, node: cst.BaseExpression) -> list[str]:
        """The lengths of an array expression's axes, taken from the first operand that has them all."""
        ndim = self.axes(node)
        if isinstance(node, cst.Name) and node.value in self.deferred:
            return self.lengths(self.deferred[node.value])
        if isinstance(node, cst.Name | cst.Attribute | cst.Subscript):
            found = self._located(node)
            return [text for text, _ in found[2]]
        for child in self._operands(node):
            if self.value(child).is_array and self.value(child).ndim == ndim:
                return self.lengths(child)
        raise NotElementwise(code(node))

    def at(
        self, node: cst.BaseExpression, counters: Sequence[str], used: dict[str, None]
    ) -> cst.BaseExpression:
        """The element at ``counters``. Deferred arrays that it speaks of are noted in ``used``."""
        ndim = self.axes(node)
        if ndim == 0:
            return node
        if ndim != len(counters):
            raise NotElementwise(code(node))
        if isinstance(node, cst.Name) and node.value in self.deferred:
            used[node.value] = None
            return node
        if isinstance(node, cst.Name | cst.Attribute | cst.Subscript):
            base, indices, axes = self._located(node)
            filled = list(indices)
            for (_, place), counter in zip(axes, counters, strict=True):
                offset = filled[place]
                filled[place] = f"{offset} + {counter}" if offset else counter
            return expression(f"{base}[{', '.join(filled)}]")
        return self._inside(node, lambda child: self.at(child, counters, used))

    def settled(self, node: cst.BaseExpression, names: Names) -> tuple[list[str], cst.BaseExpression]:
        """The expression with its numbers that need computing as names, and the lines that compute them, once."""
        lines: list[str] = []

        def settle(part: cst.BaseExpression, wish: str) -> cst.BaseExpression:
            if self.axes(part) == 0:
                if not any(isinstance(inner, cst.Call) for inner in walk(part)):
                    return part
                name = names.fresh(wish)
                self.inference.variables[name] = self.value(part)
                lines.append(f"{name} = {code(part.with_changes(lpar=[], rpar=[]))}")
                return cst.Name(name)
            if isinstance(part, cst.Name | cst.Attribute | cst.Subscript):
                return part
            wish = _WISHES.get(type(getattr(part, "operator", None)), "number")
            return self._inside(part, lambda inner: settle(inner, wish))

        return lines, settle(node, "number")

    def _operands(self, node: cst.BaseExpression) -> list[cst.BaseExpression]:
        found: list[cst.BaseExpression] = []

        def note(child: cst.BaseExpression) -> cst.BaseExpression:
            found.append(child)
            return child

        self._inside(node, note)
        return found

    def _inside(
        self, node: cst.BaseExpression, change: Callable[[cst.BaseExpression], cst.BaseExpression]
    ) -> cst.BaseExpression:
        """The elementwise operation with its operands changed."""
        match node:
            case cst.BinaryOperation() if not isinstance(node.operator, cst.MatrixMultiply):
                return node.with_changes(left=change(node.left), right=change(node.right))
            case cst.UnaryOperation():
                return node.with_changes(expression=change(node.expression))
            case cst.Comparison() if len(node.comparisons) == 1:
                only = node.comparisons[0]
                changed = only.with_changes(comparator=change(only.comparator))
                return node.with_changes(left=change(node.left), comparisons=[changed])
            case cst.Call():
                return self._call(node, change)
        raise NotElementwise(code(node))

    def _call(
        self, node: cst.Call, change: Callable[[cst.BaseExpression], cst.BaseExpression]
    ) -> cst.BaseExpression:
        full = self.inference.imports.resolve(node.func)
        name = full.removeprefix("numpy.") if full.startswith("numpy.") else ""
        if dotted(node.func) == "abs":
            name = "abs"
        if any(arg.keyword is not None or arg.star for arg in node.args):
            raise NotElementwise(code(node))
        operands = [change(arg.value) for arg in node.args]
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "astype" and not full:
            floating = self.value(node).dtype == "float64"
            if not floating:
                raise NotElementwise(code(node))
            inner = change(node.func.value)
            return (
                expression(f"float({code(inner)})")
                if self.value(node.func.value).dtype != "float64"
                else inner
            )
        if name not in ELEMENTWISE:
            raise NotElementwise(code(node))
        texts = [code(operand) for operand in operands]
        if name in ("abs", "absolute", "fabs"):
            return expression(f"abs({texts[0]})")
        if name == "where" and len(texts) == 3:
            return expression(f"({texts[1]} if {texts[0]} else {texts[2]})")
        if name == "square":
            return expression(f"({texts[0]}) ** 2")
        if name in ("maximum", "fmax", "minimum", "fmin"):
            return expression(f"{'max' if 'max' in name else 'min'}({', '.join(texts)})")
        if name == "clip" and len(texts) == 3:
            return expression(f"min(max({texts[0]}, {texts[1]}), {texts[2]})")
        return node.with_changes(args=[cst.Arg(operand) for operand in operands])

    def _located(self, node: cst.BaseExpression) -> tuple[str, list[str], list[tuple[str, int]]]:
        """A view as (array, an index for each of its axes, (length, axis) for each axis that is kept).

        The index of a kept axis is the offset at which the view begins, empty for none.
        """
        if isinstance(node, cst.Subscript):
            base, indices, axes = self._located(node.value)
            parts = [part.slice for part in node.slice]
            if len(parts) > len(axes):
                raise NotElementwise(code(node))
            kept = []
            for position, (length, place) in enumerate(axes):
                part = parts[position] if position < len(parts) else None
                if part is None:
                    kept.append((length, place))
                elif isinstance(part, cst.Slice):
                    offset, shortened = _slice(part, length)
                    indices[place] = " + ".join(text for text in (indices[place], offset) if text)
                    kept.append((shortened, place))
                elif isinstance(part, cst.Index) and self.value(part.value).is_number:
                    text = code(part.value)
                    indices[place] = f"{indices[place]} + {text}" if indices[place] else text
                else:
                    raise NotElementwise(code(node))
            return base, indices, kept
        name = dotted(node)
        held = self.value(node)
        if not name or not held.is_array or name in self.deferred:
            raise NotElementwise(code(node))
        return name, [""] * held.ndim, [(f"{name}.shape[{axis}]", axis) for axis in range(held.ndim)]


def _slice(part: cst.Slice, length: str) -> tuple[str, str]:
    """Offset and length of a slice of an axis of ``length``. Raises NotElementwise for steps and ends from behind."""
    if part.step is not None:
        raise NotElementwise("a step")
    lower = code(part.lower) if part.lower is not None else ""
    upper = code(part.upper) if part.upper is not None else ""
    if lower.startswith("-"):
        raise NotElementwise("a start from behind")
    offset = "" if lower in ("", "0") else lower if lower.isidentifier() or lower.isdigit() else f"({lower})"
    if not upper:
        return offset, f"{length} - {offset}" if offset else length
    if upper.startswith("-"):
        return offset, f"{length} - {upper[1:]}" + (f" - {offset}" if offset else "")
    return offset, f"{upper} - {offset}" if offset else upper
