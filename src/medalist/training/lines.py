"""What a training job prints (SPEC G2): written and parsed here and nowhere else.

The writers (first half) stand alone: ``monitoring_source()`` hands out their source text, and
generated scripts carry it, so that a script runs without Medalist and still prints lines that the
checks understand. They import torch only if the script already has.

The parsers (second half) take whole or decimal percents and any prefix (a timestamp, ``[rank0]``).
What they return is what a job *claims*; the 60-second check holds it against NVML.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

# ---- writers: stand-alone, carried by scripts ---------------------------------------------------


def print_resources(batch=None, workers=None, prefetch=None, persistent=False, mixed_precision=False):
    """Print what the job works with: cores, batch, GPU, precision, and the loader where there is one."""
    torch = sys.modules.get("torch")
    cuda = torch is not None and torch.cuda.is_available()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpu = torch.cuda.get_device_name(0) if torch and cuda else "none"
    size = f" batch={batch}," if batch else ""
    precision = "ON" if mixed_precision else "OFF"
    print(f"RESOURCES: {cores} CPU cores,{size} GPU={gpu}, Mixed Precision={precision}", flush=True)
    if torch and cuda:
        print(f"GPU Memory: {torch.cuda.get_device_properties(0).total_memory / 2**30:.1f} GB", flush=True)
    if workers is not None:
        loader = f"num_workers={workers}, prefetch_factor={prefetch}, persistent_workers={persistent}"
        print(f"DataLoader: {loader}", flush=True)


def print_memory(batch):
    """Print the memory in use; call it once, right after the first forward pass."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        kind, used = "GPU", total - free
    else:
        with open("/proc/self/statm", encoding="ascii") as statm:
            used = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        kind, total = "CPU", os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    share = 100 * used / total
    print(f"{kind} Memory Used: {used / 2**30:.1f} GB / {total / 2**30:.1f} GB ({share:.1f}%)", flush=True)
    if kind == "GPU":
        advice = f"If <50% memory, batch_size={batch} is TOO SMALL - should be {2 * batch}+"
        print(f"VALIDATION: {advice}", flush=True)


def print_epoch(fold, folds, epoch, epochs, loss):
    """Print where training stands; folds and epochs count from 1."""
    print(f"Fold {fold}/{folds}, Epoch {epoch}/{epochs}, Loss: {loss:.4g}", flush=True)


def print_fold(fold, folds, score):
    """Print a finished fold's validation score; folds count from 1."""
    print(f"Fold {fold}/{folds}, score {score:.6g}", flush=True)


class Throughput:
    """Prints samples a second, soon at first and then every ``every_seconds``; ``add`` once a batch."""

    def __init__(self, every_seconds=5.0):
        self.every_seconds = every_seconds
        self.pause = 0.25
        self.samples = 0
        self.since = time.perf_counter()

    def add(self, samples):
        self.samples += samples
        passed = time.perf_counter() - self.since
        if passed >= self.pause:
            print(f"Throughput: {self.samples / passed:.1f} samples/s", flush=True)
            self.samples, self.since = 0, time.perf_counter()
            self.pause = min(self.every_seconds, 1.5 * self.pause)


class TrainingMonitor:
    """Prints all of these lines for a training loop that has none of its own; ``step`` once a batch."""

    def __init__(self):
        self.throughput = None
        self.loss = float("nan")

    def step(self, loss, batch):
        """``loss``: this batch's loss (a number or a tensor); ``batch``: how many samples it had."""
        if self.throughput is None:
            print_resources(batch=batch)
            print_memory(batch)
            self.throughput = Throughput()
        self.throughput.add(batch)
        self.loss = float(loss.detach() if hasattr(loss, "detach") else loss)

    def epoch(self, epoch, epochs, fold=1, folds=1):
        """An epoch ended; counts from 1."""
        print_epoch(fold, folds, epoch, epochs, self.loss)


_ESTIMATOR_WRITERS: tuple[Callable, ...] = (print_resources, print_fold)
_NETWORK_WRITERS: tuple[Callable, ...] = (
    print_resources,
    print_memory,
    print_epoch,
    print_fold,
    Throughput,
)


def monitoring_source(kind: str = "network") -> str:
    """Source text that a script carries to print these lines.

    ``kind``: ``"estimator"`` (resources and folds), ``"network"`` (memory, epochs and throughput
    too) or ``"monitor"`` (a network's, and TrainingMonitor, for a loop that prints nothing yet).
    The script must ``import os, sys, time`` above it.
    """
    writers = _ESTIMATOR_WRITERS if kind == "estimator" else _NETWORK_WRITERS
    if kind == "monitor":
        writers = (*writers, TrainingMonitor)
    return "\n\n".join(inspect.getsource(writer) for writer in writers)


# ---- parsers -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Resources:
    """``RESOURCES: ...``; ``batch`` is None for estimators, ``gpu`` None where the job says it has none."""

    cores: int
    batch: int | None
    gpu: str | None
    mixed_precision: bool


@dataclass(frozen=True)
class MemoryUsed:
    """``GPU Memory Used: 18.3 GB / 24.0 GB (76.3%)``; ``share`` in 0..1, as the job claims it."""

    gpu: bool
    used_gb: float
    total_gb: float
    share: float


