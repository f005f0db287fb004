"""One worker from outside: starts it in a sandbox, hands it programs, takes outcomes, and kills it when it hangs.

Nothing that comes from it is believed before it was read. Whichever program had not been answered when a worker died,
or had to be killed, is to blame: programs are run and answered one after the other.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medalist.core.errors import JobError, SandboxUnavailable
from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.workers import inside
from medalist.families.arc.workers.outcome import (
    LENGTH,
    MOST_BYTES,
    Outcome,
    Trouble,
    failed,
    message,
    pack_grids,
    unpack_outcome,
)
from medalist.machine.process_tree import descendants, read_process
from medalist.workspace.environment import child_environment, temporary_folder
from medalist.workspace.limits import ControlGroup
from medalist.workspace.policy import Command, Sandbox, SandboxPolicy
from medalist.workspace.process import Child

_LONGEST_START_SECONDS = 60.0
_MOST_PROCESSES = 32
_OWN_BYTES = 256 << 20
"""What Python, NumPy and this package take before any program."""


@dataclass(frozen=True)
class WorkerLimits:
    """For one program: ``seconds`` of CPU over all grids, ``memory_bytes``. A worker is replaced after ``programs``."""

    seconds: float = 2.0
    memory_bytes: int = 512 << 20
    programs: int = 5_000

    @property
    def kill_cpu_seconds(self) -> float:
        """Of the worker's whole tree, after which it is killed: code in C hears no alarm."""
        return 2 * self.seconds + 0.5

    @property
    def kill_wall_seconds(self) -> float:
        """By the clock on the wall, for what sleeps; beyond what the worker itself waits for."""
        return 8 * self.seconds + 3.0


