"""Where a training loop's batches come from, when all rows of an epoch can be had at once."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from medalist.families.speedup.optimiser.training.reading import Names, class_of, method
from medalist.families.speedup.optimiser.training.steps import TrainingLoop
from medalist.source.edits import Editor
from medalist.source.tree import Script

_IN_MEMORY = ("epoch", "split", "__iter__", "__len__")


@dataclass(frozen=True)
class Epoch:
    """An epoch's rows, all expressions as text.

    ``rows`` and ``answers`` are its columns in order once the statements ``prelude`` have run, ``batch_size`` the rows
    of a batch, ``loader`` what cuts columns into batches.
    """

    prelude: str
    rows: str
    answers: str
    loader: str

    @property
    def batch_size(self) -> str:
        """The rows of a batch."""
        return f"{self.loader}.batch_size"

    def batches(self, rows: str, answers: str) -> str:
        """What gives these columns in batches."""
        return f"{self.loader}.split([{rows}, {answers}])"


def epoch_of(script: Script, loop: TrainingLoop, names: Names) -> Epoch | None:
    """The epoch that a loop goes through, None where its batches come in a way of their own."""
    editor = Editor(script)
    match loop.loader:
        case ast.Call(func=ast.Attribute(value=owner, attr="split"), args=[ast.List(elts=[rows, answers])]):
            if _in_memory(script, owner):
                return Epoch("", editor.text(rows), editor.text(answers), editor.text(owner))
    if not _in_memory(script, loop.loader):
        return None
    loader, prelude = editor.text(loop.loader), ""
    if not isinstance(loop.loader, ast.Name | ast.Attribute):
        made, loader = loader, names.fresh("batches")
        prelude = f"{loader} = {made}\n"
    rows, answers = names.fresh("all_rows"), names.fresh("all_answers")
    return Epoch(f"{prelude}{rows}, {answers} = {loader}.epoch()", rows, answers, loader)


def _in_memory(script: Script, loader: ast.expr) -> bool:
    """Whether a loader can give a whole epoch: one that was put in the place of torch's."""
    definition = class_of(script, loader)
    return definition is not None and all(method(definition, name) is not None for name in _IN_MEMORY)
