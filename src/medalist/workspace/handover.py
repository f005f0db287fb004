"""Taking files out of a workspace: the parent's side of the fence.

Whatever lies in a workspace was written by an engineer's code and may be a trap: a link to hidden
answers, a pipe that never ends, a file that changes between two looks. So the parent opens each
file once, refuses everything but regular files that really lie inside, and works on its own copy.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from medalist.core.errors import StoreError, SubmissionInvalid


@contextmanager
def open_inside(root: Path, relative: str | Path) -> Iterator[BinaryIO]:
    """Open a regular file inside ``root`` for reading, following no link out of it.

    The check is made on the open descriptor, so that nothing can be swapped between check and use.
    Raises SubmissionInvalid for a missing file, a link, a pipe, a device, or a path that leads
    outside.
    """
    path = root / relative
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SubmissionInvalid(
            f"{relative} cannot be taken from the workspace: {error.strerror or error}.",
            where=str(relative),
            next_step="Write a regular file of that name; links are not followed.",
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionInvalid(f"{relative} is not a regular file.", where=str(relative))
        # A second name for a file that lies elsewhere cannot be told from its path.
        if status.st_nlink > 1:
            raise SubmissionInvalid(f"{relative} is a hard link.", where=str(relative))
        real = Path(os.readlink(f"/proc/self/fd/{file.fileno()}"))
        if not real.is_relative_to(root.resolve()):
            raise SubmissionInvalid(f"{relative} leads out of the workspace.", where=str(relative))
        yield file


def read_inside(root: Path, relative: str | Path, *, limit_bytes: int = 16_000_000) -> str:
    """The text of a regular file inside ``root``, at most ``limit_bytes`` of it; same refusals as ``open_inside``."""
    with open_inside(root, relative) as file:
        return file.read(limit_bytes).decode("utf-8", errors="replace")


def take_file(root: Path, relative: str | Path, destination: Path) -> Path:
    """Copy one regular file out of ``root``; ``destination`` is the new file's path.

    Raises SubmissionInvalid as ``open_inside`` does, and StoreError when the copy cannot be written.
    """
    with open_inside(root, relative) as source:
        try:
            destination.parent.mkdir(parents=True, exist_ok=True)
            with destination.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
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
            if path.is_symlink() or not path.is_file():
                continue
            inside = path.relative_to(root)
            take_file(root, inside, destination / path.relative_to(root / relative))
            taken += 1
    return taken
