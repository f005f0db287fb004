"""Fixtures shared by rooms: families that are not installed, a task to order, the command line as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from processes_here import as_a_background_shell_does

# No test asserts a time; hypothesis asserts 200 ms for an example.
hypothesis.settings.register_profile("no clock", deadline=None)
hypothesis.settings.load_profile("no clock")

HERE = Path(__file__).parent
FAMILIES = {
    "mean": "toy:family",
    "scripted": "scripted_family:family",
    "tiny": "tiny_family:family",
    "trying": "trying_family:family",
}


@pytest.fixture(scope="session", autouse=True)
def a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither read nor write what attempts on this machine have learned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDALIST_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Folders for ``sys.path`` that make the toy and the scripted family installed plug-ins."""
    folder = tmp_path_factory.mktemp("plugins")
    info = folder / "medalist_test_families-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: medalist-test-families\nVersion: 0.1\n")
    points = "\n".join(f"{name} = {value}" for name, value in FAMILIES.items())
    (info / "entry_points.txt").write_text(f"[medalist.families]\n{points}\n")
    return [str(folder), str(HERE.parent / "examples" / "toy_family"), str(HERE / "support")]


@pytest.fixture
def installed_families(plugins: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The plug-ins in this process, and in every process it starts."""
    for folder in plugins:
        monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(plugins))


@pytest.fixture
def scripted_task(tmp_path: Path, installed_families: None) -> Callable[..., Path]:
    """Makes a task of the scripted family from its steps; the hidden answer is 7."""

    def make(*steps: str, name: str = "job", answer: str = "7") -> Path:
        folder = tmp_path / name
        (folder / "public").mkdir(parents=True)
        (folder / "private").mkdir()
        (folder / "public" / "steps.txt").write_text("\n".join(steps) + "\n")
        (folder / "private" / "answer.txt").write_text(answer)
        return folder

    return make


@dataclass(frozen=True)
class Told:
    """What a command said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The object on the last line of stdout, which must hold nothing else but lines before it."""
        return json.loads(self.out.strip().splitlines()[-1])


@pytest.fixture
def start_medalist(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``medalist`` in an empty folder and a session of its own, so that signals reach it alone."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "medalist.apps.cli", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=as_a_background_shell_does,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def medalist(start_medalist: Callable[..., subprocess.Popen[str]]) -> Callable[..., Told]:
    """Runs ``medalist`` with arguments to its end."""

    def call(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Told:
        process = start_medalist(*arguments, env=env)
        out, err = process.communicate(timeout=120)
        return Told(process.returncode, out, err)

    return call
