"""The worker process inside the sandbox: takes programs by the batch, runs each, tells what came of it.

    python -m medalist.families.arc.workers.inside SECONDS MEMORY_BYTES     stdin and stdout are the parent's pipes

Messages have their length before them. The parent sends ``I`` with the inputs of a puzzle, then ``B`` with batches of
sources; each program is answered by one outcome, in order. A program in company runs in this very process; others in
a process forked for them, which no file, no pipe and no program outlives. When this process may have been changed it
says that it is spent, and the parent replaces it. It closes a second sandbox around itself where the kernel has
Landlock: from then on nothing at all can be written.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import itertools
import json
import math
import os
import random
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from typing import BinaryIO, NoReturn

import numpy as np
import numpy.random  # here, and not in each fork

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.workers.outcome import (
    LENGTH,
    MOST_BYTES,
    Outcome,
    Trouble,
    failed,
    message,
    pack_outcome,
    unpack_grids,
    unpack_outcome,
)
from medalist.families.arc.workers.reading import Company, Reading, read
from medalist.families.arc.workers.running import Alarm, run
from medalist.machine.children import hide_this_process
from medalist.workspace.confine import confine, landlock_version, syscalls_known
from medalist.workspace.keeper import adopt_orphans

READY = b"ready"
INPUTS, BATCH = b"I", b"B"
_OPEN_FILES = 64
_LONGEST_WAIT_FACTOR = 4.0
"""How many times its CPU seconds a forked program may take by the clock on the wall, for it may sleep."""


def main(seconds: float, memory_bytes: int) -> None:
    requests, replies = _take_over_standard_streams()
    hide_this_process()
    adopt_orphans()
    _close_in(memory_bytes)
    warnings.simplefilter("ignore")
    alarm, inputs = Alarm(), []
    gc.disable()  # what a program makes stays young until the collection after it, which looks at nothing else
    gc.collect()
    gc.freeze()
    _Watched.begin()
    os.write(replies, message(READY))
    with os.fdopen(requests, "rb") as stream:
        while body := _next_message(stream):
            if body[:1] == INPUTS:
                grids, _ = unpack_grids(body[1:])
                inputs = [grid for grid in grids if grid is not None]
                continue
            for source in json.loads(body[1:]):
                outcome, spent = _run(source, inputs, alarm, seconds)
                _write(replies, message(pack_outcome(outcome, spent=spent)))
                if spent:
                    return


def _take_over_standard_streams() -> tuple[int, int]:
    """The parent's pipes under numbers of this process's own; nothing that is printed goes there."""
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    return requests, replies


def _close_in(memory_bytes: int) -> None:
    """Limits for this process and all it forks: no file grows, memory is bounded, nothing is written."""
    with open("/proc/self/statm", "rb") as file:
        taken = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (taken + memory_bytes, taken + memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    if landlock_version() and syscalls_known():
        with contextlib.suppress(OSError):  # the sandbox around this process holds without it
            confine({"readable": ["/"], "writable": [], "listable": [], "network": False})


def _next_message(stream: BinaryIO) -> bytes:
    """The next message's body; empty once the parent has closed the pipe."""
    head = stream.read(LENGTH.size)
    return stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _run(source: str, inputs: Sequence[Grid], alarm: Alarm, seconds: float) -> tuple[Outcome, bool]:
    """What comes of one program, and whether this process is spent by it."""
    reading = read(source)
    if reading.code is None or reading.company is Company.SHARED:
        outcome = run(source, reading, inputs, alarm, seconds)
        if not _Watched.intact():
            said = "It changed builtins or NumPy for the programs after it."
            return failed(Trouble.TAMPERED, said, len(inputs)), True
        return outcome, outcome.trouble is Trouble.TOO_MUCH_MEMORY
    outcome, left = _run_forked(source, reading, inputs, seconds)
    return outcome, left or reading.company is Company.LAST


class _Watched:
    """What every program in company uses: names of builtins, of modules they may import, and threads."""

    _kept: tuple[tuple[dict, dict], ...] = ()

    @classmethod
    def begin(cls) -> None:
        modules = (builtins, np, math, itertools)
        cls._kept = tuple((vars(module), dict(vars(module))) for module in modules)

    @classmethod
    def intact(cls) -> bool:
        alike = all(now.get(name) is value for now, then in cls._kept for name, value in then.items())
        return alike and len(sys._current_frames()) == 1


# ---- in a process of its own


def _run_forked(
    source: str, reading: Reading, inputs: Sequence[Grid], seconds: float
) -> tuple[Outcome, bool]:
    """The outcome, and whether processes or anything else was left."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _be(source, reading, inputs, seconds, theirs)
    os.close(theirs)
    said, late = _hear(child, ours, seconds * _LONGEST_WAIT_FACTOR + 1.0)
    os.close(ours)
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if _others_left():
        text = "It started other processes, which were killed; a program answers by itself."
        return failed(Trouble.PROCESSES, text, len(inputs)), True
    if late:
        text = f"It had not answered after {seconds * _LONGEST_WAIT_FACTOR + 1.0:g} seconds and was stopped."
        return failed(Trouble.TOO_SLOW, text, len(inputs)), False
    try:
        outcome, _ = unpack_outcome(said[LENGTH.size :], len(inputs))
    except ValueError:
        return _ended(os.waitstatus_to_exitcode(status), seconds, len(inputs)), False
    return outcome, False


def _be(source: str, reading: Reading, inputs: Sequence[Grid], seconds: float, pipe: int) -> NoReturn:
    """Be the program's process, which has no other pipe than its own; never returns, whatever the program does."""
    try:
        os.setsid()
        os.closerange(3, pipe)
        os.closerange(pipe + 1, _OPEN_FILES)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        whole = math.ceil(2 * seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # holds for all users but root
        gc.enable()
        random.seed(0)
        np.random.seed(0)
        _write(pipe, message(pack_outcome(run(source, reading, inputs, Alarm(), seconds))))
    finally:
        os._exit(0)


def _hear(child: int, pipe: int, seconds: float) -> tuple[bytes, bool]:
    """What a forked process writes until it ends, and whether it was not waited for any longer."""
    ended = os.pidfd_open(child)
    os.set_blocking(pipe, False)
    said, deadline = b"", time.monotonic() + seconds
    try:
        while True:
            ready, _, _ = select.select([pipe, ended], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return said, True
            over = ended in ready
            with contextlib.suppress(BlockingIOError):
                while len(said) <= MOST_BYTES and (more := os.read(pipe, 1 << 16)):
                    said += more
                over = True  # it has closed the pipe, or says more than anybody may
            if over:
                return said, False
    finally:
        os.close(ended)


def _others_left() -> bool:
    """Whether the program has left processes, dead or alive; orphans come to this process."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
        return True
    return False


def _ended(code: int, seconds: float, inputs: int) -> Outcome:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return failed(Trouble.TOO_SLOW, f"It took more than {seconds:g} CPU seconds and was killed.", inputs)
    told = f"signal {-code}" if code < 0 else f"status {code}"
    return failed(Trouble.EXITED, f"It ended its process ({told}) before it had answered.", inputs)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
