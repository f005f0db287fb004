"""Loaders of rows that are in memory anyway: an epoch's rows gathered at once, by the loader's own random draws.

A ``torch.utils.data.DataLoader`` fetches row by row and stacks. Its random draws are few and known (torch 2.13,
``torch/utils/data/dataloader.py`` and ``sampler.py``): a 63-bit number for its workers when its iterator is made, and,
with ``shuffle``, another that seeds a generator of the sampler's own, from which one permutation is drawn.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from medalist.families.speedup.optimiser.training.reading import (
    Names,
    add_definitions,
    body_of,
    class_of,
    construction,
    finished,
    imported,
    method,
    read,
    seconds_around,
)
from medalist.families.speedup.optimiser.transformation import Edit, Program
from medalist.source.edits import Editor
from medalist.source.tree import Script

LOADER = r"torch\.utils\.data(\.dataloader)?\.DataLoader"
_TENSORS = "torch.utils.data.TensorDataset"
_SECONDS_A_ROW = 1e-5
"""What torch's own loader takes a row, beyond the dataset: about that on any machine."""
_KEPT = ("dataset", "batch_size", "shuffle", "drop_last")
_WITHOUT_EFFECT = frozenset(
    ("num_workers", "pin_memory", "timeout", "multiprocessing_context", "prefetch_factor", "in_order")
)

_CLASS = '''\
class {name}:
    """A dataset's rows in batches, in the order and by the random draws of a torch DataLoader.{how}"""

    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
{prepared}
    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def epoch(self):
        """{whole}"""
        torch.empty((), dtype=torch.int64).random_()  # a loader draws a seed for its workers even without any
        order = torch.arange(len(self.dataset))
        if self.shuffle:
            seed = int(torch.empty((), dtype=torch.int64).random_())
            order = torch.randperm(len(self.dataset), generator=torch.Generator().manual_seed(seed))
        if self.drop_last:
            order = order[: len(self) * self.batch_size]
        return {gathered}

    def split(self, columns):
        """The batches of an epoch's columns."""
        return {split}

    def __iter__(self):
        return iter(self.split(self.epoch()))
'''

_WHOLE = "The columns of an epoch, all rows in its order."
_SPLIT_COLUMNS = "zip(*(column.split(self.batch_size) for column in columns), strict=True)"


def texts_with_rows_in_memory(program: Program) -> Iterator[tuple[str, str]]:
    """The program with its loaders replaced, in each way that may do, and words for it; itself without any to replace."""
    edits = list(InMemoryLoaders().edits(program))
    yield from ((edit.text, f"; {edit.title}") for edit in edits)
    if not edits:
        yield program.text, ""


@dataclass(frozen=True)
class _Form:
    """How a dataset gives its rows: as one tensor or as columns; by many numbers ``at_once``, which may be ``certain``."""

    single: bool
    at_once: bool
    certain: bool = False

    def definition(self, name: str, collate: str) -> str:
        """The class that replaces the loader of such a dataset."""
        if self.at_once:
            rows, prepared, how = "self.dataset[order]", "", ""
        else:
            rows = "[column[order] for column in self.columns]" if not self.single else "self.column[order]"
            target = "self.column" if self.single else "self.columns"
            prepared = f"        {target} = {collate}([dataset[index] for index in range(len(dataset))])\n"
            how = "\n\n    Every row is asked for once and kept: rows must not change.\n    "
        if self.single:
            return _CLASS.format(
                name=name,
                how=how,
                prepared=prepared,
                whole="All rows of an epoch in its order.",
                gathered=f"torch.as_tensor({rows})" if self.at_once else rows,
                split="columns.split(self.batch_size)",
            )
        gathered = f"[torch.as_tensor(column) for column in {rows}]" if self.at_once else rows
        return _CLASS.format(
            name=name, how=how, prepared=prepared, whole=_WHOLE, gathered=gathered, split=_SPLIT_COLUMNS
        )


