"""Batch sizes, loaders and what a training job prints, as facts other rooms may ask for.

`batch_sizes`, `trains_network` and `prints_monitoring` state what a script does; whether a batch is too
small for a machine is decided in the training room. The detectors below only name the mistakes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from medalist.hints.detectors import Spot
from medalist.source.tree import Script

LOADER = r"torch\.utils\.data\.(dataloader\.)?DataLoader|torch_geometric\.loader\.DataLoader"
_PRINTING = re.compile(r"print|.*\.(info|warning|debug|log|write|print)")
_FRAMEWORK_FIT = re.compile(
    r"(<?(tensorflow\.|tf_)?keras\..*|.*\blightning.*Trainer\(\)|transformers\..*Trainer\(\))\.(fit|train)"
)
_TRAINER_KEYWORDS = (("per_device_train_batch_size", True), ("per_device_eval_batch_size", False))
_IMAGE_FILES = re.compile(
    r"PIL\.Image\.open|cv2\.imread|imageio\..*|skimage\.io\.imread|torchvision\.(datasets|io)\..*"
)


@dataclass(frozen=True)
class BatchSize:
    """One batch size in a script: the call that takes it and a short name for that call, its size (None
    when it cannot be read), and whether the batches are trained on (False for validation, prediction)."""

    call: ast.Call
    size: int | None
    callee: str
    training: bool

    @property
    def line(self) -> int:
        """1-based line of the call."""
        return self.call.lineno


@dataclass(frozen=True)
class Monitoring:
    """Which of the lines that a training job owes its watcher a script prints."""

    resources: bool
    gpu_memory: bool
    progress: bool


@lru_cache(maxsize=2)
def trains_network(script: Script) -> bool:
    """True when the script takes gradient steps: calls ``backward`` or a framework's training loop."""
    return any(
        name.endswith((".backward", ".train_on_batch")) or _FRAMEWORK_FIT.fullmatch(name)
        for _, name in script.calls
    )


def reads_images(script: Script) -> bool:
    """True when the script opens image files."""
    return any(_IMAGE_FILES.fullmatch(name) for _, name in script.calls)


@lru_cache(maxsize=2)
def backward_loops(script: Script) -> list[ast.For | ast.While]:
    """The loops around each ``backward`` call: the step loop first, then epochs and folds."""
    loops: list[ast.For | ast.While] = []
    for call, name in script.calls:
        if name.endswith(".backward"):
            loops.extend(loop for loop in script.loops_around(call) if loop not in loops)
    return loops


@lru_cache(maxsize=2)
def loaders(script: Script) -> list[ast.Call]:
    """Every construction of a PyTorch data loader."""
    return list(script.calls_to(LOADER))


@lru_cache(maxsize=2)
def training_loaders(script: Script) -> list[ast.Call]:
    """Loaders that shuffle or sample, or that feed a loop with ``backward`` in it."""
    fed: set[ast.AST] = set()
    for loop in backward_loops(script):
        if isinstance(loop, ast.For):
            fed.update(script.backward_slice(loop.iter))
    return [call for call in loaders(script) if call in fed or _shuffles(script, call)]


def _shuffles(script: Script, call: ast.Call) -> bool:
    sampler = script.argument(call, "sampler", 3) or script.argument(call, "batch_sampler", 4)
    return script.value(script.argument(call, "shuffle", 2)) is True or sampler is not None


def batch_sizes(script: Script) -> list[BatchSize]:
    """Every batch size the script sets, in source order: loaders, framework calls, hand-written slices."""
    training = set(training_loaders(script))
    found = [
        _batch(script, call, script.argument(call, "batch_size", 1), "DataLoader", call in training)
        for call in loaders(script)
        if not script.passes_unknown(call) and script.argument(call, "batch_sampler") is None
    ]
    for call, name in script.calls:
        for keyword, trained in _TRAINER_KEYWORDS:
            given = script.argument(call, keyword)
            if given is not None:
                found.append(_batch(script, call, given, name.rsplit(".", 1)[-1], trained))
        if "keras" in name and name.endswith((".fit", ".predict", ".flow", ".flow_from_directory")):
            given = script.argument(call, "batch_size")
            if given is not None:
                found.append(_batch(script, call, given, name.rsplit(".", 1)[-1], ".fit" in name))
    found.extend(_sliced_batches(script))
    return sorted(found, key=lambda batch: batch.line)


def _batch(script: Script, call: ast.Call, given: ast.expr | None, callee: str, training: bool) -> BatchSize:
    size = script.value(given) if given is not None else 1
    return BatchSize(call, size if isinstance(size, int) else None, callee, training)


def _sliced_batches(script: Script) -> Iterator[BatchSize]:
    """`for i in range(0, n, 64)` around a backward call, and `permutation.split(64)`."""
    for loop in backward_loops(script):
        source = loop.iter if isinstance(loop, ast.For) else None
        if not isinstance(source, ast.Call):
            continue
        name = script.name(source.func)
        if name == "range" and len(source.args) == 3:
            yield _batch(script, source, source.args[2], "range", True)
        elif name.startswith("torch.") and name.endswith("().split") and len(source.args) == 1:
            yield _batch(script, source, source.args[0], "split", True)


@lru_cache(maxsize=2)
def printed_text(script: Script) -> str:
    """All literal text that may reach standard output or a log, f-strings and helper functions included."""
    pieces: list[str] = []
    for call, name in script.calls:
        if not _PRINTING.fullmatch(name):
            continue
        for argument in call.args:
            for node in script.backward_slice(argument):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    pieces.append(node.value)
    return "\n".join(pieces)


def prints_monitoring(script: Script) -> Monitoring:
    """Which monitoring lines the script prints, judged by the literal text of what it prints."""
    text = printed_text(script)
    framework = any(_FRAMEWORK_FIT.fullmatch(name) for _, name in script.calls)
    bars = any(name in ("tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.trange") for _, name in script.calls)
    progress = re.search(r"(?i)\b(epoch|step|iteration|fold)\b", text) and re.search(r"(?i)\bloss\b", text)
    return Monitoring(
        resources="RESOURCES:" in text,
        gpu_memory=re.search(r"(?i)gpu memory", text) is not None,
        progress=bool(progress) or framework or bars,
    )


def batch_of_32(script: Script) -> Iterator[Spot]:
    """Batches of 32 or fewer: the habit of a smaller GPU. Transformers, whose batches may have to be that
    small, are left out."""
    if not trains_network(script) or any(script.calls_to(r"transformers\..*")):
        return
    for batch in batch_sizes(script):
        if batch.training and batch.size is not None and 1 < batch.size <= 32:
            yield Spot(batch.call, f"{batch.callee} takes batches of {batch.size}")


def no_monitoring_lines(script: Script) -> Iterator[Spot]:
    """A network is trained and nobody watching could tell what it does."""
    if not trains_network(script):
        return
    printed = prints_monitoring(script)
    wanted = ((printed.resources, "RESOURCES"), (printed.progress, "fold, epoch and loss"))
    missing = [words for present, words in wanted if not present]
    if missing:
        loops = backward_loops(script)
        yield Spot(loops[-1] if loops else script.tree, f"no {' and no '.join(missing)} line is printed")
