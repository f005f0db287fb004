"""What a running job starts in turn: Python that trains and that nobody reviewed ends the job.

Reading a command before it runs finds nearly all of it; a script may still start another, a program
may run what its own files say. So the processes of a job are looked at while it runs, by their
command lines as the kernel tells them.
"""

from __future__ import annotations

import os
import posixpath
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from medalist.machine.process_tree import ProcessCommand, descendants, read_command
from medalist.session.supervised import Watched
from medalist.training.kind import Kind, interpreter_words
from medalist.workspace import keeper

_LOOK_SECONDS = 0.3  # a Python that trains takes longer to import what it trains with
_WARM = "medalist.workspace.warm"


class Starts:
    """Looks at the processes of one workspace's jobs. ``kind_of`` reads ``python ARGV...`` in a folder of it."""

    def __init__(self, root: Path, kind_of: Callable[[Sequence[str], str], Kind]) -> None:
        self._root = str(root)
        self._kind_of = kind_of
        self._due: dict[str, float] = {}
        self._seen: dict[tuple[int, tuple[str, ...]], str] = {}

    def refused(self, watched: Watched) -> str:
        """Why a job must end: what it started that may not run like that; "" when nothing is amiss."""
        job = watched.job
        if job.seconds < self._due.get(job.id, 0.0):
            return ""
        self._due[job.id] = job.seconds + _LOOK_SECONDS
        for pid in descendants(job.pid):
            command = read_command(pid)
            if command is None or not self._is_python(command):
                continue
            key = (pid, command.argv)
            if key not in self._seen:
                self._seen[key] = self._judge(watched, command)
            if self._seen[key]:
                return self._seen[key]
        return ""

    def _is_python(self, command: ProcessCommand) -> bool:
        """An interpreter, or a program of the engineer's own that may be a copy of one."""
        return os.path.basename(command.program).startswith(("python", "pypy")) or (
            command.program.startswith(self._root + "/")
        )

    def _judge(self, watched: Watched, command: ProcessCommand) -> str:
        argv = interpreter_words(command.argv[1:])
        if argv[:1] == (keeper.__file__,) or self._is_its_own(watched, argv):
            return ""  # the keeper's child is not the job yet
        shown = f"`python {shlex.join(argv)[:200]}`"
        if not argv or argv[0] == "-":
            piped = not watched.request.code_on_stdin
            return (
                f"{shown} reads its code from a pipe, where nobody can review it." if piped and argv else ""
            )
        if argv[0] == "-m" and argv[1:2] and argv[1].startswith("medalist."):
            return f"{shown}: Medalist's own modules are not started by jobs."
        folder, words = self._inside(command.folder, argv)
        if folder is None:
            return f"{shown} lies outside the workspace, where nobody can review it."
        script = posixpath.normpath(posixpath.join(watched.request.cwd, watched.script))
        if watched.script and posixpath.normpath(posixpath.join(folder, words[0])) == script:
            return ""  # the script that was reviewed, started again by itself or by a launcher
        if self._kind_of(words, folder) in (Kind.ESTIMATOR, Kind.NETWORK):
            return (
                f"{shown} (in {folder}) trains and was started by another command, so nobody had reviewed it. "
                "Start it as a job of its own."
            )
        return ""

    def _is_its_own(self, watched: Watched, argv: tuple[str, ...]) -> bool:
        """The job itself (its workers have its command line), or the warm interpreter that it was forked from."""
        if watched.request.program:
            return False
        return argv == interpreter_words(watched.argv) or argv[:2] == ("-m", _WARM)

    def _inside(self, folder: str, argv: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
        """Folder and command counted from the workspace; None for a script that lies elsewhere.

        Scripts of the interpreter's own installation stay as they are: they are told by what they are handed.
        """
        at = posixpath.relpath(folder, self._root) if self._holds(folder) else None
        if argv[0] in ("-c", "-m"):
            return at or ".", argv
        full = posixpath.normpath(posixpath.join(folder, argv[0]))
        if self._holds(full):
            relative = posixpath.relpath(full, self._root)
            where = at if at is not None else "."
            return where, (posixpath.relpath(relative, where), *argv[1:])
        installed = any(full.startswith(prefix + "/") for prefix in (sys.prefix, sys.base_prefix))
        handed = next((n for n, word in enumerate(argv) if n and word.endswith(".py")), None)
        if not installed:
            return None, argv
        return (at or ".", argv if handed is None else argv[handed:])

    def _holds(self, path: str) -> bool:
        return path == self._root or path.startswith(self._root + "/")
