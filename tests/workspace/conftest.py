"""A workspace under the strongest sandbox that this machine has."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from medalist.machine.hardware import read_hardware
from medalist.workspace.sandbox import Sandbox, choose_sandbox
from medalist.workspace.workspace import Workspace


@cache
def strongest() -> Sandbox:
    return choose_sandbox()[0]


@pytest.fixture
def open_workspace(tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Opens workspaces ``tmp_path/attempt/workspace`` over ``tmp_path/public``; closes them in the end."""
    opened: list[Workspace] = []
    (tmp_path / "public").mkdir()

    def begin(**settings: object) -> Workspace:
        root = tmp_path / "attempt" / "workspace"
        settings = {"sandbox": strongest(), "hardware": read_hardware(), **settings}
        opened.append(Workspace.open(root, tmp_path / "public", **settings))
        return opened[-1]

    yield begin
    for workspace in opened:
        workspace.close()


@pytest.fixture
def workspace(open_workspace: Callable[..., Workspace]) -> Workspace:
    return open_workspace(telemetry_seconds=0.05)
