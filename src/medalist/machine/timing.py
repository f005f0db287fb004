"""How a ratio of two programs' times is measured: the only place in the project that claims one.

The contract. Two callers take turns on the same pinned cores, pair by pair and in turned order; whoever is not
called is frozen with all it started, so that neither can take the core from the other. A call's wall time is the
measuring process's own clock around it, less the time in which the kernel says that the caller's first thread, or
the measuring one, was ready and others had its core (nothing a caller does to lengthen that saves it CPU time); its
CPU time is that of the caller's whole tree. Nothing a caller says counts.
Of each the 25th percentile is taken, for what disturbs a call only ever lengthens it. The ratio is the smaller of
wall's and CPU's: time that hides from one of the two clocks shows on the other. Its interval is a bootstrap over
pairs. The two ratios' quotient says how far the clocks agree; where they do not, ``agrees`` is False.

It does not take the machine for itself: ``machine/exclusive`` does, and whoever measures stands inside that.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

PERCENTILE = 0.25
CONFIDENCE = 0.95
CLOCKS_DISAGREE = 1.25
"""Wall and CPU ratio further apart than this factor do not agree."""

_RESAMPLES = 2000
_FEW = 5
_SPREAD_OF_ONE_CALL = 0.2
"""What single calls were seen to spread, on a shared machine; used where there are too few to resample."""


@dataclass(frozen=True)
class Sample:
    """One call, in seconds."""

    wall_seconds: float
    cpu_seconds: float


class Caller(Protocol):
    """A program that waits to be called, in a process tree of its own. Frozen when handed over."""

    def call(self, number: int) -> Sample:
        """Work on input ``number`` and say how long it took; only ever called while thawed."""
        ...

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...


@dataclass(frozen=True)
class Plan:
    """How many pairs: as many as ``seconds`` hold, within the bounds."""

    seconds: float = 24.0
    least_pairs: int = 3
    most_pairs: int = 24


@dataclass(frozen=True)
class Measured:
    """Samples of pairs: the n-th of each side belong together."""

    baseline: tuple[Sample, ...] = ()
    candidate: tuple[Sample, ...] = ()

    def __add__(self, other: Measured) -> Measured:
        return Measured(self.baseline + other.baseline, self.candidate + other.candidate)

    @property
    def pairs(self) -> int:
        return len(self.candidate)


@dataclass(frozen=True)
class Ratio:
    """How many times as fast the candidate is, with its interval.

    ``value`` is the smaller of ``wall`` and ``cpu``; ``noise`` their quotient, wall over CPU, 1.0 on a quiet machine.
    """

    value: float
    low: float
    high: float
    wall: float
    cpu: float
    noise: float
    pairs: int

    @property
    def agrees(self) -> bool:
        """Whether both clocks tell the same story."""
        return 1 / CLOCKS_DISAGREE <= self.noise <= CLOCKS_DISAGREE


def interleave(
    baseline: Caller,
    candidate: Caller,
    plan: Plan,
    *,
    first: int = 0,
    enough: Callable[[Measured], bool] = lambda measured: False,
) -> Measured:
    """Call both in turn on the inputs ``first``, ``first + 1`` and on, each pair on the same input.

    ``enough`` may end it early, after any pair. What a caller raises ends it; both are left frozen.
    """
    measured = Measured()
    started = time.monotonic()
    while measured.pairs < plan.most_pairs and not enough(measured):
        passed = time.monotonic() - started
        if measured.pairs >= plan.least_pairs and passed + passed / measured.pairs > plan.seconds:
            break
        number = first + measured.pairs
        if number % 2:
            after = turn(candidate, number)
            before = turn(baseline, number)
        else:
            before = turn(baseline, number)
            after = turn(candidate, number)
        measured += Measured((before,), (after,))
    return measured


def turn(caller: Caller, number: int) -> Sample:
    """One call of a frozen caller, which is frozen again whatever happens."""
    caller.thaw()
    try:
        return caller.call(number)
    finally:
        caller.freeze()


def lower_quartile(values: Sequence[float]) -> float:
    """The 25th percentile, between neighbours by their distance. Raises ValueError for no value."""
    if not values:
        raise ValueError("there is no value to take a percentile of")
    ordered = sorted(values)
    place = (len(ordered) - 1) * PERCENTILE
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def ratio(measured: Measured, *, wall_factor: float = 1.0, cpu_factor: float = 1.0, seed: int = 0) -> Ratio:
    """Baseline's time over candidate's, each multiplied by its factor, with a 95 % interval.

    The factors say how many times as long something else takes than the baseline. ``seed`` is of the bootstrap alone.
    """
    walls = _Clock(measured, lambda sample: sample.wall_seconds, wall_factor)
    cpus = _Clock(measured, lambda sample: sample.cpu_seconds, cpu_factor)
    clock = min(walls, cpus, key=lambda each: each.value)
    low, high = clock.interval(random.Random(seed))
    noise = walls.value / cpus.value
    return Ratio(clock.value, low, high, walls.value, cpus.value, noise, measured.pairs)


class _Clock:
    """One clock's times of both sides."""

    def __init__(self, measured: Measured, read: Callable[[Sample], float], factor: float) -> None:
        self._baseline = [read(sample) for sample in measured.baseline]
        self._candidate = [max(read(sample), 1e-9) for sample in measured.candidate]
        self._factor = factor
        self.value = self._ratio(range(len(self._candidate)))

    def _ratio(self, pairs: Sequence[int]) -> float:
        before = lower_quartile([self._baseline[pair] for pair in pairs])
        return self._factor * before / lower_quartile([self._candidate[pair] for pair in pairs])

    def interval(self, rng: random.Random) -> tuple[float, float]:
        count = len(self._candidate)
        if count < _FEW:
            spread = _SPREAD_OF_ONE_CALL / math.sqrt(count)
            return self.value / (1 + spread), self.value * (1 + spread)
        drawn = sorted(self._ratio(rng.choices(range(count), k=count)) for _ in range(_RESAMPLES))
        cut = round((1 - CONFIDENCE) / 2 * _RESAMPLES)
        return min(drawn[cut], self.value), max(drawn[-1 - cut], self.value)
