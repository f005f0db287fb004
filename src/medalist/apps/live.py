"""Live progress on stderr: timeline lines as they happen and, on a terminal, one status line below them.

Cheap on purpose: the process that draws shares two cores with the training it watches. The status
line is redrawn twice a second at most; without a terminal there is none.
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TextIO

from medalist.core.event import Event
from medalist.core.score import Score
from medalist.runs.timeline import number, progress_text, sentence, stamp

REDRAW_SECONDS = 0.5
PROGRESS_SECONDS = 10.0
"""How often progress is a line of its own where there is no status line."""

_QUIET = {"submission_refused", "script_reviewed"}
_STYLES = {
    "submitted": "bold green",
    "candidate_failed": "yellow",
    "warning": "yellow",
    "doubt": "yellow",
    "error": "red",
    "leak_found": "yellow",
    "checkpoint": "cyan",
    "relaunch": "bold cyan",
    "recovery": "cyan",
    "sizing_kept": "bold cyan",
    "sizing_taken_back": "bold cyan",
    "hint_fired": "magenta",
    "oracle_asked": "bold blue",
    "oracle_verdict": "bold blue",
    "attempt_started": "bold",
    "attempt_ended": "bold",
    "plan": "blue",
    "candidate_created": "dim",
    "job_started": "dim",
}


class Live:
    """A context manager; ``tell`` is the listener to hand to ``compete`` or ``run``.

    ``many`` puts the attempt's name before each line (a set runs several at once). Without ``timeline``
    there are no such lines, and the status line alone; ``quiet`` leaves that out too.
    """

    def __init__(self, *, many: bool = False, quiet: bool = False, timeline: bool = True) -> None:
        self._many = many
        self._timeline = timeline and not quiet
        self._terminal = sys.stderr.isatty() and not quiet
        self._status = _Status()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._redraw, name="medalist-progress", daemon=True)
        self._console = None
        self._progress_told = 0.0

    def __enter__(self) -> Live:
        if self._terminal:
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._terminal:
            self._thread.join(REDRAW_SECONDS)
            with self._lock:
                _erase()

    def tell(self, attempt: str, event: Event) -> None:
        """Take one event of one attempt."""
        self._status.take(attempt, event)
        text = self._progress(event) if event.kind == "progress" else sentence(event)
        if not self._timeline or text is None or event.kind in _QUIET:
            return
        line = f"{stamp(event.seconds)} {attempt + ': ' if self._many else ''}{text}"
        with self._lock:
            if self._console is None:
                print(line, file=sys.stderr, flush=True)
                return
            _erase()
            self._console.print(line, style=_STYLES.get(event.kind), markup=False)

    def _progress(self, event: Event) -> str | None:
        """A line now and then, and at the end; none on a terminal, which has the status line."""
        ended = event.data.get("done") == event.data.get("of")
        if self._terminal or (time.monotonic() - self._progress_told < PROGRESS_SECONDS and not ended):
            return None
        self._progress_told = time.monotonic()
        return progress_text(event.data)

    def say(self, text: str, *, out: TextIO | None = None) -> None:
        """Print what is no event, above the status line; to stderr where ``out`` says nothing else."""
        with self._lock:
            if self._console is not None:
                _erase()
            print(text, file=out or sys.stderr, flush=True)

    def _redraw(self) -> None:
        from shutil import get_terminal_size

        while not self._done.wait(REDRAW_SECONDS):
            line = self._status.line()
            with self._lock:
                if line and not self._done.is_set():
                    width = get_terminal_size().columns - 1
                    sys.stderr.write(f"\r\x1b[K\x1b[2m{line[:width]}\x1b[0m")
                    sys.stderr.flush()


def _erase() -> None:
    sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()


class _Status:
    """What the status line says: time of budget, best score, what runs, when it will be done."""

    def __init__(self) -> None:
        self._started: dict[str, tuple[float, float]] = {}
        self._best: Score | None = None
        self._running: dict[str, str] = {}
        self._etas: dict[str, float] = {}
        self._progress: dict[str, str] = {}

    def take(self, attempt: str, event: Event) -> None:
        data = event.data
        job = f"{attempt}/{data.get('job') or data.get('name') or ''}"
        match event.kind:
            case "attempt_started":
                self._started[attempt] = (
                    time.monotonic() - event.seconds,
                    float(data.get("budget_seconds", 0)),
                )
            case "submitted" if data.get("score"):
                self._best = Score.from_dict(data["score"])
            case "job_started":
                self._running[job] = str(data.get("candidate") or data.get("name") or "a job")
            case "job_progress":
                if data.get("eta_seconds") is not None:
                    self._etas[job] = time.monotonic() + float(data["eta_seconds"])
            case "job_ended":
                self._running.pop(job, None)
                self._etas.pop(job, None)
            case "progress":
                self._progress[attempt] = progress_text(data)
            case "attempt_ended":
                self._started.pop(attempt, None)
                self._progress.pop(attempt, None)
            case _:
                pass

    def line(self) -> str:
        if not self._started:
            return ""
        began, budget = next(iter(self._started.values()))
        parts = [f"{_clock(time.monotonic() - began)} of {_clock(budget)}"]
        if len(self._started) > 1:
            parts.append(f"{len(self._started)} attempts at work")
        elif self._best is not None:
            parts.append(f"best {self._best.metric} {number(self._best.value)}")
        if len(self._started) == 1:
            parts += self._progress.values()
        parts += [self._job(job, name) for job, name in list(self._running.items())[:3]]
        return "  " + " · ".join(parts)

    def _job(self, job: str, name: str) -> str:
        eta = self._etas.get(job)
        left = f", {max(0, eta - time.monotonic()):.0f} s left" if eta is not None else ""
        return f"training {name}{left}"


def _clock(seconds: float) -> str:
    return stamp(seconds)[1:-1]
