"""What the playbook may still start: a budget in seconds, against estimates corrected by what was measured.

Kits estimate CPU seconds on a machine of their own; the first candidates show how much slower or
faster this one is, and how long scoring, predicting and an ensemble take here. From that follow the
deadline each training gets and the moment at which the search must stop, so that the last ensemble
is trained, used, validated and submitted in time. Pure arithmetic; looks at no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

STEPS = ("score", "predict", "ensemble")

_FIRST_GUESS_SECONDS = {"score": 0.4, "predict": 0.8, "ensemble": 1.0}
_LAST_FEW = 5
_OVERRUN = 1.2  # SPEC K4: plan with 20 % more than expected
_SUBMIT_SECONDS = 0.3
_SHORTEST_TRAINING_SECONDS = 1.0


@dataclass
class Pace:
    """Measured speed of this machine and of the steps around training."""

    total_seconds: float
    _ratios: list[float] = field(default_factory=list)
    _steps: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})

    def trained(self, expected_cpu_seconds: float, core_seconds: float, share_done: float = 1.0) -> None:
        """A training ended after ``core_seconds`` of its cores' time; it got through ``share_done`` of its folds."""
        if expected_cpu_seconds > 0 and share_done > 0 and core_seconds > 0:
            self._ratios.append(core_seconds / share_done / expected_cpu_seconds)

    def took(self, step: str, seconds: float) -> None:
        """One of STEPS was measured."""
        self._steps[step].append(seconds)

    @property
    def slowness(self) -> float:
        """Seconds of a core here for one second of the kits' estimates; 1 until measured."""
        return median(self._ratios[-_LAST_FEW:]) if self._ratios else 1.0

    def step_seconds(self, step: str) -> float:
        """The longest of the last few measurements, or a first guess."""
        return max(self._steps[step][-_LAST_FEW:], default=_FIRST_GUESS_SECONDS[step])

    @property
    def after_training_seconds(self) -> float:
        """What a candidate needs between its training's end and being a member of an ensemble."""
        return self.step_seconds("score") + self.step_seconds("predict")

    @property
    def reserve_seconds(self) -> float:
        """What must be left for the last ensemble: train, score, predict, validate, submit.

        Nothing is kept for an ensemble before a first candidate was trained, and never more than a
        third of the budget: a search that never starts helps nobody.
        """
        if not self._ratios:
            return _SUBMIT_SECONDS
        last = self.step_seconds("ensemble") + self.after_training_seconds + _SUBMIT_SECONDS
        return min(last * _OVERRUN, self.total_seconds / 3)

    def training_seconds(self, remaining_seconds: float) -> float:
        """How long a training that starts now may run; zero when it is not worth starting."""
        seconds = remaining_seconds - self.reserve_seconds - self.after_training_seconds
        return seconds if seconds >= _SHORTEST_TRAINING_SECONDS else 0.0

    def affordable_cpu_seconds(self, remaining_seconds: float) -> float:
        """The largest estimate of a kit, a core, that should finish in time."""
        return self.training_seconds(remaining_seconds) / (self.slowness * _OVERRUN)
