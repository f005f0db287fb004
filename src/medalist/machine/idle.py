"""How long cores stood idle: what tells a job that leaves its cores unused from one whose neighbours use them."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path


def idle_core_seconds(core_ids: Collection[int], stat: Path = Path("/proc/stat")) -> float | None:
    """Seconds that the named cores have idled since boot, added up; two calls make a difference.

    None where the kernel does not say. ``stat`` stands in for the real file in tests.
    """
    try:
        lines = stat.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    fields = {words[0]: words for words in map(str.split, lines) if words and words[0].startswith("cpu")}
    wanted = [fields.get(f"cpu{core}") for core in core_ids]
    # proc(5): user nice system idle iowait ..., in clock ticks
    ticks = [int(words[4]) + int(words[5]) for words in wanted if words is not None and len(words) > 5]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if len(ticks) == len(core_ids) and ticks else None


def quietest_cores(core_ids: Collection[int], count: int, look_seconds: float = 0.3) -> tuple[int, ...]:
    """The ``count`` cores that idle most while they are looked at; the last ones where the kernel does not say."""
    before = {core: idle_core_seconds([core]) or 0.0 for core in core_ids}
    time.sleep(look_seconds)
    idled = {core: (idle_core_seconds([core]) or 0.0) - before[core] for core in core_ids}
    return tuple(sorted(sorted(core_ids, key=lambda core: (idled[core], core))[-count:]))
