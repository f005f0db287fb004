"""What every sandbox must do (run, report, kill) and what those that isolate must prevent."""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import docker_on_bubblewrap
import pytest

import medalist
from medalist.core.errors import SandboxUnavailable
from medalist.machine.hardware import read_hardware
from medalist.workspace.jobs import JobSpec
from medalist.workspace.sandbox import SANDBOXES, Sandbox, choose_sandbox
from medalist.workspace.workspace import Completed, Workspace

STAND_IN = "docker (its engine stood in for by bubblewrap)"
ALL = [*(sandbox.name for sandbox in SANDBOXES), STAND_IN]
ISOLATING = [name for name in ALL if name != "plain"]


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


def write(workspace: Workspace, code: str, name: str = "script.py") -> str:
    (workspace.root / name).write_text(code)
    return name


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


DAEMON = """
import os, sys, time
def beat():
    while True:
        open("heartbeat", "w").close()
        time.sleep(0.02)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        beat()
    os._exit(0)
while not os.path.exists("heartbeat"):
    time.sleep(0.01)
if sys.argv[1:]:
    sys.exit(0)
time.sleep(60)
"""


def silent(heartbeat: Path) -> bool:
    before = heartbeat.stat().st_mtime_ns
    time.sleep(0.15)
    return heartbeat.stat().st_mtime_ns == before


def test_a_kill_takes_daemons_along(started: tuple[Workspace, bool]) -> None:
    workspace, _ = started
    job = workspace.jobs.start(JobSpec((write(workspace, DAEMON),)))
    until((workspace.root / "heartbeat").exists)
    job.kill()
    assert job.poll() == -15
    assert silent(workspace.root / "heartbeat")


def test_a_job_that_ends_leaves_nothing_behind(started: tuple[Workspace, bool]) -> None:
    workspace, _ = started
    assert workspace.run([write(workspace, DAEMON), "end"], timeout_seconds=20).returncode == 0
    assert silent(workspace.root / "heartbeat")


def test_a_job_that_ignores_the_polite_signal_is_killed(started: tuple[Workspace, bool]) -> None:
    workspace, _ = started
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    job = workspace.jobs.start(JobSpec((write(workspace, code),)))
    until(lambda: "deaf" in job.tail())
    job.kill(grace_seconds=0.1)
    assert job.poll() == -9


def test_a_job_may_tidy_up_when_asked_to_end(started: tuple[Workspace, bool]) -> None:
    workspace, _ = started
    code = (
        "import signal, sys, time\n"
        "def stop(*_):\n    open('checkpoint', 'w').close()\n    sys.exit(0)\n"
        "signal.signal(15, stop)\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    job = workspace.jobs.start(JobSpec((write(workspace, code),)))
    until(lambda: "ready" in job.tail())
    job.kill(grace_seconds=5.0)
    assert (job.poll(), (workspace.root / "checkpoint").exists()) == (0, True)


def test_killing_one_job_spares_the_other(started: tuple[Workspace, bool]) -> None:
    workspace, _ = started
    script = write(workspace, "import time; print('here', flush=True); time.sleep(60)")
    first, second = (workspace.jobs.start(JobSpec((script,), name=name)) for name in ("one", "two"))
    until(lambda: "here" in first.tail() and "here" in second.tail())
    first.kill()
    assert not first.alive
    assert second.alive


def test_nothing_outlives_a_parent_that_is_killed(started: tuple[Workspace, bool], tmp_path: Path) -> None:
    workspace, warm = started
    root = tmp_path / "other"
    code = f"""
import os, time
from pathlib import Path
from medalist.machine.hardware import read_hardware
from medalist.workspace.jobs import JobSpec
from medalist.workspace.sandbox import SANDBOXES
from medalist.workspace.workspace import Workspace
sandbox = next(each for each in SANDBOXES if each.name == {workspace.sandbox.name!r})
root = Path({str(root)!r})
workspace = Workspace.open(root, Path({str(workspace.public)!r}), sandbox=sandbox, hardware=read_hardware(),
                           preload={["json"] if warm else []!r})
workspace.warm_up()
(root / "daemon.py").write_text({DAEMON!r})
job = workspace.jobs.start(JobSpec(("daemon.py",)))
while not (root / "heartbeat").exists():
    job.poll()
    time.sleep(0.02)
os.kill(os.getpid(), 9)
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert ended.returncode == -9
    until(lambda: silent(root / "heartbeat"))


def until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
