"""No sandbox: a process tree that is killed as a whole, and nothing else. Grades are stamped ``none``.

For machines on which neither bubblewrap nor Landlock works, and for people who ask for it. Code run
so can read and write whatever its user can, hidden answers among it.
"""

from __future__ import annotations

import os

from medalist.workspace.policy import Command, SandboxPolicy, Wrapped, kept


class PlainSandbox:
    """Starts the command as it is."""

    name = "plain"
    isolation = "none"
    groups_hold = True

    def missing(self) -> str:
        return ""

    def wrap(self, command: Command, policy: SandboxPolicy) -> Wrapped:
        return Wrapped(kept(command.argv, cores=command.cores, parent=os.getpid()), command.env)
