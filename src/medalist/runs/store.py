"""Where runs are kept: plain files a person can read, written so that no kill leaves half of one.

    runs/<run>/run.json                       the spec, written once
    runs/<run>/<attempt>/attempt.json         spec, state, result; immutable once final
    runs/<run>/<attempt>/events.jsonl         append-only trajectory (core/event.py)
    runs/<run>/<attempt>/heartbeat.json       who works on it, and how much time it has used
    runs/<run>/<attempt>/{grade.json,report.html,telemetry.jsonl,workspace/,submission/}

A store knows nothing of families or engineers.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

from medalist.core.errors import RunNotFound, StoreError
from medalist.core.event import Event, read_events
from medalist.core.patience import write_whole
from medalist.runs.spec import AttemptSpec, RunSpec

T = TypeVar("T")

STALE_AFTER_SECONDS = 60.0
"""A heartbeat from another machine older than this belongs to a dead process."""


class AttemptState(StrEnum):
    """Explicit states. FINISHED and LIMIT are final; the rest can be resumed."""

    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    LIMIT = "limit"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (AttemptState.FINISHED, AttemptState.LIMIT)

    @property
    def ended(self) -> bool:
        return self not in (AttemptState.PLANNED, AttemptState.RUNNING)


@dataclass(frozen=True)
class AttemptRecord:
    """What ``attempt.json`` holds. ``result`` is the attempt's figures (``runs/figures``) once it ended."""

    spec: AttemptSpec
    state: AttemptState = AttemptState.PLANNED
    reason: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Heartbeat:
    """The last sign of life of an attempt's process; ``elapsed_seconds`` is the budget used by then."""

    pid: int
    host: str
    time: float
    elapsed_seconds: float


class Store(Protocol):
    """One run's records. Every write is whole or absent; writing a final attempt again raises StoreError."""

    root: Path

    def create(self, spec: RunSpec) -> None:
        """Lay out a new run with its attempts planned. Raises StoreError where one stands or nothing can be written."""
        ...

    def spec(self) -> RunSpec:
        """Raises RunNotFound without a run, StoreError for one that cannot be read."""
        ...

    def attempts(self) -> list[AttemptRecord]:
        """Every attempt, in the order of the spec where it is readable, else by name."""
        ...

    def read(self, attempt_id: str) -> AttemptRecord: ...

    def write(self, record: AttemptRecord) -> None: ...

    def folder(self, attempt_id: str) -> Path: ...

    def events(self, attempt_id: str) -> Iterator[Event]: ...

    def beat(self, attempt_id: str, elapsed_seconds: float) -> None: ...

    def heartbeat(self, attempt_id: str) -> Heartbeat | None: ...

    def alive(self, attempt_id: str) -> bool:
        """Whether a living process works on the attempt."""
        ...


