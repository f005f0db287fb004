"""Spectra of real arrays: half of a transform says all, for the other half is its mirror image."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from medalist.families.speedup.optimiser.arrays import numpy_rules as rules
from medalist.families.speedup.optimiser.arrays.comprehensions import timed_functions
from medalist.families.speedup.optimiser.rewriting import Source, Splice, spliced
from medalist.families.speedup.optimiser.transformation import Edit, Program

_MIRRORED = '''
def {name}(half, width):
    """A real image's symmetric spectrum, ``width`` columns, of the columns that ``rfft2`` gives.

    The entry at (-row, -column) equals the one at (row, column) in everything that no sign of a phase tells apart.
    """
    others = half[..., 1 : (width + 1) // 2]
    mirrored = {numpy}.roll({numpy}.flip(others, axis=(-2, -1)), 1, axis=-2)
    return {numpy}.concatenate((half, mirrored), axis=-1)
'''


class HalfSpectra:
    """``abs(fft2(image))`` of a real image by ``rfft2``: half the work, and what is done to each entry halved too."""

    name = "half of a real image's spectrum"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        """An edit for every size of a two-dimensional spectrum."""
        source = Source.read(program.text)
        alias = source.alias("numpy") if source is not None else None
        if source is None or alias is None:
            return
        for qualified, function, seconds in timed_functions(program, source):
            parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
            for node in ast.walk(function):
                image = _transformed(source, node)
                if image is None or not isinstance(node, ast.Call):
                    continue
                whole = _entrywise_around(source, parents, node)
                text = _halved(source, alias, function, node, whole, image)
                if text is not None:
                    yield Edit(
                        self.name,
                        f"the spectrum at line {node.lineno} in `{qualified}` is made of its half",
                        "The spectrum of a real image is symmetric up to the sign of its phases, which `abs` drops.",
                        text,
                        seconds,
                    )


def _transformed(source: Source, node: ast.AST) -> ast.expr | None:
    """The image of ``abs(fft2(image))``; None for anything else."""
    match node:
        case ast.Call(
            func=func, args=[ast.Call(func=inner, args=[ast.Name() as image], keywords=[])], keywords=[]
        ):
            sizes = ("numpy.abs", "numpy.absolute", "builtins.abs")
            if source.library_name(func) in sizes and source.library_name(inner) == "numpy.fft.fft2":
                return image
    return None


def _entrywise_around(source: Source, parents: dict[ast.AST, ast.AST], node: ast.expr) -> ast.expr:
    """The largest expression around a spectrum that treats each of its entries alone."""
    current = node
    while True:
        around = parents.get(current)
        if isinstance(around, ast.Call) and len(around.args) == 1 and not around.keywords:
            name = source.library_name(around.func).removeprefix("numpy.")
            if name in rules.ELEMENTWISE and current is around.args[0]:
                current = around
                continue
        if isinstance(around, ast.BinOp) and not isinstance(around.op, ast.MatMult):
            other = around.right if current is around.left else around.left
            if isinstance(other, ast.Constant):
                current = around
                continue
        return current


def _halved(
    source: Source, alias: str, function: ast.FunctionDef, node: ast.Call, whole: ast.expr, image: ast.expr
) -> str | None:
    name = next(
        (one for one, known in source.functions.items() if _is_mirror(source, alias, one, known)), None
    )
    splices: list[Splice] = []
    if name is None:
        name = source.fresh("mirrored_columns")
        top = next(one for one in source.tree.body if function in ast.walk(one))
        before = source.line_span(top)[0]
        splices.append(Splice(before, before, _MIRRORED.format(name=name, numpy=alias).lstrip() + "\n\n"))
    start, end = source.span(whole)
    inner = node.args[0]
    if not isinstance(inner, ast.Call):
        return None
    function_start, function_end = source.span(inner.func)
    code = f"{source.text[start:function_start]}{alias}.fft.rfft2{source.text[function_end:end]}"
    splices.append(Splice(start, end, f"{name}({code}, {source.segment(image)}.shape[-1])"))
    return spliced(source.text, splices)


def _is_mirror(source: Source, alias: str, name: str, function: ast.FunctionDef) -> bool:
    return source.segment(function).strip() == _MIRRORED.format(name=name, numpy=alias).strip()
