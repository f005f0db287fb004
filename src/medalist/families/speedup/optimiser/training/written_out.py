"""Training steps without autograd: forward, gradient and update of a feed-forward network written out for an epoch.

Per step torch spends a few hundred microseconds on building and walking a graph, whatever the size of the network. For
a chain of linear layers, element-wise activations and dropout the same arithmetic is a dozen array expressions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from medalist.families.speedup.optimiser.training import kernels
from medalist.families.speedup.optimiser.training.arithmetic import Arithmetic, arithmetic_of, clipping
from medalist.families.speedup.optimiser.training.frozen import with_frozen_part
from medalist.families.speedup.optimiser.training.loaders import texts_with_rows_in_memory
from medalist.families.speedup.optimiser.training.networks import Activation, chain_of
from medalist.families.speedup.optimiser.training.reading import (
    REMOVED,
    Names,
    add_definitions,
    construction,
    finished,
    imported,
    is_constant,
    read,
    seconds_around,
    with_rows,
)
from medalist.families.speedup.optimiser.training.sources import BatchLoop, Epoch, batch_loop, epoch_of
from medalist.families.speedup.optimiser.training.steps import TrainingStep, training_steps
from medalist.families.speedup.optimiser.transformation import Edit, Program
from medalist.source.edits import Editor
from medalist.source.tree import Script

_DECLINED = frozenset(
    ("amsgrad", "maximize", "dampening", "differentiable", "capturable", "decoupled_weight_decay")
)


@dataclass(frozen=True)
class _Optimiser:
    """How one of torch's optimisers is written out: its update for NumPy and for numba, its state and its options."""

    arrays: str
    loops: str
    state: tuple[str, ...]
    options: tuple[str, ...]
    counts: bool


_ADAM = ('group["lr"]', '*group["betas"]', 'group["eps"]', 'group["weight_decay"]')
_OPTIMISERS = {
    "torch.optim.Adam": _Optimiser(
        kernels.ADAM.replace("{decayed}", "gradient = gradient + decay * parameter"),
        kernels.ADAM_LOOPS.replace("{decayed}", "pull = real(decay)")
        .replace("{slope}", "slopes[at] + pull * values[at]")
        .replace("{value}", "values[at]"),
        ("exp_avg", "exp_avg_sq"),
        _ADAM,
        counts=True,
    ),
    "torch.optim.AdamW": _Optimiser(
        kernels.ADAM.replace("{decayed}", "parameter *= 1.0 - rate * decay"),
        kernels.ADAM_LOOPS.replace("{decayed}", "keep = real(1.0 - rate * decay)")
        .replace("{slope}", "slopes[at]")
        .replace("{value}", "keep * values[at]"),
        ("exp_avg", "exp_avg_sq"),
        _ADAM,
        counts=True,
    ),
    "torch.optim.SGD": _Optimiser(
        kernels.SGD,
        kernels.SGD_LOOPS,
        ("momentum_buffer",),
        ('group["lr"]', 'group["momentum"]', 'group["weight_decay"]', 'group["nesterov"]'),
        counts=False,
    ),
}
_STEP_ARGUMENTS = (
    *("inputs", "targets", "batch_size", "losses", "masks"),
    *("parameters", "states", "steps_before", "options"),
)
_LOSSES = {
    "cross_entropy": (kernels.CROSS_ENTROPY, kernels.CROSS_ENTROPY_LOOPS),
    "mean_square": (kernels.MEAN_SQUARE, kernels.MEAN_SQUARE),
    "absolute": (kernels.ABSOLUTE, kernels.ABSOLUTE),
    "logistic": (kernels.LOGISTIC, kernels.LOGISTIC),
}


