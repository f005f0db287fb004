"""Training loops read from a program's text: which steps a loop takes, and what else it does with each.

A loop is understood when its body makes one step of one optimiser on one batch: forward through a model, a loss that is
known, ``backward``, ``step``. What else the body does may use the loss as a number and the size of the batch, no more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from medalist.families.speedup.optimiser.training.reading import (
    class_of,
    construction,
    dotted,
    names_in,
    substituted,
)
from medalist.source.tree import Script

_CRITERIA = {
    "CrossEntropyLoss": "cross_entropy",
    "cross_entropy": "cross_entropy",
    "NLLLoss": "nll",
    "nll_loss": "nll",
    "MSELoss": "mean_square",
    "mse_loss": "mean_square",
    "BCEWithLogitsLoss": "logistic",
    "binary_cross_entropy_with_logits": "logistic",
}
_SQUEEZING = frozenset(("squeeze", "flatten", "view", "reshape", "ravel"))
_LEAVING = (ast.Break, ast.Continue, ast.Return, ast.Yield)
_NUMBER_OF = frozenset(("item", "detach", "cpu", "data", "clone"))


@dataclass(frozen=True)
class TrainingLoop:
    """A loop over batches, as read.

    ``features`` is what the model is given and ``wanted`` what its answer is compared with, both expressions of the
    batch's columns ``inputs`` and ``targets``. ``rest`` are the body's other statements, in which ``loss_numbers`` are
    the expressions that read the loss as a number and ``sizes`` those that read the number of rows.
    """

    loop: ast.For
    loader: ast.expr
    inputs: str
    targets: str
    model: ast.expr
    forward: str
    features: ast.expr
    optimizer: ast.expr
    criterion: str
    wanted: ast.expr
    loss: str
    rest: tuple[ast.stmt, ...]
    loss_numbers: tuple[ast.expr, ...]
    sizes: tuple[ast.expr, ...]


def training_loops(script: Script) -> Iterator[TrainingLoop]:
    """Every loop of the program that is understood."""
    for node in script.nodes:
        if isinstance(node, ast.For) and not node.orelse and _calls(node.body, "backward"):
            found = _Reading(script, node).loop()
            if found is not None:
                yield found


def _calls(statements: list[ast.stmt], attribute: str) -> list[ast.Call]:
    """Calls of ``something.attribute(...)`` that are statements of their own."""
    return [
        statement.value
        for statement in statements
        if isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Attribute)
        and statement.value.func.attr == attribute
    ]


def _owner(call: ast.Call) -> ast.expr:
    assert isinstance(call.func, ast.Attribute)
    return call.func.value


class _Reading:
    """Reads one loop; every question answers None where the loop does something else."""

    def __init__(self, script: Script, loop: ast.For) -> None:
        self._script = script
        self._loop = loop

    def loop(self) -> TrainingLoop | None:
        columns = self._columns()
        step = self._step()
        if columns is None or step is None:
            return None
        (inputs, targets), body = columns
        optimizer, loss, skipped = step
        values: dict[str, ast.expr] = {}
        before = True
        rest: list[ast.stmt] = []
        for statement in body:
            if statement in skipped:
                before = before and not _calls([statement], "backward")
            elif before and isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                values[statement.targets[0].id] = substituted(statement.value, values)
            else:
                rest.append(statement)
        compared = self._compared(values.get(loss))
        if compared is None or not isinstance(self._loop.iter, ast.expr):
            return None
        criterion, answer, wanted = compared
        called = self._called(answer)
        own = {inputs, targets, *values}
        read = self._read_rest(rest, loss, own) if called is not None else None
        if called is None or read is None or names_in(called[2]) & {targets} or names_in(wanted) & {inputs}:
            return None
        if self._used_later(own):
            return None
        model, forward, features = called
        return TrainingLoop(
            loop=self._loop,
            loader=self._loop.iter,
            inputs=inputs,
            targets=targets,
            model=model,
            forward=forward,
            features=features,
            optimizer=optimizer,
            criterion=criterion,
            wanted=wanted,
            loss=loss,
            rest=tuple(rest),
            loss_numbers=read[0],
            sizes=read[1],
        )

    def _columns(self) -> tuple[tuple[str, str], list[ast.stmt]] | None:
        """The names of a batch's two columns, and the body without their unpacking."""
        target, body = self._loop.target, self._loop.body
        if isinstance(target, ast.Name) and isinstance(body[0], ast.Assign):
            value = body[0].value
            if isinstance(value, ast.Name) and value.id == target.id:
                target, body = body[0].targets[0], body[1:]
        match target:
            case ast.Tuple(elts=[ast.Name(id=inputs), ast.Name(id=targets)]):
                return (inputs, targets), body
            case _:
                return None

    def _step(self) -> tuple[ast.expr, str, set[ast.stmt]] | None:
        """The optimiser, the loss's name, and the statements that make the step."""
        found: dict[str, ast.Call] = {}
        skipped: set[ast.stmt] = set()
        for statement in self._loop.body:
            for kind in ("zero_grad", "backward", "step"):
                for call in _calls([statement], kind):
                    if kind in found or (call.args and kind != "zero_grad"):
                        return None
                    found[kind] = call
                    skipped.add(statement)
        if len(found) < 3:
            return None
        optimizer, loss = _owner(found["step"]), _owner(found["backward"])
        if not isinstance(loss, ast.Name) or not self._script.name(optimizer).startswith("torch.optim."):
            return None
        return optimizer, loss.id, skipped

    def _compared(self, loss: ast.expr | None) -> tuple[str, ast.expr, ast.expr] | None:
        """Which loss it is, the model's answer and what is wanted."""
        if not isinstance(loss, ast.Call):
            return None
        name = self._script.name(loss.func)
        made = construction(self._script, loss.func) if name.endswith("()") else None
        kind = _CRITERIA.get(name.removesuffix("()").rpartition(".")[2])
        plain = (
            len(loss.args) == 2
            and not loss.keywords
            and not (made is not None and (made.args or made.keywords))
        )
        if kind is None or not plain or not name.startswith("torch.nn"):
            return None
        return kind, loss.args[0], loss.args[1]

    def _called(self, answer: ast.expr) -> tuple[ast.expr, str, ast.expr] | None:
        """The model, the method of it that is called, and what with; a squeezed answer is the same numbers."""
        while isinstance(answer, ast.Call) and isinstance(answer.func, ast.Attribute):
            owner, name = answer.func.value, answer.func.attr
            if name not in _SQUEEZING:
                break
            answer = owner
        if not isinstance(answer, ast.Call) or len(answer.args) != 1 or answer.keywords:
            return None
        callee = answer.func
        if isinstance(callee, ast.Attribute) and class_of(self._script, callee.value) is not None:
            return callee.value, callee.attr, answer.args[0]
        return callee, "forward", answer.args[0]

    def _read_rest(
        self, rest: list[ast.stmt], loss: str, own: set[str]
    ) -> tuple[tuple[ast.expr, ...], tuple[ast.expr, ...]] | None:
        """Where the other statements read the loss as a number and the size of the batch; nothing else of a step."""
        numbers: list[ast.expr] = []
        sizes: list[ast.expr] = []
        waiting: list[ast.AST] = list(rest)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.expr) and _number_of(node) == loss:
                numbers.append(node)
            elif isinstance(node, ast.expr) and _size_of(node) in own:
                sizes.append(node)
            elif isinstance(node, _LEAVING) or (isinstance(node, ast.Name) and node.id in own):
                return None
            else:
                waiting.extend(ast.iter_child_nodes(node))
        return tuple(numbers), tuple(sizes)

    def _used_later(self, own: set[str]) -> bool:
        """Whether the function reads a name of a step behind the loop before it is bound anew."""
        behind = [
            node
            for node in ast.walk(self._script.function_of(self._loop))
            if isinstance(node, ast.Name) and node.id in own and node.lineno > (self._loop.end_lineno or 0)
        ]
        first: dict[str, ast.Name] = {}
        for node in sorted(behind, key=lambda name: (name.lineno, isinstance(name.ctx, ast.Load))):
            first.setdefault(node.id, node)
        return any(isinstance(node.ctx, ast.Load) for node in first.values())


def _number_of(node: ast.AST) -> str:
    """The variable that an expression reads as a number: ``v.item()``, ``float(v)``, ``v.detach().item()``."""
    if isinstance(node, ast.Call) and dotted(node.func) == "float" and len(node.args) == 1:
        return _innermost(node.args[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "item":
        return _innermost(node.func.value)
    return ""


def _innermost(node: ast.expr) -> str:
    while True:
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=[]) if attr in _NUMBER_OF:
                node = owner
            case ast.Attribute(value=owner, attr="data"):
                node = owner
            case ast.Name(id=name):
                return name
            case _:
                return ""


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
