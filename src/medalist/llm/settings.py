"""What a run says about language models: which, how much they may cost, and how they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class LlmSettings:
    """Names are those of ``llm.names``; "" and () stand for none.

    ``max_cost_usd`` and ``max_tokens`` bound one attempt, everything it asks included; None is no
    limit. ``cache`` answers equal requests from disk, which is off by default since repeated attempts
    must differ. ``timeout_seconds`` is for one request.
    """

    model: str = ""
    panel: tuple[str, ...] = ()
    critic: str = ""
    max_cost_usd: float | None = None
    max_tokens: int | None = None
    cache: bool = False
    timeout_seconds: float = 600.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> LlmSettings:
        """Raises TypeError for what ``as_dict`` did not write; keys of later versions are left out."""
        known = {f.name for f in fields(LlmSettings)}
        kept = {key: value for key, value in data.items() if key in known}
        return LlmSettings(**{**kept, "panel": tuple(kept.get("panel", ()))})
