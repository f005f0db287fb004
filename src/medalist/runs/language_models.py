"""What each language model was asked in an attempt and what that took: tokens, money, failures (SPEC R3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from medalist.core.event import Event


@dataclass
class ModelUse:
    """One language model's part. ``cost_usd`` leaves out ``unpriced`` calls, whose price is not known.

    ``repeated`` counts requests that failed and were made again, ``failed`` those that were given up.
    """

    model: str
    name: str
    roles: set[str] = field(default_factory=set)
    calls: int = 0
    repeated: int = 0
    failed: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    took_seconds: float = 0.0


def language_models(events: Iterable[Event]) -> list[ModelUse]:
    """Every language model that was asked, the dearest first."""
    used: dict[str, ModelUse] = {}
    for event in events:
        if event.kind not in ("llm_call", "llm_failed"):
            continue
        data = event.data
        model = str(data.get("model"))
        use = used.setdefault(model, ModelUse(model, str(data.get("name") or model)))
        use.roles.add(str(data.get("role")))
        if event.kind == "llm_failed":
            use.repeated += bool(data.get("again"))
            use.failed += not data.get("again")
            continue
        use.calls += 1
        use.unpriced += not data.get("priced", True)
        use.input_tokens += data.get("input_tokens") or 0
        use.output_tokens += data.get("output_tokens") or 0
        use.cost_usd += data.get("cost_usd") or 0.0
        use.took_seconds += data.get("took_seconds") or 0.0
    return sorted(used.values(), key=lambda use: (-use.cost_usd, -use.input_tokens, use.model))


def dollars(usd: float) -> str:
    """``$1.23``, with more digits below ten cents; ``$0`` for nothing."""
    if not usd:
        return "$0"
    return f"${usd:.2f}" if usd >= 0.1 else f"${usd:.2g}" if usd >= 0.0001 else "< $0.0001"
