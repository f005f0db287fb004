"""The process that solves: it imports the solver once, forks workers, gives each one puzzle at a time, watches them.

``python -m medalist.families.arc.pool_process PARENT`` reads JSON lines on stdin: first the settings
(``pool.PoolSettings``), then requests ``{"number", "puzzle", "targets"}``. It answers each on stdout with a line of the
same number (``pool_solver``). A worker past its limits is killed, its task reported, and a fresh one forked in its
place. It has one thread, so that forking is safe, and ends with its parent.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from medalist.families.arc.pool_solver import Solver, serve
from medalist.families.arc.results import State
from medalist.machine.children import die_with_parent
from medalist.machine.process_tree import read_process

LOOK_SECONDS = 0.1
WAIT_FACTOR = 10.0
WAIT_SECONDS = 30.0
"""A worker that computes nothing is given up after this many times its CPU seconds, and these seconds, by the clock."""

_CHUNK = 1 << 16


@dataclass
class _Worker:
    """A worker and the task it is at; ``cpu_before`` is what it had used when that began."""

    pid: int
    requests: int
    replies: int
    said: bytes = b""
    number: int | None = None
    began: float = 0.0
    cpu_before: float = 0.0
    peak_bytes: int = 0
    worn_out: bool = False
    """It ends by itself after what it has answered."""


class Workers:
    """The workers of one pool, forked as they are needed. For one thread."""

    def __init__(self, solver: Solver, settings: Mapping[str, Any], out: int) -> None:
        self._solver = solver
        self._settings = settings
        self._out = out
        self._workers: list[_Worker] = []
        self._waiting: deque[dict[str, Any]] = deque()

    @property
    def busy(self) -> bool:
        return any(each.number is not None for each in self._workers)

    @property
    def descriptors(self) -> list[int]:
        return [each.replies for each in self._workers]

    def take(self, request: dict[str, Any]) -> None:
        self._waiting.append(request)

    def hand_out(self) -> None:
        """Give every idle worker a waiting puzzle; fork where there are fewer workers than there may be."""
        while self._waiting:
            idle = next((each for each in self._workers if each.number is None and not each.worn_out), None)
            if idle is None and len(self._workers) < self._settings["jobs"]:
                idle = self._fork()
            if idle is None:
                return
            request = self._waiting.popleft()
            idle.number, idle.began = request["number"], time.monotonic()
            idle.cpu_before, idle.peak_bytes = _cpu_seconds(idle.pid), 0
            with contextlib.suppress(BrokenPipeError):  # it has died, which ``listen`` reports
                _write(idle.requests, json.dumps(request).encode() + b"\n")

    def listen(self, ready: Sequence[int]) -> None:
        """Pass on what workers whose pipes are ``ready`` have said; one that ended amid a puzzle is reported."""
        for worker in [each for each in self._workers if each.replies in ready]:
            new = os.read(worker.replies, _CHUNK)
            if not new:
                code = self._bury(worker)
                if worker.number is not None:
                    self._report(worker, State.FAILED, f"its process ended with status {code}")
                continue
            *lines, worker.said = (worker.said + new).split(b"\n")
            for line in lines:
                worker.number, worker.worn_out = None, json.loads(line)["last"]
                _write(self._out, line + b"\n")

    def watch(self) -> None:
        """Kill workers that are past a limit."""
        seconds, memory = self._settings["seconds"], self._settings["memory_bytes"]
        for worker in [each for each in self._workers if each.number is not None]:
            figures = read_process(worker.pid)
            if figures is None:
                continue
            worker.peak_bytes = max(worker.peak_bytes, figures.rss_bytes)
            if figures.cpu_seconds - worker.cpu_before >= seconds - LOOK_SECONDS / 2:
                self._kill(worker, State.TIMED_OUT, f"it used {seconds:g} CPU seconds")
            elif figures.rss_bytes > memory:
                self._kill(worker, State.OUT_OF_MEMORY, f"it used more than {memory / 2**20:.0f} MiB")
            elif time.monotonic() - worker.began > WAIT_FACTOR * seconds + WAIT_SECONDS:
                self._kill(worker, State.TIMED_OUT, "it did nothing for long")

    def close(self) -> None:
        for worker in list(self._workers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            self._bury(worker)

    def _kill(self, worker: _Worker, state: State, reason: str) -> None:
        cpu_seconds = _cpu_seconds(worker.pid) - worker.cpu_before
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        self._bury(worker)
        self._report(worker, state, reason, cpu_seconds)

    def _report(self, worker: _Worker, state: State, reason: str, cpu_seconds: float = 0.0) -> None:
        reply = {
            "number": worker.number,
            "state": state,
            "reason": reason,
            "cpu_seconds": round(cpu_seconds, 3),
            "seconds": round(time.monotonic() - worker.began, 3),
            "memory_bytes": worker.peak_bytes,
        }
        worker.number = None
        _write(self._out, json.dumps(reply).encode() + b"\n")

    def _bury(self, worker: _Worker) -> int:
        """Wait for a worker that has ended, or is about to; its exit status, negative for a signal."""
        self._workers.remove(worker)
        os.close(worker.requests)
        os.close(worker.replies)
        _, status = os.waitpid(worker.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _fork(self) -> _Worker:
        from_parent, requests = os.pipe()
        replies, to_parent = os.pipe()
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            os.close(requests)
            os.close(replies)
            self._live(parent, from_parent, to_parent)
        os.close(from_parent)
        os.close(to_parent)
        worker = _Worker(pid, requests, replies)
        self._workers.append(worker)
        return worker

    def _live(self, parent: int, requests: int, replies: int) -> NoReturn:
        """A worker's whole life; whatever happens, it never returns into the loop of the process it was forked from."""
        code = 1
        try:
            die_with_parent(parent)
            for other in self._workers:
                os.close(other.requests)
                os.close(other.replies)
            os.close(self._out)
            serve(self._solver, requests, replies, self._settings["memory_bytes"])
            code = 0
        finally:
            os._exit(code)


def _cpu_seconds(pid: int) -> float:
    figures = read_process(pid)
    return 0.0 if figures is None else figures.cpu_seconds


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _private_streams() -> tuple[int, int]:
    """Descriptors of requests and answers of our own; what a solver prints goes to the log."""
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return requests, replies


def main(arguments: Sequence[str]) -> None:
    die_with_parent(int(arguments[0]))
    requests, replies = _private_streams()
    unread = b""
    while b"\n" not in unread:
        new = os.read(requests, _CHUNK)
        if not new:
            return
        unread += new
    line, _, unread = unread.partition(b"\n")
    settings = json.loads(line)
    if settings["cores"]:
        os.sched_setaffinity(0, settings["cores"])
    workers = Workers(Solver(settings), settings, replies)
    gc.collect()
    gc.freeze()  # so that no collection in a worker touches, and copies, what was loaded here
    _write(replies, json.dumps({"ready": True, "cpu_seconds": time.process_time()}).encode() + b"\n")
    try:
        _loop(workers, requests, unread)
    finally:
        workers.close()


def _loop(workers: Workers, requests: int, unread: bytes) -> None:
    """Until requests end; the parent ends them when it wants no more."""
    while True:
        *lines, unread = unread.split(b"\n")
        for line in lines:
            workers.take(json.loads(line))
        workers.hand_out()
        wait = LOOK_SECONDS if workers.busy else None
        ready, _, _ = select.select([requests, *workers.descriptors], [], [], wait)
        workers.listen(ready)
        workers.watch()
        if requests in ready:
            new = os.read(requests, _CHUNK)
            if not new:
                return
            unread += new


if __name__ == "__main__":
    main(sys.argv[1:])
