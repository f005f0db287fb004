"""A pool of solvers beside an attempt: puzzles in, what became of them out, limits held in another process.

The process that solves (``pool_process``) is one of Medalist's own: it gets no key, one thread a worker, and a fixed
hash seed, and it is started again when it dies.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medalist.families.arc.results import State
from medalist.machine import children

SOLVER = "medalist.families.arc.solving.schedule:solve"
MEMORY_BYTES = 2 << 30

_SOLVER_SHARE = 0.9
"""Of a task's CPU seconds that the solver plans with; the rest is for ending in time."""

_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
}
_MOST_DEATHS = 3
_STOP_SECONDS = 1.0
_CHUNK = 1 << 16


@dataclass(frozen=True)
class PoolSettings:
    """What every puzzle is solved with. ``seconds`` and ``memory_bytes`` are a task's limits, CPU and resident.

    ``library`` holds programs as JSON; ``cores`` are the ids the workers may use, all for none; ``solver`` names the
    function that solves, ``module:function``.
    """

    jobs: int
    seconds: float = 60.0
    memory_bytes: int = MEMORY_BYTES
    seed: int = 0
    population: int | None = None
    generations: int | None = None
    library: Sequence[Any] = ()
    cores: Sequence[int] = ()
    solver: str = SOLVER

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "solver_seconds": self.seconds * _SOLVER_SHARE}


class Pool:
    """A context manager; leaving it kills what is still at work. For one thread."""

    def __init__(self, settings: PoolSettings, *, log: Path) -> None:
        self._settings = settings
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._said = b""
        self._unsent = b""
        self._out: dict[int, Mapping[str, Any]] = {}
        self._deaths = 0
        self.start_cpu_seconds = 0.0
        """What starting the solver cost."""

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def open_places(self) -> int:
        """How many puzzles more it can be given before it is worth asking what became of others."""
        return 2 * self._settings.jobs - len(self._out)

    @property
    def busy(self) -> bool:
        return bool(self._out)

    def submit(self, number: int, puzzle: Mapping[str, Any], targets: Sequence[Any] = ()) -> None:
        """Have a puzzle (``pool_solver.puzzle_as_json``) solved; ``targets`` are for development alone."""
        request = {"number": number, "puzzle": puzzle, "targets": list(targets)}
        self._out[number] = request
        self._send(request)

    def collect(self, timeout_seconds: float) -> list[dict[str, Any]]:
        """What came of puzzles since, in the order they were done; waits for the first at most so long."""
        process = self._running()
        assert process.stdout is not None
        if not self._wait(process, timeout_seconds):
            return []
        new = os.read(process.stdout.fileno(), _CHUNK)
        if not new:
            return self._begin_again()
        *lines, self._said = (self._said + new).split(b"\n")
        replies = [json.loads(line) for line in lines]
        for reply in replies:
            if "ready" in reply:
                self.start_cpu_seconds += reply["cpu_seconds"]
        done = [reply for reply in replies if self._out.pop(reply.get("number"), None) is not None]
        return done

    def close(self) -> None:
        """Kill the workers and all. May be called again."""
        if self._process is None:
            return
        process, self._process = self._process, None
        self._unsent = b""
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        children.stop(process, grace_seconds=_STOP_SECONDS)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._said = b""
            self._process = children.start(
                ["medalist.families.arc.pool_process", str(os.getpid())],
                cwd=self._log.parent,
                log=self._log,
                stdin=subprocess.PIPE,
                settings=_ENVIRONMENT,
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
            self._send(self._settings.as_json())
        return self._process

    def _send(self, message: Mapping[str, Any]) -> None:
        process = self._running()
        self._unsent += json.dumps(message).encode() + b"\n"
        self._write(process)

    def _write(self, process: subprocess.Popen[bytes]) -> None:
        """As much as the pipe takes: waiting for room here, while the other end waits for us to read, would be for ever."""
        assert process.stdin is not None
        with suppress(
            BlockingIOError, BrokenPipeError
        ):  # a process that has died is found out by ``collect``
            while self._unsent:
                self._unsent = self._unsent[os.write(process.stdin.fileno(), self._unsent) :]

    def _wait(self, process: subprocess.Popen[bytes], timeout_seconds: float) -> bool:
        """Whether something can be read; what is unsent is sent meanwhile."""
        assert process.stdout is not None
        assert process.stdin is not None
        deadline = time.monotonic() + timeout_seconds
        while True:
            wait = max(0.0, deadline - time.monotonic())
            unsent = [process.stdin] if self._unsent else []
            readable, writable, _ = select.select([process.stdout], unsent, [], wait)
            if writable:
                self._write(process)
            if readable or wait == 0.0:
                return bool(readable)

    def _begin_again(self) -> list[dict[str, Any]]:
        """The process has died: another takes up what it was at, unless that happens again and again."""
        self.close()
        self._deaths += 1
        lost = list(self._out.values())
        if self._deaths < _MOST_DEATHS:
            for request in lost:
                self._send(request)
            return []
        self._deaths = 0
        self._out.clear()
        reason = f"the process that solves ended again and again; see {self._log.name}"
        return [{"number": each["number"], "state": State.FAILED, "reason": reason} for each in lost]
