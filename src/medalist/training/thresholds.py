"""The numbers of the checks and the sizing table, read from ``thresholds.toml``; no number of G1 or G3 stands elsewhere."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class CheckThresholds:
    """When the 60-second check speaks up (SPEC G3); shares in 0..1, each explained in the data file."""

    low_memory_share: float
    low_utilisation: float
    low_cores_share: float
    claim_tolerance: float
    unused_gpu_share: float
    worthwhile_gain: float
    chance_share: float
    chance_epochs: int
    stuck_losses: int


@dataclass(frozen=True)
class ReviewThresholds:
    """When a small image batch is a must-fix (SPEC G1)."""

    small_image_batch: int
    small_batch_max_pixels: int
    small_batch_min_steps: int


@dataclass(frozen=True)
class AfterRunThresholds:
    """What to recommend after a run (SPEC G1); shares of GPU memory in 0..1."""

    recommend_below: float
    recommend_factors: tuple[float, float]
    keep_above: float


@dataclass(frozen=True)
class LoaderSizes:
    """Workers and prefetch as (least, most), and how small a batch may get for little data."""

    workers: tuple[int, int]
    prefetch: tuple[int, int]
    min_steps_per_epoch: int
    min_batch: int


@dataclass(frozen=True)
class SizeRow:
    """One row of the sizing table: the first that matches counts."""

    modality: str
    estimator: str
    pixels: int
    memory_gb: float
    batch: int


@dataclass(frozen=True)
class Table:
    """All of ``thresholds.toml``."""

    checkpoint: CheckThresholds
    review: ReviewThresholds
    after_run: AfterRunThresholds
    loader: LoaderSizes
    sizes: tuple[SizeRow, ...]


def _tuples(section: dict) -> dict:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in section.items()}


@cache
def table() -> Table:
    """The table, read once a process."""
    data = tomllib.loads(files("medalist.training").joinpath("thresholds.toml").read_text(encoding="utf-8"))
    return Table(
        checkpoint=CheckThresholds(**data["checkpoint"]),
        review=ReviewThresholds(**data["review"]),
        after_run=AfterRunThresholds(**_tuples(data["after_run"])),
        loader=LoaderSizes(**_tuples(data["loader"])),
        sizes=tuple(SizeRow(**row) for row in data["sizes"]),
    )