@dataclass(frozen=True)
class Loader:
    """``DataLoader: num_workers=10, prefetch_factor=4, persistent_workers=True``."""

    workers: int
    prefetch: int | None
    persistent: bool


@dataclass(frozen=True)
class Step:
    """A line of progress: any of fold, epoch (counted from 1), loss and score; None where not said."""

    fold: int | None = None
    folds: int | None = None
    epoch: int | None = None
    epochs: int | None = None
    loss: float | None = None
    score: float | None = None


@dataclass(frozen=True)
class Rate:
    """``Throughput: 1234.5 samples/s``."""

    samples_per_second: float


Line = Resources | MemoryUsed | Loader | Step | Rate

_NUMBER = r"([-+]?(?:nan|inf(?:inity)?|(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?))"
_RESOURCES = re.compile(r"RESOURCES:\s*(\d+)\s*CPU cores?\b(.*)", re.IGNORECASE)
_BATCH = re.compile(r"\bbatch(?:_size)?\s*=\s*(\d+)", re.IGNORECASE)
_GPU_NAME = re.compile(r"\bGPU\s*=\s*([^,]+?)\s*(?:,|$)", re.IGNORECASE)
_MIXED = re.compile(r"Mixed Precision\s*=\s*(ON|TRUE|YES)", re.IGNORECASE)
_MEMORY = re.compile(
    r"\b(GPU|CPU) Memory Used:\s*([\d.]+)\s*GB\s*/\s*([\d.]+)\s*GB(?:\s*\(\s*([\d.]+)\s*%\s*\))?",
    re.IGNORECASE,
)
_LOADER = re.compile(r"DataLoader:.*?num_workers\s*=\s*(\d+)(.*)", re.IGNORECASE)
_PREFETCH = re.compile(r"prefetch_factor\s*=\s*(\d+)", re.IGNORECASE)
_PERSISTENT = re.compile(r"persistent_workers\s*=\s*True", re.IGNORECASE)
_FOLD = re.compile(r"\bfold\s*[:#]?\s*(\d+)\s*(?:/|of)\s*(\d+)", re.IGNORECASE)
_EPOCH = re.compile(r"\bepoch\s*[:#]?\s*(\d+)\s*(?:/|of)\s*(\d+)", re.IGNORECASE)
_LOSS = re.compile(rf"(?:\b|_)loss\b\s*[:=]?\s*{_NUMBER}(?![\w.])", re.IGNORECASE)
_SCORE = re.compile(rf"(?:\b|_)score\b\s*[:=]?\s*{_NUMBER}(?![\w.])", re.IGNORECASE)
_RATE = re.compile(r"(\d[\d,]*\.?\d*)\s*(?:samples|images|rows)\s*/\s*s(?:ec(?:ond)?)?\b", re.IGNORECASE)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def parse_line(line: str) -> Line | None:
    """What one printed line says, or None for a line that says nothing to the checks. Never raises."""
    for parse in (_parse_resources, _parse_memory, _parse_loader, _parse_step, _parse_rate):
        found = parse(line)
        if found is not None:
            return found
    return None


def _parse_resources(line: str) -> Resources | None:
    if not (found := _RESOURCES.search(line)):
        return None
    rest = found.group(2)
    batch, gpu = _BATCH.search(rest), _GPU_NAME.search(rest)
    name = gpu.group(1) if gpu else "none"
    return Resources(
        cores=int(found.group(1)),
        batch=int(batch.group(1)) if batch else None,
        gpu=None if name.lower() in {"none", "no", "cpu", "n/a"} else name,
        mixed_precision=bool(_MIXED.search(rest)),
    )


def _parse_memory(line: str) -> MemoryUsed | None:
    if not (found := _MEMORY.search(line)):
        return None
    try:
        used, total = float(found.group(2)), float(found.group(3))
        share = float(found.group(4)) / 100 if found.group(4) else used / total
    except (ValueError, ZeroDivisionError):
        return None
    return MemoryUsed(gpu=found.group(1).upper() == "GPU", used_gb=used, total_gb=total, share=share)


def _parse_loader(line: str) -> Loader | None:
    if not (found := _LOADER.search(line)):
        return None
    prefetch = _PREFETCH.search(found.group(2))
    return Loader(
        workers=int(found.group(1)),
        prefetch=int(prefetch.group(1)) if prefetch else None,
        persistent=bool(_PERSISTENT.search(found.group(2))),
    )


def _parse_step(line: str) -> Step | None:
    fold, epoch, loss, score = (pattern.search(line) for pattern in (_FOLD, _EPOCH, _LOSS, _SCORE))
    if not (fold or epoch or loss):
        return None
    return Step(
        fold=int(fold.group(1)) if fold else None,
        folds=int(fold.group(2)) if fold else None,
        epoch=int(epoch.group(1)) if epoch else None,
        epochs=int(epoch.group(2)) if epoch else None,
        loss=_number(loss.group(1)) if loss else None,
        score=_number(score.group(1)) if score else None,
    )


def _parse_rate(line: str) -> Rate | None:
    found = _RATE.search(line)
    return Rate(_number(found.group(1))) if found else None
