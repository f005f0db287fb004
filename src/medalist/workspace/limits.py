"""What holds the limits on memory and processes of a whole tree, and how.

A control group where this process may make one below its own (version 1 as root, version 2 where the
group was delegated): the kernel kills what goes past the memory limit at once and refuses to fork
past the process limit. A container's engine holds both for each container. Elsewhere nothing but
polling: ``workspace/jobs.py`` adds up the trees at each sample and kills what is over, so a limit
may be passed for the length of an interval. RLIMIT_AS is
of no use (CUDA and Torch reserve far more addresses than they touch), nor is RLIMIT_NPROC (it counts
a user's processes everywhere, and not root's at all).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from medalist.machine.groups import make_group_below, remove_group, sweep_groups
from medalist.machine.hardware import control_groups
from medalist.workspace.policy import Sandbox, SandboxPolicy, Wrapped

_PREFIX = "medalist"
_FILES = {  # controller -> (limit's name, in v1 for memory, v2 for memory, either for processes)
    "memory": ("memory.limit_in_bytes", "memory.max"),
    "pids": ("pids.max", "pids.max"),
}


class ControlGroup:
    """A group of this process's own making; ``folders`` holds one for each hierarchy."""

    def __init__(self, folders: Sequence[Path], holds: frozenset[str]) -> None:
        self.folders = tuple(folders)
        self.holds = holds

    @staticmethod
    def under(sandbox: Sandbox, policy: SandboxPolicy) -> ControlGroup:
        """A group for what ``sandbox`` will start; one that holds nothing where it would not be in there."""
        return ControlGroup.create(policy) if sandbox.groups_hold else ControlGroup((), frozenset())

    @staticmethod
    def create(policy: SandboxPolicy, root: Path = Path("/")) -> ControlGroup:
        """A group with the policy's limits, or one that holds nothing where none can be made."""
        wanted = {"memory": policy.memory_bytes, "pids": policy.max_processes}
        groups = control_groups(root)
        folders: list[Path] = []
        holds: set[str] = set()
        for controller, limit in wanted.items():
            if limit is None:
                continue
            for version, hierarchy in enumerate((controller, ""), start=1):
                folder = make_group_below(groups.get(hierarchy, []), _PREFIX)
                if folder is None:
                    continue
                if _write(folder / _FILES[controller][version - 1], str(limit)):
                    holds.add(controller)
                    folders.append(folder)
                    break
                remove_group(folder)
        return ControlGroup(folders, frozenset(holds))

    def around(self, wrapped: Wrapped) -> Wrapped:
        """``wrapped``, joining the group before it becomes the command, so that nothing escapes."""
        if not self.folders:
            return wrapped
        joins = [
            f"echo $$ > {shlex.quote(str(folder / 'cgroup.procs'))} 2>/dev/null" for folder in self.folders
        ]
        script = "; ".join([*joins, 'exec "$@"'])
        return replace(wrapped, argv=("/bin/sh", "-c", script, "sh", *wrapped.argv))

    def memory_kills(self) -> int:
        """How often the kernel has killed a process of the group for its memory limit."""
        kills = 0
        for folder in self.folders:
            for name in ("memory.oom_control", "memory.events"):
                kills += _counter(folder / name, "oom_kill")
        return kills

    def remove(self) -> None:
        """Take the group away; its processes must have ended."""
        for folder in self.folders:
            remove_group(folder)


def remove_abandoned(root: Path = Path("/")) -> None:
    """Take away groups of killed parents. A group that still has processes stays."""
    groups = control_groups(root)
    for controller in ("memory", "pids", ""):
        sweep_groups(groups.get(controller, [])[:1], _PREFIX)


def _write(path: Path, text: str) -> bool:
    try:
        with path.open("r+") as file:  # never creates: a missing file means a missing controller
            file.write(text)
    except OSError:
        return False
    return True


def _counter(path: Path, name: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.split()[:1] == [name])
