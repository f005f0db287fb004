"""The parent's side of the warm interpreter (``workspace/warm.py``): asks it for jobs, hears how they end.

What comes back was written inside the sandbox and is not trusted: a reply that is no reply ends the
conversation, and a pid counts only when it belongs to a process below the interpreter.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from collections.abc import Callable, Mapping
from typing import IO, Any

from medalist.machine.process_tree import descendants, read_process
from medalist.workspace.process import Child, ProcessEnd, kill_tree, signal_or_code

_LONGEST_PRELOAD_SECONDS = 120.0


class WarmInterpreter:
    """A started warm interpreter. ``child`` runs ``medalist.workspace.warm`` with the pipes given."""

    def __init__(self, child: Child, requests: IO[bytes], replies: IO[bytes]) -> None:
        self.child = child
        self.missing: tuple[str, ...] = ()
        self._ready_before: float | None = time.monotonic() + _LONGEST_PRELOAD_SECONDS
        self._requests = requests
        self._replies = replies
        self._pending = b""
        self._jobs: dict[str, WarmProcess] = {}
        os.set_blocking(replies.fileno(), False)

    @property
    def wake_descriptor(self) -> int:
        return self._replies.fileno()

    @property
    def alive(self) -> bool:
        return not self._replies.closed

    def start(self, request: Mapping[str, Any]) -> WarmProcess | None:
        """Ask for a job; its ``id`` names it. None when the interpreter is gone."""
        if not self.alive:
            return None
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except OSError:
            self.close()
            return None
        process = WarmProcess(self)
        self._jobs[request["id"]] = process
        return process

    def listen(self) -> None:
        """Take in what has been said since; does not wait. A preload that hangs is given up."""
        if self.alive and self._ready_before is not None and time.monotonic() > self._ready_before:
            self.close()
        while self.alive:
            received = self._replies.read(1 << 16)
            if received is None:
                return
            *lines, self._pending = (self._pending + received).split(b"\n")
            if not received or not all(map(self._take, lines)) or len(self._pending) > 1 << 16:
                self.close()

    def close(self) -> None:
        """Kill the interpreter and every job of it."""
        if not self.alive:
            return
        self._replies.close()
        with contextlib.suppress(OSError):  # flushing into a pipe nobody reads
            self._requests.close()
        self.child.kill(grace_seconds=0.0)
        for process in self._jobs.values():
            process.lose()
        self._jobs.clear()

    def _take(self, line: bytes) -> bool:
        """Act on one reply; False when it is none."""
        try:
            reply = json.loads(line)
            if "ready" in reply:
                self.missing = tuple(map(str, reply["missing"]))
                self._ready_before = None
            elif "returncode" in reply:
                end = _end_of(reply)
                self._jobs.pop(reply["id"]).finish(end)
            elif reply["id"] in self._jobs:
                self._jobs[reply["id"]].pid = self._pid_here(int(reply["pid"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return False
        return True

    def _pid_here(self, pid_inside: int) -> int:
        """The pid on this side of the process that calls itself ``pid_inside``; 0 when none below does."""
        return next((pid for pid in descendants(self.child.pid) if _innermost_pid(pid) == pid_inside), 0)


class WarmProcess:
    """A job forked from the warm interpreter; ``pid`` is its keeper's."""

    def __init__(self, interpreter: WarmInterpreter) -> None:
        self._interpreter = interpreter
        self._end: ProcessEnd | None = None
        self._pid = 0
        self._started_ticks = 0

    @property
    def pid(self) -> int:
        return self._pid

    @pid.setter
    def pid(self, pid: int) -> None:
        figures = read_process(pid)
        self._pid, self._started_ticks = (pid, figures.started_ticks) if figures else (0, 0)

    @property
    def wake_descriptor(self) -> int:
        return self._interpreter.wake_descriptor

    def poll(self) -> ProcessEnd | None:
        if self._end is None:
            self._interpreter.listen()
        return self._end

    def finish(self, end: ProcessEnd) -> None:
        self._end = end

    def lose(self) -> None:
        """The interpreter died, and this job with it (or before it ever began: ``pid`` is 0)."""
        self._end = ProcessEnd(returncode=-9, cpu_seconds=0.0, max_rss_bytes=0, lost=True)

    def kill(self, grace_seconds: float) -> None:
        self._wait_for(lambda: self._pid != 0, timeout_seconds=30.0)  # it may still be importing
        figures = read_process(self._pid) if self.poll() is None else None
        if figures is not None and figures.started_ticks == self._started_ticks:
            keeper = os.pidfd_open(self._pid)
            try:
                kill_tree(self._pid, grace_seconds, keeper)
            finally:
                os.close(keeper)
        if not self._wait_for(lambda: False, timeout_seconds=5.0):
            self._interpreter.close()  # a job that cannot be found or killed alone goes with all

    def _wait_for(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        """Listen until the job ends or ``condition()`` holds; False when time ran out first."""
        while self.poll() is None and not condition():
            ready, _, _ = select.select([self.wake_descriptor], [], [], timeout_seconds)
            if not ready:
                return False
        return True


def _end_of(reply: Mapping[str, Any]) -> ProcessEnd:
    """How a job ended, as its keeper tells it. Raises ValueError for figures that cannot be."""
    cpu_seconds = float(reply["cpu_seconds"])
    if not 0 <= cpu_seconds < float("inf"):
        raise ValueError(f"{cpu_seconds} CPU seconds")
    return ProcessEnd(signal_or_code(int(reply["returncode"])), cpu_seconds, int(reply["max_rss_bytes"]))


def _innermost_pid(pid: int) -> int:
    """What the process is called in its own PID namespace."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("NSpid:"):
                    return int(line.split()[-1])
    except OSError:
        pass
    return 0
