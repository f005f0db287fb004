"""GPU memory and precision: autocast, scalers, graphs kept alive, steps that forget their gradients."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from medalist.hints.detectors import Spot
from medalist.hints.detectors.loading import inference_loops
from medalist.hints.detectors.training import backward_loops
from medalist.source.tree import Script

_AUTOCAST = re.compile(r"torch\.(\w+\.)*autocast\(\)|.*\.autocast\(\)")
_SCALER = r"torch\.(cuda\.)?amp\.(grad_scaler\.)?GradScaler"
_OWN_LOOP = re.compile(
    r"(accelerate\.|pytorch_lightning\.|lightning\.|deepspeed\.|transformers\..*Trainer).*"
)


def in_autocast(script: Script, node: ast.AST) -> bool:
    """True when ``node`` runs under autocast, in its own function or in one that calls it."""
    return any(_AUTOCAST.fullmatch(name) for name in script.contexts_around(node))


def losses_stepped_on(script: Script) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Each ``backward`` call with the loss it starts from, a gradient scaler's `scale` taken off."""
    for call, name in script.calls:
        if not name.endswith(".backward") or not isinstance(call.func, ast.Attribute):
            continue
        loss = call.func.value
        if isinstance(loss, ast.Call) and isinstance(loss.func, ast.Attribute) and loss.func.attr == "scale":
            loss = loss.args[0] if loss.args else loss
        yield call, loss


def loss_outside_autocast(script: Script) -> Iterator[Spot]:
    """The forward pass under autocast, the loss after the block has ended."""
    for _, loss in losses_stepped_on(script):
        maker = _producing_call(script, loss)
        if maker is None or in_autocast(script, maker):
            continue
        for argument in maker.args:
            if isinstance(argument, ast.Call) and script.name(argument).endswith(".float()"):
                continue
            forward = [n for n in script.backward_slice(argument) if isinstance(n, ast.Call)]
            if any(in_autocast(script, n) for n in forward if not _AUTOCAST.fullmatch(script.name(n))):
                yield Spot(maker, "the outputs are half precision and the loss is computed outside autocast")
                break


def _producing_call(script: Script, loss: ast.expr) -> ast.Call | None:
    """The call that made a loss, through a variable and a division by the accumulation steps."""
    for _ in range(6):
        if isinstance(loss, ast.BinOp):
            loss = loss.left
        elif isinstance(loss, ast.Name):
            binding = script.binding(loss)
            if binding is None or binding.value is None:
                return None
            loss = binding.value
        else:
            break
    return loss if isinstance(loss, ast.Call) else None


def half_without_scaler(script: Script) -> Iterator[Spot]:
    """float16 autocast and a bare ``backward``: small gradients become zero."""
    if any(script.calls_to(_SCALER)) or any(_OWN_LOOP.fullmatch(name) for _, name in script.calls):
        return
    for call, loss in losses_stepped_on(script):
        maker = _producing_call(script, loss)
        if maker is not None and _half_contexts(script, maker):
            yield Spot(call, "float16 gradients are not scaled")


def _half_contexts(script: Script, node: ast.AST) -> bool:
    for around in script.ancestors(node):
        if not isinstance(around, ast.With):
            continue
        for item in around.items:
            context = item.context_expr
            if not isinstance(context, ast.Call) or not _AUTOCAST.fullmatch(script.name(context)):
                continue
            dtype = script.argument(context, "dtype", 1)
            device = script.value(script.argument(context, "device_type", 0))
            stated_half = dtype is not None and script.name(dtype) in ("torch.float16", "torch.half")
            if stated_half or (dtype is None and device == "cuda"):
                return True
            if dtype is None and "cuda" in script.name(context):
                return True
    return False


def clipping_scaled_gradients(script: Script) -> Iterator[Spot]:
    """Gradients clipped while they are still multiplied by the scaler's factor."""
    scales = any(script.calls_to(_SCALER))
    if not scales or any(name.endswith(".unscale_") for _, name in script.calls):
        return
    for call in script.calls_to(r"torch\.nn\.utils\.(clip_grad\.)?clip_grad_(norm_?|value_)"):
        yield Spot(call, "the gradients are clipped before scaler.unscale_(optimizer)")


