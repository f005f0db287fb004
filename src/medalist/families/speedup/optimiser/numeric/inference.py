"""What an expression holds, followed from what the program's variables held.

Flow-insensitive and rough on purpose: what is not understood is UNKNOWN, and nothing is built on UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import libcst as cst

from medalist.families.speedup.optimiser.numeric.syntax import Imports, body_of, dotted
from medalist.families.speedup.optimiser.numeric.values import (
    BOOL,
    CREATORS,
    ELEMENTWISE,
    FLOAT,
    INT,
    KEEPERS,
    NONE,
    REDUCTIONS,
    TRUTHS,
    UNKNOWN,
    Value,
    arithmetic,
    contraction,
    join,
    joined,
    reduced,
)


class Inference:
    """Follows values through statements. ``variables`` are what is known so far, and grow."""

    def __init__(self, variables: Mapping[str, Value], imports: Imports) -> None:
        self.variables = dict(variables)
        self.imports = imports

    def run(self, statements: Iterable[cst.CSTNode]) -> None:
        """Follow the statements until nothing more is learnt: twice, since a loop feeds itself."""
        parts = list(statements)
        for _ in range(2):
            for part in parts:
                self._statement(part)

    # Statements

    def _statement(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.For):
            self.bind(node.target, self.item_of(node.iter))
        if isinstance(node, cst.SimpleStatementLine):
            for small in node.body:
                self._small(small)
            return
        for part in body_of(node):
            self._statement(part)
        orelse = getattr(node, "orelse", None)
        if orelse is not None:
            self._statement(orelse)

    def _small(self, small: cst.BaseSmallStatement) -> None:
        if isinstance(small, cst.Assign):
            held = self.value(small.value)
            for target in small.targets:
                self.bind(target.target, held)
        elif isinstance(small, cst.AnnAssign) and small.value is not None:
            self.bind(small.target, self.value(small.value))
        elif isinstance(small, cst.AugAssign):
            combined = arithmetic(self.value(small.target), self.value(small.value))
            if isinstance(small.operator, cst.DivideAssign) and combined.is_number:
                combined = FLOAT
            if isinstance(small.target, cst.Name):
                self.bind(small.target, combined)
        elif isinstance(small, cst.Expr) and isinstance(small.value, cst.Call):
            self._append(small.value)

    def _append(self, call: cst.Call) -> None:
        func = call.func
        if not (isinstance(func, cst.Attribute) and func.attr.value == "append" and len(call.args) == 1):
            return
        name = dotted(func.value)
        if self.variables.get(name, UNKNOWN).group == "list":
            grown = Value("list", item=self.value(call.args[0].value))
            self.variables[name] = join(self.variables[name], grown)

    def bind(self, target: cst.CSTNode, held: Value) -> None:
        """What an assignment of ``held`` teaches of its target."""
        if isinstance(target, cst.Subscript):
            stored = self.variables.get(dotted(target.value), UNKNOWN)
            if stored.group == "list" and held.is_number:
                self.variables[dotted(target.value)] = join(stored, Value("list", item=held))
        if isinstance(target, cst.Name):
            old = self.variables.get(target.value)
            self.variables[target.value] = held if old is None or not old.known else join(old, held)
        elif isinstance(target, cst.Tuple | cst.List):
            for index, element in enumerate(target.elements):
                self.bind(element.value, self._part(held, index))

    def _part(self, held: Value, index: int) -> Value:
        if held.group == "tuple":
            return held.items[index] if index < len(held.items) else UNKNOWN
        return self._item(held)

    def item_of(self, iterated: cst.BaseExpression) -> Value:
        """What a loop's variable holds."""
        if isinstance(iterated, cst.Call):
            name = dotted(iterated.func)
            if name == "enumerate" and iterated.args:
                return Value("tuple", items=(INT, self.item_of(iterated.args[0].value)))
            if name == "zip":
                return Value("tuple", items=tuple(self.item_of(arg.value) for arg in iterated.args))
            if name == "reversed" and iterated.args:
                return self.item_of(iterated.args[0].value)
        return self._item(self.value(iterated))

    def _item(self, held: Value) -> Value:
        if held.group == "range":
            return INT
        if held.group == "array":
            return self._indexed(held, 1)
        if held.group == "list":
            return held.item or UNKNOWN
        if held.group == "tuple":
            return joined(held.items) or UNKNOWN
        return UNKNOWN

    @staticmethod
    def _indexed(held: Value, axes: int) -> Value:
        if held.ndim < axes:
            return UNKNOWN
        if held.ndim == axes and not held.tensor:
            return Value("number", held.dtype)
        return replace(held, ndim=held.ndim - axes)

    # Expressions

    def value(self, node: cst.CSTNode) -> Value:
        """What an expression holds."""
        match node:
            case cst.Integer():
                return INT
            case cst.Float():
                return FLOAT
            case cst.Imaginary():
                return Value("number", "complex128")
            case cst.SimpleString() | cst.ConcatenatedString() | cst.FormattedString():
                return Value("text")
            case cst.Name(value="True" | "False") | cst.Comparison():
                return self._comparison(node) if isinstance(node, cst.Comparison) else BOOL
            case cst.Name(value="None"):
                return NONE
            case cst.Name(value=name):
                return self.variables.get(name, UNKNOWN)
            case cst.Attribute():
                return self._attribute(node)
            case cst.Subscript():
                return self._subscript(node)
            case cst.BinaryOperation():
                return self._binary(node)
            case cst.UnaryOperation():
                return BOOL if isinstance(node.operator, cst.Not) else self.value(node.expression)
            case cst.BooleanOperation():
                return join(self.value(node.left), self.value(node.right))
            case cst.IfExp():
                return join(self.value(node.body), self.value(node.orelse))
            case cst.Tuple():
                return Value("tuple", items=tuple(self.value(part.value) for part in node.elements))
            case cst.List():
                return Value("list", item=joined(self.value(part.value) for part in node.elements))
            case cst.Call():
                return self._call(node)
        return UNKNOWN

    def _comparison(self, node: cst.Comparison) -> Value:
        sides = [self.value(node.left), *(self.value(part.comparator) for part in node.comparisons)]
        arrays = [side for side in sides if side.is_array]
        return Value("array", "bool", max(side.ndim for side in arrays), arrays[0].tensor) if arrays else BOOL

    def _attribute(self, node: cst.Attribute) -> Value:
        full = self.imports.resolve(node)
        if full in (
            "math.pi",
            "math.e",
            "math.inf",
            "math.nan",
            "numpy.pi",
            "numpy.e",
            "numpy.inf",
            "numpy.nan",
        ):
            return FLOAT
        if dotted(node) in self.variables:
            return self.variables[dotted(node)]
        held = self.value(node.value)
        if not held.is_array:
            return UNKNOWN
        if node.attr.value == "shape":
            return Value("tuple", items=(INT,) * held.ndim)
        if node.attr.value in ("T", "data", "real"):
            return held
        return INT if node.attr.value in ("size", "ndim") else UNKNOWN

    def _subscript(self, node: cst.Subscript) -> Value:
        held = self.value(node.value)
        indices = [part.slice for part in node.slice]
        if held.group in ("list", "tuple") and len(indices) == 1:
            index = indices[0]
            if isinstance(index, cst.Slice):
                return held if held.group == "list" else UNKNOWN
            place = index.value if isinstance(index, cst.Index) else None
            if held.group == "tuple" and isinstance(place, cst.Integer):
                return self._part(held, int(place.value))
            return self._item(held)
        if not held.is_array:
            return UNKNOWN
        dropped, added = 0, 0
        for index in indices:
            if isinstance(index, cst.Slice):
                continue
            inner = self.value(index.value) if isinstance(index, cst.Index) else UNKNOWN
            if inner.group == "none":
                added += 1
            elif inner.is_number and inner.dtype != "bool":
                dropped += 1
            elif inner.is_array and len(indices) == 1:
                axes = inner.ndim if inner.dtype == "bool" else 1
                return replace(held, ndim=held.ndim - axes + (1 if inner.dtype == "bool" else inner.ndim))
            else:
                return UNKNOWN
        kept = self._indexed(held, dropped)
        return replace(held, ndim=kept.ndim + added) if added and kept.known else kept

    def _binary(self, node: cst.BinaryOperation) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.operator, cst.MatrixMultiply):
            return contraction(left, right)
        result = arithmetic(left, right)
        if isinstance(node.operator, cst.Divide) and not result.dtype.startswith("float"):
            return replace(result, dtype="float64")
        return result

    def _call(self, node: cst.Call) -> Value:
        full = self.imports.resolve(node.func)
        arguments = [self.value(arg.value) for arg in node.args]
        if full.startswith("math."):
            whole = full[5:] in ("floor", "ceil", "trunc", "gcd", "comb", "factorial", "isqrt")
            return BOOL if full[5:].startswith("is") and full != "math.isqrt" else INT if whole else FLOAT
        if full.startswith(("numpy.", "torch.")):
            return self._library(full.rpartition(".")[2], node, arguments, tensor=full.startswith("torch."))
        if f"{dotted(node.func)}()" in self.variables:
            return self.variables[f"{dotted(node.func)}()"]
        if isinstance(node.func, cst.Name):
            return self._builtin(node.func.value, arguments)
        if isinstance(node.func, cst.Attribute):
            return self._method(node.func, node, arguments)
        return UNKNOWN

    def _builtin(self, name: str, arguments: list[Value]) -> Value:
        first = arguments[0] if arguments else UNKNOWN
        match name:
            case "range":
                return Value("range")
            case "len" | "int" | "round" | "ord":
                return INT if name != "round" or len(arguments) == 1 else FLOAT
            case "float":
                return FLOAT
            case "complex":
                return Value("number", "complex128")
            case "bool":
                return BOOL
            case "abs":
                return replace(first, dtype="float64") if first.dtype == "complex128" else first
            case "min" | "max":
                return self._item(first) if len(arguments) == 1 else joined(arguments) or UNKNOWN
            case "sum":
                return self._item(first)
            case "pow" if len(arguments) == 2:
                return arithmetic(*arguments)
            case "sorted" | "list":
                return Value("list", item=self._item(first)) if arguments else Value("list")
        return UNKNOWN

    def _library(self, name: str, node: cst.Call, arguments: list[Value], *, tensor: bool) -> Value:
        first = arguments[0] if arguments else UNKNOWN
        if name in ("float64", "float32", "int64", "int32"):
            return Value("number", name)
        if name in CREATORS:
            ndim = len(first.items) if first.group == "tuple" else 1
            if name == "full" and len(arguments) > 1 and not self._dtype(node):
                return Value("array", arguments[1].dtype or "float64", ndim, tensor)
            if tensor and first.is_number:
                ndim = len([arg for arg in node.args if arg.keyword is None])
            return Value("array", self._dtype(node) or ("float32" if tensor else "float64"), ndim, tensor)
        if name == "arange":
            return Value("array", self._dtype(node) or (joined(arguments) or INT).dtype, 1, tensor)
        if name == "linspace":
            return Value("array", "float64", 1, tensor)
        if name == "eye":
            return Value("array", self._dtype(node) or "float64", 2, tensor)
        return self._computed(name, node, arguments)

    def _dtype(self, node: cst.Call) -> str:
        given = next(
            (arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "dtype"), None
        )
        if given is None:
            return ""
        name = (self.imports.resolve(given) or dotted(given)).rpartition(".")[2]
        return {
            "float": "float64",
            "int": "int64",
            "double": "float64",
            "bool_": "bool",
            "long": "int64",
        }.get(name, name)

    def _computed(self, name: str, node: cst.Call, arguments: list[Value]) -> Value:
        first = arguments[0] if arguments else UNKNOWN
        if first.group == "list":
            inner = first.item or UNKNOWN
            held = Value("array", inner.dtype or "float64", 1 + (inner.ndim if inner.is_array else 0))
            first = held if inner.is_number or inner.is_array else UNKNOWN
        if name in ELEMENTWISE:
            operands = [first, *arguments[1:]]
            chosen = operands[1:] if name == "where" and len(operands) == 3 else operands
            result = first if not chosen else chosen[0]
            for other in chosen[1:]:
                result = arithmetic(result, other)
            if name == "where" and first.is_array and not result.is_array and result.known:
                result = replace(first, dtype=result.dtype)
            if name in TRUTHS:
                return replace(result, dtype="bool")
            keeps = (
                name
                in "abs absolute fabs square power maximum minimum where clip sign negative add subtract multiply"
            )
            floating = keeps or result.dtype.startswith("float")
            return result if floating or not result.known else replace(result, dtype="float64")
        if name in ("dot", "inner", "vdot", "matmul") and len(arguments) == 2:
            return contraction(first, arguments[1])
        if name in REDUCTIONS or name in ("argmax", "argmin", "count_nonzero", "percentile", "quantile"):
            return reduced(name, node, first)
        if name in KEEPERS:
            return replace(first, dtype=self._dtype(node) or first.dtype) if first.is_array else UNKNOWN
        if name == "stack" and first.is_array:
            return replace(first, tensor=True)
        if name in ("ravel", "flatten", "concatenate", "hstack", "unique", "diff"):
            return replace(first, ndim=1) if first.is_array else UNKNOWN
        return UNKNOWN

    def _method(self, func: cst.Attribute, node: cst.Call, arguments: list[Value]) -> Value:
        held = self.value(func.value)
        name = func.attr.value
        if name == "item" and held.known:
            return Value("number", "float64" if held.dtype.startswith("float") else held.dtype)
        if not held.is_array:
            return held if held.is_number and name == "astype" else UNKNOWN
        if name == "astype" and node.args:
            given = (self.imports.resolve(node.args[0].value) or dotted(node.args[0].value)).rpartition(".")[
                2
            ]
            return replace(held, dtype={"float": "float64", "int": "int64"}.get(given, given))
        if name == "size" and node.args:
            return INT
        if name in ("numpy",):
            return replace(held, tensor=False)
        if name == "reshape" and not (node.args and arguments[0].group == "tuple"):
            return replace(held, ndim=len(arguments))
        return self._computed(
            name, cst.Call(cst.Name(name), [cst.Arg(func.value), *node.args]), [held, *arguments]
        )
