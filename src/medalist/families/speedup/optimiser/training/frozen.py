"""Parts of a network that never learn: computed for all rows of an epoch at once instead of a batch at a time.

Such a part is the beginning of a module's ``forward`` up to where its values are detached. What stands before that point
gets no gradient, so an optimiser leaves it as it is; and where nothing random happens in it, a row's value does not
depend on the batch it comes in.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from medalist.families.speedup.optimiser.facts import Facts, FunctionFacts
from medalist.families.speedup.optimiser.training.loaders import texts_with_rows_in_memory
from medalist.families.speedup.optimiser.training.reading import (
    Names,
    body_of,
    class_of,
    finished,
    method,
    read,
    with_rows,
)
from medalist.families.speedup.optimiser.training.sources import BatchLoop, Epoch, batch_loop, epoch_of
from medalist.families.speedup.optimiser.training.steps import training_steps
from medalist.families.speedup.optimiser.transformation import Edit, Program
from medalist.source.edits import Editor
from medalist.source.tree import Script

_CUTTING = frozenset(("detach", "item", "numpy", "tolist"))
_MADE_ANEW = frozenset(("torch.tensor", "torch.from_numpy", "torch.as_tensor"))
_RANDOM = ("dropout", "rand", "bernoulli", "normal", "multinomial", "batchnorm", "batch_norm")
_MAX_DEPTH = 4
_INDENT = 4


class FrozenParts:
    """The part of a network that no gradient passes, computed once an epoch."""

    name = "frozen part once an epoch"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterator[Edit]:
        """One edit for each training loop whose model has such a part."""
        for text, how in texts_with_rows_in_memory(program):
            split = with_frozen_part(text, program.facts)
            if split is not None and split.by_epoch:
                yield Edit(
                    transformation=self.name,
                    title=f"the part of the network that no gradient passes is computed for an epoch's rows at once{how}",
                    reason="Its weights never change, nothing random happens in it, and each row stands for itself.",
                    text=split.text,
                    seconds=split.seconds,
                )


@dataclass(frozen=True)
class Split:
    """A program whose first model with a frozen part is split in two; ``seconds`` is what the part took in a run.

    ``by_epoch`` says that the part is computed for an epoch's rows at once, not still for each batch.
    """

    text: str
    seconds: float
    by_epoch: bool


def with_frozen_part(program_text: str, facts: Facts) -> Split | None:
    """The program with the first training loop's model split, None where no loop's model has a frozen part."""
    script = read(program_text)
    for step in training_steps(script) if script is not None else ():
        definition = class_of(script, step.model) if script is not None else None
        function = method(definition, "forward") if definition is not None else None
        if script is None or step.forward != "forward" or definition is None or function is None:
            continue
        part = _Part.find(_Gradients(script, definition.name, facts), function)
        if part is not None:
            editor = Editor(script)
            names = Names(script)
            frozen, trained = names.fresh("frozen"), names.fresh("trained")
            part.divide(editor, frozen, trained)
            loop = batch_loop(step)
            epoch = epoch_of(script, loop, names) if loop is not None and loop.direct else None
            model = editor.text(step.model)
            if loop is not None and epoch is not None:
                _take_out(editor, loop, epoch, f"{model}.{frozen}")
                editor.replace(step.call, f"{model}.{trained}({loop.inputs})")
            else:
                editor.replace(
                    step.call, f"{model}.{trained}({model}.{frozen}({editor.text(step.features)}))"
                )
            text = finished(editor)
            return Split(text, part.seconds, by_epoch=epoch is not None) if text is not None else None
    return None


def _take_out(editor: Editor, loop: BatchLoop, epoch: Epoch, frozen: str) -> None:
    """Let the loop compute the part for an epoch's rows before its first batch."""
    if epoch.prelude:
        editor.insert_before(loop.loop, epoch.prelude)
    features = with_rows(loop.features, loop.inputs, epoch.columns[loop.inputs])
    editor.replace(loop.batches, epoch.batches({loop.inputs: f"{frozen}({features})"}))