class Worker:
    """A running worker process. Belongs to the thread that made it: it dies with that."""

    def __init__(self, folder: Path, core: int | None, sandbox: Sandbox, limits: WorkerLimits) -> None:
        """``folder`` is made, and taken away again; ``core`` None is any. Raises JobError."""
        self.programs = 0
        self._folder = folder
        self._limits = limits
        temporary_folder(folder).mkdir(parents=True)
        policy = SandboxPolicy(
            writable=folder,
            memory_bytes=limits.memory_bytes + _OWN_BYTES,
            max_processes=_MOST_PROCESSES,
        )
        cores = () if core is None else (core,)
        argv = (
            sys.executable,
            "-s",
            "-P",
            "-m",
            inside.__name__,
            str(limits.seconds),
            str(limits.memory_bytes),
        )
        command = Command(argv, child_environment(folder, 1), folder, cores)
        self._group = ControlGroup.under(sandbox, policy)
        to_child, self._requests = os.pipe()
        self.descriptor, from_child = os.pipe()
        try:
            self._child = Child(
                self._group.around(sandbox.wrap(command, policy)),
                cwd=folder,
                stdin=to_child,
                stdout=from_child,
                stderr=subprocess.DEVNULL,
            )
        except JobError:
            os.close(self._requests)
            os.close(self.descriptor)
            self._group.remove()
            raise
        finally:
            os.close(to_child)
            os.close(from_child)
        os.set_blocking(self.descriptor, False)
        self._ready = False
        self._closed = False
        self._ended = False
        self._received = bytearray()
        self._inputs: Sequence[Grid] = ()
        self._open: list[int] = []
        self._mark()

    @property
    def busy(self) -> bool:
        """Whether it has programs that it has not answered."""
        return bool(self._open)

    @property
    def unanswered(self) -> list[int]:
        """Their numbers, the one that runs first."""
        return list(self._open)

    def hand(self, programs: Sequence[tuple[int, str]], inputs: Sequence[Grid]) -> None:
        """Give it numbered programs to run on ``inputs``. Only while it is not busy."""
        data = b""
        if inputs is not self._inputs:
            data = message(inside.INPUTS + pack_grids(inputs))
            self._inputs = inputs
        data += message(inside.BATCH + json.dumps([source for _, source in programs]).encode())
        self._open = [number for number, _ in programs]
        self.programs += len(programs)
        self._mark()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._requests, view) :]
        except BrokenPipeError:
            self._ended = True

    def answers(self) -> tuple[list[tuple[int, Outcome]], bool]:
        """What it has answered since, with the programs' numbers, and whether it must be replaced now.

        Does not wait. When the program that runs has killed it, or it had to be killed for that program, the
        program's outcome is among them.
        """
        self._listen()
        found: list[tuple[int, Outcome]] = []
        spent = False
        while self._open and not spent and (body := self._next_message()) is not None:
            if not self._ready:
                self._ready = body == inside.READY
                spent = not self._ready
                self._mark()
                continue
            try:
                outcome, spent = unpack_outcome(body, len(self._inputs))
            except ValueError:
                outcome, spent = self._blame(Trouble.EXITED, "It spoke in the worker's place."), True
            found.append((self._open.pop(0), outcome))
            self._mark()
        if spent or self._ended or self._overdue():
            if not self._ready:
                raise SandboxUnavailable(
                    "A worker for programs of a language model did not start.",
                    next_step="Run `medalist doctor`; it says what is missing.",
                )
            if self._open and not spent:
                found.append((self._open.pop(0), self._why()))
            return found, True
        return found, self.programs >= self._limits.programs and not self._open

    def close(self) -> None:
        """Kill it with all it has started. May be called again."""
        if self._closed:
            return
        self._closed = True
        os.close(self._requests)
        self._child.kill(grace_seconds=0.0)
        os.close(self.descriptor)
        self._group.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ---- what it does

    def _listen(self) -> None:
        while not self._ended and len(self._received) <= MOST_BYTES:
            try:
                more = os.read(self.descriptor, 1 << 18)
            except BlockingIOError:
                return
            self._received += more
            self._ended = not more

    def _next_message(self) -> bytes | None:
        if len(self._received) < LENGTH.size:
            return None
        end = LENGTH.size + LENGTH.unpack_from(self._received)[0]
        if end > MOST_BYTES:
            self._ended = True
        if len(self._received) < end:
            return None
        body = bytes(self._received[LENGTH.size : end])
        del self._received[:end]
        return body

    def _mark(self) -> None:
        """From here on the program that runs now is timed."""
        self._since = time.monotonic()
        self._cpu_at_mark: float | None = None

    def _overdue(self) -> bool:
        """Whether what runs takes too long; looks at its CPU seconds only after it could have used too many."""
        wall = time.monotonic() - self._since
        if not self._ready:
            return wall > _LONGEST_START_SECONDS
        if not self._open or wall < self._limits.seconds:
            return False
        if self._cpu_at_mark is None:  # it has had a part of its time; only what comes now is counted
            self._cpu_at_mark = self._cpu_seconds()
        used = self._cpu_seconds() - self._cpu_at_mark
        return (
            used > self._limits.kill_cpu_seconds - self._limits.seconds
            or wall > self._limits.kill_wall_seconds
        )

    def _cpu_seconds(self) -> float:
        figures = [read_process(pid) for pid in descendants(self._child.pid)]
        return sum(each.cpu_seconds for each in figures if each is not None)

    def _why(self) -> Outcome:
        if not self._ended:
            return self._blame(
                Trouble.TOO_SLOW,
                f"It took more than {self._limits.seconds:g} CPU seconds and had to be killed.",
            )
        end = self._child.wait(1.0)
        if self._group.memory_kills():
            return self._blame(Trouble.TOO_MUCH_MEMORY, "It took more memory than a program may have.")
        told = f" (signal {-end.returncode})" if end is not None and end.returncode < 0 else ""
        return self._blame(Trouble.EXITED, f"It ended its process{told} before it had answered.")

    def _blame(self, trouble: Trouble, text: str) -> Outcome:
        return failed(trouble, text, len(self._inputs))
