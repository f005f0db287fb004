"""torch's own faster implementations of its optimisers: all parameters in one kernel, else in one call an operation."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from medalist.families.speedup.optimiser.training.reading import read, seconds_around
from medalist.families.speedup.optimiser.transformation import Edit, Program
from medalist.source.edits import Editor
from medalist.source.tree import Script

FUSED = frozenset(("Adam", "AdamW", "SGD", "Adagrad"))
FOREACH = frozenset(("RMSprop", "NAdam", "RAdam", "Adamax", "Adadelta", "Rprop", "ASGD"))
_STEPPING = r"torch\.optim(\.\w+)?\.\w+\(\)\.step"
_IMPLEMENTATIONS = frozenset(("foreach", "fused", "capturable", "differentiable"))


class FusedOptimisers:
    """``fused=True`` for the optimisers that have it on a CPU, ``foreach=True`` for the others."""

    name = "fused optimiser"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterator[Edit]:
        """One edit for each optimiser that says nothing of its implementation yet."""
        script = read(program.text)
        if script is None:
            return
        for call in script.calls_to(r"torch\.optim(\.\w+)?\.\w+"):
            implementation = _implementation(script, call)
            if implementation:
                editor = Editor(script)
                editor.replace(call, _with_keyword(editor.text(call), f"{implementation}=True"))
                yield Edit(
                    transformation=self.name,
                    title=f"the optimiser on line {call.lineno} runs with {implementation}=True",
                    reason="torch's other implementation of the same update; sums may round differently.",
                    text=editor.code(),
                    seconds=seconds_around(program, script, script.calls_to(_STEPPING)),
                )


def _implementation(script: Script, call: ast.Call) -> str:
    kind = script.name(call.func).rsplit(".", 1)[-1]
    if script.passes_unknown(call) or any(keyword.arg in _IMPLEMENTATIONS for keyword in call.keywords):
        return ""
    return "fused" if kind in FUSED else "foreach" if kind in FOREACH else ""


def _with_keyword(call: str, keyword: str) -> str:
    """A call's text with one more argument, which keeps a trailing comma where there was one."""
    inside = call[:-1].rstrip()
    if inside.endswith(","):
        spaces = call[:-1][len(inside) :]
        indent = spaces.rsplit("\n", 1)[-1] if "\n" in spaces else ""
        return f"{inside}\n{indent}    {keyword},{spaces})" if "\n" in spaces else f"{inside} {keyword})"
    return f"{inside}, {keyword})"
