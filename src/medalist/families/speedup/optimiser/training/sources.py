"""Loops over batches, and where their batches come from when all rows of an epoch can be had at once."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from medalist.families.speedup.optimiser.training.reading import (
    Names,
    class_of,
    dotted,
    method,
    names_in,
    substituted,
)
from medalist.families.speedup.optimiser.training.steps import TrainingStep
from medalist.source.edits import Editor
from medalist.source.tree import Script

_LEAVING = (ast.Break, ast.Continue, ast.Return, ast.Yield)
_IN_MEMORY = ("epoch", "split", "__iter__", "__len__")


@dataclass(frozen=True)
class BatchLoop:
    """A loop whose every round is a step on a batch, and which can be made for a whole epoch at once.

    ``batches`` is what it goes through, ``columns`` are the names of a batch's parts, of which ``features`` and
    ``wanted`` use ``inputs`` and ``targets``.
    ``rest`` is what else the loop does, in which ``sizes`` are the expressions that count the rows of a batch; ``direct``
    says that nothing else is made of a batch on its way to the model.
    """

    loop: ast.For
    batches: ast.expr
    columns: tuple[str, ...]
    inputs: str
    targets: str
    features: ast.expr
    wanted: ast.expr
    rest: tuple[ast.stmt, ...]
    sizes: tuple[ast.expr, ...]
    direct: bool


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


def batch_loop(step: TrainingStep) -> BatchLoop | None:
    """The loop over batches that the step is made in, None where rounds depend on more than their batch."""
    loop = step.around
    if not isinstance(loop, ast.For) or loop.orelse:
        return None
    target, others, batches = loop.target, list(step.others), loop.iter
    match target, batches:
        case ast.Tuple(elts=[ast.Name(id=number), part]), ast.Call(
            func=ast.Name(id="enumerate"), args=[counted]
        ):
            if any(number in names_in(statement) for statement in loop.body):
                return None
            target, batches = part, counted
    if isinstance(target, ast.Name) and others and isinstance(others[0], ast.Assign):
        unpacked = others[0]
        if isinstance(unpacked.value, ast.Name) and unpacked.value.id == target.id:
            target, others = unpacked.targets[0], others[1:]
    if not isinstance(target, ast.Tuple) or not all(isinstance(part, ast.Name) for part in target.elts):
        return None
    columns = tuple(part.id for part in target.elts if isinstance(part, ast.Name))
    values: dict[str, ast.expr] = {}
    rest: list[ast.stmt] = []
    for statement in others:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) if statement.lineno < step.place.lineno:
                values[name] = substituted(statement.value, values)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=given)) if (
                statement.lineno < step.place.lineno and len(names) == len(given)
            ):
                pairs = [
                    (dotted(name), substituted(each, values)) for name, each in zip(names, given, strict=True)
                ]
                values |= dict(pairs)
            case _:
                rest.append(statement)
    features, wanted = substituted(step.features, values), substituted(step.wanted, values)
    inputs, targets = names_in(features) & {*columns}, names_in(wanted) & {*columns}
    own = {*columns, *values, step.answer} - {""}
    sizes = _sizes(rest, own, set(step.loss_numbers))
    if len(inputs) != 1 or len(targets) != 1 or inputs == targets or sizes is None:
        return None
    (given,), (compared,) = inputs, targets
    return BatchLoop(
        loop, batches, columns, given, compared, features, wanted, tuple(rest), sizes, direct=not values
    )


def _sizes(rest: list[ast.stmt], own: set[str], numbers: set[ast.expr]) -> tuple[ast.expr, ...] | None:
    """Where ``rest`` counts rows of a batch, None where it does more with a batch or leaves the loop."""
    sizes: list[ast.expr] = []
    waiting: list[ast.AST] = list(rest)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr) and _size_of(node) in own:
            sizes.append(node)
        elif isinstance(node, _LEAVING) or (isinstance(node, ast.Name) and node.id in own):
            return None
        elif node not in numbers:
            waiting.extend(ast.iter_child_nodes(node))
    return tuple(sizes)


def epoch_of(script: Script, loop: BatchLoop, names: Names) -> Epoch | None:
    """The epoch that a loop goes through, None where its batches come in a way of their own."""
    editor = Editor(script)
    batches = loop.batches
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


def _size_of(node: ast.AST) -> str:
    """The variable whose rows an expression counts: ``len(v)``, ``v.size(0)``, ``v.shape[0]``."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="size"), args=[ast.Constant(value=0)]):
            return name
        case ast.Subscript(
            value=ast.Attribute(value=ast.Name(id=name), attr="shape"), slice=ast.Constant(value=0)
        ):
            return name
        case _:
            return ""
