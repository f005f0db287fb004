"""Training steps read from a program's text: what a block of statements learns from what, and what else it does.

A step is understood when a block (the body of a loop or of a function) takes one model forward to a loss that is known,
goes ``backward`` and lets one optimiser ``step``. What else the block does may use the loss as a number, no more of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from medalist.families.speedup.optimiser.training.reading import (
    class_of,
    construction,
    dotted,
)
from medalist.source.tree import Script

_CRITERIA = {
    "CrossEntropyLoss": "cross_entropy",
    "cross_entropy": "cross_entropy",
    "BCELoss": "shares",
    "binary_cross_entropy": "shares",
    "L1Loss": "absolute",
    "l1_loss": "absolute",
    "NLLLoss": "nll",
    "nll_loss": "nll",
    "MSELoss": "mean_square",
    "mse_loss": "mean_square",
    "BCEWithLogitsLoss": "logistic",
    "binary_cross_entropy_with_logits": "logistic",
}
_SQUEEZING = frozenset(("squeeze", "flatten", "view", "reshape", "ravel"))
_NUMBER_OF = frozenset(("item", "detach", "cpu", "data", "clone"))
_CLIPPING = re.compile(r"torch\.nn\.utils(\.clip_grad)?\.clip_grad_norm_")


@dataclass(frozen=True)
class TrainingStep:
    """A step, as read. ``own`` are the statements that make it, ``place`` the one of them that assigns the loss.

    ``features`` is what the model is given and ``wanted`` what its answer is compared with. ``loss_numbers`` are the
    expressions in which the block's other statements read the variable ``loss`` as a number.
    """

    around: ast.stmt
    block: tuple[ast.stmt, ...]
    own: frozenset[ast.stmt]
    place: ast.stmt
    model: ast.expr
    forward: str
    call: ast.Call
    features: ast.expr
    optimizer: ast.expr
    criterion: str
    wanted: ast.expr
    loss: str
    loss_numbers: tuple[ast.expr, ...]
    clip: ast.expr | None
    """How long the whole gradient may be, None where it is not clipped."""
    answer: str
    """The variable of the model's answer that other statements read, "" where none does."""

    @property
    def others(self) -> tuple[ast.stmt, ...]:
        """The block's other statements."""
        return tuple(statement for statement in self.block if statement not in self.own)


def training_steps(script: Script) -> Iterator[TrainingStep]:
    """Every step of the program that is understood."""
    for node in script.nodes:
        if isinstance(node, ast.For | ast.While | ast.FunctionDef) and _calls(node.body, "backward"):
            found = _Reading(script, node, node.body).step()
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


class _Reading:
    """Reads one block; every question answers None where the block does something else."""

    def __init__(self, script: Script, around: ast.stmt, block: list[ast.stmt]) -> None:
        self._script = script
        self._around = around
        self._block = block
        self._own: set[ast.stmt] = set()
        self._clip: ast.expr | None = None
        self._answer = ""

    def step(self) -> TrainingStep | None:
        """The step that the block makes."""
        verbs = self._verbs()
        if verbs is None:
            return None
        optimizer, loss, backward = verbs
        followed = self._followed(ast.Name(loss), backward)
        compared = self._compared(followed[0])
        if compared is None:
            return None
        criterion, answer, wanted = compared
        place = self._block[followed[1]]
        called = self._called(self._followed(answer, followed[1])[0])
        self._answer = answer.id if isinstance(answer, ast.Name) else ""
        numbers = self._numbers(loss)
        if called is None or numbers is None or self._used_later({loss, self._answer}):
            return None
        model, forward, call = called
        return TrainingStep(
            around=self._around,
            block=tuple(self._block),
            own=frozenset(self._own),
            place=place,
            model=model,
            forward=forward,
            call=call,
            features=call.args[0],
            optimizer=optimizer,
            criterion=criterion,
            wanted=wanted,
            loss=loss,
            loss_numbers=numbers,
            clip=self._clip,
            answer=self._answer,
        )

    def _verbs(self) -> tuple[ast.expr, str, int] | None:
        """The optimiser, the loss's name, and where in the block it goes backward."""
        found: dict[str, ast.expr] = {}
        backward = 0
        for index, statement in enumerate(self._block):
            if self._clips(statement):
                self._own.add(statement)
            for verb in ("zero_grad", "backward", "step"):
                for call in _calls([statement], verb):
                    owner = call.func.value if isinstance(call.func, ast.Attribute) else call.func
                    if verb == "step" and ".lr_scheduler." in self._script.name(owner):
                        continue
                    if verb in found or call.args:
                        return None
                    found[verb] = owner
                    self._own.add(statement)
                    backward = index if verb == "backward" else backward
        if len(found) < 3:
            return None
        optimizer, loss = found["step"], found["backward"]
        if not isinstance(loss, ast.Name) or not self._script.name(optimizer).startswith("torch.optim."):
            return None
        return optimizer, loss.id, backward

    def _clips(self, statement: ast.stmt) -> bool:
        """Whether a statement shortens the gradient of a model's parameters; keeps how long it may be."""
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or not _CLIPPING.fullmatch(self._script.name(call.func)):
            return False
        self._clip = self._script.argument(call, "max_norm", 1)
        return self._clip is not None and len(call.args) + len(call.keywords) == 2

    def _followed(self, expression: ast.expr, before: int) -> tuple[ast.expr, int]:
        """What a variable of the block was assigned before the statement ``before``, and where; squeezing left out."""
        while True:
            match expression:
                case ast.Name(id=name):
                    for index in reversed(range(before)):
                        match self._block[index]:
                            case ast.Assign(targets=[ast.Name(id=assigned)], value=value) if assigned == name:
                                self._own.add(self._block[index])
                                expression, before = value, index
                                break
                    else:
                        return expression, before
                case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in _SQUEEZING:
                    expression = owner
                case _:
                    return expression, before

    def _compared(self, loss: ast.expr) -> tuple[str, ast.expr, ast.expr] | None:
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

    def _called(self, answer: ast.expr) -> tuple[ast.expr, str, ast.Call] | None:
        """The model, the method of it that is called, and the call."""
        if not isinstance(answer, ast.Call) or len(answer.args) != 1 or answer.keywords:
            return None
        callee = answer.func
        if isinstance(callee, ast.Attribute) and class_of(self._script, callee.value) is not None:
            return callee.value, callee.attr, answer
        return callee, "forward", answer

    def _numbers(self, loss: str) -> tuple[ast.expr, ...] | None:
        """Where the other statements read the loss as a number, None where they use more of the step than the answer."""
        bound = {
            target.id
            for statement in self._own
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        numbers: list[ast.expr] = []
        read: set[str] = set()
        waiting: list[ast.AST] = [statement for statement in self._block if statement not in self._own]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.expr) and _number_of(node) == loss:
                numbers.append(node)
            elif isinstance(node, ast.Name) and node.id in bound:
                read.add(node.id)
            else:
                waiting.extend(ast.iter_child_nodes(node))
        if not read:
            self._answer = ""
        return tuple(numbers) if read <= {self._answer} else None

    def _used_later(self, names: set[str]) -> bool:
        """Whether the function reads one of ``names`` behind the block before it is bound anew."""
        end = self._block[-1].end_lineno or 0
        behind = [
            node
            for node in ast.walk(self._script.function_of(self._block[0]))
            if isinstance(node, ast.Name) and node.id in names and node.lineno > end
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
