"""What of the system code inside a sandbox sees where only listed folders exist: bubblewrap and Docker share it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SYSTEM_FILES = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/group",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
)


def folders_to_mask(shown: Sequence[Path]) -> list[Path]:
    """Folders around what is shown that a system folder would bring in whole, answers beside them.

    A competition under /usr/local/share, say: its parent is emptied before its public part is bound.
    """
    return [
        path.parent
        for path in shown
        if path.parent != Path("/usr") and any(path.is_relative_to(name) for name in SYSTEM_FOLDERS)
    ]


def gpu_devices() -> list[Path]:
    """The device files of NVIDIA GPUs and their driver."""
    return sorted(path for path in Path("/dev").glob("nvidia*") if path.is_char_device())
