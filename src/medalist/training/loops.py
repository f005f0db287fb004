"""Edits of a training loop: gradient accumulation, monitoring lines, moving model and batches to the GPU.

Each function adds its edits to an Editor and returns "" when it did, or the reason why it could not.
"""

from __future__ import annotations

import ast
import re

from medalist.source.edits import Editor
from medalist.source.tree import Script
from medalist.training.lines import monitoring_source
from medalist.training.sites import backward_calls, constant_behind, training_loops

_OPTIMISER_STEPS = {"step", "zero_grad", "update", "unscale_"}
_ACCUMULATION_NAMES = re.compile(r"(grad(ient)?_)?accum\w*(steps?)?|iters_to_accumulate", re.IGNORECASE)
_MODELS = re.compile(
    r"<(torch\.nn|pytorch_lightning|lightning)\.\w+>\(\)|torch\.nn\.\w+\(\)|torchvision\.models\..*|timm\.create_model\(\)"
)


def _inner_loop(script: Script) -> tuple[ast.Call, ast.stmt, ast.For | ast.While] | str:
    """The one ``backward`` call with its statement and innermost loop, or why there is no such thing."""
    calls = backward_calls(script)
    if len(calls) != 1:
        return "the script calls backward() in several places" if calls else "no loop calls backward()"
    loops = script.loops_around(calls[0])
    statement = next(around for around in script.ancestors(calls[0]) if isinstance(around, ast.stmt))
    if not loops:
        return "backward() is called in a function of its own, away from the loop over batches"
    return calls[0], statement, loops[0]


def accumulate_gradients(editor: Editor, every: int = 2) -> str:
    """Step the optimiser once in ``every`` batches, the loss divided accordingly.

    A script that accumulates already has its number multiplied. A rest of fewer than ``every``
    batches at the end of an epoch is dropped, as ``drop_last`` would.
    """
    existing = _accumulation_constant(editor.script)
    if existing is not None:
        editor.replace(existing, str(int(existing.value) * every))  # type: ignore[arg-type]
        editor.changes.append(f"gradient accumulation over {int(existing.value) * every} batches")  # type: ignore[arg-type]
        return ""
    found = _inner_loop(editor.script)
    if isinstance(found, str):
        return found
    call, statement, loop = found
    steps = _optimiser_statements(loop)
    if not all(editor.stands_alone(each) for each in (statement, loop, *steps)):
        return "several statements share a line in the training loop"
    if not any(_called(step) == "step" for step in steps):
        return "the loop over batches holds no optimizer.step()"
    assert isinstance(call.func, ast.Attribute)
    loss = call.func.value
    editor.insert_before(loop, "batches_accumulated = 0")
    editor.replace(loss, f"({editor.text(loss)} / {every})")
    editor.insert_after(statement, "batches_accumulated += 1")
    for step in steps:
        editor.guard(step, f"batches_accumulated % {every} == 0")
    editor.changes.append(f"gradient accumulation over {every} batches (line {statement.lineno})")
    return ""


def _accumulation_constant(script: Script) -> ast.Constant | None:
    for node in script.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constant = constant_behind(script, node.value)
            if _ACCUMULATION_NAMES.fullmatch(node.targets[0].id) and constant is not None:
                return constant if isinstance(constant.value, int) else None
    return None


def _called(statement: ast.stmt) -> str:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""


def _optimiser_statements(loop: ast.For | ast.While) -> list[ast.stmt]:
    return [statement for statement in loop.body if _called(statement) in _OPTIMISER_STEPS]


def insert_monitoring(editor: Editor) -> str:
    """Carry the lines of SPEC G2 into a loop that prints none: after each batch, and after each epoch."""
    found = _inner_loop(editor.script)
    if isinstance(found, str):
        return found
    call, statement, loop = found
    batch = _samples_in_batch(editor, loop)
    if batch is None:
        return "the number of samples in a batch cannot be read from the loop"
    if not editor.stands_alone(statement):
        return "several statements share a line in the training loop"
    source = "import os\nimport sys\nimport time\n\n\n" + monitoring_source("monitor")
    editor.insert_after_imports(f"{source}\n\ntraining_monitor = TrainingMonitor()\n\n")
    assert isinstance(call.func, ast.Attribute)
    loss = _plain_loss(call.func.value)
    editor.insert_after(statement, f"training_monitor.step({editor.text(loss)}, {batch})")
    _report_epochs(editor, loop, call)
    editor.changes.append(f"monitoring lines added (after line {statement.lineno})")
    return ""


def _plain_loss(expression: ast.expr) -> ast.expr:
    """The loss behind ``scaler.scale(loss)`` and ``(loss / steps)``."""
    match expression:
        case ast.Call(func=ast.Attribute(attr="scale"), args=[loss]):
            return _plain_loss(loss)
        case ast.BinOp(left=loss, op=ast.Div()):
            return _plain_loss(loss)
        case _:
            return expression