class InMemoryLoaders:
    """Every data loader over rows in memory replaced by one that gathers an epoch at once."""

    name = "rows gathered an epoch at a time"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterator[Edit]:
        """For each kind of dataset that is loaded, its rows by many numbers at once, then collated once."""
        script = read(program.text)
        if script is None:
            return
        calls = {call: self._form(program, script, call) for call in script.calls_to(LOADER)}
        forms = dict.fromkeys(form for form in calls.values() if form is not None)
        for form in forms:
            chosen = [call for call, found in calls.items() if found == form]
            ways = [form, replace(form, at_once=False)] if form.at_once and not form.certain else [form]
            edits = (self._edit(program, script, chosen, way) for way in ways)
            yield from (edit for edit in edits if edit is not None)

    def _form(self, program: Program, script: Script, call: ast.Call) -> _Form | None:
        """How the loaded rows can be had, None for a loader or a dataset that does anything of its own."""
        dataset = script.argument(call, "dataset", 0)
        if dataset is None or len(call.args) > 3 or script.passes_unknown(call) or not _plain(script, call):
            return None
        made = construction(script, dataset)
        if made is not None and script.name(made.func) == _TENSORS:
            return _Form(single=False, at_once=True, certain=True)
        definition = class_of(script, dataset)
        getter = method(definition, "__getitem__") if definition is not None else None
        if definition is None or getter is None:
            return None
        form = _rows_form(script, getter)
        seen = program.facts.functions.get(f"{definition.name}.__getitem__")
        if form is None or seen is None or not seen.attributes:
            return form
        read = {node.attr for node in ast.walk(getter) if isinstance(node, ast.Attribute)}
        groups = {kind.group for name, kind in seen.attributes.items() if name in read}
        return replace(form, at_once=form.at_once and groups <= {"tensor", "array"}, certain=True)

    def _edit(self, program: Program, script: Script, calls: list[ast.Call], form: _Form) -> Edit | None:
        editor = Editor(script)
        name = Names(script).fresh("RowBatches")
        imported(editor, "torch", "torch")
        collate = "torch.utils.data.default_collate"
        add_definitions(editor, calls[0], form.definition(name, collate))
        for call in calls:
            editor.replace(call, f"{name}({', '.join(_arguments(editor, call))})")
        text = finished(editor)
        if text is None:
            return None
        lines = ", ".join(str(call.lineno) for call in calls)
        gathered = (
            "gathered an epoch at a time" if form.at_once else "collated once and gathered an epoch at a time"
        )
        return Edit(
            transformation=self.name,
            title=f"the rows of the data loader on line {lines} are {gathered}",
            reason="The rows are in memory; the same numbers are drawn in the same order, and the batches are the same.",
            text=text,
            seconds=_seconds(program, script, calls),
        )


def _plain(script: Script, call: ast.Call) -> bool:
    """Whether a loader has only options that leave order and content of its batches as they are known."""
    for keyword in call.keywords:
        constant = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
        if keyword.arg in _WITHOUT_EFFECT or (constant is None and keyword.arg not in _KEPT):
            continue
        if keyword.arg == "persistent_workers" and constant is False:
            continue
        if keyword.arg not in _KEPT:
            return False
    size = script.argument(call, "batch_size", 1)
    return not (isinstance(size, ast.Constant) and size.value is None)


def _arguments(editor: Editor, call: ast.Call) -> Iterator[str]:
    yield from (editor.text(argument) for argument in call.args)
    for keyword in call.keywords:
        if keyword.arg in _KEPT:
            yield f"{keyword.arg}={editor.text(keyword.value)}"


def _rows_form(script: Script, getter: ast.FunctionDef) -> _Form | None:
    """The form of an own dataset by its ``__getitem__``, None where a row may differ from one time to the next."""
    if len(getter.args.args) != 2:
        return None
    if any(_random(script.name(node.func)) for node in ast.walk(getter) if isinstance(node, ast.Call)):
        return None
    returned = [node.value for node in ast.walk(getter) if isinstance(node, ast.Return)]
    if not returned or any(value is None or isinstance(value, ast.Dict) for value in returned):
        return None
    single = not all(isinstance(value, ast.Tuple) for value in returned)
    body = body_of(getter)
    number = getter.args.args[1].arg
    at_once = len(body) == 1 and isinstance(body[0], ast.Return) and _only_indexes(body[0], number)
    return _Form(single, at_once)


def _only_indexes(statement: ast.Return, number: str) -> bool:
    """Whether the number of the row is used for nothing but ``self.attribute[number]``."""
    uses = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == number]
    indexed = [
        node
        for node in ast.walk(statement)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name) and node.slice.id == number
    ]
    return len(uses) == len(indexed) > 0


def _random(name: str) -> bool:
    return any(
        part in name
        for part in ("rand", "normal", "bernoulli", "permutation", "shuffle", "choice", "dropout")
    )


def _seconds(program: Program, script: Script, calls: list[ast.Call]) -> float:
    """The time that loading may take: of asking datasets for rows and stacking them, else of whoever loads."""
    rows = [facts for name, facts in program.facts.functions.items() if name.endswith(".__getitem__")]
    if rows:
        return sum(facts.seconds + _SECONDS_A_ROW * facts.calls for facts in rows)
    return seconds_around(program, script, calls)
