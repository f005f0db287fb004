"""Loaders: batches, order, workers, and what a data set does for each item."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from medalist.hints.detectors import Spot
from medalist.hints.detectors.training import (
    backward_loops,
    loaders,
    reads_images,
    training_loaders,
    trains_network,
)
from medalist.source.tree import Script

_MIXING = re.compile(
    r"(timm\.data\.(mixup\.)?(Fast\w*)?Mixup|torchvision\.transforms\.v2\.(MixUp|CutMix)"
    r"|numpy\.random\.(beta|default_rng\(\)\.beta)|torch\.distributions\.(beta\.)?Beta|random\.betavariate)"
)
_NO_GRADIENTS = re.compile(r"torch\.(autograd\.grad_mode\.)?(no_grad|inference_mode)(\(\))?")


@lru_cache(maxsize=2)
def inference_loops(script: Script) -> list[ast.For]:
    """`for` loops that run without gradients and take no step."""
    stepping = backward_loops(script)
    return [
        node
        for node in script.nodes
        if isinstance(node, ast.For)
        and node not in stepping
        and any(_NO_GRADIENTS.fullmatch(name) for name in script.contexts_around(node.iter))
    ]


@lru_cache(maxsize=2)
def fed_loaders(script: Script) -> frozenset[ast.AST]:
    """Everything that flows into a loop with gradient steps, its loader among it."""
    return frozenset(
        node
        for loop in backward_loops(script)
        if isinstance(loop, ast.For)
        for node in script.backward_slice(loop.iter)
    )


@lru_cache(maxsize=2)
def inference_loaders(script: Script) -> dict[ast.Call, ast.For]:
    """Loaders that feed inference loops alone, each with such a loop."""
    trained_on = fed_loaders(script)
    every = loaders(script)
    found: dict[ast.Call, ast.For] = {}
    for loop in inference_loops(script):
        reached = set(script.backward_slice(loop.iter))
        found.update({call: loop for call in every if call in reached and call not in trained_on})
    return found


def mixing_without_drop_last(script: Script) -> Iterator[Spot]:
    """Mixup or CutMix over batches of which the last may be odd or a single row."""
    if not any(_MIXING.fullmatch(name) for _, name in script.calls):
        return
    for call in training_loaders(script):
        if script.passes_unknown(call):
            continue
        dropped = script.argument(call, "drop_last", 8)
        size = script.value(script.argument(call, "batch_size", 1))
        if dropped is None or script.value(dropped) is False:
            yield Spot(call, "the training loader keeps its last, smaller batch")
        elif isinstance(size, int) and size % 2:
            yield Spot(call, f"batches of {size} cannot be split into pairs")


def images_without_workers(script: Script) -> Iterator[Spot]:
    """Images decoded in the training process itself, one after the other."""
    if not (trains_network(script) and reads_images(script)):
        return
    for call in training_loaders(script):
        in_memory = call.args and "TensorDataset" in script.name(call.args[0])
        workers = script.argument(call, "num_workers", 5)
        if in_memory or script.passes_unknown(call):
            continue
        if workers is None or script.value(workers) == 0:
            yield Spot(call, "images are loaded by the training process itself (num_workers=0)")


def unshuffled_training(script: Script) -> Iterator[Spot]:
    """A loader that feeds gradient steps in the order of the file."""
    for call in training_loaders(script):
        if script.passes_unknown(call) or not call.args:
            continue
        if script.argument(call, "sampler", 3) or script.argument(call, "batch_sampler", 4):
            continue
        shuffle = script.argument(call, "shuffle", 2)
        ordered = "Iterable" in script.name(call.args[0]) or script.name(call.args[0]).startswith("datasets.")
        if not ordered and (shuffle is None or script.value(shuffle) is False):
            yield Spot(call, "training batches come in the order of the file")


def shuffled_prediction(script: Script) -> Iterator[Spot]:
    """Predictions collected from a loader that shuffles: rows and ids no longer match."""
    for call, loop in inference_loaders(script).items():
        labelled = isinstance(loop.target, ast.Tuple) and len(loop.target.elts) > 1
        if not labelled and script.value(script.argument(call, "shuffle", 2)) is True:
            yield Spot(call, "the loader that is predicted from shuffles its rows")


def drop_last_in_inference(script: Script) -> Iterator[Spot]:
    """`drop_last=True` where every row is needed."""
    for call in inference_loaders(script):
        if script.value(script.argument(call, "drop_last", 8)) is True:
            yield Spot(call, "the last rows are never predicted (drop_last=True)")


def worker_options_without_workers(script: Script) -> Iterator[Spot]:
    """`prefetch_factor` or `persistent_workers` with no workers: PyTorch raises ValueError."""
    for call in loaders(script):
        workers = script.argument(call, "num_workers", 5)
        if script.passes_unknown(call) or not (workers is None or script.value(workers) == 0):
            continue
        prefetch = script.value(script.argument(call, "prefetch_factor"))
        persistent = script.value(script.argument(call, "persistent_workers"))
        if isinstance(prefetch, int) or persistent is True:
            yield Spot(call, "prefetch_factor and persistent_workers need num_workers > 0")


def whole_file_for_each_item(script: Script) -> Iterator[Spot]:
    """A table or archive opened anew in `__getitem__`, the same one for every item."""
    opening = r"(pandas\.read_(csv|parquet|feather|excel)|zipfile\.ZipFile|h5py\.File)"
    for call in script.calls_to(opening):
        function = script.function_of(call)
        if not isinstance(function, ast.FunctionDef) or function.name != "__getitem__":
            continue
        item = function.args.args[1].arg if len(function.args.args) > 1 else ""
        reads = {n.id for a in call.args for n in script.backward_slice(a) if isinstance(n, ast.Name)}
        if item not in reads:
            yield Spot(call, "the whole file is opened again for every item")
