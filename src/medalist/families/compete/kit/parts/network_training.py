"""Training networks fold by fold against a deadline, with checkpoints from which it goes on.

The time of an epoch is measured first, and folds and epochs are planned by it. The learning rate
follows steps or time, whichever is further on, so that a fold that runs out of time has still been
annealed. ``artifacts/fold_<i>_last.pt`` and ``fold_<i>_best.pt`` are written after every epoch.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from medalist.families.compete.kit.parts.network_images import (
    augment,
    channel_statistics,
    in_order,
    normalise,
    training_loader,
    views,
)
from medalist.families.compete.kit.parts.reading import thread_count
from medalist.families.compete.kit.parts.training import ARTIFACTS
from medalist.training.lines import Throughput, print_epoch, print_memory, print_resources

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Training:
    """How each fold's network is trained.

    ``kind`` is what its outputs are: "binary" (a yes or no in each column), "multiclass" or
    "values". ``symmetries``, ``shift`` and ``zoom`` are those of ``augment``. ``precision`` is
    float32, bfloat16 or float16.
    """

    kind: str
    batch: int
    epochs: int
    learning_rate: float
    weight_decay: float
    workers: int
    prefetch: int | None
    symmetries: list[str]
    shift: float
    zoom: float
    precision: str = "float32"


@dataclass(frozen=True)
class Scale:
    """What a fold's network needs beside its weights: of pixels by channel, and of the target by column."""

    mean: list[float]
    spread: list[float]
    centre: list[float]
    width: list[float]


def autocast(precision: str) -> Any:
    """The context in which forward pass and loss run at this precision."""
    dtype = torch.float16 if precision == "float16" else torch.bfloat16
    return torch.autocast(DEVICE.type, dtype=dtype, enabled=precision != "float32")


def find_scale(images: np.ndarray, target: np.ndarray, rows: np.ndarray, kind: str) -> Scale:
    """Taken from a fold's training rows alone; the target is scaled only where it is values."""
    columns = target[rows].reshape(len(rows), -1)
    if kind != "values":
        return Scale(*channel_statistics(images, rows), [0.0], [1.0])
    centre, width = columns.mean(axis=0), columns.std(axis=0) + 1e-9
    return Scale(*channel_statistics(images, rows), centre.tolist(), width.tolist())


def target_tensor(target: np.ndarray, scale: Scale, kind: str) -> torch.Tensor:
    """Class codes (n,) for "multiclass", else floats (n, columns), scaled."""
    if kind == "multiclass":
        return torch.from_numpy(target.astype(np.int64)).to(DEVICE)
    columns = (target.reshape(len(target), -1) - np.array(scale.centre)) / np.array(scale.width)
    return torch.from_numpy(columns.astype(np.float32)).to(DEVICE)


