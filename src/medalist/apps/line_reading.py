"""Lines of a descriptor as they come in, for a thread that nothing waits for.

Read below Python's own buffers: a thread that still holds stdin's when the process ends brings the
interpreter down.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator

_LOOK_SECONDS = 0.5
_BLOCK_BYTES = 1 << 16


def lines_of(descriptor: int, over: Callable[[], bool] = lambda: False) -> Iterator[str]:
    """Lines without their ends, until the other side closes or ``over`` holds; bytes that are no UTF-8 replaced."""
    rest = b""
    while block := _block(descriptor, over):
        *lines, rest = (rest + block).split(b"\n")
        yield from (line.decode("utf-8", errors="replace") for line in lines)
    if rest:
        yield rest.decode("utf-8", errors="replace")


def _block(descriptor: int, over: Callable[[], bool]) -> bytes:
    while not over():
        if select.select([descriptor], [], [], _LOOK_SECONDS)[0]:
            return os.read(descriptor, _BLOCK_BYTES)
    return b""
