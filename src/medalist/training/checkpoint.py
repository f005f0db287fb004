"""THE 60-SECOND CHECK (SPEC G3, G4): a verdict on a running training job, from readings and log alone.

Pure: no clock, no file, no process. What is done about a verdict is in ``recovery``; who calls it,
and when, is in ``session/supervisor``. Memory and utilisation come from NVML, never from what the
job prints; a print that NVML contradicts is itself a verdict. A small memory share proves nothing
about speed, so it only starts a trial: samples a second decides (``trial_paid``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from medalist.machine.telemetry import Reading
from medalist.training.kind import Kind
from medalist.training.progress import Progress, read_progress
from medalist.training.thresholds import table

GB = 2**30
_IDLE_CORES = 0.05  # CPU cores in use under which a silent job counts as stuck
_WORTH_A_RESTART = 2  # a job that ends before twice its age gains nothing from starting over twice as fast


class Verdicts(StrEnum):
    """What a look can find. STOP_* and PAST_BUDGET end a job, OK and TOO_EARLY leave it, the rest mend it."""

    OK = "ok"
    TOO_EARLY = "too_early"
    DOUBLE_BATCH = "double_batch"
    MORE_THREADS = "more_threads"
    ADD_MONITORING = "add_monitoring"
    USE_GPU = "use_gpu"
    HALVE_BATCH = "halve_batch"
    STOP_NAN = "stop_nan"
    STOP_STUCK = "stop_stuck"
    STOP_CHANCE = "stop_chance"
    CLAIMS_DIFFER = "claims_differ"
    PAST_BUDGET = "past_budget"

    @property
    def leaves_alone(self) -> bool:
        return self in {Verdicts.OK, Verdicts.TOO_EARLY}

    @property
    def sizes(self) -> bool:
        """Whether it starts a trial that samples a second decides."""
        return self in {Verdicts.DOUBLE_BATCH, Verdicts.MORE_THREADS}

    @property
    def mends(self) -> bool:
        """Whether ``recovery`` is asked for an edit and the job relaunched."""
        return self.sizes or self in {Verdicts.ADD_MONITORING, Verdicts.USE_GPU, Verdicts.HALVE_BATCH}


@dataclass(frozen=True)
class Verdict:
    """What a look found; ``evidence`` holds the figures it rests on (JSON values)."""

    kind: Verdicts
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckSettings:
    """When to look and how often to mend. The thresholds themselves are in ``thresholds.toml``."""

    first_look_seconds: float = 60.0
    budget_share: float = 0.1
    """The first look comes at this share of the remaining budget where that is earlier."""
    interval_seconds: float = 60.0
    stuck_seconds: float = 120.0
    silent_seconds: float = 300.0
    """How long a network whose script holds the monitoring lines may load its data before it prints them."""
    max_sizing_relaunches: int = 2
    max_mends: int = 3
    """Relaunches that are not for sizing: monitoring, GPU use, out of memory."""
    heed_neighbours: bool = True
    """Whether cores kept busy by other processes excuse a job from the core check."""
    inference_seconds: float = 0.0
    """Kept free at the end of the budget for prediction, 20 % added (SPEC K4)."""


@dataclass(frozen=True)
class Look:
    """What is known about a job at one look, beside its readings and its log. Seconds are the job's own clock."""

    kind: Kind
    seconds: float
    first_look_seconds: float
    cores: int
    gpus: int = 0
    silent_seconds: float = 0.0
    batch: int | None = None
    batch_fails: int | None = None
    """Smallest batch known to run out of memory here."""
    rows: int | None = None
    classes: int | None = None
    script_monitors: bool = False
    """Whether the script's text holds the monitoring lines."""
    idle_cores: float | None = None
    """How many of the job's cores nobody used; None where not measured."""
    deadline_seconds: float | None = None
    """When the job must have ended; None for one that watches its own deadline."""
    sizing_relaunches: int = 0
    tried: frozenset[Verdicts] = frozenset()
    """Mends that cannot help again: done already, or impossible in this script."""


