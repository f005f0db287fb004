"""What comes back from a kernel in the shape that the rest of the function expects: arrays where lists were, if it may."""
# ruff: noqa: N802 - libcst's own names for what a visitor does

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from medalist.families.speedup.optimiser.numeric.kernel import Kernel
from medalist.families.speedup.optimiser.numeric.places import Block, Source
from medalist.families.speedup.optimiser.numeric.syntax import Imports, Statement, dotted, statements, words
from medalist.families.speedup.optimiser.numeric.values import UNKNOWN

_TAKERS = words("len sum min max sorted enumerate zip float")


def handed_back(source: Source, block: Block, kernel: Kernel, besides: Collection[str]) -> list[Statement]:
    """Statements after the call: a list where the function needs one, a tensor where one was."""
    lines: list[str] = []
    for name in kernel.outputs:
        held = kernel.values.get(name, UNKNOWN)
        if name in besides:
            continue
        if name in kernel.buffers:
            uses = _Uses(name, source.imports)
            for part in block.statements[block.stop :]:
                part.visit(uses)
            if held.item is not None and held.item.tensor:
                lines.append(f"{name} = list({source.imports.alias('torch', 'torch')}.from_numpy({name}))")
                continue
            nested = block.within is not block.function.node.body
            if nested or not uses.arrays_do:
                lines.append(f"{name} = {name}.tolist()")
        elif held.group == "list" and name in kernel.arguments:
            lines.append(f"{name} = {name}.tolist()")
        elif held.is_array and held.tensor:
            lines.append(f"{name} = {source.imports.alias('torch', 'torch')}.from_numpy({name})")
    return [part for line in lines for part in statements(line)]


class _Uses(cst.CSTVisitor):
    """Whether all uses of a name do with an array where they had a list."""

    def __init__(self, name: str, imports: Imports) -> None:
        self.name = name
        self.imports = imports
        self.arrays_do = True

    def visit_Call(self, node: cst.Call) -> bool:
        full = self.imports.resolve(node.func)
        takes = full.startswith("numpy.") or dotted(node.func) in _TAKERS
        typed = any(arg.keyword is not None and arg.keyword.value == "dtype" for arg in node.args)
        takes = takes or (full in ("torch.tensor", "torch.as_tensor") and typed)
        node.func.visit(self)
        for arg in node.args:
            if not (takes and isinstance(arg.value, cst.Name)):
                arg.value.visit(self)
        return False

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        if not isinstance(node.value, cst.Name):
            node.value.visit(self)
        for part in node.slice:
            part.visit(self)
        return False

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Name(self, node: cst.Name) -> None:
        if node.value == self.name:
            self.arrays_do = False
