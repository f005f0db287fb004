"""Starting Medalist's own processes: graders, reviewers, attempts of a set. Engineers' code never starts here.

A child gets an allow-list of environment variables, its own process group, a working directory
that no engineer can write, and dies with its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR")
"""Where Docker's client finds its engine."""

_ALLOWED = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH",
    "MEDALIST_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HF_HOME", "TORCH_HOME",
    *ENGINE_VARIABLES,
)  # fmt: skip
_LONGEST_ECHO_SECONDS = 2.0
_LOOK_SECONDS = 0.5
_PARENT_DIED = 1  # PR_SET_PDEATHSIG
_DUMPABLE = 4  # PR_SET_DUMPABLE


def own_environment() -> dict[str, str]:
    """The allow-list for Medalist's own children: no provider key, no setting of the caller's shell."""
    return {
        **{name: os.environ[name] for name in _ALLOWED if name in os.environ},
        "PYTHONUNBUFFERED": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
    }


class Stoppable(Protocol):
    """A process of Medalist's own, started here or forked by ``machine.nursery``; as ``subprocess.Popen``."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def terminate(self) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


def start(
    module_and_arguments: Sequence[str],
    *,
    cwd: Path,
    log: Path | int,
    stdin: int = subprocess.DEVNULL,
    also: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``python -m module arguments`` in a group of its own, stdout piped, stderr to ``log``.

    ``also`` names variables it gets beside the allow-list: a process that asks language models needs
    their keys. ``settings`` are variables with values of their own. ``-P`` keeps the working directory off
    the module path, so that no file lying there is imported.
    """
    errors = log.open("ab") if isinstance(log, Path) else log
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", *module_and_arguments],
            cwd=cwd,
            env={
                **own_environment(),
                **{name: os.environ[name] for name in also if name in os.environ},
                **(settings or {}),
            },
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    finally:
        if not isinstance(errors, int):
            errors.close()


def stop(process: Stoppable, *, grace_seconds: float) -> None:
    """Ask a child to end (SIGTERM), then kill its whole group; returns when it is gone."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel send this process SIGTERM when its parent dies (Linux); called first thing by a child."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DIED, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent_pid:  # the parent died before the kernel was asked
        os.kill(os.getpid(), signal.SIGTERM)


def hide_this_process() -> None:
    """Make this process non-dumpable (prctl(2)): no other of the same user reads its memory or environment.

    Root may still, and this process's children are unaffected once they run another program. Its own
    entries below /proc then belong to root; a profiler that attaches from outside needs root too.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)


@dataclass(frozen=True)
class Answer:
    """What a child said: its return code (None: killed at the limit), stdout, and the end of its stderr."""

    returncode: int | None
    output: str
    errors: str


def ask(
    module_and_arguments: Sequence[str],
    *,
    cwd: Path,
    timeout_seconds: float,
    tell: Callable[[str], None] | None = None,
    given_up: Callable[[], bool] = lambda: False,
) -> Answer:
    """Run a child to its end and return what it printed; a child past its limit is killed with its group, and so is
    one that ``given_up``, which is asked now and then, says is waited for no more.

    ``tell`` hears each line of its stderr as it comes, in another thread.
    """
    process = start(module_and_arguments, cwd=cwd, log=subprocess.PIPE)
    assert process.stderr is not None
    errors = _Listener(process.stderr, tell or (lambda line: None))
    process.stderr = None  # the listener's, not communicate's
    deadline = time.monotonic() + timeout_seconds
    output: bytes | None = None
    try:
        while output is None and time.monotonic() < deadline and not given_up():
            with contextlib.suppress(subprocess.TimeoutExpired):
                output, _ = process.communicate(timeout=min(_LOOK_SECONDS, deadline - time.monotonic()))
    finally:
        if process.poll() is None:
            stop(process, grace_seconds=1.0)
    returncode = None if output is None else process.returncode
    output = process.communicate()[0] if output is None else output
    return Answer(returncode, output.decode(errors="replace"), errors.heard()[-4000:])


class _Listener:
    """Reads a pipe to its end in a thread, and passes each line on."""

    def __init__(self, pipe: IO[bytes], tell: Callable[[str], None]) -> None:
        self._pipe = pipe
        self._tell = tell
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with self._pipe:
            for line in self._pipe:
                self._lines.append(line.decode(errors="replace"))
                self._tell(self._lines[-1].rstrip())

    def heard(self) -> str:
        """All there was; for when the writer has ended (a process that it left may hold the pipe: not waited for)."""
        self._thread.join(_LONGEST_ECHO_SECONDS)
        return "".join(self._lines)
