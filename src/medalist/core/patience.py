"""Writing on a disk that others fill too: a full one is waited for a moment, while whoever filled it is stopped."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from medalist.core.errors import StoreError

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


def write_whole(path: Path, text: str, *, durable: bool = False) -> None:
    """Write a file whole or not at all (temporary file, then rename), in a folder that is made if need be.

    ``durable`` also waits for the disk, so that it survives a power cut. Raises StoreError with the cause.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def write() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)

    try:
        when_there_is_room(write)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise StoreError(
            f"{path.name} cannot be written: {error.strerror or error}.",
            where=str(path),
            next_step="Free disk space, or name a folder you may write with --out.",
        ) from error
