"""Background jobs: started, watched, limited and ended with all that they started.

Everything happens when somebody calls ``JobTable.poll``; there is no thread. A poll of a running job
costs some ten microseconds, and a telemetry sample, once an interval, a tenth of a millisecond.
"""

from __future__ import annotations

import itertools
import os
import select
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from medalist.core.errors import JobError
from medalist.machine.telemetry import Telemetry
from medalist.workspace.files import read_inside
from medalist.workspace.process import Process, ProcessEnd

LARGEST_LOG_BYTES = 256 << 20
"""A job that prints more is ended: nobody reads it, and it would fill the disk."""

_LONGEST_WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class JobSpec:
    """What to run.

    ``argv`` is what follows `python`: a script relative to ``cwd`` and its arguments, or ``("-m",
    "module", ...)``, the interpreter's own options before either; with a ``program`` (``bash``, say),
    what follows that. ``cwd`` and ``log`` are relative to the workspace; ``log`` defaults to
    ``<cwd>/<name>.log`` and ``name`` to the script's. ``cores`` are the ids to run on, none meaning
    all the workspace has. ``memory_bytes`` bounds this job's tree, by polling. ``warm`` allows a fork
    from the warm interpreter where there is one and no option calls for an interpreter of its own.
    """

    argv: tuple[str, ...]
    program: str = ""
    cwd: str = "."
    name: str = ""
    cores: tuple[int, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    log: str = ""
    seconds_limit: float | None = None
    memory_bytes: int | None = None
    warm: bool = True
    append_log: bool = False

    @property
    def title(self) -> str:
        """``name``, or what the script, module or program is called."""
        first = next((word for word in self.argv if not word.startswith("-")), "job")
        is_module = "-m" in self.argv[: self.argv.index(first)] if first in self.argv else False
        named = first.rpartition(".")[2] if is_module else PurePosixPath(self.program or first).stem
        return self.name or named

    @property
    def log_file(self) -> str:
        """Where it prints to, relative to the workspace."""
        return self.log or str(PurePosixPath(self.cwd) / f"{self.title}.log")


def runs_own_module(argv: Sequence[str]) -> bool:
    """Whether ``python ARGV...`` is a command that a family of Medalist brings, to explore or to score.

    Such a command is started so that nothing lying in the workspace is imported in its stead.
    """
    return len(argv) > 1 and argv[0] == "-m" and argv[1].startswith("medalist.families.")


@dataclass(frozen=True)
class JobEnd:
    """How a job ended. ``killed_reason`` is "" when nobody here killed it."""

    returncode: int
    seconds: float
    cpu_seconds: float
    max_rss_bytes: int
    killed_reason: str = ""


class Launcher(Protocol):
    """Starts the processes of jobs; a workspace is one."""

    root: Path

    def launch(self, job_id: str, spec: JobSpec, *, warm: bool) -> Process:
        """The started process. Raises JobError or StoreError."""
        ...

    def memory_kills(self) -> int:
        """How often the kernel has killed something here for passing the memory limit."""
        ...

    def disk_kills(self) -> int:
        """How often all jobs were killed because they were filling the disk."""
        ...


class Job:
    """One background job of a table."""

    def __init__(
        self,
        job_id: str,
        spec: JobSpec,
        launcher: Launcher,
        telemetry: Telemetry,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = job_id
        self.spec = spec
        self.telemetry = telemetry
        self.ended: JobEnd | None = None
        self.log_path = launcher.root / spec.log_file
        self._launcher = launcher
        self._clock = clock
        self._started = clock()
        self._killed_reason = ""
        self._memory_kills_before = launcher.memory_kills()
        self._disk_kills_before = launcher.disk_kills()
        self._process = launcher.launch(job_id, spec, warm=spec.warm)

    @property
    def pid(self) -> int:
        """Root of the job's process tree on this machine; 0 until a warm start has told it."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self.poll() is None

    @property
    def seconds(self) -> float:
        """How long it runs, or ran, by the table's clock."""
        return self.ended.seconds if self.ended else self._clock() - self._started

    def poll(self) -> int | None:
        """Its return code (negative: the signal that ended it), or None while it runs."""
        if self.ended is None:
            end = self._process.poll()
            self.telemetry.pid = self._process.pid
            if end is not None and end.lost and self._process.pid == 0:
                self._process = self._launcher.launch(self.id, self.spec, warm=False)
            elif end is not None:
                self._finish(end)
        return self.ended.returncode if self.ended else None

    def wait(self, timeout_seconds: float) -> int | None:
        """Its return code, or None when it still runs after ``timeout_seconds``. Takes no samples."""
        deadline = time.monotonic() + timeout_seconds
        while self.poll() is None and (left := deadline - time.monotonic()) > 0:
            self.doze(left)
        return self.poll()

    def doze(self, seconds: float) -> None:
        """Sleep for ``seconds`` or until there is news of the job, if that is earlier."""
        if self.poll() is None:
            select.select([self._process.wake_descriptor], [], [], min(seconds, _LONGEST_WAIT_SECONDS))

    def kill(self, grace_seconds: float = 2.0, *, reason: str = "killed") -> None:
        """End it with everything it started: SIGTERM, and SIGKILL after ``grace_seconds``."""
        if self.poll() is None:
            self._killed_reason = reason
            self.telemetry.sample()
            self._process.kill(grace_seconds)
            self.poll()

    @property
    def log_bytes(self) -> int:
        """The size of its log; 0 while there is none."""
        try:
            return os.stat(self.log_path, follow_symlinks=False).st_size
        except OSError:
            return 0

    def tail(self, characters: int = 4000) -> str:
        """The end of its log; "" while there is none."""
        return self._read(offset=-characters * 4).decode("utf-8", errors="replace")[-characters:]

    def read_log(self, offset: int) -> tuple[str, int]:
        """What the log holds from byte ``offset`` on (a megabyte at most), and the offset to go on from."""
        found = self._read(offset)
        return found.decode("utf-8", errors="replace"), offset + len(found)

    def _read(self, offset: int) -> bytes:
        try:
            return read_inside(self._launcher.root, self.spec.log_file, offset=offset)
        except (FileNotFoundError, JobError):  # a job may take its own log away
            return b""

    def _finish(self, end: ProcessEnd) -> None:
        reason = self._killed_reason
        if not reason and end.returncode == -9 and self._launcher.memory_kills() > self._memory_kills_before:
            reason = "memory limit of the workspace"
        elif not reason and end.returncode and self._launcher.disk_kills() > self._disk_kills_before:
            reason = "it was filling the disk"
        elif not reason and end.lost:
            reason = "the interpreter it was forked from died"
        self.ended = JobEnd(
            returncode=end.returncode,
            seconds=self.seconds,
            cpu_seconds=max(end.cpu_seconds, self.telemetry.cpu_seconds),
            max_rss_bytes=max(end.max_rss_bytes, self.telemetry.peak_rss_bytes),
            killed_reason=reason,
        )


class JobTable:
    """The jobs of one workspace. Not for use from several threads, nor after the one that made it ended."""

    def __init__(
        self,
        launcher: Launcher,
        *,
        telemetry_path: Path | None = None,
        telemetry_seconds: float = 1.0,
        memory_bytes: int | None = None,
        max_processes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``memory_bytes`` and ``max_processes`` bound all jobs together, by polling; None: no bound here.

        Jobs' seconds are counted by ``clock``, which may stand while they are frozen.
        """
        self.jobs: dict[str, Job] = {}
        self._launcher = launcher
        self._telemetry_path = telemetry_path
        self._telemetry_seconds = telemetry_seconds
        self._memory_bytes = memory_bytes
        self._max_processes = max_processes
        self._clock = clock
        self._numbers = itertools.count(1)

    def start(self, spec: JobSpec) -> Job:
        """Start a job. Raises JobError for a script or folder that is not there, StoreError for a full disk."""
        job_id = f"j{next(self._numbers)}"
        telemetry = Telemetry(
            0,
            self._telemetry_path,
            interval_seconds=self._telemetry_seconds,
            job=job_id,
            count_root=False,
            clock=self._clock,
        )
        job = self.jobs[job_id] = Job(job_id, spec, self._launcher, telemetry, self._clock)
        return job

    def unfinished(self) -> list[Job]:
        """Those not known to have ended; asks nobody, so that any thread may call it."""
        return [job for job in list(self.jobs.values()) if job.ended is None]

    def running(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.alive]

    def poll(self) -> None:
        """Take the samples that are due and end the jobs that are over a limit."""
        for job in self.running():
            if job.spec.seconds_limit is not None and job.seconds > job.spec.seconds_limit:
                job.kill(reason=f"time limit of {job.spec.seconds_limit:g} s")
            elif job.log_bytes > LARGEST_LOG_BYTES:
                job.kill(grace_seconds=0.0, reason=f"it printed more than {LARGEST_LOG_BYTES >> 20} MiB")
            elif job.telemetry.due:
                job.telemetry.sample()
                self._enforce(job)

    def _enforce(self, job: Job) -> None:
        limit = job.spec.memory_bytes
        if limit is not None and job.telemetry.holds_more_than(limit):
            job.kill(grace_seconds=0.0, reason=f"memory limit of {limit / 2**30:.1f} GiB")
        running = [each for each in self.running() if each.telemetry.readings]
        self._enforce_on_all(running)

    def _enforce_on_all(self, running: list[Job]) -> None:
        """End the largest job while all together are over the workspace's bounds."""
        if not running:
            return
        last = {job.id: job.telemetry.readings[-1] for job in running}
        held = sum(reading.rss_bytes for reading in last.values())
        if self._memory_bytes is not None and held > self._memory_bytes:
            exact = {job.id: job.telemetry.memory_in_use_bytes() for job in running}
            if sum(exact.values()) > self._memory_bytes:
                largest = max(running, key=lambda job: exact[job.id])
                limit = f"memory limit of {self._memory_bytes / 2**30:.1f} GiB"
                largest.kill(grace_seconds=0.0, reason=limit)
        count = sum(reading.processes for reading in last.values())
        if self._max_processes is not None and count > self._max_processes:
            largest = max(running, key=lambda job: last[job.id].processes)
            largest.kill(grace_seconds=0.0, reason=f"limit of {self._max_processes} processes")

    def kill_all(self, reason: str = "killed") -> None:
        """End every running job."""
        for job in self.running():
            job.kill(grace_seconds=0.0, reason=reason)
