"""A probe that really tries to get out of a sandbox, and the report of what it managed.

The parent sets a stage of its own: a hidden file beside the public folder, a server on loopback, a
variable in its environment, a folder next to the workspace. The child (``workspace/escape.py``) then
tries to reach each, to start a daemon that outlives the kill, and to take more than it may.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import medalist
from medalist.core.errors import JobError
from medalist.workspace.environment import child_environment
from medalist.workspace.limits import ControlGroup
from medalist.workspace.policy import Command, Sandbox, SandboxPolicy
from medalist.workspace.process import Child

PROMISES = {
    "network": "reach the host's network",
    "write_outside": "write outside the workspace",
    "hidden_files": "read a file beside the public folder",
    "parent_environment": "read its parent's environment variables",
    "kernel_settings": "change settings of the kernel",
    "signal_parent": "send a signal to its parent",
}
"""What code inside must not be able to do. Keys of ``ProbeReport.breaches``."""


@dataclass(frozen=True)
class ProbeReport:
    """What a probe found.

    ``runs`` says whether Python runs inside at all; ``breaches`` which promises of ``PROMISES`` the
    probe broke; ``daemon_dies`` whether a process that forked twice died with the kill; ``limits``
    what holds memory and processes ("control group", "engine" or "polling"). ``warning`` is for a person.
    """

    name: str
    isolation: str
    runs: bool
    breaches: list[str] = field(default_factory=list)
    daemon_dies: bool = False
    limits: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    warning: str = ""

    @property
    def holds(self) -> bool:
        """Whether the sandbox does what it says; plain says nothing but that it runs."""
        return self.runs and (self.isolation == "none" or (not self.breaches and self.daemon_dies))

    @property
    def reason(self) -> str:
        """Why it does not hold, as a clause."""
        if not self.runs:
            return f"{self.name} does not start: {self.detail}"
        managed = [PROMISES[name] for name in self.breaches]
        if not self.daemon_dies:
            managed.append("leave a daemon behind")
        return f"inside {self.name}, code could {', '.join(managed)}"

    def after(self, failures: Sequence[str], advice: str) -> ProbeReport:
        """This report with a warning where it is the last resort, after ``failures`` of stronger ones."""
        if self.isolation != "none":
            return self
        because = f" ({'; '.join(failures)})" if failures else ""
        warning = (
            f"NO SANDBOX{because}. The engineer's code can read and write whatever you can, hidden answers"
            f" among it, and grades are stamped isolation=none. {advice}"
        )
        return replace(self, warning=warning)


def versions() -> dict[str, str]:
    """What a report depends on; a cached one is current while all are equal."""
    bubblewrap = shutil.which("bwrap") or ""
    stamp = str(os.stat(bubblewrap).st_mtime_ns) if bubblewrap else ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return {
        "boot": boot,
        "kernel": platform.release(),
        "user": str(os.geteuid()),
        "bubblewrap": bubblewrap + stamp,
        "python": sys.executable + platform.python_version(),
        "medalist": medalist.__version__,
    }


def probe(sandbox: Sandbox, *, timeout_seconds: float = 20.0) -> ProbeReport:
    """Try ``sandbox`` out. Never raises for a sandbox that does not work."""
    report = ProbeReport(sandbox.name, sandbox.isolation, runs=False, detail=sandbox.missing())
    if report.detail:
        return report
    with _stage() as stage:
        return _perform(sandbox, report, stage, timeout_seconds)


@dataclass(frozen=True)
class _Stage:
    """What there is to reach for."""

    folder: Path
    port: int
    canary: subprocess.Popen[bytes]

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def goals(self) -> dict[str, object]:
        return {
            "secret": str(self.folder / "private" / "answers.csv"),
            "outside": str(self.folder / "outside"),
            "port": self.port,
            "canary": self.canary.pid,
        }


@contextlib.contextmanager
def _stage() -> Iterator[_Stage]:
    with tempfile.TemporaryDirectory(prefix="medalist-probe-") as name, socket.socket() as server:
        folder = Path(name).resolve()
        for part in ("workspace/.tmp", "public", "private", "outside"):
            (folder / part).mkdir(parents=True)
        (folder / "private" / "answers.csv").write_text("hidden\n")
        server.bind(("127.0.0.1", 0))
        server.listen()
        # Stands in for the parent: a process of the same user, with something in its environment. In a
        # session of its own, so that a Ctrl-C meant for Medalist does not make it speak up.
        canary = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"],
            env={"MEDALIST_PROBE_SECRET": "hidden"},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield _Stage(folder, server.getsockname()[1], canary)
        finally:
            canary.kill()
            canary.communicate()


def _perform(sandbox: Sandbox, report: ProbeReport, stage: _Stage, timeout_seconds: float) -> ProbeReport:
    policy = SandboxPolicy(
        stage.workspace, (stage.folder / "public",), memory_bytes=2 << 30, max_processes=256
    )
    escape = Path(__file__).with_name("escape.py")
    command = Command(
        (sys.executable, "-I", "-S", str(escape), json.dumps(stage.goals())),
        child_environment(stage.workspace, cores=1),
        stage.workspace,
    )
    group = ControlGroup.under(sandbox, policy)
    log = stage.workspace / "probe.log"
    try:
        with log.open("wb") as output:
            child = Child(group.around(sandbox.wrap(command, policy)), cwd=stage.workspace, stdout=output)
        managed = _wait_for_answer(stage, child, timeout_seconds)
        child.kill(grace_seconds=0.0)
    except JobError as error:
        return replace(report, detail=error.what)
    finally:
        group.remove()
    if managed is None:
        said = log.read_text(errors="replace").strip().splitlines()
        return replace(report, detail=said[-1] if said else "it said nothing")
    signalled = stage.canary.poll() is not None
    return replace(
        report,
        runs=True,
        breaches=[name for name in PROMISES if managed.get(name) or (name == "signal_parent" and signalled)],
        daemon_dies=_is_silent(stage.workspace / "heartbeat"),
        limits={name: _holder(sandbox, group, controller) for name, controller in _LIMITS.items()},
    )


_LIMITS = {"memory": "memory", "processes": "pids"}


def _holder(sandbox: Sandbox, group: ControlGroup, controller: str) -> str:
    """What holds a limit."""
    if not sandbox.groups_hold:
        return "engine"
    return "control group" if controller in group.holds else "polling"


def _wait_for_answer(stage: _Stage, child: Child, timeout_seconds: float) -> dict[str, bool] | None:
    """What the child says it managed, or None when it ends or stays silent."""
    deadline = time.monotonic() + timeout_seconds
    answer = stage.workspace / "answer.json"
    while time.monotonic() < deadline:
        ended = child.wait(timeout_seconds=0.02)
        if answer.exists():
            return json.loads(answer.read_text())
        if ended is not None:
            return None
    return None


def _is_silent(heartbeat: Path) -> bool:
    """Whether the daemon that touched ``heartbeat`` many times a second has stopped."""
    before = heartbeat.stat().st_mtime_ns if heartbeat.exists() else 0
    time.sleep(0.15)
    return before > 0 and heartbeat.stat().st_mtime_ns == before
