"""What the supervisor watches: a launch as asked for, the job it became, the trial it may be in, and news of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from medalist.core.errors import JobError
from medalist.hints.review import Finding
from medalist.machine.idle import idle_core_seconds
from medalist.training.checkpoint import Verdicts
from medalist.training.kind import Kind
from medalist.training.progress import Progress
from medalist.training.review import ScriptFacts
from medalist.workspace.jobs import Job
from medalist.workspace.workspace import Completed

SHORT_COMMAND_SECONDS = 30.0
"""A command that outlives this is a job under every check, whatever its script says."""

_LOG_END_CHARACTERS = 2000
_SECONDS_FLAG = "--seconds"
_SHORTEST_IDLE_SECONDS = 0.2  # the kernel counts in hundredths of a second


@dataclass(frozen=True)
class LaunchRequest:
    """What an engineer wants started. ``argv`` is what follows ``python``, or the ``program`` where one is
    named; ``cwd`` and ``log`` (default: ``<name>.log`` in ``cwd``) are relative to the workspace.

    ``facts`` say what the script trains on where that is known; ``sizing_key`` names the kind of job
    (``training.sizing.job_key``) under which measured batch sizes are remembered, "" for none.
    ``training_refused`` says why a command that trains may not be started now, "" when it may. ``kind`` is
    what reading the command line of a ``program`` found. With ``watch_starts``, what the job starts in turn
    is read too, and a training that nobody reviewed ends it; so does Python that reads its code from a
    pipe, but for ``code_on_stdin``, where that code was read before. ``checked`` False leaves the script as it
    is and the job alone: where a program's training is the very thing that is worked on.
    """

    argv: tuple[str, ...]
    program: str = ""
    cwd: str = "."
    name: str = "job"
    log: str = ""
    candidate_id: str = ""
    cores: tuple[int, ...] = ()
    seconds_limit: float | None = None
    memory_bytes: int | None = None
    warm: bool = True
    env: Mapping[str, str] = field(default_factory=dict)
    facts: ScriptFacts = field(default_factory=ScriptFacts)
    sizing_key: str = ""
    training_refused: str = ""
    kind: Kind = Kind.NONE
    watch_starts: bool = False
    code_on_stdin: bool = False
    checked: bool = True


@dataclass(frozen=True)
class News:
    """Something an engineer should know of one of its jobs.

    ``kind``: ``ended``, ``verdict`` (a check stopped it), ``relaunched``, ``progress`` or ``refused``.
    """

    kind: str
    watched: Watched
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    """How fast a job works, in a unit that a change of batch or threads leaves comparable."""

    unit: str
    value: float


@dataclass(frozen=True)
class Trial:
    """A sizing change under test, and what to go back to."""

    verdict: Verdicts
    code: str
    argv: tuple[str, ...]
    batch: int | None
    rate: Rate


@dataclass
class Watched:
    """One launch under the checks, through all its relaunches. Made by the supervisor."""

    request: LaunchRequest
    argv: tuple[str, ...]
    kind: Kind
    cores: tuple[int, ...]
    script: str = ""
    """The file that it runs, relative to its folder; "" where there is none to read or edit."""
    batch: int | None = None
    script_monitors: bool = False
    findings: tuple[Finding, ...] = ()
    """What the review had to say of the script as it was started, or refused."""
    code_before_review: str = ""
    """The script before the review mended it, "" when it did not."""
    refused: str = ""
    stopped: str = ""
    """Why a check ended it, "" when none did."""
    ended: bool = False
    progress: Progress = field(default_factory=Progress)
    relaunches: int = 0
    sizing_relaunches: int = 0
    mends: int = 0
    tried: set[Verdicts] = field(default_factory=set)
    trial: Trial | None = None
    failure: str = ""
    """The end of the log of a launch that failed and was mended, and ``fixes`` what was changed."""
    fixes: tuple[str, ...] = ()
    first_look_seconds: float = 60.0
    next_look_seconds: float = 60.0
    look_interval_seconds: float = 60.0
    seconds_before: float = 0.0
    """Seconds that earlier launches of it took."""
    current: Job | None = None
    log_offset: int = 0
    last_line_seconds: float = 0.0
    told: tuple[int, int, int] = (0, 0, 0)
    """Fold, epoch and folds scored when progress was last told, at ``told_seconds``."""
    told_seconds: float = 0.0
    idle_mark: tuple[float, float] | None = None
    """(job seconds, idle core seconds) at the last look."""

    @property
    def job(self) -> Job:
        """The job it is now. Raises JobError when the launch was refused."""
        if self.current is None:
            raise JobError(f"{self.request.name} was not started: {self.refused}")
        return self.current

    @property
    def seconds(self) -> float:
        """Seconds since its first launch, pauses between relaunches left out."""
        return self.seconds_before + (self.current.seconds if self.current else 0.0)

    @property
    def kind_in_effect(self) -> Kind:
        """The kind the checks go by: what the script hid, the log and the clock may show."""
        kind = self.kind
        if kind is Kind.NONE and self.current is not None and self.current.seconds > SHORT_COMMAND_SECONDS:
            kind = Kind.OPAQUE
        return Kind.NETWORK if kind is Kind.OPAQUE and self.progress.losses else kind

    def rate(self) -> Rate | None:
        """Samples a second as printed, else epochs (or folds) a second as seen, None while neither is known."""
        progress = self.progress
        if len(progress.rates) >= 2:
            return Rate("samples/s", progress.samples_per_second or 0.0)
        if len(progress.marks) >= 2 and progress.seconds_per_epoch:
            return Rate("epochs/s" if progress.epochs else "folds/s", 1.0 / progress.seconds_per_epoch)
        return None

    @property
    def ends_in_time(self) -> bool:
        """Whether it was asked to end within so many seconds by itself."""
        return any(word.partition("=")[0] == _SECONDS_FLAG for word in self.argv)

    def argv_with_seconds_left(self) -> tuple[str, ...]:
        """Its command, the S of ``--seconds S`` or ``--seconds=S`` less what launches before this one took."""
        words = list(self.argv)
        for position, word in enumerate(self.request.argv):
            flag, sign, number = word.partition("=")
            if flag != _SECONDS_FLAG or not self.seconds:
                continue
            if not sign:
                position, number = position + 1, "".join(self.request.argv[position + 1 : position + 2])
            if re.fullmatch(r"\d+(\.\d+)?", number):
                left = max(1.0, float(number) - self.seconds)
                words[position] = f"{flag}={left:.1f}" if sign else f"{left:.1f}"
        return tuple(words)

    def idle_cores(self) -> float | None:
        """How many of the job's cores nobody used since this was last asked; None the first time."""
        idle = idle_core_seconds(self.cores)
        if idle is None:
            return None
        before, self.idle_mark = self.idle_mark, (self.job.seconds, idle)
        if before is None or self.job.seconds - before[0] < _SHORTEST_IDLE_SECONDS:
            return None
        return (idle - before[1]) / (self.job.seconds - before[0])

    def started(self, job: Job) -> None:
        """Take on a new process; what the old one printed no longer counts."""
        self.seconds_before = self.seconds
        self.current = job
        self.progress = Progress()
        self.log_offset = 0
        self.last_line_seconds = 0.0
        self.told, self.told_seconds = (0, 0, 0), 0.0
        self.next_look_seconds = self.first_look_seconds
        self.idle_mark = None
        self.idle_cores()

    def waits_for_its_start(self) -> None:
        """The warm interpreter is still loading: what is not running yet is neither silent nor due for a look."""
        self.last_line_seconds = self.job.seconds
        self.next_look_seconds = self.job.seconds + self.first_look_seconds

    def completed(self) -> Completed:
        """How it ended and what it printed. Of a refused launch: return code 1 and the reason."""
        end = self.current.ended if self.current is not None else None
        if self.current is None or end is None:
            return Completed(1, self.refused, 0.0, 0.0, timed_out=False)
        return Completed(
            end.returncode,
            self.current.tail(1 << 18),
            self.seconds,
            end.cpu_seconds,
            timed_out=end.killed_reason.startswith("time limit"),
        )

    def why_it_failed(self) -> str:
        """What a check said, else the log's last line; "" for what ended well."""
        if self.refused or self.stopped:
            return self.refused or self.stopped
        completed = self.completed()
        if completed.returncode == 0:
            return ""
        last = completed.output[-_LOG_END_CHARACTERS:].strip().splitlines()[-1:]
        said = "".join(last).strip() or f"exit {completed.returncode}"
        return f"stopped at its time limit; {said}" if completed.timed_out else said
