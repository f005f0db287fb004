"""The judge's side of the protocol: starts a program's worker, hands it data at GO, takes its bytes and the time.

A ``Peer`` is a program at work in a sandbox of its own, a ``machine.timing.Caller``. What lies behind it may be
hostile: it is frozen whenever it is not called, its answers are bytes until ``judging`` has read them, and after each
call it is looked at from outside for cores it has taken and processes it has left.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

import medalist
from medalist.core.errors import GraderError
from medalist.families.speedup import worker
from medalist.families.speedup.contract import Budgets
from medalist.families.speedup.product import LARGEST_BYTES, sources_of
from medalist.families.speedup.refusals import Reason, Refused
from medalist.machine.freezer import SignalCage, make_cage
from medalist.machine.process_tree import descendants, read_process, run_delay_seconds
from medalist.machine.timing import Sample
from medalist.workspace.docker_outside import ENGINE_FAILED
from medalist.workspace.environment import child_environment, temporary_folder
from medalist.workspace.limits import ControlGroup
from medalist.workspace.policy import Command, Sandbox, SandboxPolicy
from medalist.workspace.process import Child
from medalist.workspace.sandbox import held_fingerprint

_MAX_PROCESSES = 256
_MOST_BYTES_WRITTEN = 1 << 30
_LOOK_SECONDS = 0.5
_FAREWELL_SECONDS = 0.5
_LONGEST_START_SECONDS = 60.0
_LONGEST_WAKING_SECONDS = 0.5
_ROW_OF_BYTES = 1 << 20


class Inputs:
    """The arguments of each numbered call, as sealed memory files; the last few are kept open."""

    _KEPT = 4

    def __init__(self, make: Callable[[int], Mapping[str, Any]]) -> None:
        """``make`` gives the arguments of a call by its number."""
        self._make = make
        self._files: dict[int, int] = {}

    def descriptor(self, number: int) -> int:
        """A file that holds the arguments of call ``number`` and cannot be changed. It stays this object's."""
        if number not in self._files:
            while len(self._files) >= self._KEPT:
                os.close(self._files.pop(next(iter(self._files))))
            self._files[number] = _sealed(worker.pack(self._make(number)))
        return self._files[number]

    def close(self) -> None:
        while self._files:
            os.close(self._files.popitem()[1])


@dataclass(frozen=True)
class House:
    """Where programs are run: the sandbox, the cores, a folder for their own folders, and the limits of a task.

    ``machine`` is the fingerprint of all of the machine.
    """

    sandbox: Sandbox
    cores: tuple[int, ...]
    scratch: Path
    budgets: Budgets
    machine: str = ""

    @property
    def fingerprint(self) -> str:
        """Of the machine, and of what the sandbox leaves of it: two timings are comparable where it is equal."""
        return held_fingerprint(
            self.sandbox, self.machine, cores=len(self.cores), memory_bytes=self.budgets.memory_bytes
        )


@dataclass(frozen=True)
class Program:
    """A file and the function in it that is called. ``trusted`` ones run in place and see the folder they lie in."""

    file: Path
    entry: str
    trusted: bool = False


