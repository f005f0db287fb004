"""Processes that a test starts and waits for: how they start, when they hear Ctrl-C, and waiting for anything else."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for ``condition``, long enough for a busy machine."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def as_a_background_shell_does() -> None:
    """For a process just started: it ignores Ctrl-C until it asks for it itself, wherever the tests were started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def listens(pid: int) -> bool:
    """Whether the process has a handler for Ctrl-C, as the kernel tells it."""
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(int(caught[1], 16) >> signal.SIGINT - 1 & 1) if caught else False
