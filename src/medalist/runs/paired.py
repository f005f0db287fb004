"""Whether paired differences are more than noise: a test that is honest for few pairs, and an interval.

**Test.** Under "no difference" the two sides of a pair could be swapped, so every pair's difference
is as likely with the other sign. The p-value is the share of all sign patterns (of 20,000 drawn ones
above 14 pairs) whose mean is as far out: exact for any distribution and any number of pairs (Fisher,
The Design of Experiments, 1935, §21; Good, Permutation Tests, 2000, ch. 3). With n pairs it cannot
fall below 2^-n, so below five pairs it never reaches 5 %. There, where all pairs are of one task,
Student's t stands in, which takes the differences to be about normal; where they are not, nothing
is claimed.

**Interval.** 95 %, by the bootstrap-t (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
§12.5) from ten pairs on; below, where resampling knows too few values, by Student's t. (A percentile
bootstrap over five pairs covers four times in five only.)

A difference speaks for the tasks that were compared, with seeds as the noise; not for other tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FEWEST_FOR_SIGNS = 5
FEWEST_FOR_RESAMPLING = 10
_MOST_FOR_ALL_PATTERNS = 14
_DRAWS = 20_000
_RESAMPLES = 4_000
_ROUNDING = 1e-9
_OUTSIDE = 0.025  # of the interval, on each side


@dataclass(frozen=True)
class Evidence:
    """How a mean difference (above zero: the second side is better) stands against noise.

    ``p_worse`` and ``p_better`` are one-sided; None where there are too few pairs to say. ``low`` and
    ``high`` bound the mean with 95 %; None where no interval can be given. ``test`` names the test.
    """

    mean: float
    pairs: int
    low: float | None = None
    high: float | None = None
    p_worse: float | None = None
    p_better: float | None = None
    test: str = "none"


def weigh(differences: Sequence[float], weights: Sequence[float] = (), *, one_task: bool) -> Evidence:
    """The evidence in paired differences; ``weights`` (equal ones by default) make their mean.

    ``one_task`` says that all are in one unit, so that Student's t may be asked below five pairs.
    """
    import numpy as np

    values = np.asarray(differences, dtype=float)
    shares = np.asarray(weights, dtype=float) if len(weights) else np.ones(len(values))
    count = len(values)
    if not count:
        return Evidence(0.0, 0)
    mean = float(values @ shares / shares.sum())
    if count == 1 or (count < FEWEST_FOR_SIGNS and not one_task):
        return Evidence(mean, count)
    error = float(_error(values, shares))
    spread = error > _ROUNDING * float(np.abs(values).max())
    low, high = _interval(values, shares, mean, error) if spread else (None, None)
    if count < FEWEST_FOR_SIGNS and spread:
        p_worse, p_better, test = *_by_student(mean / error, count - 1), "Student's t"
    else:  # without spread the scores are coarse, or seeds have no effect: only the signs speak
        p_worse, p_better, test = *_by_signs(values * shares), "sign flips"
    return Evidence(mean, count, low, high, p_worse, p_better, test)


def holm(p_values: Sequence[float], weights: Sequence[float], level: float) -> list[bool]:
    """Which of several p-values stand when the chance of any false one is held at ``level``.

    Each is given its share by weight; the share of one that stands passes to the others (Holm, A simple
    sequentially rejective multiple test procedure, 1979, §4).
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i] / weights[i])
    standing = [False] * len(p_values)
    left = sum(weights)
    for i in order:
        if p_values[i] > level * weights[i] / left + _ROUNDING:
            break
        standing[i] = True
        left -= weights[i]
    return standing


def _by_signs(parts: np.ndarray) -> tuple[float, float]:
    """One-sided p-values (below, above) of the sum of ``parts`` over their sign patterns."""
    import numpy as np

    moving = np.abs(parts[parts != 0.0])
    if not len(moving):
        return 1.0, 1.0
    seen = float(parts.sum())
    if len(moving) <= _MOST_FOR_ALL_PATTERNS:
        bits = np.arange(2 ** len(moving))[:, None] >> np.arange(len(moving)) & 1
        sums = (2.0 * bits - 1.0) @ moving
        extra = 0
    else:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(_DRAWS, len(moving)))
        sums = signs @ moving
        extra = 1  # what was seen is one of the patterns
    slack = _ROUNDING * float(moving.sum())
    below, above = int((sums <= seen + slack).sum()), int((sums >= seen - slack).sum())
    return (below + extra) / (len(sums) + extra), (above + extra) / (len(sums) + extra)


def _by_student(t: float, freedom: int) -> tuple[float, float]:
    from scipy.special import stdtr

    below = float(stdtr(freedom, t))
    return below, 1.0 - below


def _error(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The standard error of the weighted mean over the last axis."""
    import numpy as np

    count, total = values.shape[-1], shares.sum(axis=-1)
    means = (values * shares).sum(axis=-1) / total
    squares = (shares**2 * (values - means[..., None]) ** 2).sum(axis=-1)
    return np.sqrt(squares * count / (count - 1)) / total


def _interval(values: np.ndarray, shares: np.ndarray, mean: float, error: float) -> tuple[float, float]:
    """Around the weighted mean, by quantiles of its t-ratio."""
    import numpy as np
    from scipy.special import stdtrit

    count = len(values)
    if count < FEWEST_FOR_RESAMPLING:
        half = float(stdtrit(count - 1, 1 - _OUTSIDE)) * error
        return mean - half, mean + half
    picks = np.random.default_rng(0).integers(0, count, (_RESAMPLES, count))
    v, w = values[picks], shares[picks]
    errors = _error(v, w)
    usable = errors > _ROUNDING * error
    ratios = ((v * w).sum(axis=-1) / w.sum(axis=-1) - mean)[usable] / errors[usable]
    upper, lower = np.quantile(ratios, [1 - _OUTSIDE, _OUTSIDE])
    return mean - float(upper) * error, mean - float(lower) * error
