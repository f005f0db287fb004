"""A process and all that descend from it: who they are and what they use, read from /proc.

Walking `/proc/<pid>/task/*/children` touches only the tree that is asked for, a tenth of the cost of
listing every process of the machine; where the kernel lacks that file psutil does the listing.
Processes may vanish at any moment; those are left out, never an error. A container's processes are an engine's
children and not of who asked for it: ``graft`` hangs them below whom they belong to, for this process's looks.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessFigures:
    """One process at one moment.

    ``cpu_seconds`` counts its own threads and the children it has waited for, whose part is
    ``reaped_cpu_seconds``; ``rss_bytes`` counts pages shared with others in full; ``started_ticks``
    tells a process from a later one with its pid.
    """

    pid: int
    cpu_seconds: float
    reaped_cpu_seconds: float
    rss_bytes: int
    started_ticks: int
    state: str


def read_process(pid: int) -> ProcessFigures | None:
    """The figures of ``pid``, or None when there is no such process (a zombie counts as there)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    utime, stime, reaped_utime, reaped_stime = map(int, fields[11:15])
    return ProcessFigures(
        pid=pid,
        cpu_seconds=(utime + stime + reaped_utime + reaped_stime) / _TICKS_PER_SECOND,
        reaped_cpu_seconds=(reaped_utime + reaped_stime) / _TICKS_PER_SECOND,
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
        started_ticks=int(fields[19]),
        state=fields[0].decode(),
    )


def run_delay_seconds(pid: int) -> float:
    """How long the first thread of ``pid`` has been ready while the kernel ran others; 0.0 where that is not told."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


@dataclass(frozen=True)
class ProcessCommand:
    """What a process runs: its command line, the program's file and the folder it is in, as it sees them."""

    argv: tuple[str, ...]
    program: str
    folder: str


def read_command(pid: int) -> ProcessCommand | None:
    """The command of ``pid``; None when it is gone, is a zombie, or may not be looked at."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        program, folder = os.readlink(f"/proc/{pid}/exe"), os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None
    argv = tuple(word.decode("utf-8", errors="replace") for word in words)
    return ProcessCommand(argv, program, folder)


def descendants(pid: int) -> list[int]:
    """Every process below ``pid``, parents before their children; ``pid`` itself is not among them."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def children(pid: int) -> list[int]:
    """The processes that ``pid`` started, or adopted, and that still are; and the one grafted on it."""
    grafted = [_GRAFTS[pid]] if pid in _GRAFTS else []
    return grafted + _children_by_kernel(pid)


_GRAFTS: dict[int, int] = {}


def graft(child: int, parent: int) -> None:
    """From now on ``child``, with all below it, counts as started by ``parent``; until ``ungraft``."""
    _GRAFTS[parent] = child


def ungraft(parent: int) -> None:
    """Take back what was grafted on ``parent``, if anything."""
    _GRAFTS.pop(parent, None)


def _children_by_kernel(pid: int) -> list[int]:
    folder = f"/proc/{pid}/task"
    try:
        threads = os.listdir(folder)
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        try:
            with open(f"{folder}/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
        except ProcessLookupError:
            continue
        except FileNotFoundError:
            if not _KERNEL_LISTS_CHILDREN:
                return _children_by_psutil(pid)
    return found


def _children_by_psutil(pid: int) -> list[int]:
    import psutil  # a twentieth of a second that most machines never need to spend

    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


_KERNEL_LISTS_CHILDREN = os.path.exists("/proc/thread-self/children")


def proportional_bytes(pid: int) -> int:
    """Memory of ``pid`` with shared pages divided among those that share them (PSS); 0 when unknown.

    Costs the kernel a walk over the whole address space: for settling a doubt, not for each sample.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in lines.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
