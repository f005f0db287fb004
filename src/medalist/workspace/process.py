"""Starting and killing what runs an engineer's code: the only file of the project that does.

A started command is the root of a process tree. Nothing below a root outlives it: a PID namespace or
a keeper (``workspace/keeper.py``) sees to daemons that fork twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from medalist.core.errors import JobError
from medalist.machine.process_tree import descendants, graft, read_process, ungraft
from medalist.workspace.keeper import LIFELINE
from medalist.workspace.policy import Wrapped


@dataclass(frozen=True)
class ProcessEnd:
    """How a process ended. ``returncode`` is negative for a signal; CPU and memory cover its children.

    ``max_rss_bytes`` is 0 where the kernel's figure says nothing of the process itself.
    """

    returncode: int
    cpu_seconds: float
    max_rss_bytes: int
    lost: bool = False  # the interpreter it was forked from died, and it with that


class Process(Protocol):
    """A started process tree: a cold one (``Child``) or one forked from the warm interpreter."""

    @property
    def pid(self) -> int:
        """Its keeper, the root of its tree, on this machine; 0 while that is not known yet."""
        ...

    @property
    def wake_descriptor(self) -> int:
        """Becomes readable when ``poll`` may have news."""
        ...

    def poll(self) -> ProcessEnd | None:
        """How it ended, or None while it runs."""
        ...

    def kill(self, grace_seconds: float) -> None:
        """End the tree: SIGTERM, ``grace_seconds`` later SIGKILL. Returns when it is gone."""
        ...


class Child:
    """A process tree started by this process; ``poll`` reaps it."""

    def __init__(
        self,
        wrapped: Wrapped,
        *,
        cwd: Path,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.STDOUT,
    ) -> None:
        """Start it. Raises JobError when the system cannot.

        The tree dies with the thread that started it, which is how it dies with a killed parent. Where that
        was killed before the tree could know, the keeper sees it by the pipe that it holds the end of.
        """
        # A child's peak starts at what its parent held when it was started, for the kernel counts the
        # memory they shared until the exec; only what lies above that is the child's own.
        self._inherited_rss_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        held, self._lifeline = os.pipe()  # its keeper ends when no one holds the second end
        try:
            self._popen = subprocess.Popen(
                wrapped.argv,
                env={**wrapped.env, LIFELINE: str(held)},
                cwd=cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                pass_fds=(held,),
            )
        except OSError as error:
            os.close(self._lifeline)
            raise JobError(
                f"A process could not be started: {error.strerror or error}.",
                where=wrapped.argv[0],
                next_step="Run `medalist doctor`; it says what is missing.",
            ) from error
        finally:
            os.close(held)
        self._keeper_is_child = wrapped.keeper_is_child
        self._told = wrapped.told
        self._keeper_pid = 0
        self.wake_descriptor = os.pidfd_open(self._popen.pid)
        self._end: ProcessEnd | None = None

    @property
    def pid(self) -> int:
        if not self._keeper_pid and self._end is None:
            self._keeper_pid = self._find_keeper()
        return self._keeper_pid

    def poll(self) -> ProcessEnd | None:
        if self._end is None:
            pid, status, usage = os.wait4(self._popen.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._popen.returncode = code  # so that Popen does not wait for it again
                os.close(self.wake_descriptor)
                os.close(self._lifeline)
                self._end = ProcessEnd(
                    returncode=signal_or_code(code),
                    cpu_seconds=usage.ru_utime + usage.ru_stime,
                    max_rss_bytes=usage.ru_maxrss * 1024 if usage.ru_maxrss > self._inherited_rss_kib else 0,
                )
                self._take_back()
        return self._end

    def wait(self, timeout_seconds: float) -> ProcessEnd | None:
        """How it ended, or None when it still runs after ``timeout_seconds``."""
        if self.poll() is None:
            select.select([self.wake_descriptor], [], [], timeout_seconds)
        return self.poll()

    def _find_keeper(self) -> int:
        """The keeper: what was started, the child of that, or the child of the process that a container began with."""
        root = self._popen.pid
        if self._told is not None:
            root = int(_read_told(self._told).get("root", 0))
            if root:
                graft(root, self._popen.pid)
        elif not self._keeper_is_child:
            return root
        return next(iter(descendants(root)), 0) if root else 0

    def _take_back(self) -> None:
        """Once a container has ended: what it used, as it says itself, and an end to what stood for it here."""
        if self._told is None:
            return
        assert self._end is not None
        told = _read_told(self._told)
        self._end = replace(
            self._end,
            cpu_seconds=told.get("cpu_seconds", 0.0),
            max_rss_bytes=int(told.get("max_rss_bytes", 0)),
        )
        ungraft(self._popen.pid)
        shutil.rmtree(self._told.parent, ignore_errors=True)

    def kill(self, grace_seconds: float) -> None:
        if self.poll() is None:
            with _gone_with(self.pid):
                self._kill(grace_seconds)

    def _kill(self, grace_seconds: float) -> None:
        if self.pid:
            kill_tree(self.pid, grace_seconds, self.wake_descriptor)
        # SIGUSR1 ends a keeper and what it started; one that was killed just as it forks would leave that behind.
        for number in (signal.SIGUSR1, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._popen.pid, number)
            if self.wait(timeout_seconds=5.0) is not None:
                return


@contextlib.contextmanager
def _gone_with(keeper: int) -> Iterator[None]:
    """Waits at the end until ``keeper`` (0: none) has ended too: what started it may die first, and it a moment later.

    The keeper is the first process of a sandbox's PID namespace, which the kernel empties before it ends.
    """
    try:
        descriptor = os.pidfd_open(keeper) if keeper else None
    except ProcessLookupError:
        descriptor = None
    try:
        yield
        if descriptor is not None:
            select.select([descriptor], [], [], 5.0)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _read_told(path: Path) -> dict[str, float]:
    """What a container's starter has written so far."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}


def kill_tree(root: int, grace_seconds: float, ended_descriptor: int) -> None:
    """Kill everything below ``root``, which then ends by itself; ``root`` is spared to adopt orphans.

    ``ended_descriptor`` becomes readable when ``root`` has ended. Processes are stopped before they
    are killed, so that none forks faster than it is found.
    """
    _send(descendants(root), signal.SIGTERM)
    if grace_seconds > 0 and select.select([ended_descriptor], [], [], grace_seconds)[0]:
        return
    deadline = time.monotonic() + 5.0
    stopped: set[int] = set()
    while (living := _living_below(root)) and time.monotonic() < deadline:
        _send(living, signal.SIGKILL if stopped.issuperset(living) else signal.SIGSTOP)
        stopped.update(living)
        time.sleep(0.005)
    select.select([ended_descriptor], [], [], 1.0)


def _living_below(root: int) -> list[int]:
    found = ((pid, read_process(pid)) for pid in descendants(root))
    return [pid for pid, figures in found if figures is not None and figures.state not in "ZX"]


def _send(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def signal_or_code(code: int) -> int:
    """Keepers and bubblewrap say 128 + n for a job that signal n ended; here it is -n, as Popen has it."""
    return 128 - code if 128 < code < 128 + signal.NSIG else code
