"""Choosing the sandbox for this machine: by trying, not by assuming.

Order: bubblewrap, Landlock with seccomp, plain. Each is asked to hold a probe that tries to get out
(``workspace/probe.py``); the first that holds is taken, and what was found is remembered in a small
file until the machine restarts or a version changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from medalist.core.errors import SandboxUnavailable, UsageError
from medalist.workspace.bubblewrap import BubblewrapSandbox
from medalist.workspace.landlock import LandlockSandbox
from medalist.workspace.plain import PlainSandbox
from medalist.workspace.policy import Command, Sandbox, SandboxPolicy, Wrapped
from medalist.workspace.probe import ProbeReport, probe, versions

__all__ = ["SANDBOXES", "Command", "ProbeReport", "Sandbox", "SandboxPolicy", "Wrapped", "choose_sandbox"]

SANDBOXES: tuple[Sandbox, ...] = (BubblewrapSandbox(), LandlockSandbox(), PlainSandbox())
"""From the strongest to none at all."""

_INSTALL = "Install bubblewrap (`apt-get install bubblewrap`), then run `medalist doctor`."


def choose_sandbox(
    name: str = "auto",
    *,
    cache: Path | None = None,
    sandboxes: Sequence[Sandbox] = SANDBOXES,
) -> tuple[Sandbox, ProbeReport]:
    """The sandbox called ``name``, or with ``"auto"`` the strongest that holds here, and what its probe found.

    ``cache`` is a file that remembers reports; None probes afresh (about a second). The report's
    ``warning`` is to be shown where it is not empty. Raises SandboxUnavailable when the one asked for
    does not hold, UsageError when there is none of that name.
    """
    named = {sandbox.name: sandbox for sandbox in sandboxes}
    if name != "auto" and name not in named:
        raise UsageError(f"There is no sandbox {name!r}.", next_step=f"Choose auto, {', '.join(named)}.")
    failures: list[str] = []
    for sandbox in sandboxes if name == "auto" else [named[name]]:
        report = _remembered(sandbox, cache)
        if report.holds:
            return sandbox, report.after(failures, _INSTALL)
        failures.append(report.reason)
    raise SandboxUnavailable(
        f"The sandbox {name!r} does not hold here: {'; '.join(failures)}.", next_step=_INSTALL
    )


def _remembered(sandbox: Sandbox, cache: Path | None) -> ProbeReport:
    """The report on ``sandbox`` from ``cache`` while it is current, else from a new probe."""
    now = versions()
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
