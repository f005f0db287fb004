"""Clocks that run faster than time: whatever a program tells of the time is then not the same twice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from medalist.families.speedup.recording.calls import swapped

_CLOCKS = ("time", "perf_counter", "monotonic", "process_time", "time_ns", "perf_counter_ns", "monotonic_ns")
_STRETCH = 1.7


@contextlib.contextmanager
def stretched_clocks(namespace: dict[str, Any]) -> Iterator[None]:
    """Stretch the clocks of the module ``time``, and those that a program has imported into its ``namespace``."""
    others = {name: _stretched(getattr(time, name)) for name in _CLOCKS}
    own = {
        key: others[name]
        for key, value in namespace.items()
        for name in _CLOCKS
        if value is getattr(time, name)
    }
    with swapped(vars(time), others), swapped(namespace, own):
        yield


def _stretched(clock: Any) -> Any:
    begin = clock()

    def stretched() -> Any:
        return type(begin)(begin + (clock() - begin) * _STRETCH + begin // 7)

    return stretched
