"""Holding a tree of processes from outside: frozen and thawed as one, its CPU time counted, whoever left it noticed.

A control group where this process may make one below its own (freezer and cpuacct of version 1, or version 2): the
kernel then stops and counts everything that was ever forked. Elsewhere every process of the tree is sent SIGSTOP
until none runs, and the CPU clocks of the living are added to what their parents have reaped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from medalist.machine.groups import make_group_below, remove_group, sweep_groups
from medalist.machine.hardware import control_groups
from medalist.machine.process_tree import descendants, read_process

_LONGEST_FREEZE_SECONDS = 2.0
_POLL_SECONDS = 0.0005
_PREFIX = "medalist_cage"


class Cage(Protocol):
    """Holds one tree. ``folders`` are control groups that the tree's first process must join before it forks."""

    @property
    def folders(self) -> tuple[Path, ...]: ...

    @property
    def name(self) -> str:
        """How it freezes: ``"control group"`` or ``"signals"``."""
        ...

    def freeze(self) -> tuple[int, ...]:
        """Stop the whole tree; returns the processes that could not be stopped, which is none of an honest tree."""
        ...

    def thaw(self) -> None: ...

    def cpu_seconds(self) -> float:
        """CPU time used by all that was ever in the tree; two calls make a difference."""
        ...

    def remove(self) -> None:
        """Take away what the cage is made of; its processes must have ended."""
        ...


class GroupCage:
    """A cage of control groups; made by ``make_cage``.

    What is frozen cannot die, not even with a parent that was killed, so a guardian thaws the cage when this process
    ends in whatever way.
    """

    name = "control group"

    def __init__(self, freezer: Path, counter: Path) -> None:
        self._freezer = freezer
        self._counter = counter
        self._second_version = (freezer / "cgroup.freeze").exists()
        self._guardian = subprocess.Popen(
            ["/bin/sh", "-c", f'read _; echo {self._word(frozen=False)} > "$1"', "sh", str(self._switch)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self._freezer, self._counter)))

    def freeze(self) -> tuple[int, ...]:
        self._set(frozen=True)
        return _until(lambda: () if self._is_frozen() else self._members())

    def thaw(self) -> None:
        self._set(frozen=False)

    def cpu_seconds(self) -> float:
        if self._second_version:
            words = (self._counter / "cpu.stat").read_text().split()
            return int(words[words.index("usage_usec") + 1]) / 1e6
        return int((self._counter / "cpuacct.usage").read_text()) / 1e9

    def remove(self) -> None:
        self._guardian.communicate()
        for folder in self.folders:
            remove_group(folder)

    def _set(self, *, frozen: bool) -> None:
        self._switch.write_text(self._word(frozen=frozen))

    @property
    def _switch(self) -> Path:
        return self._freezer / ("cgroup.freeze" if self._second_version else "freezer.state")

    def _word(self, *, frozen: bool) -> str:
        if self._second_version:
            return str(int(frozen))
        return "FROZEN" if frozen else "THAWED"

    def _is_frozen(self) -> bool:
        if self._second_version:
            return "frozen 1" in (self._freezer / "cgroup.events").read_text()
        return (self._freezer / "freezer.state").read_text().strip() == "FROZEN"

    def _members(self) -> tuple[int, ...]:
        return tuple(map(int, (self._freezer / "cgroup.procs").read_text().split()))


class SignalCage:
    """A cage of signals around all that descends from ``root``, which itself is spared: it adopts orphans."""

    name = "signals"
    folders: tuple[Path, ...] = ()

    def __init__(self, root: int = 0) -> None:
        """``root`` may be set once it is known."""
        self.root = root
        self._stopped: set[int] = set()

    def freeze(self) -> tuple[int, ...]:
        return _until(self._stop_once)

    def thaw(self) -> None:
        """Let those go on that ``freeze`` stopped, children first: a parent that finds its child stopped may care."""
        for pid in reversed(self.tree()):
            if pid in self._stopped:
                _send(pid, signal.SIGCONT)
        self._stopped.clear()

    def cpu_seconds(self) -> float:
        return sum(map(_cpu_of, (self.root, *self.tree())))

    def remove(self) -> None: ...

    def tree(self) -> list[int]:
        """Who is held, parents first."""
        return descendants(self.root) if self.root else []

    def _stop_once(self) -> tuple[int, ...]:
        """Signal what still runs; those that ran. None may be left in two looks, for one may fork while it is sought."""
        running = []
        for pid in self.tree():
            figures = read_process(pid)
            if figures is not None and figures.state not in "TtZX":
                _send(pid, signal.SIGSTOP)
                self._stopped.add(pid)
                running.append(pid)
        return tuple(running)


def make_cage(root: Path = Path("/")) -> Cage:
    """A cage of control groups where they can be made, else of signals. ``root`` stands in for / in tests."""
    groups = control_groups(root)
    for controller in ("", "freezer", "cpuacct"):
        sweep_groups(groups.get(controller, [])[:1], _PREFIX)
    second = _make_below(groups.get("", []), "cgroup.freeze")
    if second is not None:
        return GroupCage(second, second)
    freezer = _make_below(groups.get("freezer", []), "freezer.state")
    counter = _make_below(groups.get("cpuacct", []), "cpuacct.usage")
    if freezer is not None and counter is not None:
        return GroupCage(freezer, counter)
    for folder in (freezer, counter):
        if folder is not None:
            folder.rmdir()
    return SignalCage()


def _make_below(chain: Sequence[Path], file: str) -> Path | None:
    """A new group below this process's own that holds ``file``, writable."""
    folder = make_group_below(chain, _PREFIX)
    if folder is not None and not os.access(folder / file, os.W_OK):
        remove_group(folder)
        return None
    return folder


def _until(running: Callable[[], tuple[int, ...]]) -> tuple[int, ...]:
    """Ask ``running`` until it twice names nobody; who still runs when the time is over."""
    deadline = time.monotonic() + _LONGEST_FREEZE_SECONDS
    quiet = 0
    while True:
        left = running()
        quiet = 0 if left else quiet + 1
        if quiet == 2 or (left and time.monotonic() > deadline):
            return left
        if left:
            time.sleep(_POLL_SECONDS)


def _cpu_of(pid: int) -> float:
    """CPU time of ``pid``, its threads of the past too, and of the children it has reaped."""
    figures = read_process(pid)
    if figures is None:
        return 0.0
    try:
        own = time.clock_gettime(~pid << 3 | 2)  # its CPU clock, clock_getcpuclockid(3)
    except OSError:  # a zombie has none left
        return figures.cpu_seconds
    return own + figures.reaped_cpu_seconds


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
