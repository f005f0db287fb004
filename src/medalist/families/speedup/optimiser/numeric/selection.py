"""Medians and k-th smallest values inside kernels, found by a partition that no branch predictor can fail on.

Numba's own ``np.median`` partitions with branches that are taken at random, at some ten nanoseconds an item. The
functions that are put in its place write every item and move on only past those that belong; the expected work is that
of Hoare's quickselect (Communications of the ACM 4, 1961).
"""

# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

import libcst as cst

from medalist.families.speedup.optimiser.numeric.compiled import ByKernel, CompiledKernel, with_kernel
from medalist.families.speedup.optimiser.numeric.inference import Inference
from medalist.families.speedup.optimiser.numeric.places import Source
from medalist.families.speedup.optimiser.numeric.syntax import (
    Names,
    code,
    expression,
    global_names,
    statements,
    unless_malformed,
)
from medalist.families.speedup.optimiser.transformation import Edit

_KTH = '''
@{numba}.njit(error_model="numpy")
def {kth}(values, place):
    """The value at ``place`` among the sorted values: a quickselect without branches on the data."""
    if {np}.isnan({np}.sum(values)):
        return {np}.partition(values, place)[place]
    kept, other = values.copy(), {np}.empty_like(values)
    count = len(values)
    while count > 16:
        first, middle, last = kept[count // 4], kept[count // 2], kept[3 * count // 4]
        pivot = max(min(first, middle), min(max(first, middle), last))
        below, equal = 0, 0
        for i in range(count):
            other[below] = kept[i]
            below += kept[i] < pivot
            equal += kept[i] == pivot
        if below <= place < below + equal:
            return pivot
        if place >= below:
            place -= below + equal
            below = 0
            for i in range(count):
                other[below] = kept[i]
                below += kept[i] > pivot
        count = below
        kept, other = other, kept
    return {np}.sort(kept[:count])[place]
'''

_MEDIAN = '''
@{numba}.njit(error_model="numpy")
def {median}(values):
    """The median, as ``np.median`` has it: the mean of the two middle values where there are two."""
    count = len(values)
    if count == 0:
        return {np}.nan
    upper = {kth}(values, count // 2)
    if count % 2 == 1:
        return upper
    below, lower = 0, -{np}.inf
    for i in range(count):
        if values[i] < upper:
            below += 1
            lower = max(lower, values[i])
    return 0.5 * (upper + (lower if below == count // 2 else upper))
'''


class QuickSelection(ByKernel):
    """Order statistics in compiled kernels by a branchless quickselect."""

    name = "branchless selection"

    @unless_malformed
    def edit(self, source: Source, kernel: CompiledKernel) -> Edit | None:
        inference = Inference(source.constants, source.imports)
        inference.run(kernel.body)
        names = Names(global_names(source.module))
        words = {
            "numba": source.imports.alias("numba", "numba"),
            "np": source.imports.alias("numpy", "np"),
            "kth": names.fresh("kth_smallest"),
            "median": names.fresh("median_of"),
        }
        changer = _Changer(inference, words)
        body = [part.visit(changer) for part in kernel.body]
        if not changer.used:
            return None
        text = _KTH + ("\n\n" + _MEDIAN if words["median"] in changer.used else "")
        module = with_kernel(source, kernel, body, statements(text.format(**words)))  # type: ignore[arg-type]
        return Edit(
            transformation=self.name,
            title=f"found medians and k-th values in {kernel.name} by a branchless selection",
            reason="The same order statistics of the same numbers; where one is not a number, NumPy's own partition.",
            text=module.code,
            seconds=kernel.seconds,
        )


class _Changer(cst.CSTTransformer):
    def __init__(self, inference: Inference, words: dict[str, str]) -> None:
        self.inference = inference
        self.words = words
        self.used: set[str] = set()
        self._loops = 0

    def visit_For(self, node: cst.For) -> None:
        self._loops += 1

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.For:
        self._loops -= 1
        return updated_node

    def _selects(self, node: cst.BaseExpression, function: str) -> cst.BaseExpression | None:
        """The one-axis array that the call of ``function`` works on, inside a loop."""
        if not (
            self._loops
            and isinstance(node, cst.Call)
            and self.inference.imports.resolve(node.func) == function
        ):
            return None
        given = node.args[0].value
        held = self.inference.value(given)
        return given if held.is_array and held.ndim == 1 and held.dtype.startswith("float") else None

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        given = self._selects(original_node, "numpy.median")
        if given is None or len(original_node.args) != 1:
            return updated_node
        self.used.add(self.words["median"])
        return expression(f"{self.words['median']}({code(given)})")

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        value, parts = original_node.value, original_node.slice
        given = self._selects(value, "numpy.partition")
        if given is None or len(parts) != 1 or not isinstance(parts[0].slice, cst.Index):
            return updated_node
        assert isinstance(value, cst.Call)
        place = parts[0].slice.value
        if len(value.args) != 2 or not value.args[1].value.deep_equals(place):
            return updated_node
        self.used.add(self.words["kth"])
        return expression(f"{self.words['kth']}({code(given)}, {code(place)})")