@dataclass(frozen=True)
class _Part:
    """Where a ``forward`` is cut: in its statement ``index`` at ``expression``, or behind it where that is None."""

    function: ast.FunctionDef
    index: int
    expression: ast.expr | None
    value: str
    seconds: float = 0.0

    @classmethod
    def find(cls, gradients: _Gradients, function: ast.FunctionDef) -> _Part | None:
        """The last place at which ``function`` can be cut, None where there is none that stands for itself."""
        if len(function.args.args) != 2 or function.col_offset != _INDENT:
            return None
        taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        value = "hidden"
        while value in taken:
            value += "_values"
        for index, statement in reversed(list(enumerate(body_of(function)))):
            part: _Part | None = None
            match statement:
                case ast.With(body=[*_, ast.Assign(targets=[ast.Name(id=target)])]) if gradients.off(
                    statement
                ):
                    part = cls(function, index, None, target)
                case ast.Assign(value=expression) | ast.Return(value=ast.expr() as expression):
                    found = gradients.outermost_cut(expression)
                    part = cls(function, index, found, value) if found is not None else None
                case _:
                    return None
            if part is not None:
                fits = part._stands_for_itself() and not gradients.random(part._before())
                return replace(part, seconds=gradients.seconds(part._before())) if fits else None
        return None

    def _before(self) -> list[ast.AST]:
        body = body_of(self.function)
        last: ast.AST = body[self.index] if self.expression is None else self.expression
        return [*body[: self.index], last]

    def _stands_for_itself(self) -> bool:
        """Whether what comes behind the cut reads nothing from before it but the value."""
        body = body_of(self.function)
        behind = body[self.index + 1 :] if self.expression is None else body[self.index :]
        inside = set(ast.walk(self.expression)) if self.expression is not None else set()
        names = [node for node in ast.walk(self.function) if isinstance(node, ast.Name)]
        local = {node.id for node in names if isinstance(node.ctx, ast.Store)} | {
            self.function.args.args[1].arg
        }
        bound = {self.value} if self.expression is None else set()
        for statement in behind:
            used = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node not in inside]
            if any(node.id in local - bound for node in used if isinstance(node.ctx, ast.Load)):
                return False
            bound |= {node.id for node in used if isinstance(node.ctx, ast.Store)}
        return True

    def divide(self, editor: Editor, frozen: str, trained: str) -> None:
        """Write the part and the rest as methods of their own, and ``forward`` as one behind the other."""
        body = body_of(self.function)
        given = self.function.args.args[1].arg
        value = self.value
        first = [editor.text(statement) for statement in body[: self.index]]
        rest = [editor.text(statement) for statement in body[self.index + 1 :]]
        cut = editor.text(body[self.index])
        if self.expression is None:
            first += [cut, f"return {value}"]
        else:
            expression = editor.text(self.expression)
            start = editor.span(self.expression)[0] - editor.span(body[self.index])[0]
            first.append(f"return {expression}")
            rest.insert(0, cut[:start] + value + cut[start + len(expression) :])
        documented = [
            editor.text(statement) for statement in self.function.body[: len(self.function.body) - len(body)]
        ]
        header = editor.text(self.function)[
            : editor.span(self.function.body[0])[0] - editor.span(self.function)[0]
        ]
        editor.replace(
            self.function,
            _method(
                f"def {frozen}(self, {given}):",
                [
                    '"""What ``forward`` begins with: no gradient passes it, nothing random, each row by itself."""',
                    *first,
                ],
            )
            + _method(
                f"    def {trained}(self, {value}):", ['"""The rest of ``forward``, which learns."""', *rest]
            )
            + _method(
                "    " + header.rstrip(), [*documented, f"return self.{trained}(self.{frozen}({given}))"]
            ).rstrip(),
        )


def _method(header: str, statements: list[str]) -> str:
    lines = "".join(f"        {statement}\n" for statement in statements)
    return f"{header}\n{lines}\n"


class _Gradients:
    """What of a class's ``forward`` no gradient passes, by the text and by what was seen."""

    def __init__(self, script: Script, owner: str, facts: Facts) -> None:
        self._script = script
        self._owner = owner
        self._facts = facts

    def off(self, statement: ast.With) -> bool:
        """Whether gradients are switched off in a ``with``."""
        names = {self._script.name(item.context_expr).removesuffix("()") for item in statement.items}
        return bool(names & {"torch.no_grad", "torch.inference_mode"})

    def outermost_cut(self, expression: ast.expr) -> ast.expr | None:
        """The largest part of an expression that carries no gradient, None where there is none."""
        if self._cut(expression, 0):
            return expression
        for child in ast.iter_child_nodes(expression):
            found = self.outermost_cut(child) if isinstance(child, ast.expr) else None
            if found is not None:
                return found
        return None

    def _cut(self, expression: ast.expr, depth: int) -> bool:
        if not isinstance(expression, ast.Call) or depth > _MAX_DEPTH:
            return False
        if isinstance(expression.func, ast.Attribute) and expression.func.attr in _CUTTING:
            return True
        name = self._script.name(expression.func)
        if name in _MADE_ANEW:
            return True
        definition = self._script.definition(expression.func)
        if isinstance(definition, ast.FunctionDef):
            return self._returns_cut(definition)
        elementwise = name.startswith("torch.") and "()" not in name and not _is_random(name)
        return elementwise and len(expression.args) > 0 and self._cut(expression.args[0], depth + 1)

    def _returns_cut(self, function: ast.FunctionDef) -> bool:
        seen = self._seen(function)
        if seen is not None and seen.returns is not None:
            return seen.returns.group == "tensor" and seen.returns.detached
        cuts = (n.attr for n in ast.walk(function) if isinstance(n, ast.Attribute))
        return any(name in _CUTTING or name in ("no_grad", "inference_mode") for name in cuts)

    def _seen(self, function: ast.FunctionDef) -> FunctionFacts | None:
        functions = self._facts.functions
        return functions.get(f"{self._owner}.{function.name}") or functions.get(function.name)

    def random(self, nodes: Iterable[ast.AST], depth: int = 0) -> bool:
        """Whether anything random, or that depends on the batch, may happen in ``nodes``."""
        for call in self._calls(nodes):
            definition = self._script.definition(call.func)
            if isinstance(definition, ast.FunctionDef):
                if depth < _MAX_DEPTH and self.random([definition], depth + 1):
                    return True
            elif _is_random(self._script.name(call.func)):
                return True
        return False

    def seconds(self, nodes: Iterable[ast.AST]) -> float:
        """What the program's own functions that ``nodes`` call took in a run; without any, half of ``forward`` itself."""
        definitions = {self._script.definition(call.func) for call in self._calls(nodes)}
        seen = (self._seen(function) for function in definitions if isinstance(function, ast.FunctionDef))
        forward = self._facts.functions.get(f"{self._owner}.forward")
        own = forward.own_seconds / 2 if forward is not None else 0.0
        return sum(facts.seconds for facts in seen if facts is not None) or own

    def _calls(self, nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
        for node in nodes:
            yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))


def _is_random(name: str) -> bool:
    return any(part in name.lower() for part in _RANDOM)
