"""The figures of an attempt's training (SPEC G6): a fold over its events and telemetry, nothing measured anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medalist.core.event import Event

GB = 2**30


@dataclass(frozen=True)
class JobFigures:
    """One training job through all its relaunches, in order of its first start.

    ``batch_first`` and ``batch`` are the sizes it began and ended with, ``rate_before`` and ``rate`` what
    the last settled trial compared, in ``unit``. Shares and utilisation are 0..1; None where not known.
    """

    name: str
    candidate: str
    trains: str
    batch_first: int | None
    batch: int | None
    relaunches: int
    seconds: float
    cpu_seconds: float
    seconds_per_epoch: float | None
    returncode: int | None
    stopped: str
    mean_cores: float | None
    peak_rss_gb: float
    rate_before: float | None = None
    rate: float | None = None
    unit: str = ""
    sizing: str = ""
    """``kept``, ``taken back`` or "" where no trial was made."""


@dataclass(frozen=True)
class TrainingFigures:
    """A whole attempt: its training jobs, and what its telemetry says of the machine."""

    jobs: tuple[JobFigures, ...]
    relaunches: int
    failures_before_success: int
    first_valid_seconds: float | None
    total_seconds: float
    peak_cores: float
    mean_cores: float
    peak_rss_gb: float
    peak_gpu_memory_share: float | None
    mean_gpu_memory_share: float | None
    mean_gpu_utilisation: float | None


def training_figures(events: Iterable[Event], telemetry: Iterable[dict[str, Any]] = ()) -> TrainingFigures:
    """The figures; ``telemetry`` are the readings of ``telemetry.jsonl`` (``read_telemetry``)."""
    seen = list(events)
    jobs = tuple(_jobs(seen))
    submitted = [event.seconds for event in seen if event.kind == "submitted"]
    return TrainingFigures(
        jobs=jobs,
        relaunches=sum(job.relaunches for job in jobs),
        failures_before_success=_failures_before_success(seen),
        first_valid_seconds=submitted[0] if submitted else None,
        total_seconds=seen[-1].seconds if seen else 0.0,
        **_machine(list(telemetry)),
    )


def read_telemetry(path: Path) -> Iterator[dict[str, Any]]:
    """The readings of a telemetry file; torn lines are skipped, a missing file has none."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                reading = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(reading, dict):
                yield reading


def _jobs(events: list[Event]) -> Iterator[JobFigures]:
    """One record a launch: relaunches carry on under the same name and candidate until ``job_ended``."""
    open_jobs: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        data = event.data
        key = (data.get("name", ""), data.get("candidate", ""))
        if event.kind == "job_started":
            open_jobs.setdefault(key, {"started": event.seconds, "batch_first": data.get("batch")})
        elif event.kind in {"sizing_kept", "sizing_taken_back"} and key in open_jobs:
            sizing = event.kind.removeprefix("sizing_").replace("_", " ")
            rates = {name: data.get(name) for name in ("rate_before", "rate")}
            open_jobs[key].update(sizing=sizing, unit=data.get("unit") or "", **rates)
        elif event.kind == "job_ended" and key in open_jobs:
            figures = _ended_job(open_jobs.pop(key), event)
            if figures.trains != "none":
                yield figures


def _ended_job(known: dict[str, Any], event: Event) -> JobFigures:
    data, started = event.data, known.pop("started")
    return JobFigures(
        name=data.get("name", ""),
        candidate=data.get("candidate", ""),
        trains=data.get("trains", "none"),
        batch=data.get("batch"),
        relaunches=data.get("relaunches", 0),
        seconds=event.seconds - started,
        cpu_seconds=data.get("cpu_seconds", 0.0),
        seconds_per_epoch=data.get("seconds_per_epoch"),
        returncode=data.get("returncode"),
        stopped=data.get("stopped", ""),
        mean_cores=data.get("used", {}).get("mean_cores"),
        peak_rss_gb=data.get("max_rss_bytes", 0) / GB,
        **known,
    )


def _failures_before_success(events: list[Event]) -> int:
    failures = 0
    for event in events:
        if event.kind == "candidate_finished":
            return failures
        failures += event.kind == "candidate_failed"
    return failures


def _machine(readings: list[dict[str, Any]]) -> dict[str, Any]:
    """Peaks and means over readings; a GPU's figures are those of the one that was used most."""
    cores = [reading.get("cores_used", 0.0) for reading in readings]
    memory: dict[int, list[float]] = {}
    busy: dict[int, list[float]] = {}
    for gpu in (gpu for reading in readings for gpu in reading.get("gpus", ())):
        if gpu.get("memory_total_bytes"):
            share = gpu["memory_used_bytes"] / gpu["memory_total_bytes"]
            memory.setdefault(gpu["index"], []).append(share)
            busy.setdefault(gpu["index"], []).append(gpu.get("utilisation", 0.0))
    most = max(memory, key=lambda index: max(memory[index]), default=None)
    return {
        "peak_cores": max(cores, default=0.0),
        "mean_cores": _mean(cores) or 0.0,
        "peak_rss_gb": max((reading.get("rss_bytes", 0) for reading in readings), default=0) / GB,
        "peak_gpu_memory_share": max(memory[most]) if most is not None else None,
        "mean_gpu_memory_share": _mean(memory[most]) if most is not None else None,
        "mean_gpu_utilisation": _mean(busy[most]) if most is not None else None,
    }


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
