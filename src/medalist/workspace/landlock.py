"""Sandbox by the kernel's own means for unprivileged processes: Landlock, seccomp and dropped capabilities.

For machines that forbid the namespaces bubblewrap needs. Everything that is not listed can be neither
read nor written, though its name may be seen; sockets other than Unix ones cannot be made; processes
outside can be neither signalled (kernel 6.12 on) nor inspected. What it leaves open, unlike
bubblewrap: /dev/shm and Unix sockets that lie in the file tree are shared with other programs of
the same user, and the process list is visible.
"""

from __future__ import annotations

import os
from pathlib import Path

import medalist
from medalist.workspace.confine import landlock_version, syscalls_known
from medalist.workspace.policy import Command, SandboxPolicy, Wrapped, interpreter_paths, kept

_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/group",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/proc",
    "/sys",
    "/dev/urandom",
    "/dev/random",
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/shm")


class LandlockSandbox:
    """Starts the command below a keeper that closes Landlock and seccomp around it."""

    name = "landlock"
    isolation = "landlock+seccomp"

    def missing(self) -> str:
        if landlock_version() < 1:
            return "this kernel has no Landlock (Linux 5.13 and later have, unless it was left out)"
        if not syscalls_known():
            return f"the system calls of {os.uname().machine} are not known to Medalist's seccomp filter"
        return ""

    def wrap(self, command: Command, policy: SandboxPolicy) -> Wrapped:
        readable = [*map(Path, _SYSTEM), *interpreter_paths(), *policy.readable]
        devices = [*map(Path, _DEVICES), *sorted(Path("/dev").glob("nvidia*"))]
        confinement = {
            "readable": [str(path) for path in readable if path.exists()],
            "writable": [str(path) for path in (policy.writable, *devices) if path.exists()],
            "listable": [str(Path(medalist.__file__).parent.parent)],  # Python's importer lists it
            "network": policy.network,
        }
        inside = kept(command.argv, cores=command.cores, parent=os.getpid(), confinement=confinement)
        return Wrapped(inside, command.env)
