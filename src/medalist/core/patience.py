"""Writing on a disk that others fill too: a full one is waited for a moment, while whoever filled it is stopped."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 2.0
_PAUSE_SECONDS = 0.05


def when_there_is_room(write: Callable[[], T], *, patience_seconds: float = PATIENCE_SECONDS) -> T:
    """What ``write`` returns; it is called again as long as the disk is full and patience lasts.

    ``write`` must be able to begin anew. Raises what it raises.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return write()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)
