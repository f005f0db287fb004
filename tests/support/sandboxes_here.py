"""The sandboxes under test: those of this machine, and Docker's over an engine played by bubblewrap."""

from __future__ import annotations

from functools import cache

import pytest

from medalist.core.errors import SandboxUnavailable
from medalist.workspace.sandbox import SANDBOXES, Sandbox, choose_sandbox
from medalist.workspace.workspace import Workspace

STAND_IN = "docker (its engine stood in for by bubblewrap)"
ALL = [*(sandbox.name for sandbox in SANDBOXES), STAND_IN]
ISOLATING = [name for name in ALL if name != "plain"]


@cache
def sandbox_or_reason(name: str) -> Sandbox | str:
    try:
        return choose_sandbox("docker" if name == STAND_IN else name)[0]
    except SandboxUnavailable as error:
        return error.what


def usable(name: str) -> Sandbox:
    found = sandbox_or_reason(name)
    if isinstance(found, str):
        pytest.skip(found)
    return found


def write(workspace: Workspace, code: str, name: str = "script.py") -> str:
    (workspace.root / name).write_text(code)
    return name
