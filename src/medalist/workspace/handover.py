"""Taking files out of a workspace: the parent's side of the fence.

Whatever lies in a workspace was written by an engineer's code and may be a trap: a link to hidden
answers, a pipe that never ends, a file that changes between two looks. So the parent opens each
file once, refuses everything but regular files that really lie inside, and works on its own copy.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from medalist.core.errors import JobError, StoreError, SubmissionInvalid
from medalist.core.patience import when_there_is_room
from medalist.workspace.files import open_inside


@contextmanager
def opened(root: Path, relative: str | Path) -> Iterator[BinaryIO]:
    """Open a regular file inside ``root`` for reading, following no link, not even one on the way.

    Raises SubmissionInvalid for a missing file, a link of either kind, a pipe, a device, or a path
    that leads outside.
    """
    try:
        descriptor = open_inside(root, Path(relative).as_posix(), os.O_RDONLY)
    except (FileNotFoundError, JobError) as error:
        reason = error.what if isinstance(error, JobError) else f"{relative} does not exist."
        raise SubmissionInvalid(
            reason,
            where=str(relative),
            next_step="Write a regular file of that name; links are not followed.",
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        # A second name for a file that lies elsewhere cannot be told from its path.
        if os.fstat(descriptor).st_nlink > 1:
            raise SubmissionInvalid(f"{relative} is a hard link.", where=str(relative))
        yield file


def read_inside(root: Path, relative: str | Path, *, limit_bytes: int = 16_000_000) -> str:
    """The text of a regular file inside ``root``, at most ``limit_bytes`` of it; same refusals as ``opened``."""
    with opened(root, relative) as file:
        return file.read(limit_bytes).decode("utf-8", errors="replace")


def take_file(root: Path, relative: str | Path, destination: Path) -> Path:
    """Copy one regular file out of ``root``; ``destination`` is the new file's path.

    Raises SubmissionInvalid as ``opened`` does, and StoreError when the copy cannot be written.
    """
    with opened(root, relative) as source:

        def copy() -> None:
            source.seek(0)
            destination.parent.mkdir(parents=True, exist_ok=True)
            with destination.open("wb") as copied:
                shutil.copyfileobj(source, copied, 1 << 20)

        try:
            when_there_is_room(copy)
        except OSError as error:
            raise StoreError(
                f"{destination.name} cannot be written: {error.strerror or error}.",
                where=str(destination),
                next_step="Free disk space or give another folder with --out.",
            ) from error
    return destination


def take_tree(root: Path, relative: str | Path, destination: Path) -> int:
    """Copy every regular file under a folder of ``root``; returns how many.

    Links, pipes and devices are left behind without a word: they are no part of a product.
    """
    taken = 0
    for folder, _, names in os.walk(root / relative, followlinks=False):
        for name in sorted(names):
            path = Path(folder) / name
            with suppress(SubmissionInvalid):
                take_file(root, path.relative_to(root), destination / path.relative_to(root / relative))
                taken += 1
    return taken
