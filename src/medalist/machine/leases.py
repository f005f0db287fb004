"""Which job has which cores, so that two jobs of one attempt do not slow each other.

A lease is taken whole or not at all. The exclusive lease takes every core: timing uses it, for a
ratio measured beside other work is worth nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence


class CoreLeases:
    """Hands out the cores in ``core_ids``; safe to use from several threads."""

    def __init__(self, core_ids: Collection[int]) -> None:
        self._all = tuple(sorted(core_ids))
        self._free = set(self._all)
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """How many cores nobody has."""
        return len(self._free)

    def take(self, count: int) -> tuple[int, ...] | None:
        """``count`` cores, lowest ids first, or None while fewer are free.

        Raises ValueError for less than one core or for more than there are, which no waiting mends.
        """
        if not 1 <= count <= len(self._all):
            raise ValueError(f"{count} cores were asked for; there are {len(self._all)}")
        with self._lock:
            if count > len(self._free):
                return None
            taken = tuple(sorted(self._free)[:count])
            self._free.difference_update(taken)
            return taken

    def take_all(self) -> tuple[int, ...] | None:
        """The exclusive lease: every core, or None while anybody has one."""
        return self.take(len(self._all))

    def give_back(self, cores: Collection[int]) -> None:
        """Return cores that ``take`` gave. Raises ValueError for cores that were not out."""
        with self._lock:
            strangers = set(cores) - (set(self._all) - self._free)
            if strangers:
                raise ValueError(f"cores {sorted(strangers)} were not taken from here")
            self._free.update(cores)


def split_cores(core_ids: Sequence[int], parts: int) -> list[tuple[int, ...]]:
    """``parts`` shares of the cores: apart as far as they go, then one core each, shared in turn.

    Attempts that wait for a language model most of the time may well share a core.
    """
    if parts > len(core_ids):
        return [(core_ids[number % len(core_ids)],) for number in range(parts)]
    size, left = divmod(len(core_ids), parts)
    ends = [size * (number + 1) + min(number + 1, left) for number in range(parts)]
    return [tuple(core_ids[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
