"""Which attempt has which cores, so that two at once do not slow each other."""

from __future__ import annotations

from collections.abc import Sequence


def split_cores(core_ids: Sequence[int], parts: int) -> list[tuple[int, ...]]:
    """``parts`` shares of the cores: apart as far as they go, then one core each, shared in turn.

    Attempts that wait for a language model most of the time may well share a core.
    """
    if parts > len(core_ids):
        return [(core_ids[number % len(core_ids)],) for number in range(parts)]
    size, left = divmod(len(core_ids), parts)
    ends = [size * (number + 1) + min(number + 1, left) for number in range(parts)]
    return [tuple(core_ids[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
