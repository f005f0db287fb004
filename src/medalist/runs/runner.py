"""Running the attempts of a run in parallel on the cores there are, each as a process of its own.

They are forked from one process that has imported what they need (``machine.nursery``). The runner
holds no state that is not on disk: killed at any moment, it leaves attempts that end with it
(``machine.children``) and can be resumed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from medalist.core.event import Event
from medalist.machine import children
from medalist.machine.hardware import Hardware, read_hardware
from medalist.machine.leases import split_cores
from medalist.machine.nursery import Born, Nursery
from medalist.runs.ending import undisturbed
from medalist.runs.engineers import LLM_VARIABLES, modules_to_preload
from medalist.runs.spec import AttemptSpec, RunSpec
from medalist.runs.store import FileStore
from medalist.runs.trail import Trail

LOOK_SECONDS = 0.5
STOP_GRACE_SECONDS = 20.0
CORES_PER_ATTEMPT = 2


@dataclass
class _Running:
    spec: AttemptSpec
    process: Born
    cores: tuple[int, ...]
    trail: Trail


def run_all(
    store: FileStore,
    *,
    on_event: Callable[[str, Event], None] | None = None,
    on_end: Callable[[str], None] | None = None,
) -> None:
    """Run every attempt that is not final yet; returns when all have ended or the run's time is over.

    ``on_end`` hears the id of each attempt whose process has ended, graded and all. A run that asks
    for more attempts at once than there are cores has them share cores. A team starts when its members
    have ended. Raises KeyboardInterrupt after Ctrl-C, when every attempt has saved what it had.
    """
    spec = store.spec()
    waiting = [record.spec for record in store.attempts() if not record.state.final]
    hardware = read_hardware()
    at_once = min(attempts_at_once(spec, hardware), max(1, len(waiting)))
    free = split_cores(hardware.core_ids, at_once)
    deadline = time.monotonic() + spec.limits.run_seconds
    running: list[_Running] = []
    nursery = _nursery(store, waiting)
    try:
        while waiting or running:
            while free and (attempt := _next(waiting, running)) is not None:
                running.append(_start(nursery, store, attempt, free.pop(0)))
            time.sleep(LOOK_SECONDS)
            for each in list(running):
                each.trail.follow(on_event)
                if each.process.poll() is not None:
                    each.trail.follow(on_event)
                    running.remove(each)
                    free.append(each.cores)
                    if on_end is not None:
                        on_end(each.spec.id)
            if time.monotonic() > deadline:
                break
    finally:
        with undisturbed():
            _stop_all(running)
            nursery.close()


def attempts_at_once(spec: RunSpec, hardware: Hardware) -> int:
    """How many attempts of a run are made at the same time, at most."""
    return spec.jobs or max(1, min(len(spec.attempts()), hardware.cores // CORES_PER_ATTEMPT))


def _nursery(store: FileStore, attempts: Sequence[AttemptSpec]) -> Nursery:
    """Imports what language models need, and gets the providers' keys, only where some attempt asks one."""
    for_llm = modules_to_preload(attempts)
    return Nursery(
        preload=("medalist.runs.attempt", *for_llm),
        cwd=store.root,
        log=store.root / "process.log",
        also=LLM_VARIABLES if for_llm else (),
    )


def _next(waiting: list[AttemptSpec], running: Sequence[_Running]) -> AttemptSpec | None:
    """Take the first attempt that need not wait for others, if there is one."""
    unfinished = {attempt.id for attempt in waiting} | {each.spec.id for each in running}
    for attempt in waiting:
        if unfinished.isdisjoint(attempt.members):
            waiting.remove(attempt)
            return attempt
    return None


def _start(nursery: Nursery, store: FileStore, spec: AttemptSpec, cores: tuple[int, ...]) -> _Running:
    folder = store.folder(spec.id)
    folder.mkdir(parents=True, exist_ok=True)
    trail = Trail(spec.id, folder / "events.jsonl")
    arguments = [str(store.root), spec.id, *map(str, cores)]
    process = nursery.bear("medalist.runs.attempt", arguments, log=folder / "process.log")
    return _Running(spec, process, cores, trail)


def _stop_all(running: list[_Running]) -> None:
    """Ask every attempt to save and end, all at once, then wait for each."""
    for each in running:
        each.process.terminate()
    deadline = time.monotonic() + STOP_GRACE_SECONDS
    for each in running:
        children.stop(each.process, grace_seconds=max(0.1, deadline - time.monotonic()))
