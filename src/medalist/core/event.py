"""Events: what happened in an attempt, one JSON object a line, appended and flushed before the next act.

State is a fold over events; report, compare and exports read nothing else. The kinds are listed
here so that a reader of a trajectory finds every word explained in one place.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medalist.core.errors import StoreError
from medalist.core.patience import when_there_is_room

KINDS: dict[str, str] = {
    "attempt_started": "an attempt (or its resumption) began: task, engineer, seed, budget, machine",
    "sandbox_chosen": "which sandbox holds the engineer's code, and what its probe found",
    "explored": "the family looked at the task's files: facts and doubts",
    "note": "a sentence for the timeline",
    "doubt": "something was assumed that a person may want to override",
    "hints_read": "the knowledge base was read before training",
    "hint_fired": "a hint matched a script or a log: id, where, fix, whether it was mended",
    "hint_learned": "a failure was resolved and kept as a learned hint: error, fix, evidence",
    "plan": "what will be tried, in which order, with what share of the budget",
    "candidate_created": "a candidate's files stand: id, operator, parents, folder, title",
    "candidate_finished": "a candidate was scored on the engineer's own split",
    "candidate_failed": "a candidate failed: reason, last lines of its log",
    "script_reviewed": "a script was read before launch: findings, verdict",
    "job_started": "a background job began: id, argv, cores, candidate",
    "job_progress": "folds, epochs, loss and ETA, parsed from the job's log",
    "progress": "how far the engineer is: how many are done, of how many, how many of them well, and for how long yet",
    "job_ended": "a job ended: return code, seconds, CPU seconds, peak memory",
    "checkpoint": "a look at a running job: readings, verdict, reason",
    "recovery": "a verdict became a change: what was edited and how",
    "relaunch": "a job was started again after a recovery: old and new batch, old and new rate",
    "sizing_kept": "a doubled batch stays, for it trained faster",
    "sizing_taken_back": "a doubled batch was taken back, for it trained no faster",
    "validated": "a submission was checked: valid or the reason why not",
    "submitted": "a valid submission is in place: candidate, validation score, seconds since start",
    "submission_refused": "a submission stayed out: malformed, or not better than the one in place",
    "rescued": "nothing was handed in: what counts instead and where it was found, or that there is nothing, and why",
    "leak_found": "something in the data or a script leaks: what and what was done",
    "warning": "something a person should know",
    "error": "something failed; the attempt goes on or ends, as it says",
    "llm_call": "a language model was asked: role, name, tokens, cost, seconds; the texts lie in llm.jsonl",
    "llm_failed": "a language model could not answer: role, name, reason, whether it is tried again",
    "tool_called": "an engineer used a tool: name, arguments, the answer's beginning, seconds",
    "tool_refused": "a check stood between an engineer and the machine: tool, reason",
    "engineer_said": "what a language model or a guest said beside its tool calls",
    "oracle_asked": "a question went to the panel: names, kind, question",
    "oracle_answered": "one panel member's answer, or why it was left out",
    "oracle_verdict": "the critic's synthesis: verdict, must-fix items, batch size, cost",
    "telemetry_summary": "peak and mean CPU, memory and GPU figures of the attempt",
    "attempt_ended": "how the attempt ended: finished, limit, interrupted, failed",
}


@dataclass(frozen=True)
class Event:
    """One thing that happened. ``seconds`` counts from the attempt's start; ``time`` is Unix time."""

    kind: str
    seconds: float
    time: float
    data: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        return json.dumps(
            {"kind": self.kind, "seconds": round(self.seconds, 3), "time": round(self.time, 3), **self.data},
            ensure_ascii=False,
            default=str,
        )


class EventLog:
    """Appends events to a JSONL file and hands each to listeners (the terminal's progress, say).

    Safe to call from several threads. Families may add kinds of their own, prefixed ``family.``.
    Raises StoreError when the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        elapsed: Callable[[], float],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._elapsed = elapsed
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call ``listener`` with every later event, in the thread that appends it."""
        self._listeners.append(listener)

    def append(self, kind: str, /, **data: Any) -> Event:
        """Write one event and flush it to the operating system."""
        if kind not in KINDS and "." not in kind:
            raise ValueError(f"unknown event kind {kind!r}; list it in core/event.py")
        if taken := {"kind", "seconds", "time"} & set(data):
            raise ValueError(f"an event's own {taken.pop()!r} cannot be replaced by its data")
        event = Event(kind, self._elapsed(), self._wall_clock(), data)
        line = event.as_json() + "\n"
        with self._lock:
            try:
                when_there_is_room(lambda: self._write(line.encode(errors="replace")))
            except OSError as error:
                raise StoreError(
                    f"An event could not be written: {error.strerror or error}.",
                    where=str(self.path),
                    next_step="Free disk space or give another folder with --out, then `medalist resume` the run.",
                ) from error
        for listener in self._listeners:
            listener(event)
        return event

    def _write(self, line: bytes) -> None:
        with self.path.open("ab") as file:
            _mend_torn_tail(file, self.path)
            file.write(line)


def _mend_torn_tail(file: Any, path: Path) -> None:
    """Start a new line when a killed process left half of one behind."""
    size = os.fstat(file.fileno()).st_size
    if not size:
        return
    with path.open("rb") as reader:
        reader.seek(size - 1)
        if reader.read(1) != b"\n":
            file.write(b"\n")


def read_events(path: Path) -> Iterator[Event]:
    """The events of a trajectory in order; a line torn by a kill is skipped.

    Yields nothing when the file does not exist yet.
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            event = parse_event(line)
            if event is not None:
                yield event


def parse_event(line: str) -> Event | None:
    """One line of a trajectory; None for a line torn by a kill."""
    try:
        data = json.loads(line)
        kind, seconds, stamp = data.pop("kind"), float(data.pop("seconds", 0.0)), float(data.pop("time", 0.0))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return Event(kind, seconds, stamp, data)
