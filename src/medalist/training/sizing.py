"""Sizes for a training job (SPEC G1): from the table, the machine, the data, and what was measured here before.

The table is data (``thresholds.toml``); what this machine taught (a batch that ran out of memory,
a doubling that paid) is kept in a small JSON file and goes before the table.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from medalist.core.errors import StoreError
from medalist.machine.hardware import Hardware
from medalist.training.thresholds import table

GB = 2**30

_NETWORKS = re.compile(
    r"\b((?:resnet|resnext|densenet|efficientnet|convnext|mobilenet|regnet|vgg|vit_|swin|deit|beit|inception)[\w-]*\d[\w-]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sizes:
    """What a training script is started with. ``prefetch`` is None without loader workers."""

    batch: int
    workers: int
    prefetch: int | None
    pinned: bool
    persistent: bool
    precision: str
    """``"mixed"`` or ``"float32"``."""


@dataclass(frozen=True)
class Measured:
    """What one machine taught about one kind of job; None where nothing was seen.

    ``fits``: largest batch that trained and paid; ``fails``: smallest that ran out of memory;
    ``samples_per_second`` was reached with ``fits``.
    """

    fits: int | None = None
    fails: int | None = None
    samples_per_second: float | None = None


class MeasuredSizes:
    """The JSON file of measured sizes, by hardware fingerprint and job key (``image/cnn/224``).

    ``path`` None keeps them in memory. A file that cannot be read counts as empty; StoreError when
    it cannot be written.
    """

    def __init__(self, path: Path | None, fingerprint: str) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self._all: dict[str, dict[str, dict]] = {}
        if path is not None and path.exists():
            try:
                self._all = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                self._all = {}

    def look_up(self, key: str) -> Measured:
        return Measured(**self._all.get(self.fingerprint, {}).get(key, {}))

    def learn_failure(self, key: str, batch: int) -> None:
        """``batch`` ran out of memory here."""
        known = self.look_up(key)
        fits = known.fits if known.fits is not None and known.fits < batch else None
        fails = min(batch, known.fails or batch)
        self._write(key, replace(known, fails=fails, fits=fits))

    def learn_success(self, key: str, batch: int, samples_per_second: float | None) -> None:
        """``batch`` trained here and its doubling, if it was one, paid."""
        known = self.look_up(key)
        fails = known.fails if known.fails is not None and known.fails > batch else None
        self._write(key, Measured(fits=batch, fails=fails, samples_per_second=samples_per_second))

    def _write(self, key: str, measured: Measured) -> None:
        self._all.setdefault(self.fingerprint, {})[key] = asdict(measured)
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial = self.path.with_suffix(f".{os.getpid()}.part")
            partial.write_text(json.dumps(self._all, indent=1, sort_keys=True), encoding="utf-8")
            partial.replace(self.path)
        except OSError as error:
            raise StoreError(
                f"A measured batch size could not be written: {error.strerror}.", where=str(self.path)
            ) from error


def job_key(modality: str, estimator: str, image_size: int | None) -> str:
    """The key under which sizes are measured: ``image/resnet18/224``, ``tabular/mlp/0``."""
    return f"{modality}/{estimator}/{image_size or 0}"


def job_key_of_script(code: str, image_size: int | None) -> str:
    """The key of the one known image network that a script names; "" where it names none, or several."""
    named = {found.lower() for found in _NETWORKS.findall(code)}
    return job_key("image", named.pop(), image_size) if len(named) == 1 else ""


def size_for(
    modality: str,
    estimator: str,
    image_size: int | None,
    hardware: Hardware,
    rows: int | None = None,
    measured: MeasuredSizes | None = None,
) -> Sizes:
    """Batch, loader and precision to start with.

    ``modality``: ``image``, ``tabular`` or ``text``; ``estimator``: a network's name (``resnet18``,
    ``efficientnet-b4``, ``mlp``); ``image_size``: width in pixels; ``rows``: training rows of one
    epoch, by which the batch is kept from being larger than the data can use. Raises KeyError for a
    modality the table does not know.
    """
    gpu_gb = max((gpu.memory_bytes / GB for gpu in hardware.gpus), default=0.0)
    batch = _table_batch(modality, estimator, image_size or 0, gpu_gb)
    if measured is not None:
        seen = measured.look_up(job_key(modality, estimator, image_size))
        batch = seen.fits or batch
        if seen.fails is not None and batch >= seen.fails:
            batch = max(1, seen.fails // 2)
    if rows is not None:
        batch = _fit_rows(batch, rows)
    with_gpu = bool(hardware.gpus)
    workers = _workers(hardware.cores, with_gpu)
    least_prefetch, most_prefetch = table().loader.prefetch
    return Sizes(
        batch=batch,
        workers=workers,
        prefetch=(most_prefetch if with_gpu else least_prefetch) if workers else None,
        pinned=with_gpu,
        persistent=with_gpu and workers > 0,
        precision="mixed" if with_gpu else "float32",
    )


def _table_batch(modality: str, estimator: str, pixels: int, gpu_gb: float) -> int:
    for row in table().sizes:
        matches = row.modality == modality and estimator.lower().startswith(row.estimator)
        if matches and pixels <= row.pixels and gpu_gb >= row.memory_gb:
            return row.batch
    raise KeyError(f"the sizing table has no row for {modality!r}")


def _fit_rows(batch: int, rows: int) -> int:
    """``batch`` halved until an epoch has enough steps, never below the smallest that is worth it."""
    sizes = table().loader
    while batch > sizes.min_batch and rows / batch < sizes.min_steps_per_epoch:
        batch = max(sizes.min_batch, batch // 2)
    return batch


def _workers(cores: int, with_gpu: bool) -> int:
    """Loader workers: 8-12 where there are cores for it, else cores - 1; without a GPU at most half the cores."""
    least, most = table().loader.workers
    if not with_gpu:
        return min(least, cores // 2) if cores > 2 else 0
    return min(most, cores - 1) if cores > least else max(0, cores - 1)


@dataclass(frozen=True)
class Recommendation:
    """What to do next time; ``batches`` as (least, most) to try, None to keep what there is."""

    batches: tuple[int, int] | None
    reason: str


def recommend(
    batch: int, peak_memory_share: float, mean_utilisation: float, mean_cores_share: float
) -> Recommendation:
    """What a finished GPU run says about the next one (SPEC G1). All shares in 0..1.

    ``mean_cores_share`` is the share of the job's CPU cores that were busy: it tells a slow loader
    (cores full) from a slow disk (cores idle).
    """
    limits, checks = table().after_run, table().checkpoint
    percent = f"{peak_memory_share:.0%}"
    if peak_memory_share > limits.keep_above:
        return Recommendation(None, f"GPU memory peaked at {percent}: keep batch {batch}.")
    if peak_memory_share < checks.low_memory_share:
        return Recommendation((2 * batch, 2 * batch), f"GPU memory peaked at {percent}: double the batch.")
    if mean_utilisation < checks.low_utilisation:
        busy = mean_cores_share >= checks.low_cores_share
        name = "the data loader (all its cores are busy)" if busy else "the disk (cores and GPU wait)"
        return Recommendation(
            None,
            f"GPU memory is used ({percent}) but the GPU is busy only {mean_utilisation:.0%} of the time: "
            f"{name} is the bottleneck.",
        )
    if peak_memory_share <= limits.recommend_below:
        least, most = (int(batch * factor) for factor in limits.recommend_factors)
        return Recommendation((least, most), f"GPU memory peaked at {percent}: try batch {least} to {most}.")
    return Recommendation(None, f"GPU memory peaked at {percent}: batch {batch} fits this GPU.")