class WrittenOutSteps:
    """A training loop's steps written out, as NumPy or compiled by numba."""

    def __init__(self, *, compiled: bool) -> None:
        self._compiled = compiled
        self.name = "compiled training steps" if compiled else "training steps without autograd"
        self.needs: tuple[str, ...] = ("numba", "scipy") if compiled else ()

    def edits(self, program: Program) -> Iterator[Edit]:
        """One edit for each training loop whose network is a chain; frozen parts are taken out of the loop first."""
        for in_memory, how in texts_with_rows_in_memory(program):
            split = with_frozen_part(in_memory, program.facts)
            script = read(split.text if split is not None else in_memory)
            if script is not None:
                yield from self._edits(program, script, how)

    def _edits(self, program: Program, script: Script, how: str) -> Iterator[Edit]:
        steps = list(training_steps(script))
        for number, step in enumerate(steps, 1):
            text = _Writing(script, step, self._compiled).text()
            if text is not None:
                function = getattr(script.function_of(step.place), "name", "the module")
                which = f" ({number} of {len(steps)})" if len(steps) > 1 else ""
                yield Edit(
                    transformation=self.name,
                    title=f"the training steps of `{function}`{which} are written out without autograd{how}",
                    reason="The same sums by hand: forward, gradient and update, with the same random draws.",
                    text=text,
                    seconds=seconds_around(program, script, [step.place]),
                )


