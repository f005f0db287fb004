"""Where a training loop's batches come from, when all rows of an epoch can be had at once."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from medalist.families.speedup.optimiser.training.reading import Names, class_of, method
from medalist.families.speedup.optimiser.training.steps import BatchLoop
from medalist.source.edits import Editor
from medalist.source.tree import Script

_IN_MEMORY = ("epoch", "split", "__iter__", "__len__")


@dataclass(frozen=True)
class Epoch:
    """An epoch's rows, as text: once the statements ``prelude`` have run, ``columns`` are the expressions of the parts
    of a batch for all its rows in order; ``loader`` is what cuts columns into batches."""

    prelude: str
    columns: Mapping[str, str]
    loader: str

    @property
    def batch_size(self) -> str:
        """The rows of a batch."""
        return f"{self.loader}.batch_size"

    def batches(self, changed: Mapping[str, str]) -> str:
        """What gives the columns in batches, some of them changed."""
        columns = {**self.columns, **changed}
        return f"{self.loader}.split([{', '.join(columns.values())}])"


def epoch_of(script: Script, loop: BatchLoop, names: Names) -> Epoch | None:
    """The epoch that a loop goes through, None where its batches come in a way of their own."""
    editor = Editor(script)
    batches = loop.loop.iter
    match batches:
        case ast.Call(func=ast.Attribute(value=owner, attr="split"), args=[ast.List(elts=given)]):
            if _in_memory(script, owner) and len(given) == len(loop.columns):
                texts = (editor.text(column) for column in given)
                return Epoch("", dict(zip(loop.columns, texts, strict=True)), editor.text(owner))
    if not _in_memory(script, batches):
        return None
    loader, prelude = editor.text(batches), ""
    if not isinstance(batches, ast.Name | ast.Attribute):
        made, loader = loader, names.fresh("batches")
        prelude = f"{loader} = {made}\n"
    wanted = {loop.inputs: "all_rows", loop.targets: "all_answers"}
    columns = {name: names.fresh(wanted.get(name, "all_others")) for name in loop.columns}
    return Epoch(f"{prelude}{', '.join(columns.values())} = {loader}.epoch()", columns, loader)


def _in_memory(script: Script, loader: ast.expr) -> bool:
    """Whether a loader can give a whole epoch: one that was put in the place of torch's."""
    definition = class_of(script, loader)
    return definition is not None and all(method(definition, name) is not None for name in _IN_MEMORY)
