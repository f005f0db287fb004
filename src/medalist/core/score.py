"""What a score is: a value on a split in a metric whose direction is data, or a status with a reason.

A failure is never a number. Comparing goes through ``Direction.better``; nothing else in the
project asks whether larger is better.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """Which way a metric improves; decided once, by the task."""

    MAXIMIZE = "max"
    MINIMIZE = "min"

    def better(self, a: float, b: float) -> bool:
        """Whether ``a`` is strictly better than ``b``."""
        return a > b if self is Direction.MAXIMIZE else a < b

    @property
    def worst(self) -> float:
        """The value that every finite value is better than."""
        return -math.inf if self is Direction.MAXIMIZE else math.inf


class ScoreStatus(StrEnum):
    """Why a score has, or has not, a value."""

    SCORED = "scored"
    INVALID = "invalid"  # the submission or prediction is malformed
    FAILED = "failed"  # the candidate's code failed before there was anything to score
    UNSCORED = "unscored"  # nothing to score against (no hidden answers, say)
    GRADER_ERROR = "grader_error"  # the grader's own fault


@dataclass(frozen=True)
class Score:
    """A value on a split, or a status with a reason.

    ``split`` is ``"validation"`` (the engineer's own) or ``"hidden"`` (the grader's). ``value`` is
    finite exactly when ``status`` is SCORED. ``noise`` is the standard error of ``value`` in the
    metric's unit where one was estimated.
    """

    metric: str
    direction: Direction
    split: str
    value: float | None = None
    status: ScoreStatus = ScoreStatus.SCORED
    reason: str = ""
    noise: float | None = None

    def __post_init__(self) -> None:
        scored = self.status is ScoreStatus.SCORED
        if scored != (self.value is not None and math.isfinite(self.value)):
            raise ValueError(f"a score has a finite value exactly when it is scored: {self!r}")

    @property
    def scored(self) -> bool:
        return self.status is ScoreStatus.SCORED

    def better_than(self, other: Score | None) -> bool:
        """Whether this score beats ``other``; anything scored beats nothing and failures."""
        if self.value is None:
            return False
        if other is None or other.value is None:
            return True
        return self.direction.better(self.value, other.value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Score:
        return Score(
            **{
                **data,
                "direction": Direction(data["direction"]),
                "status": ScoreStatus(data.get("status", "scored")),
            }
        )
