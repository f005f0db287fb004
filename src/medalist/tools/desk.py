"""The desk: what all tools of one attempt share, whoever sits at it.

A language model, an MCP client or a person works at a desk; the session behind it is not for
several threads, so one asyncio loop drives everything, and its pump keeps the checks going while
the engineer thinks. What the checks do is kept as notes and told with the next answer.
"""

from __future__ import annotations

import asyncio
import itertools
import posixpath
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from medalist.core.errors import BudgetSpent, JobError
from medalist.session.session import Session
from medalist.session.supervised import SHORT_COMMAND_SECONDS
from medalist.session.supervisor import LaunchRequest, News, Watched
from medalist.session.workshop import Workshop
from medalist.tools.brought import brought_by
from medalist.tools.definition import Refused, Tool
from medalist.tools.outputs import Outputs
from medalist.tools.telling import Clock, edits, tell
from medalist.training.kind import Kind, script_of
from medalist.training.sizing import job_key_of_script
from medalist.workspace.environment import temporary_folder
from medalist.workspace.workspace import Completed

_LOOK_SECONDS = 0.1
_FIRST_LOOK_SECONDS = 0.005
_MOST_COMMANDS = 16
_LARGEST_SCRIPT_BYTES = 4_000_000
_HINTS_FIRST = (
    "and the hints were not read yet. Call read_hints() first: it names the sections; read those that concern your "
    "script, mend it, then start it again."
)


@dataclass(frozen=True)
class DeskSettings:
    """How a desk is set up.

    ``answer_characters`` is the length at which answers are cut; ``command_seconds`` how long a command
    is waited for before it goes on as a job; ``max_jobs`` how many may run at once (0: as many as there
    are cores, two at least); ``inference_script`` what is asked for while training runs, "" for nothing.
    """

    answer_characters: int = 12_000
    command_seconds: float = SHORT_COMMAND_SECONDS
    longest_wait_seconds: float = 900.0
    max_jobs: int = 0
    inference_script: str = "predict.py"


