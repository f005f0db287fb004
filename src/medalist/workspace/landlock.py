"""Sandbox by the kernel's own means for unprivileged processes: Landlock, seccomp and dropped capabilities.

For machines that forbid the namespaces bubblewrap needs. Everything that is not listed can be neither
read nor written, though its name may be seen; sockets other than Unix ones cannot be made; processes
outside can be neither signalled (kernel 6.12 on) nor inspected. What it leaves open, unlike
bubblewrap: /dev/shm and Unix sockets that lie in the file tree are shared with other programs of
the same user, and the process list is visible.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import medalist
from medalist.workspace.confine import landlock_version, syscalls_known
from medalist.workspace.policy import Command, SandboxPolicy, Wrapped, interpreter_paths, kept
from medalist.workspace.system import SYSTEM_FILES, SYSTEM_FOLDERS

_SYSTEM = (*SYSTEM_FOLDERS, *SYSTEM_FILES, "/proc", "/sys", "/dev/urandom", "/dev/random")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/shm")


class LandlockSandbox:
    """Starts the command below a keeper that closes Landlock and seccomp around it."""

    name = "landlock"
    isolation = "landlock+seccomp"
    groups_hold = True

    def missing(self) -> str:
        if landlock_version() < 1:
            return "this kernel has no Landlock (Linux 5.13 and later have, unless it was left out)"
        if not syscalls_known():
            return f"the system calls of {os.uname().machine} are not known to Medalist's seccomp filter"
        return ""

    def wrap(self, command: Command, policy: SandboxPolicy) -> Wrapped:
        shown = (*policy.readable, policy.writable)
        system = [part for name in _SYSTEM for part in _without_surroundings(Path(name), shown)]
        interpreter = [part for path in interpreter_paths(policy) for part in _without(path, policy.hidden)]
        readable = [*(part for path in system for part in _without(path, policy.hidden)), *interpreter]
        readable += policy.readable
        devices = [*map(Path, _DEVICES), *sorted(Path("/dev").glob("nvidia*"))]
        confinement = {
            "readable": [str(path) for path in readable if path.exists()],
            "writable": [str(path) for path in (policy.writable, *devices) if path.exists()],
            "listable": [str(Path(medalist.__file__).parent.parent)],  # Python's importer lists it
            "network": policy.network,
        }
        inside = kept(command.argv, cores=command.cores, parent=os.getpid(), confinement=confinement)
        return Wrapped(inside, command.env)


def _without_surroundings(folder: Path, shown: Sequence[Path]) -> list[Path]:
    """``folder``, or where a shown path lies below it, all of it but what lies beside that path.

    Landlock only ever adds rights, so a competition under /usr/local/share is spared by naming the rest.
    """
    below = [path for path in shown if path != folder and path.is_relative_to(folder)]
    if not below:
        return [folder]
    if any(path.parent == folder for path in below):
        return []
    return [part for child in folder.iterdir() for part in _without_surroundings(child, below)]


def _without(folder: Path, hidden: Sequence[Path]) -> list[Path]:
    """``folder``, or where something hidden is or lies below it, all of it but that."""
    if not any(path.is_relative_to(folder) for path in hidden):
        return [] if any(folder.is_relative_to(path) for path in hidden) else [folder]
    if folder in hidden:
        return []
    return [part for child in folder.iterdir() for part in _without(child, hidden)]
