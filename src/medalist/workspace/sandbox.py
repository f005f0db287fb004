"""Choosing the sandbox for this machine: by trying, not by assuming.

Order: bubblewrap, Landlock with seccomp, plain. Each is asked to hold a probe that tries to get out
(``workspace/probe.py``); the first that holds is taken, and what was found is remembered in a small
file until the machine restarts or a version changes. Docker must hold the same probe and is taken when it is
asked for by name: what it adds is comparable hardware, and each start costs half a second.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from medalist.core.errors import SandboxUnavailable, UsageError
from medalist.workspace.bubblewrap import BubblewrapSandbox
from medalist.workspace.docker import DockerSandbox
from medalist.workspace.landlock import LandlockSandbox
from medalist.workspace.plain import PlainSandbox
from medalist.workspace.policy import Command, Sandbox, SandboxPolicy, Wrapped
from medalist.workspace.probe import ProbeReport, probe, versions

__all__ = [
    "AUTOMATIC",
    "SANDBOXES",
    "Command",
    "ProbeReport",
    "Sandbox",
    "SandboxPolicy",
    "Wrapped",
    "choose_sandbox",
    "held_fingerprint",
]

AUTOMATIC: tuple[Sandbox, ...] = (BubblewrapSandbox(), LandlockSandbox(), PlainSandbox())
"""What ``auto`` tries, from the strongest to none at all."""

SANDBOXES: tuple[Sandbox, ...] = (*AUTOMATIC, DockerSandbox())
"""All there are."""

_INSTALL = "Install bubblewrap (`apt-get install bubblewrap`), then run `medalist doctor`."

_WITHOUT_DOCKER = (
    "Only --sandbox docker needs it; without, the strongest of the others that holds here is taken."
)


def choose_sandbox(
    name: str = "auto",
    *,
    cache: Path | None = None,
    sandboxes: Sequence[Sandbox] = (),
) -> tuple[Sandbox, ProbeReport]:
    """The sandbox called ``name``, or with ``"auto"`` the strongest that holds here, and what its probe found.

    ``cache`` is a file that remembers reports; None probes afresh (about a second). The report's
    ``warning`` is to be shown where it is not empty. ``sandboxes`` are others than Medalist's own.
    Raises SandboxUnavailable when the one asked for does not hold, UsageError when there is none of that name.
    """
    named = {sandbox.name: sandbox for sandbox in sandboxes or SANDBOXES}
    if name != "auto" and name not in named:
        raise UsageError(f"There is no sandbox {name!r}.", next_step=f"Choose auto, {', '.join(named)}.")
    failures: list[str] = []
    for sandbox in (sandboxes or AUTOMATIC) if name == "auto" else [named[name]]:
        report = _remembered(sandbox, cache)
        if report.holds:
            return sandbox, report.after(failures, _INSTALL)
        failures.append(report.reason)
    raise SandboxUnavailable(
        f"The sandbox {name!r} does not hold here: {'; '.join(failures)}.",
        next_step=_INSTALL if name != "docker" else _WITHOUT_DOCKER,
    )


def held_fingerprint(sandbox: Sandbox, machine: str, *, cores: int, memory_bytes: int) -> str:
    """``machine``, the fingerprint of all of it, and what an engine holds a program to: grades are comparable only
    where both are equal. Other sandboxes leave the machine as it is."""
    if sandbox.groups_hold:
        return machine
    return f"{machine}+{sandbox.name}-{cores}c-{memory_bytes >> 20}M"


def _remembered(sandbox: Sandbox, cache: Path | None) -> ProbeReport:
    """The report on ``sandbox`` from ``cache`` while it is current, else from a new probe.

    That one is missing is not remembered: it is quickly seen, and may be mended at any time.
    """
    now = versions()
    if cache is not None and sandbox.missing():
        return probe(sandbox)
    kept: dict = {}
    if cache is not None:
        try:
            kept = json.loads(cache.read_text())
            if kept["versions"] == now and sandbox.name in kept["reports"]:
                return ProbeReport(**kept["reports"][sandbox.name])
        except (OSError, ValueError, KeyError, TypeError):
            kept = {}
    report = probe(sandbox)
    if cache is not None:
        reports = kept["reports"] if kept.get("versions") == now else {}
        _remember(cache, {"versions": now, "reports": {**reports, sandbox.name: vars(report)}})
    return report


def _remember(cache: Path, content: dict) -> None:
    """Write the cache in one step; a folder that cannot be written only costs the next start a second."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = cache.with_name(f"{cache.name}.{os.getpid()}")
        fresh.write_text(json.dumps(content, indent=1))
        fresh.replace(cache)
    except OSError:
        return
