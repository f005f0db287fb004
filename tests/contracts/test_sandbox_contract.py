"""What every sandbox must do (run and report) and what those that isolate must prevent."""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sandboxes_here import ISOLATING, usable, write

import medalist
from medalist.machine.hardware import read_hardware
from medalist.workspace.workspace import Completed, Workspace


@dataclass
class Outside:
    """What lies around a workspace, and what an attempt inside must not get at."""

    folder: Path
    token: str = field(default_factory=lambda: secrets.token_hex(12))
    heard: list[bytes] = field(default_factory=list)

    @property
    def secret(self) -> Path:
        return self.folder / "competition" / "private" / "answers.csv"

    @property
    def attempt(self) -> Path:
        return self.folder / "runs" / "a1"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    there = Outside(tmp_path_factory.mktemp("outside"))
    files = {
        there.secret: f"hidden {there.token}",
        there.folder / "competition" / "public" / "train.csv": "id,target\n",
        there.folder / "runs" / "a2" / "workspace" / "medalist-secret-notes.txt": there.token,
        there.folder / "elsewhere" / "keep.txt": "kept",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (there.attempt / "submission").mkdir(parents=True)
    return there


@pytest.fixture(scope="module")
def listeners(outside: Outside) -> Iterator[tuple[int, str]]:
    """A server on loopback and one on an abstract Unix socket; each hands out the secret."""
    tcp, udp, abstract = socket.socket(), socket.socket(type=socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX)
    tcp.bind(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    udp.bind(("127.0.0.1", port))
    abstract.bind(f"\0medalist-{outside.token[:6]}")

    def serve(server: socket.socket) -> None:
        while True:
            try:
                stream, _ = server.accept()
            except OSError:
                return
            outside.heard.append(b"connection")
            with stream:
                stream.sendall(outside.token.encode())

    def hear() -> None:
        while True:
            try:
                outside.heard.append(udp.recv(100))
            except OSError:
                return

    for server in (tcp, abstract):
        server.listen()
        threading.Thread(target=serve, args=(server,), daemon=True).start()
    threading.Thread(target=hear, daemon=True).start()
    yield port, f"medalist-{outside.token[:6]}"
    for server in (tcp, udp, abstract):
        server.close()


def break_out(
    name: str, warm: bool, outside: Outside, listeners: tuple[int, str]
) -> tuple[Completed, int | None]:
    """The output of every attempt, and how the process it tried to kill ended (None: it did not)."""
    sandbox = usable(name)
    public = outside.folder / "competition" / "public"
    canary = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"KEY": outside.token}
    )
    root = outside.attempt / f"workspace {name} {warm}"
    aims = {
        "secret": str(outside.secret),
        "beside": "../private/answers.csv",
        "outside": str(outside.folder / "elsewhere"),
        "other_attempt": str(outside.folder / "runs" / "a2" / "workspace" / "medalist-secret-notes.txt"),
        "public_file": str(public / "train.csv"),
        "submission": str(outside.attempt / "submission"),
        "package": str(Path(medalist.__file__).parent),
        "workspace": str(root),
        "port": listeners[0],
        "abstract_socket": listeners[1],
        "canary": canary.pid,
        "parent": os.getpid(),
    }
    try:
        with Workspace.open(
            root, public, sandbox=sandbox, hardware=read_hardware(), preload=["json"]
        ) as workspace:
            (root / "break_out.py").write_text(Path(__file__).with_name("break_out.py").read_text())
            workspace.warm_up()
            return workspace.run(
                ["break_out.py", json.dumps(aims)], timeout_seconds=60, warm=warm
            ), canary.poll()
    finally:
        canary.kill()
        canary.communicate()


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("name", ISOLATING)
def test_an_attempt_that_tries_everything_gets_nothing(
    name: str, warm: bool, outside: Outside, listeners: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", outside.token)
    before = snapshot(outside.folder)
    done, canary_end = break_out(name, warm, outside, listeners)
    assert "every attempt was made" in done.output
    assert outside.token not in done.output
    assert [line for line in done.output.splitlines() if line.startswith("BREACH")] == []
    assert canary_end is None, "a process outside was killed"
    assert outside.heard == []
    assert snapshot(outside.folder) == before
    for folder in (
        Path(medalist.__file__).parent,
        Path(os.__file__).parent,
        Path("/etc"),
        Path("/usr/local/bin"),
    ):
        assert not (folder / "medalist-was-here").exists()


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file outside workspaces, with mode and content."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "workspace " not in str(path.relative_to(folder))
    }


ENDINGS = {
    "print('done')": (0, "done\n"),
    "raise SystemExit(3)": (3, ""),
    "import sys; sys.exit('sorry')": (1, "sorry\n"),
    "import os; os._exit(7)": (7, ""),
    "import os; os.kill(os.getpid(), 9)": (-9, ""),
    "import os; os.abort()": (-6, ""),
    "import os; os.killpg(0, 9)": (-9, ""),
    "import ctypes; ctypes.string_at(0)": (-11, ""),
}


def test_every_ending_is_told(started: tuple[Workspace, bool]) -> None:
    workspace, _ = started
    for code, (returncode, output) in ENDINGS.items():
        done = workspace.run([write(workspace, code)], timeout_seconds=20)
        assert (done.returncode, done.output) == (returncode, output), code


def test_an_exception_looks_as_python_prints_it(started: tuple[Workspace, bool]) -> None:
    workspace, _ = started
    script = write(workspace, "def f():\n    raise ValueError('no')\nf()\n")
    done = workspace.run([script], timeout_seconds=20)
    by_hand = subprocess.run(
        [sys.executable, script], cwd=workspace.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == by_hand.returncode == 1
    assert done.output.replace(str(workspace.root) + "/", "") == by_hand.stderr.replace(
        str(workspace.root) + "/", ""
    )


def test_public_files_are_read_and_the_workspace_is_written(started: tuple[Workspace, bool]) -> None:
    workspace, _ = started
    code = "open('model.bin', 'w').write(open('input/train.csv').read()); import tempfile; tempfile.mkdtemp()"
    assert workspace.run([write(workspace, code)], timeout_seconds=20).returncode == 0
    assert (workspace.root / "model.bin").read_text() == "id,target\n"


def test_the_environment_holds_only_what_is_listed(
    started: tuple[Workspace, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _ = started
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    script = write(workspace, "import os, json; print(json.dumps(dict(os.environ)))")
    output = workspace.run([script], timeout_seconds=20, env={"SEED": "3"}).output
    variables = json.loads(output)
    assert "sk-secret" not in output
    assert variables["SEED"] == "3"
    assert variables["HOME"] == str(workspace.root)
    assert variables["OMP_WAIT_POLICY"] == "PASSIVE"
