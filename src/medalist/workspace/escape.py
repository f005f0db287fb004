"""What the probe runs inside a sandbox: one short attempt for each promise that a sandbox makes.

Runs by path, without site-packages, so it holds to the standard library. Reports honestly what it
managed, in ``answer.json``; starts a daemon that forks twice and touches ``heartbeat`` until killed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable


def reads(path: str, expected: bytes) -> bool:
    """Whether ``path`` opens and holds ``expected``."""
    with open(path, "rb") as file:
        return expected in file.read()


def connects(port: int) -> bool:
    """Whether the host's loopback answers."""
    socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    return True


def writes(folder: str) -> bool:
    """Whether a file can be made in ``folder`` of the host (a private folder of that name does not count)."""
    if not os.path.isdir(folder):
        return False
    with open(os.path.join(folder, "written"), "w"):
        return True


def opens_for_writing(path: str) -> bool:
    """Whether ``path`` could be written; nothing is."""
    os.close(os.open(path, os.O_WRONLY))
    return True


def signals(pid: int) -> bool:
    """Whether SIGTERM reaches ``pid`` of the host; the parent looks whether it did."""
    os.kill(pid, signal.SIGTERM)
    return True


def manages(attempt: Callable[[], bool]) -> bool:
    try:
        return attempt()
    except OSError:
        return False


def leave_a_daemon() -> None:
    """Fork twice, with a session of its own between: out of the group that a naive kill would reach."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                with open("heartbeat", "w"):
                    pass
                time.sleep(0.02)
        os._exit(0)
    while not os.path.exists("heartbeat"):
        time.sleep(0.01)


def main(goals: dict) -> None:
    leave_a_daemon()
    canary = goals["canary"]
    secret = b"hidden"
    hidden = [goals["secret"], "input/../private/answers.csv", f"/proc/{canary}/root{goals['secret']}"]
    managed = {
        "network": manages(lambda: connects(goals["port"])),
        "write_outside": manages(lambda: writes(goals["outside"])),
        "hidden_files": any(manages(lambda path=path: reads(path, secret)) for path in hidden),
        "parent_environment": manages(lambda: reads(f"/proc/{canary}/environ", b"MEDALIST_PROBE_SECRET")),
        "kernel_settings": manages(lambda: opens_for_writing("/proc/sys/kernel/core_pattern")),
        "signal_parent": False,  # the parent sees for itself
    }
    manages(lambda: signals(canary))
    with open("answer.part", "w") as file:
        json.dump(managed, file)
    os.rename("answer.part", "answer.json")
    time.sleep(60)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
