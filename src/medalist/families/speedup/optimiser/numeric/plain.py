"""What a compiled kernel has in place of torch, of ``self`` and of Python's own reductions over lists."""
# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Mapping, Sequence

import libcst as cst

from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.syntax import argument, code, dotted, expression, words

_SAME_NAME = words(
    """
    exp log sqrt abs tanh sin cos sum mean max min prod log1p expm1 square sign floor ceil where
    maximum minimum zeros_like ones_like empty_like dot median
    """
)
_NOTHING = words("detach cpu numpy contiguous tolist")
_REDUCED = {"sorted": "sort", "sum": "sum", "min": "min", "max": "max"}
_STATISTICS = {"median": "median", "mean": "mean", "fmean": "mean", "pstdev": "std", "pvariance": "var"}


def _bare(args: Sequence[cst.Arg]) -> list[cst.Arg]:
    """The arguments without a comma behind the last."""
    return [*args[:-1], *(last.with_changes(comma=cst.MaybeSentinel.DEFAULT) for last in args[-1:])]


class PlainNumbers(cst.CSTTransformer):
    """Drops ``.item()`` and ``.detach()``, says torch's functions in NumPy's, attributes of the receiver as names."""

    def __init__(self, inference: Inference, attributes: Mapping[str, str], np: str) -> None:
        self.inference = inference
        self.attributes = attributes
        self.np = np

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return dotted(node) not in self.attributes

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        name = self.attributes.get(dotted(original_node))
        return cst.Name(name) if name is not None else updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        full = self.inference.imports.resolve(original_node.func)
        if full.startswith("torch."):
            return self._torch(full.removeprefix("torch."), updated_node)
        if full.startswith("statistics.") and full.partition(".")[2] in _STATISTICS:
            name = _STATISTICS[full.partition(".")[2]]
            return updated_node.with_changes(func=expression(f"{self.np}.{name}"))
        if full.startswith("scipy.spatial.distance.") and len(updated_node.args) == 2:
            return self._distance(full.rpartition(".")[2], updated_node)
        if isinstance(original_node.func, cst.Attribute) and not full:
            return self._method(original_node, updated_node)
        if dotted(original_node.func) == "zip" and original_node.args:  # numba's knows no options
            return updated_node.with_changes(args=_bare([a for a in updated_node.args if a.keyword is None]))
        if dotted(original_node.func) == "float" and original_node.args:
            given = original_node.args[0].value
            special = given.raw_value.lower() if isinstance(given, cst.SimpleString) else ""
            if special.lstrip("+-") in ("inf", "infinity", "nan"):
                sign = "-" if special.startswith("-") else ""
                return expression(f"{sign}{self.np}.{'nan' if 'nan' in special else 'inf'}")
            return self._double(original_node.args[0].value, updated_node.args[0].value)
        return updated_node

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        """``[0.0] * n`` is an array of zeros."""
        left = updated_node.left
        if not isinstance(updated_node.operator, cst.Multiply) or not isinstance(left, cst.List):
            return updated_node
        if len(left.elements) != 1 or not isinstance(left.elements[0].value, cst.Float):
            return updated_node
        return expression(f"{self.np}.full({code(updated_node.right)}, {code(left.elements[0].value)})")

    def _double(self, original: cst.BaseExpression, changed: cst.BaseExpression) -> cst.BaseExpression:
        """A single-precision number as a double; a compiled ``float`` would leave it single."""
        held = self.inference.value(original)
        if held.dtype == "float32" or not held.known:
            return expression(f"{self.np}.float64({code(changed)})")
        return changed if held.dtype == "float64" else expression(f"float({code(changed)})")

    def _method(self, original: cst.Call, changed: cst.Call) -> cst.BaseExpression:
        assert isinstance(original.func, cst.Attribute)
        if not isinstance(changed.func, cst.Attribute):
            return changed
        held, name, base = (
            self.inference.value(original.func.value),
            original.func.attr.value,
            changed.func.value,
        )
        if name == "item" and not changed.args:
            return self._double(original.func.value, base) if held.dtype in ("float32", "") else base
        if not held.is_array:
            return changed
        if name in _NOTHING and not changed.args and (held.tensor or name in ("detach", "cpu", "contiguous")):
            return base
        if name == "clone":
            return changed.with_changes(func=changed.func.with_changes(attr=cst.Name("copy")))
        if name == "size" and held.tensor:
            axis = f"[{code(changed.args[0].value)}]" if changed.args else ""
            return expression(f"{code(base)}.shape{axis}")
        if name == "dim":
            return expression(f"{code(base)}.ndim")
        if held.tensor and name in _SAME_NAME and name not in ("sum", "mean", "max", "min", "prod"):
            return expression(f"{self.np}.{name}({code(base)})")
        return changed

    def _torch(self, name: str, node: cst.Call) -> cst.BaseExpression:
        texts = [code(arg.value) for arg in node.args]
        if len(texts) == 1 and name == "sigmoid":
            return expression(f"1.0 / (1.0 + {self.np}.exp(-{texts[0]}))")
        if len(texts) == 1 and name == "relu":
            return expression(f"{self.np}.maximum({texts[0]}, 0.0)")
        if name in ("linalg.norm", "norm") and len(texts) == 1:
            return expression(f"{self.np}.linalg.norm({texts[0]})")
        if name == "dist" and len(texts) == 2:
            return expression(f"{self.np}.linalg.norm({texts[0]} - {texts[1]})")
        if name in ("clamp", "clip") and len(texts) == 3 and not any(arg.keyword for arg in node.args):
            return expression(f"{self.np}.clip({', '.join(texts)})")
        if name in ("zeros", "ones", "empty") and not any(arg.keyword for arg in node.args):
            shape = texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
            return expression(f"{self.np}.{name}({shape}, dtype={self.np}.float32)")
        if name == "stack" and len(texts) == 1 and self.inference.value(node.args[0].value).group == "list":
            return node.args[0].value
        if name == "tensor" and len(texts) == 1 and self.inference.value(node.args[0].value).is_number:
            return node.args[0].value
        return node.with_changes(func=expression(f"{self.np}.{name}")) if name in _SAME_NAME else node

    def _distance(self, name: str, node: cst.Call) -> cst.BaseExpression:
        left, right = (code(arg.value) for arg in node.args)
        np = self.np
        written = {
            "euclidean": f"{np}.sqrt({np}.sum(({left} - {right}) ** 2))",
            "sqeuclidean": f"{np}.sum(({left} - {right}) ** 2)",
            "cityblock": f"{np}.sum({np}.abs({left} - {right}))",
            "chebyshev": f"{np}.max({np}.abs({left} - {right}))",
            "cosine": f"1.0 - {np}.dot({left}, {right}) / "
            f"({np}.linalg.norm({left}) * {np}.linalg.norm({right}))",
        }.get(name)
        return expression(f"({written})") if written else node