def first_look_seconds(remaining_budget_seconds: float, settings: CheckSettings) -> float:
    """When a job launched now is first looked at: 60 s, or a tenth of the remaining budget if earlier."""
    return min(settings.first_look_seconds, settings.budget_share * remaining_budget_seconds)


def judge(readings: Sequence[Reading], log: Progress | str, look: Look, settings: CheckSettings) -> Verdict:
    """One look at a running job. Losses that are not numbers count at once; all else from the first look on."""
    progress = read_progress(log, look.seconds) if isinstance(log, str) else log
    used = measure(readings, progress.forward_seconds)
    for check in (_not_a_number, _stuck, _waiting, _claims, _unused_gpu, _silent, _loss, _budget, _sizing):
        verdict = check(used, progress, look, settings)
        if verdict is not None:
            return verdict
    return Verdict(Verdicts.OK, "trains as it should", used.as_evidence())


@dataclass(frozen=True)
class Used:
    """Readings in short, over the time since the first forward pass (all of it while that is unknown).

    Shares in 0..1 of the GPU the job uses most; None without a GPU reading. ``peak`` values cover all readings.
    """

    readings: int = 0
    mean_cores: float = 0.0
    peak_rss_bytes: int = 0
    peak_memory_share: float | None = None
    peak_own_share: float | None = None
    mean_utilisation: float | None = None

    def as_evidence(self) -> dict[str, Any]:
        figures = {
            "mean_cores": round(self.mean_cores, 2),
            "peak_rss_gb": round(self.peak_rss_bytes / GB, 3),
            "gpu_memory_share": self.peak_memory_share and round(self.peak_memory_share, 3),
            "gpu_utilisation": self.mean_utilisation and round(self.mean_utilisation, 3),
        }
        return {name: value for name, value in figures.items() if value is not None}


def measure(readings: Sequence[Reading], since_seconds: float | None) -> Used:
    """What ``readings`` say, means taken from ``since_seconds`` on. The caller leaves out other jobs' readings."""
    if not readings:
        return Used()
    window = [reading for reading in readings if since_seconds is None or reading.seconds > since_seconds]
    window = window or [readings[-1]]
    peaks: dict[int, tuple[float, float | None]] = {}
    for gpu in (gpu for reading in readings for gpu in reading.gpus if gpu.memory_total_bytes):
        share, own = peaks.get(gpu.index, (0.0, None))
        share = max(share, gpu.memory_used_bytes / gpu.memory_total_bytes)
        if gpu.process_memory_bytes is not None:
            own = max(own or 0.0, gpu.process_memory_bytes / gpu.memory_total_bytes)
        peaks[gpu.index] = (share, own)
    index = max(peaks, key=lambda gpu: (peaks[gpu][1] or 0.0, peaks[gpu][0]), default=None)
    busy = [gpu.utilisation for reading in window for gpu in reading.gpus if gpu.index == index]
    return Used(
        readings=len(window),
        mean_cores=sum(reading.cores_used for reading in window) / len(window),
        peak_rss_bytes=max(reading.rss_bytes for reading in readings),
        peak_memory_share=peaks[index][0] if index is not None else None,
        peak_own_share=peaks[index][1] if index is not None else None,
        mean_utilisation=sum(busy) / len(busy) if busy else None,
    )


