"""Progress of a training job: folds, epochs, losses and rates out of its log, the projected end, and plans (SPEC K4).

A Progress is immutable; ``advance`` folds new text into it, stamped with the job's own clock, so a
log is read once and never again from the start. Nothing here opens a file.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace

from medalist.training.lines import Line, Loader, MemoryUsed, Rate, Resources, Step, parse_line

_KEPT = 2000  # losses and rates remembered; older ones no longer matter to any verdict
INFERENCE_MARGIN = 1.2  # SPEC K4: what is planned is made 20 % larger


@dataclass(frozen=True)
class Mark:
    """A unit of work seen done: ``done`` epochs (or folds) after ``seconds`` of the job's clock."""

    seconds: float
    done: float


@dataclass(frozen=True)
class Progress:
    """What a log has said so far. Folds and epochs count from 1; 0 means not said.

    ``forward_seconds``: when the first forward pass was known to be over, on the job's clock.
    """

    fold: int = 0
    folds: int = 0
    epoch: int = 0
    epochs: int = 0
    folds_scored: int = 0
    losses: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    marks: tuple[Mark, ...] = ()
    resources: Resources | None = None
    memory: MemoryUsed | None = None
    loader: Loader | None = None
    forward_seconds: float | None = None
    unfinished: str = ""

    @property
    def monitored(self) -> bool:
        """Whether the job printed its resources and a sign of training."""
        return self.resources is not None and self.forward_seconds is not None

    @property
    def samples_per_second(self) -> float | None:
        """Median of the later half of the printed rates: the first ones still warm up."""
        return statistics.median(self.rates[len(self.rates) // 2 :]) if self.rates else None

    @property
    def seconds_per_epoch(self) -> float | None:
        """Mean seconds an epoch (or fold, for a job without epochs) between the first and last seen."""
        if not self.marks:
            return None
        first, last = self.marks[0], self.marks[-1]
        if last.seconds > first.seconds:
            return (last.seconds - first.seconds) / (last.done - first.done)
        return last.seconds / last.done or None

    @property
    def epochs_done(self) -> float:
        return self.marks[-1].done if self.marks else 0.0

    @property
    def epochs_in_all(self) -> int:
        return max(self.folds, 1) * max(self.epochs, 1)

    def projected_end(self) -> float | None:
        """When the job will end, in seconds of its own clock; None while nothing tells."""
        pace = self.seconds_per_epoch
        if pace is None or not (self.folds or self.epochs):
            return None
        return self.marks[-1].seconds + max(0.0, self.epochs_in_all - self.epochs_done) * pace

    def projected_fold_end(self) -> float | None:
        """When the fold at work will end, in seconds of the job's clock; None while nothing tells."""
        pace = self.seconds_per_epoch
        if pace is None or not self.folds:
            return None
        per_fold = max(self.epochs, 1)
        left = per_fold - self.epochs_done % per_fold
        return self.marks[-1].seconds + left * pace


def advance(progress: Progress, text: str, seconds: float) -> Progress:
    """``progress`` with new log ``text`` folded in, read at ``seconds`` of the job's clock.

    A last line without its newline waits for the rest of it.
    """
    *lines, unfinished = (progress.unfinished + text).split("\n")
    for line in lines:
        said = parse_line(line)
        if said is not None:
            progress = _fold_in(progress, said, seconds)
    return replace(progress, unfinished=unfinished[-10_000:])


def read_progress(text: str, seconds: float = 0.0) -> Progress:
    """The progress a whole log tells; ``seconds`` stamps all of it."""
    return advance(Progress(), text + "\n", seconds)


def _fold_in(progress: Progress, said: Line, seconds: float) -> Progress:
    match said:
        case Resources():
            return replace(progress, resources=said)
        case Loader():
            return replace(progress, loader=said)
        case MemoryUsed():
            return _forward_seen(replace(progress, memory=said), seconds)
        case Rate():
            rates = (*progress.rates, said.samples_per_second)[-_KEPT:]
            return _forward_seen(replace(progress, rates=rates), seconds)
        case Step():
            return _fold_in_step(progress, said, seconds)


def _fold_in_step(progress: Progress, step: Step, seconds: float) -> Progress:
    progress = replace(
        progress,
        fold=step.fold or progress.fold,
        folds=step.folds or progress.folds,
        epoch=step.epoch or (progress.epoch if step.fold in {None, progress.fold} else 0),
        epochs=step.epochs or progress.epochs,
    )
    if step.loss is not None:
        progress = replace(progress, losses=(*progress.losses, step.loss)[-_KEPT:])
        progress = _forward_seen(progress, seconds)
    if step.score is not None:
        scored = progress.folds_scored + (step.fold is not None and step.epoch is None)
        progress = replace(progress, scores=(*progress.scores, step.score)[-_KEPT:], folds_scored=scored)
    done = _done(progress, step)
    if done is not None and (not progress.marks or done > progress.marks[-1].done):
        progress = replace(progress, marks=(*progress.marks, Mark(seconds, done))[-_KEPT:])
    return progress


def _done(progress: Progress, step: Step) -> float | None:
    """Epochs finished, counted over all folds; a line that only announces a fold finishes none."""
    before = (max(progress.fold, 1) - 1) * max(progress.epochs, 1)
    if step.epoch is not None:
        return before + step.epoch
    if step.fold is not None and step.score is not None:
        return before + max(progress.epochs, 1)
    return None


def _forward_seen(progress: Progress, seconds: float) -> Progress:
    return progress if progress.forward_seconds is not None else replace(progress, forward_seconds=seconds)


@dataclass(frozen=True)
class Plan:
    """How many folds and epochs are to be trained; ``seconds`` is what they should take, margin included."""

    folds: int
    epochs: int
    seconds: float
    fits: bool
    reason: str


def plan(
    folds: int,
    epochs: int,
    seconds_per_epoch: float,
    inference_seconds: float,
    budget_seconds: float,
    *,
    least_folds: int = 2,
    least_epochs: int = 3,
) -> Plan:
    """The most of ``folds`` x ``epochs`` that fits the budget: (folds x epochs x time + inference) + 20 %.

    Epochs go first, down to ``least_epochs``, then folds, down to ``least_folds``. ``fits`` is False
    when even the least does not.
    """

    def seconds(planned_folds: int, planned_epochs: int) -> float:
        return (planned_folds * planned_epochs * seconds_per_epoch + inference_seconds) * INFERENCE_MARGIN

    if seconds(folds, epochs) <= budget_seconds:
        return Plan(folds, epochs, seconds(folds, epochs), True, "all folds and epochs fit the budget")
    for fewer_folds in range(folds, min(least_folds, folds) - 1, -1):
        room = budget_seconds / INFERENCE_MARGIN - inference_seconds
        fewer = math.floor(room / (fewer_folds * seconds_per_epoch)) if seconds_per_epoch > 0 else epochs
        fewer = min(fewer, epochs)
        if fewer >= min(least_epochs, epochs):
            reason = f"{fewer_folds} of {folds} folds and {fewer} of {epochs} epochs fit the budget"
            return Plan(fewer_folds, fewer, seconds(fewer_folds, fewer), True, reason)
    least_folds, least_epochs = min(least_folds, folds), min(least_epochs, epochs)
    return Plan(
        least_folds,
        least_epochs,
        seconds(least_folds, least_epochs),
        False,
        f"not even {least_folds} folds of {least_epochs} epochs fit the budget",
    )
