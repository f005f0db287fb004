"""Running the attempts of a run in parallel on the cores there are, each as a process of its own.

The runner holds no state that is not on disk: killed at
any moment, it leaves attempts that end with it (``machine/children``) and can be resumed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from medalist.core.event import Event
from medalist.machine import children
from medalist.machine.hardware import read_hardware
from medalist.machine.leases import CoreLeases
from medalist.runs.ending import undisturbed
from medalist.runs.spec import AttemptSpec
from medalist.runs.store import FileStore
from medalist.runs.trail import Trail

LOOK_SECONDS = 0.5
STOP_GRACE_SECONDS = 20.0
CORES_PER_ATTEMPT = 2


@dataclass
class _Running:
    spec: AttemptSpec
    process: subprocess.Popen[bytes]
    cores: tuple[int, ...]
    trail: Trail


def run_all(store: FileStore, *, on_event: Callable[[str, Event], None] | None = None) -> None:
    """Run every attempt that is not final yet; returns when all have ended or the run's time is over.

    Raises KeyboardInterrupt after Ctrl-C, when every attempt has saved what it had.
    """
    spec = store.spec()
    waiting = [record.spec for record in store.attempts() if not record.state.final]
    hardware = read_hardware()
    at_once = spec.jobs or max(1, min(len(waiting), hardware.cores // CORES_PER_ATTEMPT))
    share = max(1, hardware.cores // at_once)
    leases = CoreLeases(hardware.core_ids)
    deadline = time.monotonic() + spec.limits.run_seconds
    running: list[_Running] = []
    try:
        while waiting or running:
            while waiting and len(running) < at_once and (cores := leases.take(share)) is not None:
                running.append(_start(store, waiting.pop(0), cores))
            time.sleep(LOOK_SECONDS)
            for each in list(running):
                each.trail.follow(on_event)
                if each.process.poll() is not None:
                    each.trail.follow(on_event)
                    running.remove(each)
                    leases.give_back(each.cores)
            if time.monotonic() > deadline:
                break
    finally:
        with undisturbed():
            _stop_all(running)


def _start(store: FileStore, spec: AttemptSpec, cores: tuple[int, ...]) -> _Running:
    folder = store.folder(spec.id)
    folder.mkdir(parents=True, exist_ok=True)
    trail = Trail(spec.id, folder / "events.jsonl")
    arguments = [
        "medalist.runs.attempt",
        str(store.root),
        spec.id,
        "--cores",
        ",".join(str(core) for core in cores),
        "--parent",
        str(os.getpid()),
    ]
    process = children.start(arguments, cwd=store.root, log=folder / "process.log")
    return _Running(spec, process, cores, trail)


def _stop_all(running: list[_Running]) -> None:
    """Ask every attempt to save and end, all at once, then wait for each."""
    for each in running:
        if each.process.poll() is None:
            each.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_GRACE_SECONDS
    for each in running:
        children.stop(each.process, grace_seconds=max(0.1, deadline - time.monotonic()))
