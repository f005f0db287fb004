"""How every benchmark prints: the command, the machine and the comparison beside the figure."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Sequence


def machine() -> str:
    """One line that says what the figures below were measured on."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    load = os.getloadavg()[0]
    return f"{len(os.sched_getaffinity(0))} cores of {model}, Python {platform.python_version()}, load {load:.1f}"


def header(name: str) -> str:
    """The lines that open a benchmark's output."""
    command = shlex.join(["python", "-m", "benchmarks", name, *sys.argv[2:]])
    return f"## {name}\n\n`{command}` on {machine()}\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
