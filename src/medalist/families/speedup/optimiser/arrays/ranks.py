"""The number of axes of expressions that are the same for every item, as far as their text and the facts tell."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from medalist.families.speedup.optimiser.arrays import numpy_rules as rules
from medalist.families.speedup.optimiser.arrays.values import Bound, Plain, plain_of
from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.rewriting import Source

_NUMBERS = frozenset(("builtins.len", "builtins.int", "builtins.float", "builtins.min", "builtins.max", "builtins.abs",
                      "builtins.round", "builtins.bool", "builtins.sum", "builtins.str"))  # fmt: skip
_VECTORS = frozenset(("numpy.arange", "numpy.linspace", "numpy.flatnonzero", "numpy.unique", "numpy.bincount",
                      "numpy.fft.fftfreq", "numpy.fft.rfftfreq", "numpy.hanning", "numpy.logspace"))  # fmt: skip

Known = tuple[int | None, bool]
"""A rank and whether it is a mask."""


class Ranks:
    """Answers for one function body; ``environment`` is looked at, never changed."""

    def __init__(
        self, source: Source, environment: Mapping[str, Bound], attributes: Mapping[str, Kind]
    ) -> None:
        self.source = source
        self.environment = environment
        self.attributes = attributes

    def of(self, node: ast.expr) -> Known:
        """Rank and maskhood of an expression; (None, False) when nothing is known."""
        match node:
            case ast.Constant():
                return 0, isinstance(node.value, bool)
            case ast.Name():
                bound = self.environment.get(node.id)
                value = bound.value if bound is not None else self._global(node.id)
                return (value.rank, value.boolean) if isinstance(value, Plain) else (None, False)
            case ast.Attribute(value=ast.Name(id="self")):
                value = plain_of(self.attributes.get(node.attr))
                return value.rank, value.boolean
            case ast.Attribute(attr="T" | "real" | "imag"):
                return self.of(node.value)
            case ast.Attribute(attr="pi" | "inf" | "e" | "size" | "ndim"):
                return 0, False
            case ast.BinOp() if isinstance(node.op, ast.MatMult):
                left, right = self.of(node.left)[0], self.of(node.right)[0]
                return (left + right - 2 if left and right else None), False
            case ast.BinOp():
                mask = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor) and self.of(node.left)[1]
                return self._widest([node.left, node.right]), mask
            case ast.UnaryOp():
                return self.of(node.operand)
            case ast.Compare():
                return self._widest([node.left, *node.comparators]), True
            case ast.IfExp():
                return self._widest([node.body, node.orelse]), False
            case ast.List():
                inner = self._widest(node.elts) if node.elts else None
                return (inner + 1 if inner is not None else None), False
            case ast.Subscript():
                return self._part(node)
            case ast.Call():
                return self._call(node)
        return None, False

    def entry(self, iterable: ast.expr) -> Plain:
        """What a loop over ``iterable`` gives at each turn."""
        if isinstance(iterable, ast.Call):
            name = self.source.library_name(iterable.func)
            if name in ("builtins.range", "builtins.enumerate"):
                return Plain(0) if name == "builtins.range" else Plain()
        rank, boolean = self.of(iterable)
        return Plain(rank - 1, boolean) if rank else Plain()

    def _global(self, name: str) -> Plain:
        for node in self.source.tree.body:
            if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id == name for t in node.targets
            ):
                return Plain(*self.of(node.value)) if not isinstance(node.value, ast.Name) else Plain()
        return Plain()

    def _widest(self, nodes: list[ast.expr]) -> int | None:
        found = [self.of(node)[0] for node in nodes]
        known = [rank for rank in found if rank is not None]
        return max(known) if len(known) == len(found) and known else None

    def _part(self, node: ast.Subscript) -> Known:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return (None if isinstance(node.slice, ast.Slice) else 0), False
        rank, boolean = self.of(node.value)
        if rank is None:
            return None, False
        for entry in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
            if isinstance(entry, ast.Slice):
                continue
            if isinstance(entry, ast.Constant) and entry.value is None:
                rank += 1
                continue
            inner, mask = self.of(entry)
            if inner is None:
                return None, False
            rank -= inner - 1 if mask else 1 - inner
        return (rank if rank >= 0 else None), boolean

    def _call(self, node: ast.Call) -> Known:
        name = self.source.library_name(node.func)
        if name in _NUMBERS or name.startswith("math."):
            return 0, name == "builtins.bool"
        if name in _VECTORS:
            return 1, False
        short = name.removeprefix("numpy.")
        if not name.startswith("numpy."):
            if isinstance(node.func, ast.Attribute) and node.func.attr in rules.SHAPE_KEEPING_METHODS:
                return self.of(node.func.value)
            if isinstance(node.func, ast.Attribute) and node.func.attr in rules.METHODS and not node.args:
                return (None if node.keywords else 0), False
            return None, False
        if short in rules.CREATORS and node.args:
            shape = node.args[0]
            sized = len(shape.elts) if isinstance(shape, ast.Tuple | ast.List) else self.of(shape)[0]
            return (sized if isinstance(shape, ast.Tuple | ast.List) else 1 if sized == 0 else None), False
        if short in ("array", "asarray") and node.args:
            return self.of(node.args[0])
        if short in rules.ELEMENTWISE and node.args:
            return self._widest(node.args), short in rules.MASKS
        if short in rules.REDUCTIONS and len(node.args) == 1 and not node.keywords:
            return 0, short in rules.MASKS
        if short == "outer":
            return 2, False
        return None, False
