"""A process tree over time: cores used, memory, processes, GPUs; each reading a line of JSON.

Nothing runs in the background: whoever polls the job takes the samples. A sample touches only the
tree's own entries in /proc and costs well under a millisecond for a handful of processes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from medalist.core.errors import StoreError
from medalist.machine.gpu import GpuReading, read_gpus
from medalist.machine.process_tree import descendants, proportional_bytes, read_process


@dataclass(frozen=True)
class Reading:
    """The tree at one moment.

    ``seconds`` count from the job's start; ``cores_used`` is the mean since the reading before (CPU
    seconds a second); ``rss_bytes`` counts shared pages once for each process that has them.
    """

    seconds: float
    cores_used: float
    rss_bytes: int
    processes: int
    gpus: tuple[GpuReading, ...] = ()


class Telemetry:
    """Samples the tree under ``pid`` for one job.

    ``count_root`` says whether ``pid`` itself is the job's or merely keeps it. ``path`` gets a line a
    reading, tagged with ``job``; None writes nothing. ``interval_seconds`` is how far apart samples
    are meant to be; ``due`` tells when the next one is.
    """

    def __init__(
        self,
        pid: int,
        path: Path | None = None,
        *,
        interval_seconds: float = 1.0,
        job: str = "",
        count_root: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pid = pid
        self.readings: list[Reading] = []
        self.cpu_seconds = 0.0
        self.peak_rss_bytes = 0
        self._path = path
        self._interval_seconds = interval_seconds
        self._job = job
        self._count_root = count_root
        self._clock = clock
        self._started = clock()
        self._last = self._started

    @property
    def due(self) -> bool:
        """Whether an interval has passed since the last sample."""
        return self._clock() - self._last >= self._interval_seconds

    def sample(self) -> Reading:
        """Read the tree now, remember the reading and append it to the file.

        Raises StoreError when the file cannot be written.
        """
        now = self._clock()
        pids = self.pids()
        figures = [each for each in map(read_process, pids) if each is not None]
        cpu_seconds = sum(each.cpu_seconds for each in figures)
        passed = max(now - self._last, 1e-3)
        reading = Reading(
            seconds=now - self._started,
            # A child whose parent ignores its end takes its CPU time along: never count backwards.
            cores_used=max(0.0, cpu_seconds - self.cpu_seconds) / passed,
            rss_bytes=sum(each.rss_bytes for each in figures),
            processes=len(figures),
            gpus=read_gpus(pids),
        )
        self._last = now
        self.cpu_seconds = max(self.cpu_seconds, cpu_seconds)
        self.peak_rss_bytes = max(self.peak_rss_bytes, reading.rss_bytes)
        self.readings.append(reading)
        self._append(reading)
        return reading

    def pids(self) -> list[int]:
        """The processes that are counted, now."""
        below = descendants(self.pid)
        return [self.pid, *below] if self._count_root else below

    def memory_in_use_bytes(self) -> int:
        """Memory of the tree with shared pages counted once, as near as the kernel says (slow)."""
        return sum(map(proportional_bytes, self.pids()))

    def holds_more_than(self, limit_bytes: int) -> bool:
        """Whether the last reading is over ``limit_bytes`` and still is with shared pages counted once."""
        over = bool(self.readings) and self.readings[-1].rss_bytes > limit_bytes
        return over and self.memory_in_use_bytes() > limit_bytes

    def _append(self, reading: Reading) -> None:
        if self._path is None:
            return
        rounded = replace(reading, seconds=round(reading.seconds, 2), cores_used=round(reading.cores_used, 3))
        line = json.dumps({"job": self._job, **asdict(rounded)}) + "\n"
        try:
            with self._path.open("a") as file:
                file.write(line)
        except OSError as error:
            raise StoreError(
                f"Telemetry could not be written: {error.strerror or error}.",
                where=str(self._path),
                next_step="Free disk space or give another folder with --out.",
            ) from error
