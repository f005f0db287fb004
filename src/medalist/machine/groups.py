"""Control groups of this process's own making, below the ones it is in: made, and swept away once their makers died.

The name of a group says whose it is: ``PREFIX-PID-NUMBER``.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

_numbers = itertools.count()


def make_group_below(chain: Sequence[Path], prefix: str) -> Path | None:
    """A new group below this process's own, the innermost of ``chain``; None where none can be made."""
    if not chain:
        return None
    folder = chain[0] / f"{prefix}-{os.getpid()}-{next(_numbers)}"
    try:
        folder.mkdir()
    except OSError:
        return None
    return folder


def remove_group(folder: Path) -> None:
    """Take a group away; one that still has processes stays."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def sweep_groups(folders: Sequence[Path], prefix: str) -> None:
    """Take away groups below ``folders`` whose makers are dead, once what they held has died too."""
    for old in (path for folder in folders for path in folder.glob(f"{prefix}-*")):
        if not Path(f"/proc/{old.name.removeprefix(prefix).split('-')[1]}").exists():
            remove_group(old)
