"""What the supervisor writes down of a job: one method a kind of event, so that their fields stand in one place."""

from __future__ import annotations

from typing import Any

from medalist.core.event import EventLog
from medalist.session.supervised import Rate, Trial, Watched
from medalist.training.checkpoint import Verdict, measure
from medalist.training.recovery import Recovery


class JobEvents:
    """Writes the events of supervised jobs to an attempt's log."""

    def __init__(self, events: EventLog) -> None:
        self._events = events

    def started(self, watched: Watched) -> None:
        self._emit(
            "job_started",
            watched,
            program=watched.request.program,
            argv=watched.argv,
            cores=watched.cores,
            batch=watched.batch,
            trains=watched.kind.name.lower(),
        )

    def progress(self, watched: Watched) -> None:
        progress = watched.progress
        end = progress.projected_end()
        self._emit(
            "job_progress",
            watched,
            fold=progress.fold,
            folds=progress.folds,
            epoch=progress.epoch,
            epochs=progress.epochs,
            loss=progress.losses[-1] if progress.losses else None,
            samples_per_second=progress.samples_per_second,
            seconds_per_epoch=progress.seconds_per_epoch,
            eta_seconds=None if end is None else round(max(0.0, end - watched.job.seconds), 1),
        )

    def checkpoint(self, watched: Watched, verdict: Verdict) -> None:
        used = measure(watched.job.telemetry.readings, watched.progress.forward_seconds).as_evidence()
        self._emit(
            "checkpoint",
            watched,
            verdict=verdict.kind,
            reason=verdict.reason,
            job_seconds=round(watched.job.seconds, 2),
            batch=watched.batch,
            evidence={**used, **verdict.evidence},
            **_rate(watched.rate()),
        )

    def recovery(self, watched: Watched, verdict: Verdict, recovery: Recovery) -> None:
        """``made`` is False where there was no mechanical edit; ``reason`` says why."""
        self._emit(
            "recovery",
            watched,
            verdict=verdict.kind,
            made=recovery.code is not None,
            changes=recovery.changes,
            reason=recovery.reason,
        )

    def relaunch(self, watched: Watched, why: str, batch_before: int | None, rate: Rate | None) -> None:
        """``rate`` is what the job reached before; what it reaches now is told when the trial is settled."""
        before = {f"{name}_before" if name == "rate" else name: value for name, value in _rate(rate).items()}
        self._emit("relaunch", watched, why=why, batch_before=batch_before, batch=watched.batch, **before)

    def settled(
        self, watched: Watched, trial: Trial, rate: Rate | None, *, kept: bool, reason: str = ""
    ) -> None:
        """A sizing change stays, or is taken back; ``rate`` is None where the changed job gave none."""
        self._emit(
            "sizing_kept" if kept else "sizing_taken_back",
            watched,
            verdict=trial.verdict,
            batch_before=trial.batch,
            batch=watched.batch,
            rate_before=round(trial.rate.value, 3),
            reason=reason,
            **_rate(rate),
        )

    def ended(self, watched: Watched) -> None:
        end = watched.job.ended
        assert end is not None
        readings = watched.job.telemetry.readings
        self._emit(
            "job_ended",
            watched,
            returncode=end.returncode,
            job_seconds=round(end.seconds, 3),
            cpu_seconds=round(end.cpu_seconds, 3),
            max_rss_bytes=end.max_rss_bytes,
            killed_reason=end.killed_reason,
            stopped=watched.stopped,
            trains=watched.kind_in_effect.name.lower(),
            batch=watched.batch,
            relaunches=watched.relaunches,
            seconds_per_epoch=watched.progress.seconds_per_epoch,
            used=measure(readings, watched.progress.forward_seconds).as_evidence(),
        )

    def _emit(self, kind: str, watched: Watched, **data: Any) -> None:
        job = watched.current.id if watched.current is not None else ""
        request = watched.request
        self._events.append(
            kind, job=job, name=request.name, folder=request.cwd, candidate=request.candidate_id, **data
        )


def _rate(rate: Rate | None) -> dict[str, Any]:
    return {
        "rate": None if rate is None else round(rate.value, 3),
        "unit": None if rate is None else rate.unit,
    }
