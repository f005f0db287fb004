"""Opening files that an engineer's code may have replaced: no symlink leads out, no pipe blocks.

What lies in a workspace is the engineer's to arrange. A parent with more rights than the sandbox must
not follow a link that was planted there, neither to a file it would overwrite nor to hidden answers
it would copy.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path, PurePosixPath

from medalist.core.errors import JobError, StoreError


def open_inside(root: Path, relative: str, flags: int) -> int:
    """A descriptor of the regular file ``relative`` below ``root``, opened with ``flags``.

    Raises JobError when a part of the path is a link or leads out, or when it names no regular file;
    FileNotFoundError when it is not there; StoreError when the disk or its permissions refuse.
    """
    parts = PurePosixPath(relative).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise JobError(f"{relative!r} is not a path inside the workspace.", where=str(root))
    folder = os.open(root, os.O_DIRECTORY | os.O_RDONLY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
        mode = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(parts[-1], flags | mode, 0o644, dir_fd=folder)
    except FileNotFoundError:
        raise
    except NotADirectoryError as error:
        raise _not_a_plain_file(root, relative) from error
    except OSError as error:
        if error.errno in _LINK_OR_PIPE:
            raise _not_a_plain_file(root, relative) from error
        raise StoreError(
            f"A file of the workspace cannot be opened: {error.strerror or error}.",
            where=str(root / relative),
            next_step="Free disk space or give a folder that can be written with --out.",
        ) from error
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_a_plain_file(root, relative)
    return descriptor


def read_inside(root: Path, relative: str, *, offset: int = 0, limit: int = 1 << 20) -> bytes:
    """At most ``limit`` bytes from ``offset`` on of a file below ``root``; raises as ``open_inside``.

    A negative ``offset`` counts from the end.
    """
    descriptor = open_inside(root, relative, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        file.seek(max(0, size + offset) if offset < 0 else min(offset, size))
        return file.read(limit)


def make_folder_inside(root: Path, relative: str) -> None:
    """Make the folder ``relative`` below ``root``, and those it lies in; nothing when it is there.

    Raises JobError when a part of the path is a link, a file or leads out; StoreError as ``open_inside``.
    """
    parts = PurePosixPath(relative).parts
    if parts[:1] == ("/",) or ".." in parts:
        raise JobError(f"{relative!r} is not a path inside the workspace.", where=str(root))
    folder = os.open(root, os.O_DIRECTORY | os.O_RDONLY)
    try:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=folder)
            inner = os.open(part, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
    except NotADirectoryError as error:
        raise JobError(f"{relative} is no folder, or a link is in the way.", where=str(root)) from error
    except OSError as error:
        raise StoreError(
            f"A folder of the workspace cannot be made: {error.strerror or error}.",
            where=str(root / relative),
            next_step="Free disk space or give a folder that can be written with --out.",
        ) from error
    finally:
        os.close(folder)


_LINK_OR_PIPE = {errno.ELOOP, errno.ENXIO}  # a link; a pipe nobody reads


def _not_a_plain_file(root: Path, relative: str) -> JobError:
    return JobError(
        f"{relative} is a link, a pipe or a device; only a plain file will do.", where=str(root / relative)
    )
