"""What keeps code from being compiled: constructs and calls that numba's nopython mode does not know."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import libcst as cst

from medalist.families.speedup.optimiser.numeric.syntax import Imports, Usage, code, dotted, walk, words
from medalist.families.speedup.optimiser.numeric.values import ELEMENTWISE, REDUCTIONS

_FORBIDDEN = (
    cst.Try,
    cst.With,
    cst.Yield,
    cst.Await,
    cst.Lambda,
    cst.Dict,
    cst.Set,
    cst.DictComp,
    cst.SetComp,
    cst.ListComp,
    cst.GeneratorExp,
    cst.FormattedString,
    cst.ConcatenatedString,
    cst.FunctionDef,
    cst.ClassDef,
    cst.Raise,
    cst.Del,
    cst.Global,
    cst.Nonlocal,
    cst.Import,
    cst.ImportFrom,
    cst.Match,
    cst.StarredElement,
)
_BUILTINS = words(
    "range len enumerate zip complex abs min max sum int float bool round pow sorted divmod reversed"
)
_NUMPY = (
    ELEMENTWISE
    | REDUCTIONS
    | words(
        """
    zeros empty ones full zeros_like empty_like ones_like full_like arange linspace sort argsort
    partition argmax argmin cumsum cumprod percentile quantile float64 float32 int64 int32 bool_
    ascontiguousarray count_nonzero diff unique nanmean nanmedian outer concatenate hstack vstack
    searchsorted ravel copy array eye trace
    """
    )
) - {"clip"}
_METHODS = words(
    """
    sum mean min max std var prod copy astype ravel reshape flatten argmax argmin sort dot any all
    append pop cumsum transpose fill
    """
)


def obstacle(block: Iterable[cst.CSTNode], imports: Imports, known: Collection[str]) -> str:
    """The first thing in the block that cannot be compiled, empty for none.

    ``known`` are the names it may read beside its own: parameters, numeric constants, other kernels.
    """
    block = list(block)
    local = set(Usage.of(block).writes) | set(known)
    for statement in block:
        for node in walk(statement):
            if isinstance(node, _FORBIDDEN):
                return type(node).__name__
            if isinstance(node, cst.For | cst.While) and node.orelse is not None:
                return "a loop's else"
            if isinstance(node, cst.SimpleString) or (isinstance(node, cst.Name) and node.value == "None"):
                return code(node)
            if isinstance(node, cst.Call) and (found := _call(node, imports, local)):
                return found
            if isinstance(node, cst.Comparison) and any(
                isinstance(part.operator, cst.In | cst.NotIn | cst.Is | cst.IsNot)
                for part in node.comparisons
            ):
                return code(node)
    for name in Usage.of(block).reads:
        if name not in local and name not in imports.names and name not in _BUILTINS | {"True", "False"}:
            return name
    return ""


def _call(node: cst.Call, imports: Imports, local: Collection[str]) -> str:
    full = imports.resolve(node.func)
    if any(arg.star for arg in node.args):
        return code(node)
    if full:
        module, _, name = full.partition(".")
        known = module == "math" or (module == "numpy" and (name in _NUMPY or name == "linalg.norm"))
        axis = any(
            arg.keyword is not None and arg.keyword.value in ("axis", "dim", "key") for arg in node.args
        )
        return "" if known and not (axis and name != "sum") else code(node)
    if isinstance(node.func, cst.Name):
        return "" if node.func.value in _BUILTINS or node.func.value in local else code(node)
    if isinstance(node.func, cst.Attribute):
        plain = not dotted(node.func) or dotted(node.func).partition(".")[0] in local
        return "" if node.func.attr.value in _METHODS and plain else code(node)
    return code(node)