class Desk:
    """One engineer's tools in one attempt. Used by one asyncio loop, in the thread the session belongs to.

    ``hints`` False leaves the knowledge base out: no tool for it, and no launch waits for it.
    ``extra`` are tools an engineer brings along, ``brought`` is what the family's workshop does.
    ``submitted_finally`` turns True when the engineer said that it is done.
    """

    def __init__(
        self,
        session: Session,
        workshop: Workshop,
        *,
        oracle: Any | None = None,
        hints: bool = True,
        settings: DeskSettings = DeskSettings(),
        extra: Sequence[Tool] = (),
    ) -> None:
        self.session = session
        self.workshop = workshop
        self.brought = brought_by(workshop)
        self.oracle = oracle if self.brought.leaves("ask_oracle") else None
        self.hints = hints and self.brought.leaves("read_hints")
        self.settings = settings
        self.extra = tuple(extra)
        self.hints_read = not self.hints
        self.submitted_finally = False
        self.summary = ""
        self.outputs = Outputs()
        self.clock = Clock(session.budget)
        self.jobs: dict[str, Watched] = {}
        """Every job by the id its first launch had; relaunches keep it."""
        self.background: set[str] = set()
        """The ids of those that were started in the background, or went on there."""
        self.before_training: Callable[[str, str], Awaitable[str]] | None = None
        """Asked about a training script, its path and its text, before each launch; what it answers must be fixed first."""
        self._commands = itertools.count(1)
        self._attended: set[str] = set()
        self._notes: list[str] = []
        self._progress: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    # ---- opening and closing

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    def open(self) -> None:
        """Keep the checks going from now on; called again, it raises what ended them, BudgetSpent for one."""
        if self._pump is None or self._pump.cancelled():
            self._changed = asyncio.Event()
            self._pump = asyncio.get_running_loop().create_task(self._pump_forever())
        elif self._pump.done():
            self._pump.result()
        if self.session.budget.spent:
            raise BudgetSpent(f"The {self.session.budget.total_seconds:.0f} s of this attempt are spent.")

    async def rest(self) -> None:
        """Stop looking; jobs go on, unwatched until the next call, maybe in another loop."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])
            self._pump = None

    async def close(self) -> None:
        """Stop looking and end every job that runs; the session stays open."""
        await self.rest()
        self.session.supervisor.kill_all("the engineer has finished")

    async def _pump_forever(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    # ---- jobs

    @property
    def running(self) -> list[str]:
        """The ids of all that runs, commands that somebody waits for included, oldest first."""
        return [job_id for job_id, watched in self.jobs.items() if not watched.ended]

    @property
    def running_jobs(self) -> list[str]:
        """The ids of those that run in the background."""
        return [job_id for job_id in self.running if job_id in self.background]

    @property
    def max_jobs(self) -> int:
        return self.settings.max_jobs or max(2, len(self.session.cores))

    def job(self, job_id: str) -> Watched:
        """Raises Refused when there is none of that id."""
        if job_id not in self.jobs:
            known = ", ".join(self.jobs) or "none was started yet"
            raise Refused(f"There is no job {job_id!r}. Jobs: {known}.")
        return self.jobs[job_id]

    def id_of(self, watched: Watched) -> str:
        return next((job_id for job_id, each in self.jobs.items() if each is watched), watched.request.name)

    def start(self, request: LaunchRequest, *, background: bool = False) -> tuple[str, Watched]:
        """Start a job under every check, and the id it goes by. What is not started in the background is a
        command that somebody waits for.

        Raises Refused when the review refuses it, or when as many run as may.
        """
        if background and (full := self.full()):
            raise Refused(full)
        if len(self.running) - len(self.running_jobs) >= _MOST_COMMANDS:
            raise Refused(f"{_MOST_COMMANDS} commands run already. Wait for their answers first.")
        what = "What this runs cannot be told before" if request.program else "This trains"
        gate = "" if self.hints_read else f"{what}, {_HINTS_FIRST}"
        facts = self.workshop.script_facts()
        code = self.text_of(self.script_of(request))
        request = replace(
            request,
            facts=facts,
            sizing_key=job_key_of_script(code or "", facts.image_pixels),
            training_refused=request.training_refused or gate,
            watch_starts=self.brought.checked,
            checked=self.brought.checked,
        )
        watched = self.session.start(request)
        if watched.refused:
            self.look()
            raise Refused(f"{watched.refused}{edits(watched, self.text_of(self.script_of(request)))}")
        job_id = watched.job.id
        self.jobs[job_id] = watched
        if background:
            self.background.add(job_id)
        return job_id, watched

    def full(self) -> str:
        """Why no further job may run in the background now, "" when one may."""
        running = self.running_jobs
        if len(running) < self.max_jobs:
            return ""
        return (
            f"{len(running)} jobs run ({', '.join(running)}), and no more than {self.max_jobs} may at once. "
            "Use `wait`, or `kill_job` for one that is no longer needed."
        )

    async def approve(self, request: LaunchRequest) -> None:
        """Have ``before_training`` look at a script that is about to be started. Raises Refused with what it wants."""
        script = self.script_of(request)
        code = self.text_of(script)
        if self.before_training is None or code is None or not (self.hints_read and self.brought.checked):
            return
        trains = self.kind_of(request.argv, request.cwd).trains
        if trains and (must_fix := await self.before_training(script, code)):
            raise Refused(must_fix)

    def script_of(self, request: LaunchRequest) -> str:
        """The script that a launch runs, by its path in the workspace; "" where there is none."""
        if request.program:
            return ""
        script = script_of(request.argv, lambda path: self.text_of(_joined(request.cwd, path)))
        return _joined(request.cwd, script) if script else ""

    def kind_of(self, argv: Sequence[str], folder: str) -> Kind:
        """What ``python ARGV...`` does in a folder of the workspace, by its text."""
        return self.session.supervisor.kind_of(argv, folder)

    def text_of(self, path: str) -> str | None:
        """A text file of the workspace, None when there is none that may be read."""
        try:
            return self.session.workspace.read(path, limit=_LARGEST_SCRIPT_BYTES).decode(
                "utf-8", errors="replace"
            )
        except (FileNotFoundError, JobError):
            return None

    def kill(self, job_id: str) -> None:
        """End a job for good; its end is told by whoever asked for it."""
        self._attended.add(job_id)
        self.session.supervisor.kill(self.job(job_id), "killed by the engineer")
        self.look()

    async def ended(self, job_id: str, timeout_seconds: float) -> bool:
        """Wait for a job's end, which is then told by the caller and not as news; False when it still runs."""
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        self._attended.add(job_id)
        pause = _FIRST_LOOK_SECONDS
        while not self.jobs[job_id].ended:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                self._attended.discard(job_id)
                return False
            await asyncio.sleep(min(pause, left))
            pause = min(2 * pause, _LOOK_SECONDS)  # most commands take no time at all
            self.open()
            self.look()
        return True

    def command_log(self) -> str:
        """Where the next command prints to, relative to the workspace."""
        folder = temporary_folder(self.session.workspace.root).name
        return f"{folder}/command-{next(self._commands)}.log"

    def take_output(self, job_id: str) -> Completed:
        """How a command ended and what it printed; its log is removed."""
        watched = self.jobs[job_id]
        completed = watched.completed()
        left_out = watched.job.log_bytes - len(completed.output.encode())
        if left_out > 0:
            begins = f"[the first {left_out:,} bytes it printed are left out]\n"
            completed = replace(completed, output=begins + completed.output)
        watched.job.log_path.unlink(missing_ok=True)
        return completed

    # ---- news

    def look(self) -> None:
        """Let the checks look at every job once, and keep what is new to be told."""
        while news := self.session.wait(0):
            for each in news:
                self._note(each)
            self._changed.set()

    def take_notes(self) -> list[str]:
        """What must be told with the next answer; each is told once."""
        notes, self._notes = self._notes, []
        return notes

    async def wait_news(self, timeout_seconds: float) -> list[str]:
        """What happened to jobs, progress included; returns at the first news, when no job runs, when a
        mark of the time budget is passed, or empty after ``timeout_seconds``."""
        timeout = min(timeout_seconds, self.clock.seconds_to_next_mark() + 0.05)
        deadline = asyncio.get_running_loop().time() + timeout
        while not (self._notes or self._progress) and self.running:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await self._next_change(min(left, 1.0))
        progress, self._progress = list(self._progress.values()), {}
        return [*self.take_notes(), *progress]

    def _note(self, news: News) -> None:
        job_id = self.id_of(news.watched)
        if news.kind == "progress":
            self._progress[job_id] = tell(job_id, news)
            return
        self._progress.pop(job_id, None)
        told_by_caller = news.kind == "refused" or (news.kind == "ended" and job_id in self._attended)
        if not told_by_caller and (text := tell(job_id, news)):
            self._notes.append(text)

    async def _next_change(self, timeout_seconds: float) -> None:
        self.open()
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_seconds)
        except TimeoutError:
            return


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))
