"""What a request costs: prices by genai-prices, overridden by MEDALIST_PRICES, nothing for local models.

MEDALIST_PRICES="openai:my-model=0.15/0.60, ollama:big=0/0"    USD per million tokens, in/out
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from medalist.core.errors import LlmError, UsageError
from medalist.llm.names import PROVIDERS, LlmName, parse_name

VARIABLE = "MEDALIST_PRICES"
_MILLION = 1_000_000
_MANY_TOKENS = 10_000


@dataclass(frozen=True)
class Rates:
    """USD per million tokens."""

    input_usd: float
    output_usd: float


class Prices:
    """Looks prices up; ``env`` is read once. Raises UsageError for overrides that cannot be read."""

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        self._overrides = _overrides(env.get(VARIABLE, ""))

    def worst_usd(self, name: LlmName, input_tokens: int, output_tokens: int) -> float | None:
        """The most that so many tokens can cost, prompt-cache writes included; None for an unknown price."""
        plain = self.cost_usd(name, input_tokens, output_tokens)
        if plain is None or self._rates(name):
            return plain
        written = _looked_up(name, input_tokens, output_tokens, cache_write_tokens=input_tokens)
        return max(plain, written or 0.0)

    def cost_usd(
        self,
        name: LlmName,
        input_tokens: int,
        output_tokens: int,
        *,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
    ) -> float | None:
        """What so many tokens cost (cached ones are part of the input); None for an unknown price."""
        if rates := self._rates(name):
            return (input_tokens * rates.input_usd + output_tokens * rates.output_usd) / _MILLION
        return _looked_up(
            name,
            input_tokens,
            output_tokens,
            cache_read_tokens=cache_read_tokens,
            cache_write_tokens=cache_write_tokens,
        )

    def output_tokens_for(self, name: LlmName, input_tokens: int, usd: float) -> int:
        """The most output tokens that ``usd`` pays for beside such an input; 0 when not even the input."""
        base = self.worst_usd(name, input_tokens, 0)
        more = self.worst_usd(name, input_tokens, _MANY_TOKENS)
        if base is None or more is None or base > usd:
            return 0
        return _MILLION if more <= base else math.floor((usd - base) / (more - base) * _MANY_TOKENS)

    def require(self, name: LlmName) -> None:
        """Raises LlmError where the price is unknown, since no limit in money could be held."""
        if self.cost_usd(name, 1, 1) is None:
            raise LlmError(
                f"The price of {name} is not known, so a limit in money cannot be held.",
                where="--max-cost",
                next_step=f'Name it, in USD per million tokens in/out: export {VARIABLE}="{_plain(name)}=0.15/0.60" '
                "(0/0 where it costs nothing), or limit tokens instead.",
            )

    def _rates(self, name: LlmName) -> Rates | None:
        found = self._overrides.get(str(name)) or self._overrides.get(_plain(name))
        if found is None and not PROVIDERS[name.provider].priced_as:
            return Rates(0.0, 0.0)
        return found


def _plain(name: LlmName) -> str:
    return f"{name.provider}:{name.model}"


def _overrides(text: str) -> dict[str, Rates]:
    found: dict[str, Rates] = {}
    for entry in filter(None, (each.strip() for each in text.split(","))):
        name, _, rates = entry.rpartition("=")
        try:
            inward, outward = (float(each) for each in rates.split("/"))
            if not (name and math.isfinite(inward + outward) and min(inward, outward) >= 0):
                raise ValueError
        except ValueError:
            raise UsageError(
                f"{VARIABLE} cannot be read: {entry!r}.",
                where=f"environment variable {VARIABLE}",
                next_step="Write PROVIDER:MODEL=IN/OUT in USD per million tokens, such as openai:my-model=0.15/0.60.",
            ) from None
        found[str(parse_name(name))] = Rates(inward, outward)
    return found


def _looked_up(
    name: LlmName,
    input_tokens: int,
    output_tokens: int,
    *,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
) -> float | None:
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read_tokens,
        cache_write_tokens=cache_write_tokens,
    )
    try:
        price: Decimal = calc_price(
            usage, name.model, provider_id=PROVIDERS[name.provider].priced_as
        ).total_price
    except (LookupError, ValueError):
        return None
    return float(price)