class _Writing:
    """One training step on its way to being written out, by epoch where its loop allows it."""

    def __init__(self, script: Script, step: TrainingStep, compiled: bool) -> None:
        self._script = script
        self._step = step
        self._compiled = compiled
        self._names = Names(script)
        self._editor = Editor(script)
        loop = batch_loop(step)
        self._epoch = epoch_of(script, loop, self._names) if loop is not None else None
        self._loop = loop if self._epoch is not None else None

    def text(self) -> str | None:
        """The program with the step written out, None where step, network or optimiser is of another kind."""
        step = self._step
        chain = chain_of(self._script, step.model, step.forward)
        criterion = step.criterion
        # A loss that takes the logarithm of shares itself, and the network's own last step to shares, belong together.
        if criterion in ("nll", "cross_entropy") and chain and chain[-1] == Activation("log_softmax"):
            chain, criterion = chain[:-1], "cross_entropy"
        if criterion == "shares" and chain and chain[-1] == Activation("sigmoid"):
            chain, criterion = chain[:-1], "logistic"
        arithmetic = arithmetic_of(chain) if chain else None
        optimiser = self._optimiser()
        alone = all(self._editor.stands_alone(statement) for statement in step.own)
        if arithmetic is None or optimiser is None or criterion not in _LOSSES or not alone:
            return None
        if step.clip is not None and not is_constant(self._script, step.clip):
            return None
        function = self._names.fresh("train_batches")
        if self._loop is not None and self._epoch is not None:
            self._use_for_epoch(self._loop, self._epoch, function)
        else:
            self._use_for_batch(function)
        definitions = self._definitions(arithmetic, optimiser, criterion, function)
        add_definitions(self._editor, step.place, "\n\n".join(definitions))
        imported(self._editor, "torch", "torch")
        imported(self._editor, "numpy", "np")
        return finished(self._editor)

    def _optimiser(self) -> _Optimiser | None:
        made = construction(self._script, self._step.optimizer)
        known = _OPTIMISERS.get(self._script.name(made.func)) if made is not None else None
        if made is None or known is None or any(keyword.arg in _DECLINED for keyword in made.keywords):
            return None
        parameters = made.args[0] if made.args else None
        whole = isinstance(parameters, ast.Call) and getattr(parameters.func, "attr", "") == "parameters"
        return known if whole and not self._script.passes_unknown(made) else None

    # ---- the loop

    def _use_for_epoch(self, loop: BatchLoop, epoch: Epoch, function: str) -> None:
        """Put a call in the place of the loop's steps, with what else the loop did for each."""
        editor, loss = self._editor, self._step.loss
        features = with_rows(loop.features, loop.inputs, epoch.columns[loop.inputs])
        wanted = with_rows(loop.wanted, loop.targets, epoch.columns[loop.targets])
        call = self._call(function, f"{features}, {wanted}, {epoch.batch_size}")
        indent = " " * loop.loop.col_offset
        prelude = "".join(f"{line}\n{indent}" for line in epoch.prelude.splitlines())
        if not loop.rest:
            editor.replace(loop.loop, prelude + call)
            return
        changes = dict.fromkeys(self._step.loss_numbers, loss)
        target = loss
        if loop.sizes:
            size = self._names.fresh("batch_rows")
            changes |= dict.fromkeys(loop.sizes, size)
            target = f"{loss}, {size}"
        lines = (f"{' ' * each.col_offset}{self._changed(each, changes)}" for each in loop.rest)
        body = "\n".join(lines)
        editor.replace(loop.loop, f"{prelude}for {target} in {call}:\n{body}")

    def _use_for_batch(self, function: str) -> None:
        """Put a call in the place of one step, and leave all else as it is."""
        editor, step = self._editor, self._step
        for statement in step.own - {step.place}:
            editor.replace(statement, REMOVED)
        for number in step.loss_numbers:
            editor.replace(number, step.loss)
        columns = f"{editor.text(step.features)}, {editor.text(step.wanted)}"
        results = f"[{step.loss}], {step.answer}" if step.answer else f"[{step.loss}]"
        editor.replace(step.place, f"{results} = {self._call(function, columns)}")

    def _call(self, function: str, columns: str) -> str:
        step = self._step
        return f"{function}({self._editor.text(step.model)}, {self._editor.text(step.optimizer)}, {columns})"

    def _changed(self, statement: ast.stmt, changes: dict[ast.expr, str]) -> str:
        """The text of a statement in which expressions are replaced."""
        start = self._editor.span(statement)[0]
        text = self._editor.text(statement)
        inside = set(ast.walk(statement))
        places = sorted((self._editor.span(node), new) for node, new in changes.items() if node in inside)
        for (first, last), new in reversed(places):
            text = text[: first - start] + new + text[last - start :]
        return text

    # ---- the functions

    def _definitions(
        self, arithmetic: Arithmetic, optimiser: _Optimiser, criterion: str, function: str
    ) -> Iterator[str]:
        fresh = {
            name: self._names.fresh(name) for name in ("train_steps", "batch_loss", "update", "dropout_masks")
        }
        arrays, loops = _LOSSES[criterion]
        compiled = self._compiled
        head = ""
        if compiled:
            imported(self._editor, "numba", "numba")
            head = kernels.COMPILED
        loss = (loops if compiled else arrays).format(loss=fresh["batch_loss"])
        update = (optimiser.loops if compiled else optimiser.arrays).format(update=fresh["update"])
        if "math." in loss + update or self._step.clip is not None:
            imported(self._editor, "math", "math")
        yield head + loss
        yield head + update
        yield head + self._steps(arithmetic, fresh)
        if arithmetic.masks:
            yield kernels.MASKS.format(masks=fresh["dropout_masks"])
        yield self._front(arithmetic, optimiser, criterion, function, fresh)

    def _front(
        self,
        arithmetic: Arithmetic,
        optimiser: _Optimiser,
        criterion: str,
        function: str,
        fresh: dict[str, str],
    ) -> str:
        state = dict.fromkeys(optimiser.state, "torch.zeros_like(parameter)")
        if optimiser.counts:
            state = {"step": "torch.zeros(())", **state}
        masks = ["    masks = ()"]
        if arithmetic.masks:
            layers = "".join(f"        ({width}, {share}),\n" for width, share in arithmetic.widths)
            masks = [
                f"    layers = [\n{layers}    ]",
                f"    masks = {fresh['dropout_masks']}(len(inputs), batch_size, inputs.dtype, layers)",
            ]
        after = ['    for state in states:\n        state["step"] += len(losses)'] if optimiser.counts else []
        returned = "the losses"
        if self._loop is not None and self._loop.sizes:
            returned += " with the rows of each batch"
            after.append(
                "    sizes = [min(batch_size, len(inputs) - start) for start in range(0, len(inputs), batch_size)]"
            )
            after.append("    return list(zip(losses.tolist(), sizes, strict=True))")
        elif self._step.answer:
            returned += " and the network's answers"
            after.append("    return losses.tolist(), torch.from_numpy(answers)")
        else:
            after.append("    return losses.tolist()")
        shaped = "" if criterion == "cross_entropy" else ".reshape(len(inputs), -1)"
        paths = "".join(f"        {path},\n" for path in arithmetic.paths)
        return kernels.EPOCH.format(
            epoch=function,
            batch_size=", batch_size" if self._loop is not None else "",
            whole="" if self._loop is not None else "\n    batch_size = len(inputs)",
            returned=returned,
            parameters=f"    parameters = [\n{paths}    ]",
            state=_indented([f'state["{name}"] = {value}' for name, value in state.items()], 12),
            masks="\n".join(masks),
            steps=fresh["train_steps"],
            targets=f"np.ascontiguousarray(targets{shaped}.numpy())",
            arrays=_tuple(f'state["{name}"].numpy()' for name in optimiser.state),
            before='int(states[0]["step"])' if optimiser.counts else "0",
            options=_tuple(optimiser.options),
            after="\n".join(after),
            answers=f"    answers = np.empty((len(inputs), {arithmetic.width}), parameters[0].detach().numpy().dtype)\n"
            if self._step.answer
            else "",
            more="".join(f"        {value},\n" for value in self._more().values()),
        )

    def _more(self) -> dict[str, str]:
        """What the steps are given beyond what all are given: the name of each and its value."""
        step = self._step
        limit = {"longest": ast.unparse(step.clip)} if step.clip is not None else {}
        return limit | ({"answers": "answers"} if step.answer else {})

    def _steps(self, arithmetic: Arithmetic, fresh: dict[str, str]) -> str:
        """The function that makes the steps."""
        backward = list(arithmetic.backward)
        if self._step.clip is not None:
            backward += clipping(arithmetic.parameters)
        lines = [*arithmetic.forward, *backward]
        unpacked = [f"{_targets(arithmetic.parameters)} = parameters"]
        if arithmetic.masks:
            unpacked.append(f"{_targets(arithmetic.masks)} = masks")
        needed = {name for name in ("real", "one", "zero") if any(name in line for line in lines)}
        if needed:
            unpacked.append("real = weight1.dtype.type")
        unpacked += [
            f"{name} = real({number})" for number, name in enumerate(("zero", "one")) if name in needed
        ]
        updates = [
            f"{fresh['update']}({name}, {name}_slope, states[{number}], number, options)"
            for number, name in enumerate(arithmetic.parameters)
        ]
        return kernels.STEPS.format(
            steps=fresh["train_steps"],
            loss=fresh["batch_loss"],
            output=arithmetic.output,
            unpacked=_indented(unpacked, 4),
            forward=_indented(arithmetic.forward, 8),
            backward=_indented(backward, 8),
            arguments=", ".join([*_STEP_ARGUMENTS, *self._more()]),
            answered=f"        answers[batch] = {arithmetic.output}\n" if self._step.answer else "",
            updates=_indented(updates, 8),
        )


def _indented(lines: list[str] | tuple[str, ...], spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in lines)


def _tuple(items: Iterable[str]) -> str:
    """A tuple of expressions, as it is written."""
    written = tuple(items)
    return f"({', '.join(written)}{',' * (len(written) == 1)})"


def _targets(names: tuple[str, ...]) -> str:
    """Names that a tuple is unpacked into."""
    return ", ".join(names) if len(names) > 1 else _tuple(names)
