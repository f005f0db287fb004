"""Sandbox by namespaces, through bubblewrap (github.com/containers/bubblewrap).

Inside there is no network, no other process, no variable of the parent's, no capability, and a file
tree in which only listed folders exist: the system's libraries, the interpreter, what the policy
names, and one writable folder at its real path. What is not listed is absent rather than denied.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from medalist.workspace.policy import Command, SandboxPolicy, Wrapped, interpreter_paths, kept
from medalist.workspace.system import SYSTEM_FILES, SYSTEM_FOLDERS, folders_to_mask

_KERNEL_SWITCHES = ("acpi", "bus", "fs", "irq", "mtrr", "pressure", "sys", "sysrq-trigger")
"""Names below /proc that root may write without any capability: core_pattern runs a program outside.

bwrap leaves them writable when root starts it (0.8.0 asks access(2) about the folder alone).
"""


class BubblewrapSandbox:
    """Runs the command under ``bwrap``."""

    name = "bubblewrap"
    isolation = "bubblewrap"
    groups_hold = True

    def missing(self) -> str:
        if shutil.which("bwrap"):
            return ""
        return "bubblewrap is not installed (`apt-get install bubblewrap`)"

    def wrap(self, command: Command, policy: SandboxPolicy) -> Wrapped:
        options = ["--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1"]
        options += ["--cap-drop", "ALL"]
        if policy.network:
            options.append("--share-net")
        options += _system_mounts()
        options += _short_name(Path(command.env.get("TMPDIR", "/tmp")))
        hidden = folders_to_mask((*policy.readable, policy.writable))
        options += [part for folder in hidden for part in ("--tmpfs", str(folder))]
        options += _shown_read_only(interpreter_paths(policy))
        options += [part for path in policy.hidden for part in _emptied(path)]
        options += _shown_read_only(policy.readable)
        options += ["--bind", str(policy.writable), str(policy.writable)]
        options += ["--chdir", str(command.cwd), "--"]
        inside = kept(command.argv, cores=command.cores, parent=None)
        argv = (shutil.which("bwrap") or "bwrap", *options, *inside)
        return Wrapped(argv, command.env, keeper_is_child=True)


def _short_name(temporary: Path) -> list[str]:
    """The link that ``environment.temporary_name`` gave the temporary folder, inside as outside."""
    return ["--symlink", str(temporary.readlink()), str(temporary)] if temporary.is_symlink() else []


def _shown_read_only(paths: Sequence[Path]) -> list[str]:
    return [part for path in paths for part in ("--ro-bind-try", str(path), str(path))]


def _emptied(path: Path) -> tuple[str, ...]:
    """A folder becomes one without content, a file one that holds nothing."""
    if path.is_dir():
        return ("--tmpfs", str(path), "--remount-ro", str(path))
    return ("--ro-bind", "/dev/null", str(path))


def _system_mounts() -> list[str]:
    mounts = []
    for name in SYSTEM_FOLDERS:
        folder = Path(name)
        if folder.is_symlink():
            mounts += ["--symlink", str(folder.readlink()), name]
        elif folder.is_dir():
            mounts += ["--ro-bind", name, name]
    for name in (*SYSTEM_FILES, "/sys/devices/system/cpu"):
        mounts += ["--ro-bind-try", name, name]
    mounts += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    if os.geteuid() == 0:
        for name in _KERNEL_SWITCHES:
            mounts += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    gpus = sorted(Path("/dev").glob("nvidia*"))
    for device in gpus:
        mounts += ["--dev-bind-try", str(device), str(device)]
    if gpus:  # CUDA reads the PCI tree
        mounts += ["--ro-bind-try", "/sys", "/sys"]
    return mounts
