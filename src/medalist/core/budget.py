"""Time budgets: how much of an attempt is left, and the limits on commands, attempts and runs (SPEC K11).

The clock is passed in, so tests need not wait, and pausing (for the exclusive timing lease) does
not count against anyone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from medalist.core.errors import UsageError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str | float | int) -> float:
    """Seconds in ``"90"``, ``"60s"``, ``"10m"``, ``"1h30m"``, ``"1.5h"`` or a plain number.

    Raises UsageError for anything else, and for zero or less.
    """
    if isinstance(text, (int, float)):
        seconds = float(text)
    else:
        cleaned = text.strip().lower().replace(" ", "")
        parts = re.findall(r"(\d+(?:\.\d+)?)(min|[smhd]?)", cleaned)
        if not parts or "".join(number + unit for number, unit in parts) != cleaned:
            raise UsageError(f"{text!r} is not a duration.", next_step="Write 90s, 10m, 1h30m or 1.5h.")
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not 0 < seconds < float("inf"):
        raise UsageError(f"A time limit of {text} is not above zero.", next_step="Write 90s, 10m or 1h.")
    return seconds


@dataclass(frozen=True)
class Limits:
    """The three time limits of SPEC K11, in seconds; each is its own setting."""

    command_seconds: float = 9 * 3600.0
    attempt_seconds: float = 24 * 3600.0
    run_seconds: float = 24 * 3600.0


class Budget:
    """Counts an attempt's time. ``spent_seconds`` is what an earlier, killed process already used."""

    def __init__(
        self,
        total_seconds: float,
        *,
        spent_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total_seconds = total_seconds
        self._clock = clock
        self._spent_before = spent_seconds
        self._started = clock()
        self._paused_at: float | None = None
        self._paused_total = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds used, pauses left out, earlier processes of the same attempt included."""
        now = self._paused_at if self._paused_at is not None else self._clock()
        return self._spent_before + now - self._started - self._paused_total

    @property
    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.total_seconds - self.elapsed)

    @property
    def spent(self) -> bool:
        return self.remaining <= 0.0

    def pause(self) -> None:
        """Stop counting (idempotent)."""
        if self._paused_at is None:
            self._paused_at = self._clock()

    def resume(self) -> None:
        """Count again after ``pause`` (idempotent)."""
        if self._paused_at is not None:
            self._paused_total += self._clock() - self._paused_at
            self._paused_at = None
