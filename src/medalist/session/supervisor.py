"""The supervisor: every command an engineer starts is read first and, if it trains, watched to its end.

It ties the pure checks to real jobs: reviews a script before launch, looks at telemetry and log when
the 60-second check says so, turns a verdict into an edit and a relaunch, lets samples a second
decide whether a doubling stays, and comes back from out-of-memory with half the batch. All of it is
written to the events. Nothing runs in the background: whoever waits calls ``poll``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from medalist.core.budget import Budget
from medalist.core.event import EventLog
from medalist.hints.learned import LearnedHints
from medalist.machine.hardware import Hardware
from medalist.session.lessons import Lessons
from medalist.session.starts import Starts
from medalist.session.supervised import LaunchRequest, News, Rate, Trial, Watched
from medalist.session.supervised_events import JobEvents
from medalist.session.supervised_scripts import Refusal, Scripts
from medalist.training.checkpoint import (
    CheckSettings,
    Look,
    Verdict,
    Verdicts,
    first_look_seconds,
    judge,
    judge_end,
    trial_paid,
)
from medalist.training.kind import Kind
from medalist.training.progress import INFERENCE_MARGIN, advance
from medalist.training.recovery import Recovery, recover
from medalist.training.reviewer import Reviewer
from medalist.training.sizing import MeasuredSizes
from medalist.workspace.jobs import JobSpec
from medalist.workspace.workspace import Workspace

__all__ = ["CheckSettings", "LaunchRequest", "News", "Supervisor", "Watched"]

_LOG_END_CHARACTERS = 8000
_LONGEST_NAP_SECONDS = 0.25


class Supervisor:
    """Starts and watches the jobs of one attempt. Not for use from several threads."""

    def __init__(
        self,
        workspace: Workspace,
        hardware: Hardware,
        events: EventLog,
        budget: Budget,
        settings: CheckSettings | None = None,
        *,
        hints: bool = True,
        measured: MeasuredSizes | None = None,
        reviewer: Reviewer | None = None,
        learned: LearnedHints | None = None,
    ) -> None:
        """``hints`` False leaves the knowledge base out of reviews and failures; ``measured`` remembers sizes;
        ``reviewer`` reads scripts, in this process where none is given; ``learned`` keeps what failures teach."""
        self.settings = settings or CheckSettings()
        self.running: list[Watched] = []
        self._workspace = workspace
        self._hardware = hardware
        self._record = JobEvents(events)
        self._budget = budget
        self.measured = measured or MeasuredSizes(None, hardware.fingerprint)
        self.lessons = Lessons(learned if hints else None, events)
        self._scripts = Scripts(
            workspace, hardware, events, reviewer or Reviewer(), self.lessons, use_hints=hints
        )
        self._starts = Starts(workspace.root, self._scripts.kind_of)
        self._news: list[News] = []

    # ---- what engineers call

    def launch(self, request: LaunchRequest) -> Watched:
        """Review a command and start it. A script that must be fixed and cannot be by machine is refused:
        the result has ended and says why. Raises JobError when there is no such script, StoreError when
        the disk is full."""
        cores = request.cores or self._workspace.cores
        watched = Watched(request, tuple(request.argv), Kind.NONE, cores)
        watched.first_look_seconds = first_look_seconds(self._seconds_left(watched), self.settings)
        # Where the budget calls for an early first look, the later ones come as often.
        watched.look_interval_seconds = min(
            self.settings.interval_seconds, max(1.0, watched.first_look_seconds)
        )
        try:
            self._scripts.review(watched)
        except Refusal as refusal:
            watched.refused, watched.ended = str(refusal), True
            self._tell("refused", watched, reason=watched.refused)
            return watched
        self._start(watched)
        self.running.append(watched)
        return watched

    def kind_of(self, argv: Sequence[str], cwd: str = ".") -> Kind:
        """What ``python ARGV...`` would do in a folder of the workspace; nothing is started."""
        return self._scripts.kind_of(argv, cwd)

    def poll(self) -> list[News]:
        """Sample, read and check every running job once; what is new since the last call."""
        self._workspace.jobs.poll()
        for watched in list(self.running):
            if watched.job.poll() is not None:
                self._ended(watched)
            else:
                self._attend(watched)
        news, self._news = self._news, []
        return news

    def wait(self, timeout_seconds: float) -> list[News]:
        """Poll until there is news, no job is left, or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while not (news := self.poll()) and self.running:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self.running[0].job.doze(min(left, _LONGEST_NAP_SECONDS))
        return news

    def kill(self, watched: Watched, reason: str = "killed") -> None:
        """End a job for good, with all it started; no check brings it back."""
        if not watched.ended:
            watched.stopped = watched.stopped or reason
            watched.job.kill(reason=reason)
            self._finish(watched)

    def kill_all(self, reason: str = "killed") -> None:
        for watched in list(self.running):
            self.kill(watched, reason)

    # ---- one job, once a poll

    def _start(self, watched: Watched) -> None:
        request = watched.request
        watched.argv = watched.argv_with_seconds_left()
        limit = request.seconds_limit
        spec = JobSpec(
            argv=watched.argv,
            program=request.program,
            cwd=request.cwd,
            name=request.name,
            log=request.log,
            cores=watched.cores,
            env=request.env,
            seconds_limit=None if limit is None else max(1.0, limit - watched.seconds),
            memory_bytes=request.memory_bytes,
            warm=request.warm,
        )
        watched.started(self._workspace.jobs.start(spec))
        self._record.started(watched)

    def _attend(self, watched: Watched) -> None:
        if watched.job.pid == 0:
            watched.waits_for_its_start()
            return
        if not watched.request.checked:
            return
        if watched.request.watch_starts and (stray := self._starts.refused(watched)):
            self._stop(watched, "unreviewed", stray)
            return
        losses = len(watched.progress.losses)
        self._read_log(watched)
        new_losses = watched.progress.losses[losses:]
        if not all(map(math.isfinite, new_losses)) or watched.job.seconds >= watched.next_look_seconds:
            self._look(watched)

    def _read_log(self, watched: Watched) -> None:
        text, watched.log_offset = watched.job.read_log(watched.log_offset)
        if not text:
            return
        watched.last_line_seconds = watched.job.seconds
        watched.progress = advance(watched.progress, text, watched.job.seconds)
        progress = watched.progress
        now = (progress.fold, progress.epoch, progress.folds_scored)
        fold_changed = (now[0], now[2]) != (watched.told[0], watched.told[2])
        if fold_changed:  # the moment to see whether the next fold still fits the budget
            watched.next_look_seconds = max(watched.job.seconds, watched.first_look_seconds)
        pause = watched.job.seconds - watched.told_seconds
        if now != watched.told and (fold_changed or pause >= watched.look_interval_seconds / 2):
            watched.told, watched.told_seconds = now, watched.job.seconds
            self._record.progress(watched)
            self._tell("progress", watched)

    def _look(self, watched: Watched) -> None:
        verdict = judge(
            watched.job.telemetry.readings, watched.progress, self._context(watched), self.settings
        )
        if verdict.kind is Verdicts.TOO_EARLY:
            watched.next_look_seconds = watched.job.seconds + watched.look_interval_seconds / 10
            return
        watched.next_look_seconds = watched.job.seconds + watched.look_interval_seconds
        trial_open = watched.trial is not None and (verdict.kind.leaves_alone or verdict.kind.sizes)
        if verdict.kind.sizes and (trial_open or watched.rate() is None):
            verdict = Verdict(
                Verdicts.OK, f"{verdict.reason} First its speed must be known.", verdict.evidence
            )
        self._record.checkpoint(watched, verdict)
        if trial_open:
            self._settle(watched)
        elif not verdict.kind.leaves_alone:
            self._act(watched, verdict)

    def _context(self, watched: Watched) -> Look:
        job, request = watched.job, watched.request
        reserve = self.settings.inference_seconds * INFERENCE_MARGIN
        return Look(
            kind=watched.kind_in_effect,
            seconds=job.seconds,
            first_look_seconds=watched.first_look_seconds,
            cores=len(watched.cores),
            gpus=len(self._hardware.gpus),
            silent_seconds=job.seconds - watched.last_line_seconds,
            batch=watched.batch,
            batch_fails=self.measured.look_up(request.sizing_key).fails if request.sizing_key else None,
            rows=request.facts.rows,
            classes=request.facts.classes,
            script_monitors=watched.script_monitors,
            idle_cores=watched.idle_cores(),
            deadline_seconds=None
            if watched.ends_in_time
            else job.seconds + self._seconds_left(watched) - reserve,
            sizing_relaunches=watched.sizing_relaunches,
            tried=frozenset(watched.tried),
        )

    def _seconds_left(self, watched: Watched) -> float:
        limit = watched.request.seconds_limit
        left = self._budget.remaining
        return left if limit is None else max(0.0, min(left, limit - watched.seconds))

    # ---- acting on a verdict

    def _act(self, watched: Watched, verdict: Verdict) -> None:
        if not verdict.kind.mends:
            self._stop(watched, verdict.kind, verdict.reason)
            return
        if not verdict.kind.sizes and watched.mends >= self.settings.max_mends:
            recovery = Recovery(None, watched.argv, reason=f"{watched.mends} mends did not help")
        else:
            recovery = self._recovery(watched, verdict)
        self._record.recovery(watched, verdict, recovery)
        if recovery.code is not None:
            self._relaunch(watched, verdict, recovery.code, recovery)
            return
        watched.tried.add(verdict.kind)
        if verdict.kind.sizes:
            watched.next_look_seconds = watched.job.seconds
        else:
            self._stop(watched, verdict.kind, verdict.reason)

    def _stop(self, watched: Watched, verdict: str, reason: str) -> None:
        watched.stopped = reason
        self._tell("verdict", watched, verdict=verdict, reason=reason)
        watched.job.kill(reason=verdict)
        self._finish(watched)

    def _recovery(self, watched: Watched, verdict: Verdict) -> Recovery:
        code = self._scripts.code_of(watched)
        if code is None:
            return Recovery(None, watched.argv, reason="there is no script file to edit")
        return recover(verdict, code, watched.argv, cores=len(watched.cores))

    def _relaunch(self, watched: Watched, verdict: Verdict, code: str, recovery: Recovery) -> None:
        """Kill what still runs, edit, start again; a sizing change opens a trial."""
        rate = watched.rate()
        if verdict.kind.sizes and rate is not None:
            before = self._scripts.code_of(watched) or ""
            watched.trial = Trial(verdict.kind, before, watched.argv, watched.batch, rate)
            watched.sizing_relaunches += 1
        else:
            watched.trial = None
            watched.mends += 1
        if verdict.kind is not Verdicts.DOUBLE_BATCH and verdict.kind is not Verdicts.HALVE_BATCH:
            watched.tried.add(verdict.kind)
        if verdict.kind is Verdicts.HALVE_BATCH:
            watched.fixes += recovery.changes
        self._replace(watched, code, recovery.argv, recovery.batch, why=str(verdict.kind), rate=rate)

    def _replace(
        self,
        watched: Watched,
        code: str,
        argv: Sequence[str],
        batch: int | None,
        *,
        why: str,
        rate: Rate | None,
    ) -> None:
        watched.job.kill(reason=why)
        end = watched.job.ended
        if end is not None and end.returncode == 0 and not end.killed_reason:
            self._finish(watched)  # it was done before it could be stopped
            return
        batch_before, watched.batch, watched.argv = watched.batch, batch, tuple(argv)
        self._scripts.write(watched, code)
        watched.relaunches += 1
        self._record.relaunch(watched, why, batch_before, rate)
        self._start(watched)
        self._tell("relaunched", watched, why=why, batch_before=batch_before, batch=batch)

    def _settle(self, watched: Watched) -> None:
        """Let the rate decide a trial, once the relaunched job has one in the same unit."""
        trial, rate = watched.trial, watched.rate()
        assert trial is not None
        if rate is None or rate.unit != trial.rate.unit:
            return
        watched.trial = None
        paid = trial_paid(trial.rate.value, rate.value)
        self._record.settled(watched, trial, rate, kept=paid)
        if paid:
            self._learn(watched, watched.batch, rate)
        else:
            self._take_back(watched, trial)

    def _take_back(self, watched: Watched, trial: Trial) -> None:
        self._learn(watched, trial.batch, trial.rate)
        watched.tried.add(trial.verdict)
        watched.trial = None
        self._replace(watched, trial.code, trial.argv, trial.batch, why="taken_back", rate=None)

    def _learn(self, watched: Watched, batch: int | None, rate: Rate) -> None:
        if watched.request.sizing_key and batch is not None:
            samples = rate.value if rate.unit == "samples/s" else None
            self.measured.learn_success(watched.request.sizing_key, batch, samples)

    # ---- the end of a job

    def _ended(self, watched: Watched) -> None:
        """A job ended by itself: out of memory brings one that trains back, anything else is final."""
        self._read_log(watched)
        end = watched.job.ended
        assert end is not None
        log_end = watched.job.tail(_LOG_END_CHARACTERS)
        verdict = judge_end(end.returncode, log_end, killed_reason=end.killed_reason)
        if verdict.kind is not Verdicts.HALVE_BATCH or not watched.kind.trains:
            self._finish(watched)
            return
        self._record.checkpoint(watched, verdict)
        if watched.request.sizing_key and watched.batch is not None:
            self.measured.learn_failure(watched.request.sizing_key, watched.batch)
        if watched.trial is not None:
            self._record.settled(watched, watched.trial, None, kept=False, reason=verdict.reason)
            self._take_back(watched, watched.trial)
        else:
            watched.failure = log_end
            self._act(watched, verdict)

    def _finish(self, watched: Watched) -> None:
        end = watched.job.ended
        assert end is not None
        watched.ended = True
        self.running.remove(watched)
        self._record.ended(watched)
        if end.returncode == 0 and watched.fixes:
            what = f"{watched.request.candidate_id} {watched.request.name}".strip()
            self.lessons.learn(watched.failure, "; ".join(watched.fixes), f"{what} ran to its end after it")
        explained = self._scripts.explain(watched) if end.returncode != 0 and not end.killed_reason else []
        self._tell("ended", watched, returncode=end.returncode, hints=explained)

    # ---- telling

    def _tell(self, kind: str, watched: Watched, **data: Any) -> None:
        self._news.append(News(kind, watched, data))