class FileStore:
    """The store of files; see the module's docstring for the layout."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def create(self, spec: RunSpec) -> None:
        if (self.root / "run.json").exists():
            raise StoreError(
                "A run stands here already.",
                where=str(self.root),
                next_step=f"`medalist resume {self.root}` continues it; another --out starts a new one.",
            )
        write_json(
            self.root / "run.json",
            {"spec": spec.as_dict(), "created": time.time(), "attempts": [a.id for a in spec.attempts()]},
        )
        for attempt in spec.attempts():
            self.write(AttemptRecord(attempt))

    def spec(self) -> RunSpec:
        return _parsed(self.root / "run.json", lambda data: RunSpec.from_dict(data["spec"]))

    def attempts(self) -> list[AttemptRecord]:
        try:
            names = _parsed(self.root / "run.json", lambda data: [str(name) for name in data["attempts"]])
        except StoreError:
            names = sorted(path.parent.name for path in self.root.glob("*/attempt.json"))
        return [self.read(name) for name in names]

    def read(self, attempt_id: str) -> AttemptRecord:
        return _parsed(self.folder(attempt_id) / "attempt.json", _record)

    def write(self, record: AttemptRecord) -> None:
        path = self.folder(record.spec.id) / "attempt.json"
        if path.exists() and self.read(record.spec.id).state.final:
            raise StoreError("A finished attempt does not change.", where=str(path))
        write_json(
            path,
            {
                "spec": record.spec.as_dict(),
                "state": record.state,
                "reason": record.reason,
                "result": dict(record.result),
            },
        )

    def folder(self, attempt_id: str) -> Path:
        return self.root / attempt_id

    def events(self, attempt_id: str) -> Iterator[Event]:
        return read_events(self.folder(attempt_id) / "events.jsonl")

    def beat(self, attempt_id: str, elapsed_seconds: float) -> None:
        path = self.folder(attempt_id) / "heartbeat.json"
        beat = {
            "pid": os.getpid(),
            "host": platform.node(),
            "time": time.time(),
            "elapsed_seconds": elapsed_seconds,
        }
        write_json(path, beat, durable=False)

    def heartbeat(self, attempt_id: str) -> Heartbeat | None:
        path = self.folder(attempt_id) / "heartbeat.json"
        try:
            return Heartbeat(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None  # no sign of life is an answer, not an error

    def alive(self, attempt_id: str) -> bool:
        beat = self.heartbeat(attempt_id)
        if beat is None or self.read(attempt_id).state.ended:
            return False
        if beat.host != platform.node():
            return time.time() - beat.time < STALE_AFTER_SECONDS
        return beat.pid != os.getpid() and _runs_medalist(beat.pid)


def find_run(name: str | Path, runs_root: Path) -> FileStore:
    """The run at a path, or of that name under ``runs_root``; ``latest`` is the newest one.

    A path to an attempt's folder finds its run. Raises RunNotFound that says what was looked for.
    """
    if str(name) == "latest":
        stores = list_runs(runs_root)
        if stores:
            return stores[0]
    for folder in (Path(name), runs_root / name):
        for candidate in (folder, folder.parent):
            if (candidate / "run.json").is_file() and (
                candidate == folder or (folder / "attempt.json").is_file()
            ):
                return FileStore(candidate)
    raise RunNotFound(
        f"There is no run {str(name)!r}.",
        where=f"looked at {Path(name)} and {runs_root / name}",
        next_step="`medalist runs` lists the runs; a run is named by its folder.",
    )


def list_runs(runs_root: Path) -> list[FileStore]:
    """Every run under ``runs_root``, the newest first."""
    files = runs_root.glob("*/run.json")
    return [FileStore(path.parent) for path in sorted(files, key=lambda path: -path.stat().st_mtime)]


def write_json(path: Path, data: Any, *, durable: bool = True) -> None:
    """Write ``data`` whole or not at all (temporary file, then rename). Raises StoreError with the cause.

    ``durable`` also waits for the disk, so that the file survives a power cut.
    """
    text = json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n"
    write_whole(path, text, durable=durable)


def _record(data: Mapping[str, Any]) -> AttemptRecord:
    return AttemptRecord(
        AttemptSpec.from_dict(data["spec"]), AttemptState(data["state"]), data["reason"], data["result"]
    )


def _parsed(path: Path, parse: Callable[[Any], T]) -> T:
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise RunNotFound(
            "There is no run here.", where=str(path), next_step="`medalist runs` lists them."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"A run's file cannot be read: {type(error).__name__}: {error}.",
            where=str(path),
            next_step="It was damaged outside Medalist. Restore it, or start a new run.",
        ) from error


def _runs_medalist(pid: int) -> bool:
    """Whether ``pid`` is alive and still a Python process (pids are used again)."""
    try:
        return (
            b"python" in Path(f"/proc/{pid}/cmdline").read_bytes().lower() or not Path("/proc/self").exists()
        )
    except OSError:
        return False