class Peer:
    """A program at work. ``answers`` holds the bytes it gave for each call."""

    def __init__(self, program: Program, house: House, inputs: Inputs) -> None:
        """Start it; it begins to import. Raises GraderError when the sandbox cannot start it."""
        self.answers: dict[int, bytes] = {}
        self._program = program
        self._house = house
        self._inputs = inputs
        self._cage = make_cage() if house.sandbox.groups_hold else SignalCage()
        self._worker = 0
        self._folder = folder = _folder_for(program, house.scratch)
        policy = SandboxPolicy(
            writable=folder,
            readable=(program.file.parent,) if program.trusted else (),
            hidden=() if program.trusted else _judges_own(),
            memory_bytes=house.budgets.memory_bytes,
            max_processes=_MAX_PROCESSES,
        )
        file = program.file if program.trusted else folder / program.file.name
        argv = (sys.executable, "-I", str(folder / "worker.py"), str(file), program.entry)
        command = Command(argv, child_environment(folder, len(house.cores)), folder, house.cores)
        self._group = ControlGroup.under(house.sandbox, policy)
        wrapped = self._group.around(house.sandbox.wrap(command, policy))
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._child = Child(
                ControlGroup(self._cage.folders, frozenset()).around(wrapped),
                cwd=folder,
                stdin=theirs.fileno(),
                stderr=subprocess.DEVNULL,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def prepare(self) -> float:
        """Wait until it has imported, then freeze it; the CPU seconds that took. Raises Refused."""
        budgets = self._house.budgets
        if isinstance(self._cage, SignalCage):
            self._cage.root = self._keeper()
        kind, body = self._frame(budgets.import_seconds, Reason.SLOW_IMPORT, Reason.SPOKE_EARLY)
        if kind == worker.FAULT:
            self._refuse(Reason.DOES_NOT_RUN, f"It fails while it is imported: {_last_line(body)}")
        if kind != worker.READY or body:
            self._refuse(Reason.SPOKE_EARLY, "It answered before it was asked.")
        self._worker = self._first_below()
        self._look_around()
        self.freeze()
        return self._cage.cpu_seconds()

    # ---- machine.timing.Caller

    def call(self, number: int) -> Sample:
        """Hand over the arguments of call ``number`` and take the answer. Raises Refused for anything but one."""
        budgets, data = self._house.budgets, self._inputs.descriptor(number)
        if select.select([self._channel], [], [], 0)[0]:
            self._refuse(Reason.SPOKE_EARLY, "It wrote or ended before it was handed its data.")
        self._wait_until_it_listens()
        cpu_before, delay_before = self._cage.cpu_seconds(), self._kept_waiting()
        started = time.perf_counter()
        with contextlib.suppress(BrokenPipeError):  # it is gone: reading says how
            socket.send_fds(self._channel, [worker.GO], [data])
        kind, body = self._frame(budgets.call_seconds, Reason.TIMED_OUT, Reason.BAD_ANSWER)
        wall = time.perf_counter() - started
        delay = self._kept_waiting() - delay_before
        cpu = self._cage.cpu_seconds() - cpu_before
        if kind == worker.FAULT:
            self._refuse(Reason.DOES_NOT_RUN, f"{self._program.entry} fails: {_last_line(body)}")
        if kind != worker.ANSWER:
            self._refuse(Reason.BAD_ANSWER, "Its answer is no answer.")
        self._look_around()
        self.answers[number] = body
        return Sample(max(wall - delay, cpu / len(self._house.cores)), cpu)

    def freeze(self) -> None:
        """Stop it and all it has started. Raises Refused when something goes on."""
        if self._cage.freeze():
            self._refuse(Reason.LEFT_PROCESSES, "It has processes that cannot be stopped.")

    def thaw(self) -> None:
        self._cage.thaw()

    def close(self) -> None:
        """End it with all it has started. May be called again."""
        with contextlib.suppress(OSError):
            self._cage.thaw()
        self._channel.close()
        self._child.kill(grace_seconds=0.0)
        self._group.remove()
        self._cage.remove()

    # ---- looking from outside

    def _frame(self, limit_seconds: float, too_late: Reason, otherwise: Reason) -> tuple[bytes, bytes]:
        """The next frame's kind and body; refused as ``too_late`` or, for what is no frame, ``otherwise``."""
        clock = _Deadline(self._kept_waiting, self._cage.cpu_seconds, limit_seconds)
        kind, length = worker.FRAME.unpack(self._take(worker.FRAME.size, clock, too_late))
        if kind not in (worker.READY, worker.ANSWER, worker.FAULT):
            self._refuse(otherwise, "It wrote into the judge's channel by itself.")
        if length > self._house.budgets.answer_bytes:
            self._refuse(otherwise, f"Its answer has {length} bytes.")
        return kind, self._take(length, clock, too_late)

    def _take(self, length: int, clock: _Deadline, too_late: Reason) -> bytes:
        taken = bytearray(length)
        view = memoryview(taken)
        self._channel.settimeout(_LOOK_SECONDS)
        while view:
            try:
                count = self._channel.recv_into(view, min(len(view), _ROW_OF_BYTES))
            except TimeoutError:
                self._refuse_excess()
                if clock.passed():
                    self._refuse(too_late, f"It takes longer than {clock.limit_seconds:.0f} s.")
                continue
            except ConnectionError:
                count = 0
            if count == 0:
                self._refuse(Reason.DOES_NOT_RUN, self._ended())
            view = view[count:]
        return bytes(taken)

    def _wait_until_it_listens(self) -> None:
        """Once thawed it is woken to go on listening; before it does, time it waits for a core is not the call's."""
        deadline = time.monotonic() + _LONGEST_WAKING_SECONDS
        while time.monotonic() < deadline:
            figures = read_process(self._worker)
            if figures is None or figures.state == "S":
                return
            time.sleep(0.0005)

    def _kept_waiting(self) -> float:
        """How long the kernel has let the worker, or this process, wait for a core; see ``machine.timing``."""
        if not self._worker:
            self._worker = self._first_below()
        return run_delay_seconds(self._worker) + run_delay_seconds(os.getpid())

    def _first_below(self) -> int:
        return next(iter(descendants(self._child.pid)), 0)

    def _keeper(self) -> int:
        """Raises GraderError when a container's engine starts nothing: that is no fault of the program's."""
        deadline = time.monotonic() + _LONGEST_START_SECONDS
        while not self._child.pid and time.monotonic() < deadline:
            end = self._child.wait(0.002)
            if end is not None and end.returncode == ENGINE_FAILED:
                raise GraderError(
                    "The sandbox's engine did not start the program.", next_step="Run `medalist doctor`."
                )
            if end is not None:
                break
        return self._child.pid

    def _ended(self) -> str:
        end = self._child.wait(_FAREWELL_SECONDS)
        if self._group.memory_kills():
            return f"It took more than {self._house.budgets.memory_bytes / 2**30:.1f} GiB of memory."
        said = f" with return code {end.returncode}" if end else ""
        return f"Its process ended{said} before it had answered."

    def _look_around(self) -> None:
        """After a call: nothing else may be left running, and no thread on a core that was not given."""
        self._refuse_excess()
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while (left := self._others()) and time.monotonic() < deadline:
            time.sleep(0.01)
        if left:
            self._refuse(
                Reason.LEFT_PROCESSES, f"{len(left)} of its processes went on after it had answered."
            )
        for pid in descendants(self._child.pid):
            cores = _cores_of(pid) - set(self._house.cores)
            if cores:
                self._refuse(Reason.WIDENED, f"It put itself on {len(cores)} more cores than it was given.")

    def _refuse_excess(self) -> None:
        """What takes more than it may of disk, processes or memory; the last two where no control group holds them."""
        written = _bytes_below(self._folder)
        below = [
            figures for figures in map(read_process, descendants(self._child.pid)) if figures is not None
        ]
        limit = self._house.budgets.memory_bytes
        if written > _MOST_BYTES_WRITTEN:
            self._refuse(Reason.DOES_NOT_RUN, f"It wrote {written / 2**30:.1f} GiB to disk.")
        if len(below) > _MAX_PROCESSES:
            self._refuse(Reason.LEFT_PROCESSES, f"It started {len(below)} processes.")
        if "memory" not in self._group.holds and sum(figures.rss_bytes for figures in below) > limit:
            self._refuse(Reason.DOES_NOT_RUN, f"It took more than {limit / 2**30:.1f} GiB of memory.")

    def _others(self) -> list[int]:
        """Living processes below the keeper besides the worker, which is the first."""
        below = ((pid, read_process(pid)) for pid in descendants(self._child.pid)[1:])
        return [pid for pid, figures in below if figures is not None and figures.state not in "ZX"]

    def _refuse(self, reason: Reason, what: str) -> NoReturn:
        if self._program.trusted:
            raise GraderError(f"The task's own program failed: {what}", where=str(self._program.file))
        raise Refused(reason, what)


class _Deadline:
    """A limit on CPU time, and on time that passes without that in which the kernel let the program wait for a core."""

    def __init__(
        self, kept_waiting: Callable[[], float], cpu_seconds: Callable[[], float], limit_seconds: float
    ) -> None:
        self.limit_seconds = limit_seconds
        self._clocks = (lambda: time.monotonic() - kept_waiting(), cpu_seconds)
        self._began = [clock() for clock in self._clocks]

    def passed(self) -> bool:
        return any(
            clock() - began > self.limit_seconds
            for clock, began in zip(self._clocks, self._began, strict=True)
        )


def _folder_for(program: Program, scratch: Path) -> Path:
    """A fresh folder with the worker in it, and the program unless that is trusted and runs in place."""
    number = sum(1 for _ in scratch.iterdir())
    folder = scratch / f"{number:02d}"
    temporary_folder(folder).mkdir(parents=True)
    shutil.copyfile(worker.__file__, folder / "worker.py")
    if not program.trusted:
        shutil.copyfile(program.file, folder / program.file.name)
        for source in _sources_beside(program.file):
            shutil.copyfile(source, folder / source.name)
    return folder


def _sources_beside(file: Path) -> list[Path]:
    """What a candidate builds itself from, beside its own text; nothing that a link leads to."""
    named = sources_of(file.read_text(encoding="utf-8", errors="replace"), os.listdir(file.parent))
    paths = (file.parent / name for name in named)
    return [
        path
        for path in paths
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST_BYTES
    ]


def _bytes_below(folder: Path) -> int:
    """What the files below ``folder`` take on disk; those that vanish meanwhile are left out."""
    total = 0
    for inner, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(inner, name)).st_blocks * 512
    return total


def _judges_own() -> tuple[Path, ...]:
    """All of Medalist but what keeps a sandbox, which starts inside it."""
    package = Path(medalist.__file__).parent
    return tuple(path for path in sorted(package.iterdir()) if path.name != "workspace")


def _sealed(data: bytes) -> int:
    import fcntl

    descriptor = os.memfd_create("inputs", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(data)
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


def _cores_of(pid: int) -> set[int]:
    """The cores that any thread of ``pid`` may run on."""
    cores: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(ProcessLookupError):
                cores |= os.sched_getaffinity(int(thread))
    return cores


def _last_line(traceback: bytes) -> str:
    lines = traceback.decode("utf-8", errors="replace").strip().splitlines()
    return "".join(each if each.isprintable() else "?" for each in (lines or ["it said nothing"])[-1])[:300]
