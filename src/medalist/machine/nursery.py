"""Many processes of Medalist's own that need the same modules: imported once, then forked (``python -m`` itself).

Ten attempts that ask language models would import the same libraries ten times, which on two cores
takes longer than the first answers. The nursery imports them once and forks a child for each
request; a child is in a group of its own, hidden like the nursery, and dies with it.

A request is one line of JSON on its stdin: ``{"id", "module", "arguments", "log"}``. It prints
``{"id", "pid"}`` when the child runs and ``{"id", "returncode"}`` when it has ended.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from medalist.core.errors import JobError
from medalist.machine import children

_LOOK_SECONDS = 0.05
_STOP_SECONDS = 1.0


class Born:
    """A child of the nursery, as its parent sees it; ``returncode`` like a ``Popen``'s."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery = nursery
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The return code once it has ended (negative: a signal), None while it runs."""
        if self.returncode is None:
            self._nursery.listen()
        return self.returncode

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(f"child {self.pid}", timeout or 0.0)
            time.sleep(_LOOK_SECONDS)
        return code


class Nursery:
    """Starts ``module.main(arguments)`` in forks of one process that has imported ``preload``.

    ``also`` names environment variables that it gets beside the usual ones (``machine.children``).
    The process starts with the first child, and again when it was killed. For one thread.
    """

    def __init__(self, *, preload: Sequence[str], cwd: Path, log: Path, also: Sequence[str] = ()) -> None:
        self._preload = tuple(preload)
        self._cwd = cwd
        self._log = log
        self._also = tuple(also)
        self._server: subprocess.Popen[bytes] | None = None
        self._born: dict[int, Born] = {}
        self._said = b""
        self._count = 0

    @property
    def pid(self) -> int:
        """The nursery's own process, started where it was not."""
        return self._running().pid

    def bear(self, module: str, arguments: Sequence[str], *, log: Path) -> Born:
        """Start a child; its stdout and stderr go to ``log``. Raises JobError when the nursery cannot."""
        server = self._running()
        self._count += 1
        request = {"id": self._count, "module": module, "arguments": list(arguments), "log": str(log)}
        born = Born(self, 0)
        self._born[self._count] = born
        try:
            assert server.stdin is not None
            server.stdin.write(json.dumps(request).encode() + b"\n")
            server.stdin.flush()
        except BrokenPipeError:
            server.wait(_STOP_SECONDS)
        while not born.pid:
            self.listen(timeout_seconds=_STOP_SECONDS)
            if not born.pid and server.poll() is not None:
                raise JobError("The process that starts attempts ended.", where=str(self._log))
        return born

    def listen(self, timeout_seconds: float = 0.0) -> None:
        """Take in what the nursery has said by now; without it, its children are looked for themselves."""
        if self._server is None:
            return
        assert self._server.stdout is not None
        while select.select([self._server.stdout], [], [], timeout_seconds)[0]:
            new = os.read(self._server.stdout.fileno(), 1 << 16)
            if not new:
                self._look_for_orphans()
                return
            *lines, self._said = (self._said + new).split(b"\n")
            for line in lines:
                self._take(json.loads(line))
            timeout_seconds = 0.0

    def close(self) -> None:
        """End the nursery, and with it every child that still runs."""
        if self._server is None:
            return
        server, self._server = self._server, None
        for pipe in (server.stdin, server.stdout):
            assert pipe is not None
            pipe.close()
        children.stop(server, grace_seconds=_STOP_SECONDS)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._server is None or self._server.poll() is not None:
            self._said = b""
            self._server = children.start(
                ["medalist.machine.nursery", str(os.getpid()), *self._preload],
                cwd=self._cwd,
                log=self._log,
                stdin=subprocess.PIPE,
                also=self._also,
            )
        return self._server

    def _take(self, message: dict[str, Any]) -> None:
        born = self._born[message["id"]]
        born.pid = message.get("pid", born.pid)
        if "returncode" in message:
            born.returncode = message["returncode"]
            del self._born[message["id"]]

    def _look_for_orphans(self) -> None:
        """The nursery is dead. Its children were told to end; how they did nobody will say."""
        for number, born in list(self._born.items()):
            if born.pid and not _exists(born.pid):
                born.returncode = -signal.SIGTERM
                del self._born[number]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(arguments: Sequence[str]) -> None:
    """The nursery itself: imports, then forks until its stdin ends or its parent dies."""
    starter, *modules = arguments
    children.die_with_parent(int(starter))
    children.hide_this_process()
    for module in modules:
        with contextlib.suppress(ImportError):  # the child that needs it will say so
            import_module(module)
    gc.collect()
    gc.freeze()  # children share these pages instead of copying them when theirs are collected
    numbers: dict[int, int] = {}  # the request's number by the child's pid
    unread = b""
    while True:
        if select.select([0], [], [], _LOOK_SECONDS if numbers else None)[0]:
            new = os.read(0, 1 << 16)
            if not new:
                return
            *requests, unread = (unread + new).split(b"\n")
            for request in requests:
                asked = json.loads(request)
                parent, pid = os.getpid(), os.fork()
                if pid == 0:
                    _live(asked, parent)
                numbers[pid] = asked["id"]
                _say({"id": asked["id"], "pid": pid})
        while numbers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            _say({"id": numbers.pop(pid), "returncode": os.waitstatus_to_exitcode(status)})


def _live(asked: dict[str, Any], parent: int) -> NoReturn:
    """The child's whole life; whatever happens, it never returns into the nursery's loop."""
    code = 1
    try:
        children.die_with_parent(parent)
        os.setsid()
        for number, (path, flags) in enumerate(
            [(os.devnull, os.O_RDONLY), *[(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)] * 2]
        ):
            opened = os.open(path, flags, 0o644)
            os.dup2(opened, number)
            os.close(opened)
        code = import_module(asked["module"]).main(asked["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        if sys.exception() is not None:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def _say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