def _samples_in_batch(editor: Editor, loop: ast.For | ast.While) -> str | None:
    """An expression for how many samples the loop's batch holds."""
    if not isinstance(loop, ast.For):
        return None
    match loop.target, loop.iter:
        case ast.Tuple(elts=[ast.Name(id=first), *_]), ast.Name() | ast.Attribute() | ast.Call():
            if editor.script.name(loop.iter).endswith("enumerate()"):
                return _samples_in_enumerated(loop.target)
            return f"len({first})"
        case _, ast.Call(args=[_, _, step]) if editor.script.name(loop.iter) == "range()":
            return editor.text(step)
        case ast.Name(id=only), ast.Call() if editor.script.name(loop.iter).endswith(".split()"):
            return f"len({only})"
        case _:
            return _samples_in_body(editor, loop)


def _samples_in_enumerated(target: ast.expr) -> str | None:
    match target:
        case ast.Tuple(elts=[_, ast.Tuple(elts=[ast.Name(id=first), *_])]):
            return f"len({first})"
        case _:
            return None


def _samples_in_body(editor: Editor, loop: ast.For) -> str | None:
    """The size in ``torch.randint(n, (B,))``, or the length of the first pair the body unpacks."""
    for node in (node for statement in loop.body for node in ast.walk(statement)):
        if isinstance(node, ast.Call) and editor.script.name(node.func) == "torch.randint":
            size = node.args[-1]
            if isinstance(size, ast.Tuple) and size.elts:
                return editor.text(size.elts[0])
    for statement in loop.body:
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id=first), *_])]):
                return f"len({first})"
    return None


def _report_epochs(editor: Editor, inner: ast.For | ast.While, call: ast.Call) -> None:
    """An epoch line at the end of the loop around the batches, where that one counts ``range(N)``."""
    outer = [loop for loop in editor.script.loops_around(call) if loop is not inner]
    if not outer or not isinstance(outer[0], ast.For) or not editor.stands_alone(outer[0].body[-1]):
        return
    match outer[0].target, outer[0].iter:
        case ast.Name(id=epoch), ast.Call(args=[epochs]) if editor.script.name(outer[0].iter) == "range()":
            editor.insert_after(
                outer[0].body[-1], f"training_monitor.epoch({epoch} + 1, {editor.text(epochs)})"
            )


def move_to_gpu(editor: Editor) -> str:
    """Use the GPU: a ``"cpu"`` device becomes ``"cuda"``; else the model and each batch are moved there."""
    cpu_devices = [
        node
        for node in editor.script.nodes
        if isinstance(node, ast.Constant) and node.value == "cpu" and _names_a_device(editor.script, node)
    ]
    for node in cpu_devices:
        editor.replace(node, '"cuda"')
        editor.changes.append(f"device cpu -> cuda (line {node.lineno})")
    return "" if cpu_devices else _move_model_and_batches(editor)


def _names_a_device(script: Script, node: ast.Constant) -> bool:
    """Whether ``"cpu"`` decides where things run; ``tensor.cpu()`` and ``map_location="cpu"`` do not."""
    around = next(script.ancestors(node), None)
    if isinstance(around, ast.Assign | ast.AnnAssign):
        return True
    return isinstance(around, ast.Call) and (
        script.name(around.func) == "torch.device" or getattr(around.func, "attr", "") == "to"
    )


def _move_model_and_batches(editor: Editor) -> str:
    script = editor.script
    models = [
        node.value
        for node in script.nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and len(list(script.loops_around(node))) <= 1
        and _MODELS.fullmatch(script.name(node.value))
        and not _is_layer(script, node)
    ]
    loops = [loop for loop in _loader_loops(script) if editor.stands_alone(loop.body[0])]
    if not models or not any(loop in training_loops(script) for loop in loops):
        return "the model or the loop over batches is not of a shape that can be moved to the GPU"
    for model in models:
        editor.replace(model, f'{editor.text(model)}.to("cuda")')
    for loop in loops:
        names = ", ".join(_tensor_names(loop.target))
        moved = ", ".join(f'{name}.to("cuda")' for name in _tensor_names(loop.target))
        editor.insert_before(loop.body[0], f"{names} = {moved}")
    for node in script.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "numpy" and isinstance(node.value, ast.Call):
            editor.replace(node, f"{editor.text(node.value)}.cpu().numpy")
    editor.changes.append(f"model and batches moved to the GPU (line {models[0].lineno})")
    return ""


def _is_layer(script: Script, assignment: ast.Assign) -> bool:
    """Whether the module is a part of a model (``self.layer = ...``) or a loss, not a model."""
    if any(isinstance(target, ast.Attribute) for target in assignment.targets):
        return True
    return script.name(assignment.value).rstrip("()").endswith("Loss")


def _loader_loops(script: Script) -> list[ast.For]:
    """Loops over data loaders whose batches are unpacked into names."""
    return [
        node
        for node in script.nodes
        if isinstance(node, ast.For)
        and script.name(node.iter).endswith("DataLoader()")
        and len(_tensor_names(node.target)) > 0
    ]


def _tensor_names(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Tuple) and all(isinstance(each, ast.Name) for each in target.elts):
        return [each.id for each in target.elts if isinstance(each, ast.Name)]
    return []