def loss_of(kind: str, outputs: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The mean loss of a batch."""
    if kind == "multiclass":
        return functional.cross_entropy(outputs.float(), truth)
    if kind == "binary":
        return functional.binary_cross_entropy_with_logits(outputs.float(), truth)
    return functional.mse_loss(outputs.float(), truth)


def one_cycle(progress: float) -> float:
    """The share of the peak learning rate: up in a line for a quarter of the way, then down in a cosine."""
    if progress < 0.25:
        return 0.1 + 0.9 * progress / 0.25
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - 0.25) / 0.75)))


def measure_training(
    network: nn.Module, images: np.ndarray, target: np.ndarray, options: Training
) -> tuple[str, float]:
    """The faster precision on this device, and the seconds of a training step with it."""
    half = "bfloat16" if DEVICE.type == "cpu" or torch.cuda.is_bf16_supported() else "float16"
    rows = np.arange(len(images))
    scale = find_scale(images, target, rows, options.kind)
    truth = target_tensor(target, scale, options.kind)
    seconds: dict[str, list[float]] = {}
    effort: dict[str, float] = {}
    for precision in (half, "float32") if DEVICE.type == "cpu" else (half,):
        fold = FoldTraining(network, replace(options, precision=precision), scale)
        loader = training_loader(images, rows, options.batch, options.workers, options.prefetch)
        for pictures, places in islice(loader, 8):
            started, cpu_started = time.perf_counter(), time.process_time()
            fold.step(pictures, truth[places.to(DEVICE)], 0.0)
            wait_for_device()
            seconds.setdefault(precision, []).append(time.perf_counter() - started)
            effort[precision] = min(effort.get(precision, np.inf), time.process_time() - cpu_started)
    # CPU time says which precision is faster, also beside other work; wall time what to expect.
    precision = min(effort, key=lambda name: effort[name])
    return precision, float(np.median(seconds[precision]))


def wait_for_device() -> None:
    """Until a GPU has done what it was given; a CPU always has."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def plan_folds(epoch_seconds: float, epochs: int, folds: int, seconds: float | None) -> tuple[int, int]:
    """(folds, epochs) that fit, with a fifth to spare: as many folds as leave each half its epochs.

    Never less than one epoch of one fold.
    """
    if seconds is None:
        return folds, epochs
    affordable = max(1, int(seconds / (1.2 * epoch_seconds)))
    for count in range(folds, 0, -1):
        if affordable // count >= (epochs + 1) // 2:
            return count, min(epochs, affordable // count)
    return 1, min(epochs, affordable)


class FoldTraining:
    """A network in training: its optimiser, scaler and scale, and one step."""

    def __init__(self, network: nn.Module, options: Training, scale: Scale) -> None:
        self.network = network.to(DEVICE).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.options = options
        self.scale = scale
        self.mean, self.spread = (torch.tensor(v, device=DEVICE) for v in (scale.mean, scale.spread))
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.scaler = torch.amp.GradScaler(DEVICE.type, enabled=options.precision == "float16")

    def step(self, pictures: torch.Tensor, truth: torch.Tensor, progress: float) -> torch.Tensor:
        """Learn from one batch; its loss. ``progress`` in 0..1 sets the learning rate."""
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * one_cycle(progress)
        inputs = normalise(pictures.to(DEVICE, non_blocking=True), self.mean, self.spread)
        inputs = augment(inputs, self.options.symmetries, self.options.shift, self.options.zoom)
        with autocast(self.options.precision):
            loss = loss_of(self.options.kind, self.network(inputs), truth)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.detach()

    def save(self, path: Path, **further: Any) -> None:
        """Write the weights, the scale and what else is given; complete or not at all."""
        state = {"network": self.network.state_dict(), "scale": asdict(self.scale), **further}
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)


def train_fold(
    name: tuple[int, int],
    images: np.ndarray,
    target: np.ndarray,
    rows: tuple[np.ndarray, np.ndarray],
    build: Callable[[], nn.Module],
    options: Training,
    seconds: float | None,
    resume: bool,
) -> float:
    """Trains fold ``name`` (number from 0, of how many) on ``rows`` (training, validation); samples a second.

    With ``resume`` goes on after the last finished epoch, if there is one.
    """
    fold, folds = name
    last, best = ARTIFACTS / f"fold_{fold}_last.pt", ARTIFACTS / f"fold_{fold}_best.pt"
    scale = find_scale(images, target, rows[0], options.kind)
    state = FoldTraining(build(), options, scale)
    truth = target_tensor(target, scale, options.kind)
    loader = training_loader(images, rows[0], options.batch, options.workers, options.prefetch)
    epoch, lowest = 0, math.inf
    if resume and last.exists():
        saved = torch.load(last, map_location=DEVICE, weights_only=True)
        state.network.load_state_dict(saved["network"])
        state.optimizer.load_state_dict(saved["optimizer"])
        epoch, lowest = (options.epochs if saved["finished"] else saved["epoch"]), saved["lowest"]
    started, samples, throughput = time.monotonic(), 0, Throughput()
    total, step, out_of_time = options.epochs * len(loader), epoch * len(loader), False
    while epoch < options.epochs and not out_of_time:
        losses = []
        for pictures, places in loader:
            spent = 0.0 if seconds is None else (time.monotonic() - started) / seconds
            losses.append(state.step(pictures, truth[places.to(DEVICE)], max(step / total, spent)))
            if fold == step == 0:
                print_memory(options.batch)
            step, samples = step + 1, samples + len(pictures)
            throughput.add(len(pictures))
            if spent >= 1.0:
                out_of_time = True
                break
        epoch += 1
        print_epoch(fold + 1, folds, epoch, options.epochs, float(torch.stack(losses).mean()))
        reached = validation_loss(state, images, truth, rows[1])
        if reached < lowest or not best.exists():
            lowest = reached
            state.save(best, symmetries=options.symmetries, precision=options.precision)
        finished = out_of_time or epoch == options.epochs
        optimizer = state.optimizer.state_dict()
        state.save(last, optimizer=optimizer, epoch=epoch, lowest=lowest, finished=finished)
    return samples / max(time.monotonic() - started, 1e-6)


@torch.no_grad()
def validation_loss(state: FoldTraining, images: np.ndarray, truth: torch.Tensor, rows: np.ndarray) -> float:
    """The mean loss on rows that were not trained on, as they are."""
    state.network.eval()
    total = 0.0
    for pictures, places in in_order(images, rows):
        inputs = normalise(pictures.to(DEVICE), state.mean, state.spread)
        with autocast(state.options.precision):
            loss = loss_of(state.options.kind, state.network(inputs), truth[places.to(DEVICE)])
        total += float(loss) * len(pictures)
    return total / len(rows)


@torch.no_grad()
def predict_images(
    checkpoint: Path, build: Callable[[], nn.Module], images: np.ndarray, rows: np.ndarray, kind: str
) -> np.ndarray:
    """Predictions of a saved network, averaged over the flips that change no answer: (n,) or (n, columns)."""
    saved = torch.load(checkpoint, map_location=DEVICE, weights_only=True)
    scale = Scale(**saved["scale"])
    network = build().to(DEVICE).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network.load_state_dict(saved["network"])
    network.eval()
    mean, spread = (torch.tensor(v, device=DEVICE) for v in (scale.mean, scale.spread))
    blocks = []
    for pictures, _ in in_order(images, rows):
        inputs = normalise(pictures.to(DEVICE), mean, spread)
        with autocast(saved["precision"]):
            outputs = [network(view).float() for view in views(inputs, saved["symmetries"])]
        each = [finish_outputs(kind, output) for output in outputs]
        blocks.append(torch.stack(each).mean(dim=0).cpu())
    prediction = torch.cat(blocks).numpy().astype(float)
    if kind == "values":
        prediction = prediction * np.array(scale.width) + np.array(scale.centre)
    return prediction[:, 0] if prediction.shape[1] == 1 else prediction


def finish_outputs(kind: str, outputs: torch.Tensor) -> torch.Tensor:
    """A network's outputs as probabilities; values stay as they are."""
    if kind == "multiclass":
        return outputs.softmax(dim=1)
    return outputs.sigmoid() if kind == "binary" else outputs


def train_networks(
    images: np.ndarray,
    target: np.ndarray,
    fold_of_row: np.ndarray,
    build: Callable[[], nn.Module],
    options: Training,
    run_folds: int,
    deadline: float | None,
    resume: bool,
) -> tuple[np.ndarray, float]:
    """Trains up to ``run_folds`` folds before ``deadline`` (of time.monotonic).

    Gives out-of-fold predictions, NaN in rows of folds that were not trained, and samples a second.
    """
    ARTIFACTS.mkdir(exist_ok=True)
    torch.set_num_threads(thread_count())
    precision, step_seconds = measure_training(build(), images, target, options)
    folds = int(fold_of_row.max()) + 1
    epoch_seconds = 1.1 * step_seconds * len(images) * (folds - 1) / folds / options.batch
    left = None if deadline is None else deadline - time.monotonic()
    planned, epochs = plan_folds(epoch_seconds, options.epochs, min(run_folds, folds), left)
    options = replace(options, epochs=epochs, precision=precision)
    print_resources(
        batch=options.batch,
        workers=options.workers,
        prefetch=options.prefetch,
        persistent=options.workers > 0,
        mixed_precision=precision != "float32",
    )
    print(f"Plan: {planned} of {folds} folds, {epochs} epochs of {epoch_seconds:.1f} s", flush=True)
    oof, rates = None, []
    for fold in range(planned):
        rows = np.flatnonzero(fold_of_row != fold), np.flatnonzero(fold_of_row == fold)
        share = (
            None if deadline is None else max(0.5, 0.88 * (deadline - time.monotonic()) / (planned - fold))
        )
        rates.append(train_fold((fold, folds), images, target, rows, build, options, share, resume))
        prediction = predict_images(ARTIFACTS / f"fold_{fold}_best.pt", build, images, rows[1], options.kind)
        if oof is None:
            oof = np.full((len(target), *prediction.shape[1:]), np.nan)
        oof[rows[1]] = prediction
        if deadline is not None and time.monotonic() > deadline:
            break
    assert oof is not None
    return oof, float(np.mean(rates))


def add_to_report(**further: Any) -> None:
    """Adds to ``artifacts/metrics.json`` what only networks report."""
    path = ARTIFACTS / "metrics.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **further}))