def graph_kept_alive(script: Script) -> Iterator[Spot]:
    """A running total of loss tensors keeps every step's graph in memory."""
    losses = {
        (script.binding(loss), script.loops_around(call)[0]): call
        for call, loss in losses_stepped_on(script)
        if isinstance(loss, ast.Name) and script.loops_around(call)
    }
    for node in script.nodes:
        added = _added(node)
        if added is None or not isinstance(added, ast.Name):
            continue
        loops = script.loops_around(node)
        call = losses.get((script.binding(added), loops[0])) if loops else None
        if call is not None and node_line(node) >= call.lineno and not inference_loops_hold(script, node):
            yield Spot(added, "the loss is added with its graph")


def _added(node: ast.AST) -> ast.expr | None:
    """What `total += x`, `total += x * n` or `losses.append(x)` adds."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        return node.value.left if isinstance(node.value, ast.BinOp) else node.value
    appends = (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append"
    )
    return node.args[0] if appends and isinstance(node, ast.Call) and len(node.args) == 1 else None


def node_line(node: ast.AST) -> int:
    """The first line of a statement or expression."""
    return getattr(node, "lineno", 0)


def inference_loops_hold(script: Script, node: ast.AST) -> bool:
    """True when ``node`` stands in a loop without gradients."""
    return any(loop in inference_loops(script) for loop in script.loops_around(node))


def gradients_in_evaluation(script: Script) -> Iterator[Spot]:
    """`eval()` and a loop over batches, and gradients never switched off."""
    off = r"torch\.(\w+\.)*(no_grad|inference_mode|set_grad_enabled|disable_grad)"
    names = [script.name(n) for n in script.nodes if isinstance(n, ast.Attribute | ast.Name)]
    if any(re.fullmatch(off, name) for name in names):
        return
    if not backward_loops(script) or any(_OWN_LOOP.fullmatch(name) for _, name in script.calls):
        return
    for call, name in script.calls:
        if name.endswith(".eval") and not call.args:
            yield Spot(call, "gradients are never switched off in this script")
            return


def gradients_never_cleared(script: Script) -> Iterator[Spot]:
    """`step()` without `zero_grad()` anywhere: gradients of all batches add up."""
    clears = any(name.endswith(".zero_grad") for _, name in script.calls)
    by_hand = any(
        isinstance(n, ast.Attribute) and n.attr == "grad" and isinstance(n.ctx, ast.Store)
        for n in script.nodes
    )
    if clears or by_hand:
        return
    for call in script.calls_to(r"torch\.optim\.\w+\(\)\.step"):
        if any(loop in backward_loops(script) for loop in script.loops_around(call)):
            yield Spot(call, "zero_grad is never called")
            return


def cache_emptied_every_step(script: Script) -> Iterator[Spot]:
    """`empty_cache()` in the step loop makes every batch wait for the driver."""
    for call in script.calls_to(r"torch\.cuda\.(memory\.)?empty_cache|gc\.collect"):
        loops = script.loops_around(call)
        if loops and any(
            name.endswith(".backward") and script.loops_around(c)[:1] == loops[:1] for c, name in script.calls
        ):
            yield Spot(call, "the cache is emptied after every batch")


def anomaly_detection_left_on(script: Script) -> Iterator[Spot]:
    """`set_detect_anomaly(True)` makes training several times slower."""
    for call in script.calls_to(r"torch\.autograd\.(anomaly_mode\.)?set_detect_anomaly"):
        if script.value(script.argument(call, "mode", 0)) is True:
            yield Spot(call, "every operation is recorded and checked")


def network_left_on_cpu(script: Script) -> Iterator[Spot]:
    """A network trained in PyTorch that is never moved to the GPU."""
    if any(_OWN_LOOP.fullmatch(name) for _, name in script.calls):
        return
    text = {n.value for n in script.nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    moved = any(value.startswith("cuda") for value in text)
    loops = backward_loops(script)
    if loops and not moved and not any(name.endswith(".cuda") for _, name in script.calls):
        yield Spot(loops[-1], "model and batches stay on the CPU")
