"""The limit around one request: its worst case is held before it is made, and what it took is paid after.

Nothing here talks to a provider.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from pydantic_ai.messages import ModelResponse

from medalist.core.errors import CostLimit
from medalist.llm.names import LlmName
from medalist.llm.prices import Prices
from medalist.llm.retry import may_be_billed
from medalist.llm.usage import Ledger, Reservation, Usage

MAX_OUTPUT_TOKENS = 16_384
"""How long an answer may be where a limit is set and the caller names no length."""

USEFUL_OUTPUT_TOKENS = 1_024
"""Less than this seldom holds a script or a verdict; with less left, the limit counts as reached."""

FASTEST_TOKENS_A_SECOND = 5_000
"""No provider writes faster; bounds what an answer that was lost can have cost."""

_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True)
class Purse:
    """One attempt's ledger with the prices to fill it in. ``patience_seconds``: how long to wait for room."""

    ledger: Ledger
    prices: Prices
    clock: Callable[[], float]
    patience_seconds: float

    async def hold(self, name: LlmName, tokens_in: int, wanted: int | None) -> Hold:
        """Reserve the worst case of a request whose input has ``tokens_in`` tokens at most.

        ``wanted`` is the longest answer the caller asks for, None for no wish. A shorter one is held
        where less is left, if it is still useful; calls under way are waited for when what they give
        back may make room. Raises CostLimit when nothing useful fits, LlmError for an unknown price.
        """
        if self.ledger.max_cost_usd is not None:
            self.prices.require(name)
        longest = wanted or MAX_OUTPUT_TOKENS
        least = min(USEFUL_OUTPUT_TOKENS, longest)
        give_up = self.clock() + self.patience_seconds
        while True:
            tokens_out = self._most_output(name, tokens_in, longest)
            others = self.ledger.room().open_reservations > 0 and self.clock() < give_up
            if tokens_out == longest or not others:
                tokens_out = max(tokens_out, least)
                try:
                    reservation = self.ledger.reserve(
                        self.worst_usd(name, tokens_in, tokens_out), tokens_in + tokens_out
                    )
                except CostLimit:
                    if not others:
                        raise
                else:
                    return Hold(self, name, reservation, tokens_in, tokens_out, self.clock())
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    def worst_usd(self, name: LlmName, tokens_in: int, tokens_out: int) -> float:
        """As the prices say; nothing for an unknown price, which no limit in money allows."""
        return self.prices.worst_usd(name, tokens_in, tokens_out) or 0.0

    def _most_output(self, name: LlmName, tokens_in: int, longest: int) -> int:
        """The longest answer that fits beside what is spent and reserved; 0 for none."""
        room = self.ledger.room()
        most = longest
        if room.tokens is not None:
            most = min(most, room.tokens - tokens_in)
        if room.usd is not None:
            most = min(most, self.prices.output_tokens_for(name, tokens_in, room.usd))
        return max(most, 0)


@dataclass(frozen=True, eq=False)
class Hold:
    """One request's reservation. Exactly one of ``pay`` and ``lose`` ends it."""

    purse: Purse
    name: LlmName
    reservation: Reservation
    tokens_in: int
    tokens_out: int
    since: float

    @property
    def max_tokens(self) -> int | None:
        """What to tell the provider, None where no limit asks for it."""
        return self.tokens_out if self.purse.ledger.limited else None

    def pay(self, response: ModelResponse) -> Usage:
        """Book what the provider reports; all that was held where it reports nothing."""
        told = response.usage
        if response.state == "complete" and told.input_tokens + told.output_tokens > 0:
            usd = self.purse.prices.cost_usd(
                self.name,
                told.input_tokens,
                told.output_tokens,
                cache_read_tokens=told.cache_read_tokens,
                cache_write_tokens=told.cache_write_tokens,
            )
            unpriced = int(usd is None)
            usage = Usage(
                1, told.input_tokens, told.output_tokens, told.cache_read_tokens, usd or 0.0, unpriced
            )
        else:
            usage = Usage(1, self.tokens_in, self.tokens_out, 0, self.reservation.usd)
        self.purse.ledger.settle(self.reservation, usage.cost_usd, usage.tokens)
        return usage

    def lose(self, error: BaseException) -> Usage:
        """Book what a request may be billed for whose answer never came: what could be written until now."""
        if not may_be_billed(error):
            lost = Usage(requests=1)
        else:
            seconds = self.purse.clock() - self.since
            written = min(self.tokens_out, math.ceil(seconds * FASTEST_TOKENS_A_SECOND))
            usd = min(self.reservation.usd, self.purse.worst_usd(self.name, self.tokens_in, written))
            lost = Usage(1, self.tokens_in, written, 0, usd)
        self.purse.ledger.settle(self.reservation, lost.cost_usd, lost.tokens)
        return lost
