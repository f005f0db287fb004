"""Medians of many rows by one selection each, where NumPy's own makes three and looks for NaN."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from medalist.families.speedup.optimiser.arrays.axes import axes_of
from medalist.families.speedup.optimiser.arrays.comprehensions import timed_functions
from medalist.families.speedup.optimiser.arrays.values import CannotLift
from medalist.families.speedup.optimiser.rewriting import Source, Splice, spliced
from medalist.families.speedup.optimiser.transformation import Edit, Program

_MEDIANS = '''
def {name}(rows):
    """The median of each of ``rows``, which hold no NaN: one selection, and the largest entry below it."""
    half = rows.shape[1] // 2
    parted = {numpy}.partition(rows, half, axis=1)
    if rows.shape[1] % 2:
        return parted[:, half]
    return 0.5 * (parted[:, :half].max(axis=1) + parted[:, half])
'''


class SelectedMedians:
    """``median`` along all axes but the first selects once a row."""

    name = "medians by a single selection"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        """An edit for every function that takes medians of stacks, all of them together."""
        source = Source.read(program.text)
        alias = source.alias("numpy") if source is not None else None
        if source is None or alias is None:
            return
        for qualified, function, seconds in timed_functions(program, source):
            calls = [
                node
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and _along_rows(source, node)
            ]
            name = source.fresh("row_medians")
            splices = [Splice(*source.span(call), f"{name}({_rows(source, call)})") for call in calls]
            top = next(one for one in source.tree.body if function in ast.walk(one))
            before = source.line_span(top)[0]
            splices.append(Splice(before, before, _MEDIANS.format(name=name, numpy=alias).lstrip() + "\n\n"))
            text = spliced(source.text, splices) if calls else None
            if text is not None:
                yield Edit(
                    self.name,
                    f"medians of rows in `{qualified}` take one selection each",
                    "The entry in the middle and the largest one below it are all that a median needs.",
                    text,
                    seconds,
                )


def _along_rows(source: Source, call: ast.Call) -> bool:
    """Whether a call takes the median over every axis but the first."""
    if source.library_name(call.func) != "numpy.median" or len(call.args) != 1 or len(call.keywords) != 1:
        return False
    if call.keywords[0].arg != "axis" or not isinstance(call.args[0], ast.Name):
        return False
    try:
        axes = axes_of(call.keywords[0].value)
    except CannotLift:
        return False
    return axes is not None and axes == tuple(range(1, len(axes) + 1))


def _rows(source: Source, call: ast.Call) -> str:
    array = source.segment(call.args[0])
    flat = axes_of(call.keywords[0].value) == (1,)
    return array if flat else f"{array}.reshape(len({array}), -1)"
