"""A workspace under every sandbox, with jobs started cold and warm."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker_on_bubblewrap
import pytest
from sandboxes_here import ALL, STAND_IN, usable

from medalist.machine.hardware import read_hardware
from medalist.workspace.workspace import Workspace


@pytest.fixture(autouse=True)
def engine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Where the stand-in is asked for, it is the ``docker`` on the PATH."""
    if STAND_IN in request.node.name:
        variables = {"PATH": os.environ["PATH"]}
        docker_on_bubblewrap.install(tmp_path_factory.mktemp("engine"), variables)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)


@pytest.fixture(
    params=[(name, warm) for name in ALL for warm in (False, True)], ids=lambda p: f"{p[0]}-{p[1]}"
)
def started(request: pytest.FixtureRequest, tmp_path: Path, engine: None) -> Iterator[tuple[Workspace, bool]]:
    """A workspace under each sandbox with jobs started cold and warm; its path has a space and an umlaut."""
    name, warm = request.param
    public = tmp_path / "public"
    public.mkdir()
    (public / "train.csv").write_text("id,target\n")
    root = tmp_path / "Läufe 1" / "workspace"
    preload = ["json"] if warm else []
    sandbox = usable(name)
    with Workspace.open(
        root, public, sandbox=sandbox, hardware=read_hardware(), preload=preload
    ) as workspace:
        workspace.warm_up()
        yield workspace, warm
