"""Saving and loading: what is kept, in which form, and in which mode a network predicts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from medalist.hints.detectors import Spot
from medalist.hints.detectors.loading import inference_loops
from medalist.hints.detectors.training import backward_loops
from medalist.source.tree import Script

_SAVING = re.compile(
    r".*\.(save|save_model|save_pretrained|save_checkpoint|save_state|dump|save_file|Trainer)"
)
_WEIGHT_FILES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".h5")
_MODULE = re.compile(
    r"(<torch\.nn\.(modules\.module\.)?Module>|torch\.nn\.Sequential|timm\.create_model|torchvision\.models\.\w+)"
    r"\(\)(\.(to|cuda|cpu|half|float|eval|train)\(\))*"
)


def nothing_saved(script: Script) -> Iterator[Spot]:
    """A network trained over epochs, and no checkpoint written."""
    loops = backward_loops(script)
    if loops and not any(_SAVING.fullmatch(name) for _, name in script.calls):
        yield Spot(loops[-1], "no checkpoint is written, best or last")


def whole_module_saved(script: Script) -> Iterator[Spot]:
    """`torch.save(model, ...)`: a pickle of code, refused by `torch.load` since PyTorch 2.6."""
    for call in script.calls_to(r"torch\.save"):
        if call.args and _MODULE.fullmatch(script.name(call.args[0])):
            yield Spot(call.args[0], "the module itself is pickled, not its weights")


def state_from_a_path(script: Script) -> Iterator[Spot]:
    """`load_state_dict("best.pt")`: a path where a state is wanted."""
    for call, name in script.calls:
        if name.endswith(".load_state_dict") and call.args:
            given = script.name(call.args[0])
            if given == "str" or given.startswith("pathlib.Path()") or given == "os.path.join()":
                yield Spot(call, "it is given a path instead of the loaded state")


def weights_path_for_a_model(script: Script) -> Iterator[Spot]:
    """`from_pretrained("model.safetensors")`: a weights file where the model's folder is wanted."""
    for call, name in script.calls:
        if name.endswith(".from_pretrained") and call.args:
            given = script.value(call.args[0])
            if isinstance(given, str) and given.endswith(_WEIGHT_FILES):
                yield Spot(call, f"“{given.rsplit('/', 1)[-1]}” is a weights file; the folder is wanted")


def load_without_map_location(script: Script) -> Iterator[Spot]:
    """A script that claims to run on a CPU too, and loads weights onto the GPU they were saved from."""
    if not any(script.calls_to(r"torch\.cuda\.is_available")):
        return
    for call in script.calls_to(r"torch\.load"):
        if script.argument(call, "map_location", 1) is None and not script.passes_unknown(call):
            yield Spot(call, "without map_location the weights go to the device they were saved from")


def never_in_eval_mode(script: Script) -> Iterator[Spot]:
    """Predictions without gradients, and `eval()` never called: dropout and batch statistics stay on."""
    switched = any(
        name.endswith((".eval", ".requires_grad_"))
        or (re.fullmatch(r".*\.train", name) and _is_false(script, call))
        for call, name in script.calls
    )
    behaves = (
        r"torch\.nn\.(Dropout\w*|BatchNorm\w*|SyncBatchNorm)|timm\.create_model|torchvision\.models\.\w+"
    )
    if switched or not any(script.calls_to(behaves)):
        return
    for loop in inference_loops(script):
        yield Spot(loop, "the network is still in training mode here")
        return


def _is_false(script: Script, call: ast.Call) -> bool:
    return bool(call.args) and script.value(call.args[0]) is not True


def never_back_in_train_mode(script: Script) -> Iterator[Spot]:
    """`eval()` inside the epoch loop and no `train()`: from the second epoch dropout is off."""
    if any(name.endswith(".train") for _, name in script.calls):
        return
    epochs = set(backward_loops(script))
    for call, name in script.calls:
        if (
            name.endswith(".eval")
            and not call.args
            and epochs.intersection(_loops_through_helpers(script, call))
        ):
            yield Spot(call, "training goes on in evaluation mode")


def _loops_through_helpers(script: Script, node: ast.AST) -> list[ast.For | ast.While]:
    loops = script.loops_around(node)
    for call in script.call_sites.get(script.function_of(node), ()):
        loops.extend(script.loops_around(call))
    return loops
