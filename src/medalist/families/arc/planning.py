"""Will a contest's tasks fit into its time? From a measured sample to hours for every population size (SPEC A7).

The time a task takes is proportional to the population, as long as every generation asks and runs each member anew;
tasks of the contest are taken to be like those of the sample. Neither is checked here.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean

from medalist.core.errors import InputError

_RESAMPLES = 10_000
_CONFIDENCE = 0.95
_HOUR = 3600.0


class Fit(StrEnum):
    """Whether a plan fits: surely, by its estimate alone, or not."""

    SAFE = "SAFE"
    TIGHT = "TIGHT"
    EXCEEDS = "EXCEEDS"


@dataclass(frozen=True)
class Sample:
    """Wall seconds of whole tasks at one population size; ``parts`` are seconds by kind of work, over all of them."""

    seconds: tuple[float, ...]
    population: int
    parts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.seconds or min(self.seconds) <= 0 or self.population < 1:
            raise InputError(
                "A plan needs the seconds of at least one task, all above 0, and the population they were measured at.",
                next_step="Run `medalist arc FILE --random-sample 5 --population 2 --engineer evolution` and plan from it.",
            )


@dataclass(frozen=True)
class Contest:
    """Limits of one run: wall hours, and hours of accelerator a week of which one counts ``counts`` times."""

    tasks: int = 240
    hours: float = 12.0
    quota_hours: float = 30.0
    quota_used: float = 0.0
    counts: float = 2.0


@dataclass(frozen=True)
class Forecast:
    """Hours for all tasks at one population, with a 95 % interval of the mean (percentile bootstrap over the sample)."""

    population: int
    hours: float
    low: float
    high: float
    quota_hours: float
    fit: Fit


@dataclass(frozen=True)
class Plan:
    """Forecasts by population, and the one to take: the largest that is safe, else the largest that may do, else None."""

    forecasts: tuple[Forecast, ...]
    recommended: Forecast | None
    shares: Mapping[str, float]
    """Of the time, by kind of work."""


def plan(sample: Sample, contest: Contest, populations: Sequence[int]) -> Plan:
    """Forecast every size in ``populations``; deterministic for a sample."""
    low, high = _interval(sample.seconds)
    forecasts = tuple(_forecast(sample, contest, size, low, high) for size in sorted(set(populations)))
    fitting = [[each for each in forecasts if each.fit is fit] for fit in (Fit.SAFE, Fit.TIGHT)]
    total = sum(sample.parts.values())
    return Plan(
        forecasts,
        next((sizes[-1] for sizes in fitting if sizes), None),
        {name: spent / total for name, spent in sample.parts.items()} if total else {},
    )


def _forecast(sample: Sample, contest: Contest, population: int, low: float, high: float) -> Forecast:
    scale = population / sample.population * contest.tasks / _HOUR
    hours = fmean(sample.seconds) * scale
    left = contest.quota_hours - contest.quota_used
    if hours > contest.hours or hours * contest.counts > left:
        fit = Fit.EXCEEDS
    elif high * scale > contest.hours or high * scale * contest.counts > left:
        fit = Fit.TIGHT
    else:
        fit = Fit.SAFE
    return Forecast(population, hours, low * scale, high * scale, hours * contest.counts, fit)


def _interval(seconds: Sequence[float]) -> tuple[float, float]:
    """Of the mean; a sample of one says nothing of its spread, so its mean may be half or twice as much."""
    if len(seconds) == 1:
        return seconds[0] / 2, seconds[0] * 2
    rng = random.Random(0)
    means = sorted(fmean(rng.choices(seconds, k=len(seconds))) for _ in range(_RESAMPLES))
    cut = round((1 - _CONFIDENCE) / 2 * _RESAMPLES)
    return means[cut], means[-1 - cut]
