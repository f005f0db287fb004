"""An attempt's workspace: one folder, the sandbox around it, and the jobs in it.

    <root>/            all that the engineer's code may write
      input            a link to the task's public folder, which may only be read
      .tmp/            temporary files, and logs of short commands

Starting code goes through here and nowhere else, so a policy holds for every engineer alike.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import medalist
from medalist.core.errors import JobError, StoreError
from medalist.machine.children import hide_this_process
from medalist.machine.hardware import Hardware
from medalist.workspace.disk import DiskGuard
from medalist.workspace.environment import (
    child_environment,
    link_temporary_folder,
    temporary_folder,
    unlink_temporary_folder,
)
from medalist.workspace.files import open_inside, read_inside
from medalist.workspace.interpreter import WarmInterpreter
from medalist.workspace.jobs import JobSpec, JobTable, runs_own_module
from medalist.workspace.limits import ControlGroup, remove_abandoned
from medalist.workspace.policy import Command, Sandbox, SandboxPolicy, Wrapped
from medalist.workspace.process import Child, Process

MAX_PROCESSES = 1024
_PACKAGE = Path(medalist.__file__).parent
_OUTPUT_BYTES = 1 << 20
_MEMORY_SHARE = 0.9
_MOST_ENTRIES = 10_000
_OWN_PYTHON = (sys.executable, "-s", "-P")
"""For Medalist's own modules: neither the folder they run in nor the user's packages, which lie there too,
hold anything they import."""


@dataclass(frozen=True)
class Completed:
    """A command that has ended. ``output`` is stdout and stderr together, the last megabyte of it."""

    returncode: int
    output: str
    seconds: float
    cpu_seconds: float
    timed_out: bool


class Workspace:
    """Made by ``Workspace.open``; ``close`` (or leaving the ``with``) kills all that runs in it."""

    def __init__(
        self,
        root: Path,
        public: Path,
        *,
        sandbox: Sandbox,
        policy: SandboxPolicy,
        cores: tuple[int, ...],
        preload: Sequence[str],
        telemetry_path: Path | None,
        telemetry_seconds: float,
        clock: Callable[[], float],
        sharers: int,
    ) -> None:
        self.root = root
        self.public = public
        self.sandbox = sandbox
        self.policy = policy
        self.cores = cores
        self.closed = False
        self._preload = tuple(preload)
        self._group = ControlGroup.under(sandbox, policy)
        self._interpreter: WarmInterpreter | None = None
        self.jobs = JobTable(
            self,
            telemetry_path=telemetry_path,
            telemetry_seconds=telemetry_seconds,
            memory_bytes=None if "memory" in self._group.holds else policy.memory_bytes,
            max_processes=None if "pids" in self._group.holds else policy.max_processes,
            clock=clock,
        )
        self._disk = DiskGuard(
            root,
            sharers,
            running=lambda: [job.pid for job in self.jobs.unfinished() if job.pid],
            started=lambda: len(self.jobs.jobs),
        )
        self._disk.start()

    @classmethod
    def open(
        cls,
        root: Path,
        public: Path,
        *,
        sandbox: Sandbox,
        hardware: Hardware,
        cores: Sequence[int] = (),
        preload: Sequence[str] = (),
        readable: Sequence[Path] = (),
        memory_bytes: int | None = None,
        telemetry_path: Path | None = None,
        telemetry_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sharers: int = 1,
    ) -> Self:
        """A workspace at ``root`` (made when missing) for the task whose files are in ``public``.

        ``cores`` are the ids it may use (default: all of ``hardware``); ``preload`` names modules for
        the warm interpreter; ``readable`` are further folders that code inside may read;
        ``memory_bytes`` bounds all jobs together (default: nine tenths of the machine's); ``clock`` counts
        their seconds. ``sharers`` is how many workspaces there are at once: each may fill the disk only so
        far (``workspace/disk``), and hold twice its share of the memory by default. What built-in tasks
        keep for their graders is hidden. Makes this process non-dumpable. Raises StoreError when the
        folder cannot be made or written.
        """
        root, public = root.resolve(), public.resolve()
        _make_folders(root, public)
        hide_this_process()
        remove_abandoned()
        policy = SandboxPolicy(
            writable=root,
            readable=(public, *_link_targets(public), *(path.resolve() for path in readable)),
            memory_bytes=memory_bytes or int(hardware.memory_bytes * _MEMORY_SHARE * min(1.0, 2 / sharers)),
            max_processes=MAX_PROCESSES,
            hidden=tuple(sorted(_PACKAGE.glob("families/*/tasks"))),
        )
        return cls(
            root,
            public,
            sandbox=sandbox,
            policy=policy,
            cores=tuple(cores) or hardware.core_ids,
            preload=preload,
            telemetry_path=telemetry_path,
            telemetry_seconds=telemetry_seconds,
            clock=clock,
            sharers=sharers,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_seconds: float,
        cwd: str = ".",
        warm: bool = True,
        cores: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a script to its end, or kill it after ``timeout_seconds``; other jobs are polled meanwhile.

        ``argv`` is what follows `python`. Raises JobError and StoreError as ``JobTable.start`` does.
        """
        log = f"{temporary_folder(self.root).name}/run-{time.monotonic_ns()}.log"
        spec = JobSpec(
            tuple(argv),
            cwd=cwd,
            warm=warm,
            cores=tuple(cores),
            env=env or {},
            log=log,
            seconds_limit=timeout_seconds,
        )
        job = self.jobs.start(spec)
        deadline = time.monotonic() + timeout_seconds
        while job.alive:
            job.doze(max(0.01, deadline - time.monotonic()))
            self.jobs.poll()
        assert job.ended is not None
        return Completed(
            returncode=job.ended.returncode,
            output=self._take_output(log),
            seconds=job.ended.seconds,
            cpu_seconds=job.ended.cpu_seconds,
            timed_out=job.ended.killed_reason.startswith("time limit"),
        )

    def read(self, relative: str, *, limit: int = _OUTPUT_BYTES) -> bytes:
        """The first ``limit`` bytes of a file of the workspace. Raises as ``files.open_inside`` does."""
        return read_inside(self.root, relative, limit=limit)

    def warm_up(self) -> None:
        """Start the warm interpreter; returns at once, and jobs started meanwhile wait for it."""
        if self._interpreter is not None or not self._preload:
            return
        argv = (*_OWN_PYTHON, "-m", "medalist.workspace.warm", *self._preload)
        to_child, requests = os.pipe()
        replies, from_child = os.pipe()
        errors = self._open_log(f"{temporary_folder(self.root).name}/warm.log", append=False)
        try:
            child = Child(
                self._wrap(argv, self.root, self.cores, {}),
                cwd=self.root,
                stdin=to_child,
                stdout=from_child,
                stderr=errors,
            )
        except JobError:
            os.close(requests)
            os.close(replies)
            return
        finally:
            for descriptor in (to_child, from_child, errors):
                os.close(descriptor)
        self._interpreter = WarmInterpreter(
            child, os.fdopen(requests, "wb"), os.fdopen(replies, "rb", buffering=0)
        )

    def launch(self, job_id: str, spec: JobSpec, *, warm: bool) -> Process:
        """Start a job's process: forked where that is wanted and possible, else cold. For ``JobTable``."""
        folder = self.root / spec.cwd
        if not folder.resolve().is_relative_to(self.root) or not folder.is_dir():
            raise JobError(f"There is no folder {spec.cwd!r} in the workspace.", where=str(self.root))
        options = not spec.program and spec.argv[0].startswith("-")
        if not spec.program and not options and not (folder / spec.argv[0]).is_file():
            raise JobError(f"There is no script {spec.argv[0]!r} to run.", where=str(folder))
        forkable = not spec.program and (not options or spec.argv[0] == "-m")
        cores = spec.cores or self.cores
        # Opened here in either case, so that a full disk or a planted link is an error before the start.
        log = self._open_log(spec.log_file, append=spec.append_log)
        try:
            forked = self._fork(job_id, spec, folder, cores) if warm and forkable else None
            if forked is not None:
                return forked
            python = _OWN_PYTHON if runs_own_module(spec.argv) else (sys.executable,)
            argv = (*((spec.program,) if spec.program else python), *spec.argv)
            return Child(self._wrap(argv, folder, cores, spec.env), cwd=folder, stdout=log)
        finally:
            os.close(log)

    def memory_kills(self) -> int:
        return self._group.memory_kills()

    def disk_kills(self) -> int:
        return self._disk.kills

    def close(self) -> None:
        """Kill every job and the warm interpreter, and empty the temporary folder. May be called again."""
        self.closed = True
        self.jobs.kill_all(reason="the workspace was closed")
        self._disk.stop()
        if self._interpreter is not None:
            self._interpreter.close()
            self._interpreter = None
        self._group.remove()
        unlink_temporary_folder(self.root)
        shutil.rmtree(temporary_folder(self.root), ignore_errors=True)

    def _fork(self, job_id: str, spec: JobSpec, folder: Path, cores: Sequence[int]) -> Process | None:
        if self._interpreter is None:
            return None
        return self._interpreter.start(
            {
                "id": job_id,
                "argv": spec.argv,
                "cwd": str(folder),
                "log": str(self.root / spec.log_file),
                "env": child_environment(self.root, len(cores), spec.env),
                "cores": tuple(cores),
            }
        )

    def _wrap(
        self, argv: Sequence[str], cwd: Path, cores: Sequence[int], extra: Mapping[str, str]
    ) -> Wrapped:
        command = Command(tuple(argv), child_environment(self.root, len(cores), extra), cwd, tuple(cores))
        return self._group.around(self.sandbox.wrap(command, self.policy))

    def _take_output(self, log: str) -> str:
        """The end of a command's log, which is then removed; "" where the command took it away itself."""
        try:
            output = read_inside(self.root, log, offset=-_OUTPUT_BYTES, limit=_OUTPUT_BYTES)
        except (FileNotFoundError, JobError):
            return ""
        (self.root / log).unlink(missing_ok=True)
        return output.decode("utf-8", errors="replace")

    def _open_log(self, relative: str, *, append: bool) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (0 if append else os.O_TRUNC)
        try:
            return open_inside(self.root, relative, flags)
        except FileNotFoundError as error:
            raise JobError(f"There is no folder for the log {relative!r}.", where=str(self.root)) from error


def _link_targets(public: Path) -> list[Path]:
    """Where links in the public folder lead, for data often lies on another disk; never a folder around it.

    Looks at the first entries only: a folder of a million images is not one of links.
    """
    with os.scandir(public) as entries:
        links = [Path(entry.path) for entry in itertools.islice(entries, _MOST_ENTRIES) if entry.is_symlink()]
    targets = (link.resolve() for link in links)
    return [target for target in targets if target.exists() and not public.is_relative_to(target)]


def _make_folders(root: Path, public: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        temporary_folder(root).mkdir(exist_ok=True)
        link_temporary_folder(root)
        link = root / "input"
        if link.is_symlink():
            link.unlink()
        link.symlink_to(public, target_is_directory=True)
        probe = temporary_folder(root) / "writable"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise StoreError(
            f"The workspace cannot be made: {error.strerror or error}.",
            where=str(root),
            next_step="Free disk space, or give a folder that can be written with --out.",
        ) from error