def _not_a_number(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    if progress.losses and not math.isfinite(progress.losses[-1]):
        seen = f"The loss is {progress.losses[-1]} after {len(progress.losses)} reports"
        reason = f"{seen}: lower the learning rate, clip gradients, or look for bad inputs."
        return Verdict(Verdicts.STOP_NAN, reason, {"losses": [str(loss) for loss in progress.losses[-5:]]})
    return None


def _stuck(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    working = used.mean_cores > _IDLE_CORES or (used.mean_utilisation or 0.0) > 0.05
    if look.silent_seconds < settings.stuck_seconds or working:
        return None
    reason = f"No line and no work for {look.silent_seconds:.0f} s: the job waits for something that does not come."
    return Verdict(Verdicts.STOP_STUCK, reason, {"silent_seconds": look.silent_seconds, **used.as_evidence()})


def _waiting(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    """Too early: before the first look, or before the first forward pass of a network that will report it."""
    if look.seconds < look.first_look_seconds or not used.readings:
        return Verdict(Verdicts.TOO_EARLY, f"first look after {look.first_look_seconds:.0f} s")
    patient = look.seconds < settings.silent_seconds
    reports = look.script_monitors or progress.resources is not None
    if look.kind is Kind.NETWORK and progress.forward_seconds is None and reports and patient:
        return Verdict(Verdicts.TOO_EARLY, "before the first forward pass")
    return None


def _claims(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    claim = progress.memory
    if claim is None:
        return None
    if claim.gpu and not look.gpus:
        measured, instrument = 0.0, "the machine has no GPU"
    elif claim.gpu:
        if used.peak_memory_share is None:
            return None
        measured, instrument = used.peak_memory_share, f"NVML reads {used.peak_memory_share:.0%}"
    else:
        measured = used.peak_rss_bytes / (claim.total_gb * GB) if claim.total_gb else 1.0
        instrument = f"its processes hold {used.peak_rss_bytes / GB:.1f} GB"
    if claim.share - measured <= table().checkpoint.claim_tolerance:
        return None
    kind = "GPU" if claim.gpu else "CPU"
    reason = (
        f"The job prints {claim.share:.0%} {kind} memory in use while {instrument}: its figures are not true."
    )
    return Verdict(Verdicts.CLAIMS_DIFFER, reason, {"claimed": claim.share, "measured": round(measured, 4)})


def _unused_gpu(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    if look.kind is not Kind.NETWORK or used.peak_memory_share is None or Verdicts.USE_GPU in look.tried:
        return None
    limit = table().checkpoint.unused_gpu_share
    memory = used.peak_own_share if used.peak_own_share is not None else used.peak_memory_share
    if memory > limit or (used.mean_utilisation or 0.0) > limit:
        return None
    seen = f"{memory:.1%} of its memory, {used.mean_utilisation or 0:.0%} busy"
    reason = f"A GPU is here and the network does not use it: {seen}."
    return Verdict(Verdicts.USE_GPU, reason, used.as_evidence())


def _silent(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    if look.kind is not Kind.NETWORK or progress.monitored or Verdicts.ADD_MONITORING in look.tried:
        return None
    missing = "RESOURCES line" if progress.resources is None else "line after the first forward pass"
    reason = f"After {look.seconds:.0f} s the job has printed no {missing}: it cannot be watched."
    return Verdict(Verdicts.ADD_MONITORING, reason, {"forward_seen": progress.forward_seconds is not None})


def _loss(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    limits, losses = table().checkpoint, progress.losses
    if len(losses) >= limits.stuck_losses:
        first = losses[0]
        if abs(first) > 1e-6 and all(abs(loss - first) <= 1e-6 * abs(first) for loss in losses):
            reason = f"The loss has stayed at {first:.4g} over {len(losses)} reports: nothing is learned."
            return Verdict(Verdicts.STOP_STUCK, reason, {"losses": list(losses[-5:])})
    if look.classes and look.classes > 1 and len(losses) >= limits.chance_epochs:
        chance = math.log(look.classes)
        recent = losses[-limits.chance_epochs :]
        if min(recent) >= limits.chance_share * chance and recent[-1] >= limits.chance_share * recent[0]:
            reason = (
                f"The loss is {recent[-1]:.3f} after {len(losses)} reports and does not fall; "
                f"guessing among {look.classes} classes gives {chance:.3f}."
            )
            return Verdict(Verdicts.STOP_CHANCE, reason, {"losses": list(recent), "chance": round(chance, 4)})
    return None


def _budget(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    """Past the budget only once waiting gains nothing: the fold at work would not be finished either."""
    end, deadline = progress.projected_end(), look.deadline_seconds
    if deadline is None or end is None or end <= deadline:
        return None
    fold_end = progress.projected_fold_end()
    whole_folds = progress.epochs_done >= max(progress.epochs, 1)
    if look.seconds < deadline and not (whole_folds and fold_end is not None and fold_end > deadline):
        return None
    reason = (
        f"The job would end after {end:.0f} s, its budget after {deadline:.0f} s: what is trained is used."
    )
    return Verdict(
        Verdicts.PAST_BUDGET, reason, {"projected_end": round(end, 1), "deadline": round(deadline, 1)}
    )


def _sizing(used: Used, progress: Progress, look: Look, settings: CheckSettings) -> Verdict | None:
    if look.kind is Kind.NONE or look.sizing_relaunches >= settings.max_sizing_relaunches:
        return None
    end = progress.projected_end()
    if end is not None and end < _WORTH_A_RESTART * look.seconds:
        return None
    network = look.kind is Kind.NETWORK
    if network and used.peak_memory_share is not None:
        return _double_for_gpu(used, look) if _may_double(look) else None
    limit = table().checkpoint.low_cores_share
    share = used.mean_cores / look.cores
    others = settings.heed_neighbours and look.idle_cores is not None
    if share >= limit or (others and (look.idle_cores or 0.0) < (1 - limit) * look.cores):
        return None
    seen = f"{used.mean_cores:.1f} of {look.cores} cores are busy"
    if look.cores > 1 and Verdicts.MORE_THREADS not in look.tried:
        return Verdict(Verdicts.MORE_THREADS, f"{seen}: try more threads.", used.as_evidence())
    if network and _may_double(look):
        return Verdict(Verdicts.DOUBLE_BATCH, f"{seen}: try twice the batch.", _with_batch(used, look))
    return None


def _may_double(look: Look) -> bool:
    if look.batch is None or Verdicts.DOUBLE_BATCH in look.tried:
        return False
    fits_memory = look.batch_fails is None or 2 * look.batch < look.batch_fails
    return fits_memory and (look.rows is None or 2 * look.batch <= look.rows)


def _double_for_gpu(used: Used, look: Look) -> Verdict | None:
    limits = table().checkpoint
    memory, busy = used.peak_memory_share or 0.0, used.mean_utilisation
    if memory < limits.low_memory_share:
        low = f"GPU memory is at {memory:.0%}"
    elif busy is not None and busy < limits.low_utilisation:
        low = f"the GPU is busy {busy:.0%} of the time"
    else:
        return None
    reason = f"With batch {look.batch} {low}: try {2 * (look.batch or 0)}."
    return Verdict(Verdicts.DOUBLE_BATCH, reason, _with_batch(used, look))


def _with_batch(used: Used, look: Look) -> dict[str, Any]:
    return {"batch": look.batch, **used.as_evidence()}


def trial_paid(before: float, after: float) -> bool:
    """Whether a doubling stays: samples a second (any steady unit of work) grew by the worthwhile factor."""
    return after >= table().checkpoint.worthwhile_gain * before


_OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|CUDA out of memory|CUBLAS_STATUS_ALLOC_FAILED|DefaultCPUAllocator: (?:can't allocate|not enough)"
    r"|\bMemoryError\b|Unable to allocate [\d.]+ \w+ for an array|std::bad_alloc|Cannot allocate memory"
)
_TRACEBACK_CHARACTERS = 6000


def judge_end(returncode: int, log_text: str, *, killed_reason: str = "") -> Verdict:
    """What the end of a job says: HALVE_BATCH when it ran out of memory, else OK (a failure is the hints' to explain).

    ``killed_reason``: why this program killed it, ``"memory"`` say; "" when it ended by itself.
    """
    if returncode == 0:
        return Verdict(Verdicts.OK, "ended well")
    if "memory" in killed_reason.lower():
        return Verdict(Verdicts.HALVE_BATCH, "The job passed its memory limit.", {"killed": killed_reason})
    found = None if killed_reason else _OUT_OF_MEMORY.search(log_text[-_TRACEBACK_CHARACTERS:])
    if found:
        line = log_text[-_TRACEBACK_CHARACTERS:][found.start() :].splitlines()[0][:200]
        return Verdict(Verdicts.HALVE_BATCH, f"The job ran out of memory: {line}", {"error": line})
    return Verdict(Verdicts.OK, f"ended with return code {returncode}")
