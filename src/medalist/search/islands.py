"""Islands: groups that breed apart, so that one early success does not take over everything (Tanese 1989).

They stand in a ring; from time to time the best of each are copied to the next one, where they replace the worst.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def deal(members: Sequence[T], islands: int) -> list[list[T]]:
    """``members`` dealt out in turn to ``islands`` groups, at least one and none more than there are members."""
    count = max(1, min(islands, len(members)))
    return [list(members[first::count]) for first in range(count)]


def migrate(groups: Sequence[Sequence[T]], goodness: Callable[[T], float], movers: int) -> list[list[T]]:
    """Every group with the ``movers`` best of the one before it in place of its worst; sizes stay as they are.

    Whoever lives in the next group already does not move. Of equals the earlier counts as better.
    """
    if len(groups) < 2:
        return [list(group) for group in groups]
    ranked = [sorted(group, key=goodness, reverse=True) for group in groups]
    moved = []
    for number, group in enumerate(ranked):
        coming = [each for each in ranked[number - 1][:movers] if each not in group]
        moved.append([*group[: len(group) - len(coming)], *coming] if len(coming) < len(group) else group)
    return moved
