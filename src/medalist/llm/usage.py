"""What language models have used, and the ledger that holds a limit in money and tokens.

A call's worst case is reserved before it is made and settled afterwards, so that calls made at the
same time cannot pass the limit together.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from medalist.core.errors import CostLimit
from medalist.core.event import Event, read_events

_ROUNDING_USD = 1e-9


@dataclass(frozen=True)
class Usage:
    """Tokens and money of one or more requests. ``cached_tokens`` of the input came from a provider's cache.

    ``cost_usd`` leaves out requests whose price is not known (``unpriced_requests``).
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float = 0.0
    unpriced_requests: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cost_usd + other.cost_usd,
            self.unpriced_requests + other.unpriced_requests,
        )


@dataclass(eq=False)
class Reservation:
    """What one call may cost at worst, held until ``Ledger.settle``."""

    usd: float
    tokens: int


@dataclass(frozen=True)
class Room:
    """What is left beside all that is spent and reserved; None where there is no limit.

    ``open_reservations`` counts calls under way, whose settling may give some of theirs back.
    """

    usd: float | None
    tokens: int | None
    open_reservations: int


class Ledger:
    """Spent and reserved money and tokens under a limit (None for no limit). Safe to use from several threads.

    ``spent_usd`` and ``spent_tokens`` start at what was used before (``spent_in``).
    """

    def __init__(
        self,
        max_cost_usd: float | None = None,
        max_tokens: int | None = None,
        *,
        spent_usd: float = 0.0,
        spent_tokens: int = 0,
    ) -> None:
        self.max_cost_usd = max_cost_usd
        self.max_tokens = max_tokens
        self.spent_usd = spent_usd
        self.spent_tokens = spent_tokens
        self._open: list[Reservation] = []
        self._lock = threading.Lock()

    @property
    def limited(self) -> bool:
        return self.max_cost_usd is not None or self.max_tokens is not None

    def room(self) -> Room:
        with self._lock:
            return self._room()

    def reserve(self, usd: float, tokens: int) -> Reservation:
        """Hold the worst case of a call. Raises CostLimit, and holds nothing, when it could pass a limit."""
        with self._lock:
            self._refuse_beyond(usd, tokens)
            reservation = Reservation(usd, tokens)
            self._open.append(reservation)
            return reservation

    def settle(self, reservation: Reservation, usd: float, tokens: int) -> None:
        """Book what the call did use, and free the rest of what was held for it."""
        with self._lock:
            self._open.remove(reservation)
            self.spent_usd += usd
            self.spent_tokens += tokens

    def _refuse_beyond(self, usd: float, tokens: int) -> None:
        room = self._room()
        if room.usd is not None and usd > room.usd + _ROUNDING_USD:
            raise CostLimit(
                f"The next call to a language model could cost up to ${usd:.4f}; "
                f"${max(room.usd, 0.0):.4f} of ${self.max_cost_usd:.4f} is left.",
                next_step="Give more with --max-cost, or choose a cheaper model.",
            )
        if room.tokens is not None and tokens > room.tokens:
            raise CostLimit(
                f"The next call to a language model could take up to {tokens:,} tokens; "
                f"{max(room.tokens, 0):,} of {self.max_tokens:,} are left.",
                next_step="Give more with --max-tokens.",
            )

    def _room(self) -> Room:
        held_usd = sum(each.usd for each in self._open)
        held_tokens = sum(each.tokens for each in self._open)
        return Room(
            None if self.max_cost_usd is None else self.max_cost_usd - self.spent_usd - held_usd,
            None if self.max_tokens is None else self.max_tokens - self.spent_tokens - held_tokens,
            len(self._open),
        )


def spent_in(trajectory: Path) -> tuple[float, int]:
    """Money (USD) and tokens that an attempt's events tell of, lost answers included; nothing without a file."""
    usd, tokens = 0.0, 0
    for event in read_events(trajectory):
        more_usd, more_tokens = spent_by(event)
        usd, tokens = usd + more_usd, tokens + more_tokens
    return usd, tokens


def spent_by(event: Event) -> tuple[float, int]:
    """What one event tells was spent, in USD and tokens; an answer out of the cache cost nothing."""
    data = event.data
    if event.kind == "llm_call" and not data.get("cached"):
        return data.get("cost_usd", 0.0), data.get("input_tokens", 0) + data.get("output_tokens", 0)
    if event.kind == "llm_failed":
        return data.get("lost_usd", 0.0), data.get("lost_tokens", 0)
    return 0.0, 0
