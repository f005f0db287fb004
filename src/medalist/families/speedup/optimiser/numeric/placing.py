"""New functions and statements put into a program, the rest of its text as it was."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from medalist.families.speedup.optimiser.numeric.kernel import Kernel
from medalist.families.speedup.optimiser.numeric.places import Block, Source
from medalist.families.speedup.optimiser.numeric.syntax import (
    Imports,
    Statement,
    all_names,
    dotted,
    only,
    statements,
)


def placed(
    source: Source,
    block: Block,
    taken: Sequence[Statement],
    kernels: Sequence[Kernel],
    instead: Sequence[Statement],
) -> str:
    """The program with ``instead`` in the block's place, ``taken`` gone, and the kernels before the function."""
    body: list[Statement] = []
    first = block.chosen[0]
    for index, statement in enumerate(block.statements):
        if index == block.start:
            leading = getattr(first, "leading_lines", ())
            body.extend([instead[0].with_changes(leading_lines=leading), *instead[1:]])
        elif not block.start < index < block.stop and not any(statement is gone for gone in taken):
            body.append(statement)
    module = source.module.deep_replace(
        block.within,
        cst.IndentedBlock(body=body)
        if isinstance(block.within, cst.SimpleStatementSuite)
        else block.within.with_changes(body=body),
    )
    assert isinstance(module, cst.Module)
    top = list(module.body)
    made: list[cst.BaseStatement] = []
    for kernel in kernels:
        made.extend(statements(kernel.text))
    spaced = [part.with_changes(leading_lines=[cst.EmptyLine(indent=False)] * 2) for part in made]
    place = block.function.top
    lines = list(getattr(top[place], "leading_lines", ()))
    empty = [line for line in lines if line.comment is None]
    if len(empty) < 2:
        top[place] = top[place].with_changes(
            leading_lines=[cst.EmptyLine(indent=False)] * (2 - len(empty)) + lines
        )
    module = module.with_changes(body=[*top[:place], *spaced, *top[place:]])
    return with_imports(module, source.imports).code


def with_imports(module: cst.Module, imports: Imports) -> cst.Module:
    """The module with an import for every name that stands for a module and is used, yet not imported."""
    bound = Imports(module).names
    used = all_names(module)
    missing = [(name, full) for name, full in imports.names.items() if name not in bound and name in used]
    if not missing:
        return module
    lines = [
        f"import {full}" if name == full else f"import {full} as {name}" for name, full in sorted(missing)
    ]
    body = list(module.body)
    place = _first_third_party(body)
    made = [part for line in lines for part in statements(line)]
    if place < len(body):
        made[0] = made[0].with_changes(leading_lines=body[place].leading_lines)  # type: ignore[attr-defined]
        body[place] = body[place].with_changes(leading_lines=[])
    return module.with_changes(body=[*body[:place], *made, *body[place:]])


def _first_third_party(body: Sequence[cst.BaseStatement]) -> int:
    """The place of the first import of numpy or torch, else after the last import, else after the docstring."""
    last = 0
    for index, statement in enumerate(body):
        small = only(statement)
        if isinstance(small, cst.Import) and dotted(small.names[0].name).split(".")[0] in (
            "numpy",
            "torch",
            "pandas",
        ):
            return index
        if isinstance(small, cst.Import | cst.ImportFrom):
            last = index + 1
        elif index == 0 and isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString):
            last = 1
    return last
