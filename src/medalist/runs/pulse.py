"""An attempt's pulse: a heartbeat for whoever finds the run later, and telemetry over its whole process tree."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medalist.core.budget import Budget
from medalist.core.errors import StoreError
from medalist.machine.telemetry import Reading, Telemetry
from medalist.runs.store import Store

BEAT_SECONDS = 2.0


class Pulse:
    """Beats in a thread of its own from ``start`` to ``stop``; a beat that cannot be written is left out."""

    def __init__(self, store: Store, attempt_id: str, budget: Budget, telemetry_path: Path) -> None:
        self._store = store
        self._attempt_id = attempt_id
        self._budget = budget
        self._stopping = threading.Event()
        self._telemetry = Telemetry(os.getpid(), telemetry_path, interval_seconds=BEAT_SECONDS)
        self._thread = threading.Thread(target=self._beat, name="medalist-pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> dict[str, Any]:
        """End the beating; returns the telemetry's summary (``summarise``)."""
        self._stopping.set()
        self._thread.join(BEAT_SECONDS)
        return summarise(self._telemetry.readings)

    def _beat(self) -> None:
        self._say_alive()
        while not self._stopping.wait(BEAT_SECONDS):
            self._say_alive()
            with contextlib.suppress(StoreError):
                self._telemetry.sample()

    def _say_alive(self) -> None:
        # A full disk ends the attempt where it matters, not here.
        with contextlib.suppress(StoreError):
            self._store.beat(self._attempt_id, self._budget.elapsed)


def summarise(readings: Sequence[Reading]) -> dict[str, Any]:
    """Mean and peak of cores, memory (bytes) and each GPU's memory share and utilisation; {} without readings."""
    if not readings:
        return {}
    cores = [reading.cores_used for reading in readings]
    summary: dict[str, Any] = {
        "mean_cores_used": round(sum(cores) / len(cores), 2),
        "peak_cores_used": round(max(cores), 2),
        "peak_memory_bytes": max(reading.rss_bytes for reading in readings),
        "peak_processes": max(reading.processes for reading in readings),
    }
    shares = [gpu.memory_used_bytes / max(1, gpu.memory_total_bytes) for r in readings for gpu in r.gpus]
    busy = [gpu.utilisation for r in readings for gpu in r.gpus]
    if shares:
        summary |= {
            "mean_gpu_memory_share": round(sum(shares) / len(shares), 3),
            "peak_gpu_memory_share": round(max(shares), 3),
            "mean_gpu_utilisation": round(sum(busy) / len(busy), 3),
            "peak_gpu_utilisation": round(max(busy), 3),
        }
    return summary
