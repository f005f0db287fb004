"""A guard over the disk that a workspace shares with others: code that fills it is ended before others cannot write.

No limit on a folder can be set without a file system of its own, so a thread looks many times a second how much is
left, which costs next to nothing, and adds up the workspace's files only once that is little. If they are more than
the workspace's share by then, its jobs are killed and its largest files removed, those of a job that the full disk
has just ended too. Files that no job of late can have written stay. What is written faster than a look lasts still
fills a small disk for a moment; ``core/patience`` has Medalist's own writes wait for that.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from medalist.workspace.process import kill_tree

LOOK_SECONDS = 0.05
_RESERVE_SHARE = 0.25
_LARGEST_RESERVE_BYTES = 4 << 30
_PAUSE_SECONDS = 1.0
"""How long nothing is added up after a workspace was found to hold no more than its share; less than ``core/patience``
waits, since it may be the one that fills the disk next."""


class DiskGuard:
    """Watches over ``root`` from ``start`` to ``stop``. ``kills`` counts how often it had to end something."""

    def __init__(
        self,
        root: Path,
        sharers: int,
        running: Callable[[], Sequence[int]],
        started: Callable[[], int] = lambda: 0,
    ) -> None:
        """``sharers`` is how many workspaces fill the disk at once; ``running`` gives the pids of this one's jobs, and
        ``started`` how many it has started so far."""
        free = shutil.disk_usage(root).free
        self.kills = 0
        self._root = root
        self._running = running
        self._started = started
        self._known = started()
        self._was_running = False
        self._share_bytes = free // (sharers + 1)
        self._reserve_bytes = min(_LARGEST_RESERVE_BYTES, int(free * _RESERVE_SHARE))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="medalist-disk", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """May be called again, and before ``start``."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        pause = LOOK_SECONDS
        while not self._stopping.wait(pause):
            pause = LOOK_SECONDS
            with suppress(OSError):  # files come and go while they are added up
                if self._little_is_left():
                    pause = LOOK_SECONDS if self._end_whoever_fills_it() else _PAUSE_SECONDS
                else:
                    self._known, self._was_running = self._started(), bool(self._running())

    def _little_is_left(self) -> bool:
        disk = os.statvfs(self._root)
        return disk.f_bavail * disk.f_frsize < self._reserve_bytes

    def _end_whoever_fills_it(self) -> bool:
        """Whether it was this workspace, more or less: then its jobs are dead and there is room again."""
        running = self._running()
        ended = (
            self._was_running or self._started() > self._known
        )  # a job that the full disk has ended itself
        if not (running or ended) or sum(_sizes(self._root).values()) <= self._share_bytes:
            return False
        self.kills += 1
        for pid in running:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                try:
                    kill_tree(pid, 0.0, descriptor)
                finally:
                    os.close(descriptor)
        self._remove_the_largest()
        return True

    def _remove_the_largest(self) -> None:
        """Until half of the share is left; nothing runs here any more that could put a link in their place."""
        sizes = _sizes(self._root)
        held = sum(sizes.values())
        for path in sorted(sizes, key=lambda path: -sizes[path]):
            if held <= self._share_bytes // 2:
                return
            path.unlink(missing_ok=True)
            held -= sizes[path]


def _sizes(root: Path) -> dict[Path, int]:
    """What each file below ``root`` takes on the disk, in bytes; links are not followed."""
    found: dict[Path, int] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            with suppress(OSError):
                found[path] = path.lstat().st_blocks * 512
    return found