class ArrayBuiltins(cst.CSTTransformer):
    """Python's ``sorted``, ``sum``, ``min``, ``max`` over arrays in NumPy's words; copies of arrays as such.

    One item of a sorted array needs a partition and no sort.
    """

    def __init__(self, inference: Inference, np: str) -> None:
        self.inference = inference
        self.np = np

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        first = argument(updated_node, 0)
        if first is None or not self.inference.value(first).is_array:
            return updated_node
        name, full = dotted(updated_node.func), self.inference.imports.resolve(updated_node.func)
        if name in _REDUCED and len(updated_node.args) == 1 and self.inference.value(first).ndim == 1:
            return updated_node.with_changes(func=expression(f"{self.np}.{_REDUCED[name]}"))
        if name == "list" and len(updated_node.args) == 1:
            return expression(f"{code(first)}.copy()")
        if full in ("numpy.array", "numpy.asarray"):
            dtype = argument(updated_node, 1, "dtype")
            return expression(
                f"{code(first)}.astype({code(dtype)})" if dtype is not None else f"{code(first)}.copy()"
            )
        return updated_node

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        value, parts = updated_node.value, updated_node.slice
        if not isinstance(value, cst.Call) or self.inference.imports.resolve(value.func) != "numpy.sort":
            return updated_node
        if len(value.args) != 1 or len(parts) != 1 or not isinstance(parts[0].slice, cst.Index):
            return updated_node
        index = parts[0].slice.value
        if isinstance(index, cst.UnaryOperation) or not self.inference.value(index).is_number:
            return updated_node
        return expression(f"{self.np}.partition({code(value.args[0].value)}, {code(index)})[{code(index)}]")
