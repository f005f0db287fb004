"""Where a user's script runs while it is recorded: a copy of it and of what lies beside it, in the sandbox.

The original and its folder are only read. What the script writes, it writes beside its copy, which is thrown away.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medalist.core.errors import InputError
from medalist.core.home import cache_folder
from medalist.machine.hardware import read_hardware
from medalist.workspace.handover import read_inside, take_file
from medalist.workspace.jobs import JobSpec
from medalist.workspace.sandbox import choose_sandbox
from medalist.workspace.workspace import Workspace

Tell = Callable[[str], None]

_MOST_FILES = 2000
_MOST_BYTES = 512 << 20
_SKIPPED = frozenset({"__pycache__", "node_modules", "venv", "site-packages", "wandb", "mlruns"})
_TELL_SECONDS = 5.0
_LARGEST_BYTES = 64 << 20


@dataclass(frozen=True)
class Limits:
    """``seconds`` for each of the runs of a script, of which there are about five; ``sandbox`` by name."""

    seconds: float = 900.0
    sandbox: str = "auto"


class Room:
    """A workspace below ``root``, an empty folder, with a copy of the script in ``script/``."""

    def __init__(self, root: Path, script: Path, limits: Limits, tell: Tell) -> None:
        """Raises StoreError and SandboxUnavailable."""
        self.work = root / "work"
        self._public = root / "public"
        self._public.mkdir()
        self._script = script
        self._limits = limits
        self._tell = tell
        self.copy_script("script")
        self._sandbox, report = choose_sandbox(limits.sandbox, cache=cache_folder() / "sandbox.json")
        if report.warning:
            tell(report.warning)

    def copy_script(self, name: str) -> Path:
        """A fresh copy of the script and the files beside and below it, within limits, in a folder called ``name``."""
        destination = self.work / name
        destination.mkdir(parents=True)
        source = self._script.resolve().parent
        shutil.copyfile(self._script, destination / self._script.name)
        left, total = 0, 0
        for count, path in enumerate(_files_below(source)):
            total += path.stat().st_size
            target = destination / path.relative_to(source)
            if count >= _MOST_FILES or total > _MOST_BYTES:
                left += 1
            elif not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        if left:
            self._tell(
                f"{left} files beside the script are left out: there are too many, or they are too large."
            )
        return destination

    def run(self, argv: Sequence[str], title: str) -> None:
        """Run a script or module inside. Raises InputError with what it died of, or of which limit."""
        self._tell(f"{title}.")
        hardware = read_hardware()
        cores = hardware.core_ids[:1]
        with Workspace.open(
            self.work, self._public, sandbox=self._sandbox, hardware=hardware, cores=cores
        ) as workspace:
            spec = JobSpec(tuple(argv), name="recording", warm=False, seconds_limit=self._limits.seconds)
            job = workspace.jobs.start(spec)
            told = time.monotonic()
            while job.alive:
                job.doze(_TELL_SECONDS)
                workspace.jobs.poll()
                if time.monotonic() - told >= _TELL_SECONDS:
                    told = time.monotonic()
                    self._tell(f"{title}: {job.seconds:.0f} s.")
            ended, said = job.ended, job.tail(2000).strip().splitlines()
        assert ended is not None
        if ended.killed_reason:
            raise InputError(
                f"The script was ended: {ended.killed_reason}.",
                where=str(self._script),
                next_step="Give it less data, so that one run takes a minute or two.",
            )
        if ended.returncode:
            last = said[-1] if said else f"return code {ended.returncode}"
            raise InputError(f"The script cannot be run again: {last}", where=str(self._script))

    def read(self, name: str) -> str:
        """The text of a file inside. Raises SubmissionInvalid when there is none."""
        return read_inside(self.work, name, limit_bytes=_LARGEST_BYTES)

    def take(self, name: str, destination: Path) -> Path:
        """A copy of a file inside. Raises SubmissionInvalid when there is none."""
        return take_file(self.work, name, destination)


def _files_below(folder: Path) -> list[Path]:
    """Regular files, those near the top and small ones first."""
    found: list[Path] = []
    for inner, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each not in _SKIPPED and not each.startswith("."))
        paths = (Path(inner) / name for name in sorted(names) if not name.startswith("."))
        found += [path for path in paths if path.is_file() and not path.is_symlink()]
        if len(found) > 10 * _MOST_FILES:
            break
    return sorted(found, key=lambda path: (len(path.parts), path.stat().st_size))
