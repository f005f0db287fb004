"""Starts a container and stands for it: what the parent started, and what its signals reach.

An engine's containers are nobody's children and take no file descriptor along. So this process waits at a Unix socket
that is bound into the container, hands stdin, stdout and stderr through it to ``docker_inside.py``, and writes where
that is on this machine into a file. It ends as the job ends; when it dies, however, the container dies with it.

    python -I -S docker_outside.py SETTINGS docker run ...      SETTINGS is a JSON object, see ``main``

Runs by path and without site-packages, so it holds to the standard library.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

START_SECONDS = 60.0
ENGINE_FAILED = 125
"""The return code of a job whose container never started; what the engine said stands in its stderr."""

_FAREWELL_SECONDS = 10.0
_MOST = {"returncode": 256.0, "cpu_seconds": 1e9, "max_rss_bytes": 1e15}


class Container:
    """One container, from its start to its end. ``folder`` is made, and is the starter's to take away."""

    def __init__(self, command: Sequence[str], folder: Path, stop: Sequence[str]) -> None:
        self._stop = stop
        self._told = folder / "told.json"
        self._root = 0
        (folder / "door").mkdir(parents=True, mode=0o700)
        self._listener = _listen(folder / "door" / "socket")
        self._said = folder / "engine.log"
        signal.signal(signal.SIGUSR1, self._end)
        with self._said.open("wb") as said:
            self._engine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def run(self) -> int:
        """Give it its descriptors, wait for its end, tell what it used; its job's return code."""
        connection = self._welcome()
        if connection is None:
            return self._complain()
        with connection:
            self._root = _peer(connection)
            if not self._root:
                self._say("Docker's engine runs on another machine than Medalist, or inside a virtual one.")
                self._end()
            self._tell({"root": self._root})
            socket.send_fds(connection, [b"go"], [0, 1, 2])
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)  # pipes to the parent end when the job closes them
            end = _read_end(connection)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._engine.wait(_FAREWELL_SECONDS)
        if end is None:
            return 128 + signal.SIGKILL
        self._tell({"root": self._root, **end})
        return int(end["returncode"])

    def _welcome(self) -> socket.socket | None:
        """The connection of the process inside; None when the engine ended, or took too long."""
        ended = os.pidfd_open(self._engine.pid)
        ready, _, _ = select.select([self._listener, ended], [], [], START_SECONDS)
        os.close(ended)
        connection = self._listener.accept()[0] if self._listener in ready else None
        self._listener.close()
        return connection

    def _complain(self) -> int:
        if self._engine.poll() is None:
            self._say(f"The container did not start within {START_SECONDS:.0f} s.")
            self._end()
        self._say(self._said.read_text(errors="replace").strip())
        return ENGINE_FAILED

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def _tell(self, content: Mapping[str, float]) -> None:
        fresh = self._told.with_suffix(".new")
        fresh.write_text(json.dumps(content))
        fresh.replace(self._told)

    def _end(self, number: int = 0, frame: FrameType | None = None) -> NoReturn:
        """Take it down at once, frozen or not, started or just about to be."""
        if self._root:
            with contextlib.suppress(OSError):
                os.kill(self._root, signal.SIGKILL)  # the first process of its namespace
        else:
            subprocess.run(self._stop, capture_output=True, check=False)
            self._engine.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._engine.wait(_FAREWELL_SECONDS)
        os._exit(128 + signal.SIGKILL)


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.chdir(path.parent)  # a socket's whole name is short
    listener.bind(path.name)
    listener.listen(1)
    return listener


def _peer(connection: socket.socket) -> int:
    """Who connected, as this machine counts processes; 0 for one that it does not see."""
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", found)[0]


def _read_end(connection: socket.socket) -> dict[str, float] | None:
    """What the process inside says of its job's end. It may lie about that: figures only, and only sound ones."""
    said = b""
    while len(said) < 4096 and (received := connection.recv(4096)):
        said += received
    try:
        told = json.loads(said)
        end = {name: float(told[name]) for name in _MOST}
    except (ValueError, KeyError, TypeError):
        return None
    return end if all(0 <= end[name] < most for name, most in _MOST.items()) else None


def main(arguments: list[str]) -> int:
    """Settings: ``folder`` (to be made, for the socket and what is told), ``parent`` (pid to die with), ``stop`` (the
    command that stops the container)."""
    settings = json.loads(arguments[0])
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import keeper  # pyright: ignore[reportMissingImports]  # beside this file, which runs by path

    os.environ.pop(keeper.LIFELINE, None)  # inside, the connection is the lifeline
    container = Container(arguments[1:], Path(settings["folder"]), settings["stop"])
    keeper.die_with_parent(settings["parent"], signal.SIGUSR1)
    return container.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
