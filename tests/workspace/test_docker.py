"""The sandbox docker: the exact command line that its client gets, and what is said where there is no engine.

What it does once it runs is held by the contract of all sandboxes (``tests/contracts/test_sandbox_*contract.py``), with
a real engine where there is one and with a stand-in for it everywhere. Here a real executable on the PATH records.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import docker_on_bubblewrap
import pytest
from processes_here import until

import medalist
from medalist.core.errors import SandboxUnavailable
from medalist.machine.hardware import read_hardware
from medalist.workspace.docker import IMAGE, IMAGE_COMMAND, DockerSandbox
from medalist.workspace.jobs import JobSpec
from medalist.workspace.policy import Command, SandboxPolicy
from medalist.workspace.sandbox import choose_sandbox, held_fingerprint
from medalist.workspace.workspace import Workspace

PACKAGE = Path(medalist.__file__).parent


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that records what the ``docker`` on the PATH is asked."""
    variables = {"PATH": os.environ["PATH"]}
    record = docker_on_bubblewrap.install(tmp_path / "engine", variables)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return record


def recorded(calls: Path) -> list[list[str]]:
    return [json.loads(line) for line in calls.read_text().splitlines()]


def options(argv: list[str]) -> dict[str, list[str]]:
    """The options of ``docker run`` by name, each with all its values."""
    found: dict[str, list[str]] = {}
    words = iter(argv[argv.index("run") + 1 :])
    for word in words:
        if not word.startswith("--"):
            break
        found.setdefault(word, []).append("" if word in docker_on_bubblewrap.FLAGS else next(words))
    return found


def wrapped(policy: SandboxPolicy, **more) -> list[str]:
    command = Command(("true",), {"LANG": "C.UTF-8"}, policy.writable, **more)
    return list(DockerSandbox().wrap(command, policy).argv)


def test_a_job_is_started_with_all_that_holds_it(tmp_path: Path, calls: Path) -> None:
    root, public, data = tmp_path / "run, 1" / "workspace", tmp_path / "public", tmp_path / "data"
    public.mkdir()
    data.mkdir()
    hardware = read_hardware()
    core = hardware.core_ids[0]
    with Workspace.open(
        root,
        public,
        sandbox=DockerSandbox(),
        hardware=hardware,
        cores=[core],
        readable=[data],
        memory_bytes=3 << 30,
    ) as workspace:
        (root / "script.py").write_text("print(6 * 7)")
        assert workspace.run(["script.py"], timeout_seconds=60).output == "42\n"
    [argv] = recorded(calls)
    found = options(argv)
    once = {
        "--network": "none",
        "--read-only": "",
        "--cap-drop": "ALL",
        "--security-opt": "no-new-privileges",
        "--user": f"{os.geteuid()}:{os.getegid()}",
        "--cpuset-cpus": str(core),
        "--memory": str(3 << 30),
        "--memory-swap": str(3 << 30),
        "--shm-size": str(3 << 30),
        "--pids-limit": "1024",
        "--pull": "never",
        "--ipc": "private",
        "--log-driver": "none",
        "--rm": "",
        "--workdir": str(root),
    }
    assert {name: found[name] for name in once} == {name: [value] for name, value in once.items()}
    binds = found["--mount"]
    assert f'type=bind,"src={root}","dst={root}"' in binds
    writable = [bind for bind in binds if not bind.endswith(",readonly")]
    assert writable == [f'type=bind,"src={root}","dst={root}"']
    for path in (public, data, PACKAGE):
        assert f"type=bind,src={path.resolve()},dst={path},readonly" in binds
    assert not any(f"dst={path}," in bind for path in (tmp_path, root.parent, Path.home()) for bind in binds)
    assert all(
        folder in found["--tmpfs"][1:] for folder in [f"{PACKAGE}/families/speedup/tasks:mode=0555,size=64k"]
    )
    assert found["--tmpfs"][0].startswith("/tmp:")
    assert "OMP_NUM_THREADS=1" in found["--env"]
    image = argv.index(IMAGE)
    assert argv[image + 1 : image + 5] == [
        sys.executable,
        "-I",
        "-S",
        str(PACKAGE / "workspace" / "docker_inside.py"),
    ]
    assert argv[-2:] == [sys.executable, "script.py"]


def test_nothing_is_mounted_twice_and_nothing_that_is_not_there(tmp_path: Path) -> None:
    policy = SandboxPolicy(tmp_path, readable=(Path("/usr/share"), tmp_path / "absent"))
    mounts = options(wrapped(policy))["--mount"]
    targets = [field for mount in mounts for field in mount.split(",") if field.startswith("dst=")]
    assert len(targets) == len(set(targets))
    assert not any("absent" in target for target in targets)


def test_what_lies_beside_a_shown_folder_of_the_system_is_emptied(tmp_path: Path) -> None:
    public = next(
        path for path in sorted(Path("/usr/lib").rglob("*")) if path.is_dir() and not path.is_symlink()
    )
    found = options(wrapped(SandboxPolicy(tmp_path, readable=(public,))))
    assert f"{public.parent}:mode=0555,size=64k" in found["--tmpfs"]
    assert any(mount.endswith(f",dst={public},readonly") for mount in found["--mount"])


def test_the_network_opens_only_where_the_policy_says_so(tmp_path: Path) -> None:
    assert options(wrapped(SandboxPolicy(tmp_path)))["--network"] == ["none"]
    assert options(wrapped(SandboxPolicy(tmp_path, network=True)))["--network"] == ["host"]


def test_a_short_name_of_the_temporary_folder_stands_inside_too(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where temporary files go is a person's to say; deep folders have a short link there."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "public").mkdir()
    root = tmp_path / ("deep" * 20) / "workspace"
    with Workspace.open(
        root, tmp_path / "public", sandbox=DockerSandbox(), hardware=read_hardware()
    ) as workspace:
        script = "import os, tempfile; print(os.environ['TMPDIR']); open(tempfile.mktemp(), 'w').write('x')"
        (root / "script.py").write_text(script)
        done = workspace.run(["script.py"], timeout_seconds=60)
        assert done.returncode == 0, done.output
        assert done.output.startswith(str(tmp_path / "temporary"))
        assert any(path.name.startswith("tmp") for path in (root / ".tmp").iterdir())


def test_a_container_tells_what_it_used_and_where_it_is(tmp_path: Path, calls: Path) -> None:
    (tmp_path / "public").mkdir()
    with Workspace.open(
        tmp_path / "ws", tmp_path / "public", sandbox=DockerSandbox(), hardware=read_hardware()
    ) as workspace:
        (workspace.root / "burn.py").write_text(
            "import time\nx = bytearray(200 << 20)\nwhile time.process_time() < 0.5: pass\nprint('burnt', flush=True)\n"
            "time.sleep(0.5)\n"
        )
        job = workspace.jobs.start(JobSpec(("burn.py",)))
        until(lambda: "burnt" in job.tail())
        workspace.jobs.poll()
        assert Path(f"/proc/{job.pid}/cmdline").read_bytes().split(b"\0")[3].endswith(b"keeper.py")
        until(lambda: not job.alive)
        assert job.ended is not None
        assert job.ended.cpu_seconds >= 0.5
        assert job.ended.max_rss_bytes >= 200 << 20


def test_an_engine_that_refuses_to_start_is_quoted_in_the_log(tmp_path: Path, calls: Path) -> None:
    (tmp_path / "public").mkdir()
    with Workspace.open(
        tmp_path / "ws", tmp_path / "public", sandbox=DockerSandbox(), hardware=read_hardware()
    ) as workspace:
        (workspace.root / "script.py").write_text("print(1)")
        calls.with_name("says").write_text("docker: Error response from daemon: no space left on device.")
        done = workspace.run(["script.py"], timeout_seconds=60)
    assert (done.returncode, done.output) == (
        125,
        "docker: Error response from daemon: no space left on device.\n",
    )


REFUSALS = {
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?": "systemctl",
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://'
    '%2Fvar%2Frun%2Fdocker.sock/v1.50/images": dial unix /var/run/docker.sock: connect: permission denied': "usermod",
    f"[]\nError response from daemon: No such image: {IMAGE}": IMAGE_COMMAND,
    "Error response from daemon: something else entirely": "something else entirely",
}


@pytest.mark.parametrize("said", REFUSALS, ids=["no engine", "not allowed", "no image", "anything"])
def test_why_docker_cannot_be_used_is_said_with_what_mends_it(calls: Path, said: str) -> None:
    calls.with_name("says").write_text(said)
    with pytest.raises(SandboxUnavailable) as raised:
        choose_sandbox("docker")
    assert REFUSALS[said] in raised.value.what
    assert "bubblewrap" not in raised.value.next_step


def test_without_a_client_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="not installed"):
        choose_sandbox("docker")


def test_what_was_missing_is_not_remembered(calls: Path, tmp_path: Path) -> None:
    cache = tmp_path / "sandbox.json"
    calls.with_name("says").write_text(next(iter(REFUSALS)))
    with pytest.raises(SandboxUnavailable):
        choose_sandbox("docker", cache=cache)
    calls.with_name("says").unlink()
    sandbox, report = choose_sandbox("docker", cache=cache)
    assert report.holds
    assert (sandbox.name, report.limits) == ("docker", {"memory": "engine", "processes": "engine"})


def test_a_real_client_understands_every_option(tmp_path: Path) -> None:
    """Docker's own client reads the whole line before it looks for an engine, which is none here."""
    if shutil.which("docker") is None:
        pytest.skip("Docker's client is not installed")
    argv = wrapped(SandboxPolicy(tmp_path, memory_bytes=1 << 30, max_processes=64), cores=(0,))
    run = argv[argv.index("run") - 1 :]
    nowhere = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    said = subprocess.run(run, capture_output=True, text=True, check=False, env=nowhere)
    assert said.returncode == 125
    assert "flag" not in said.stderr
    assert "invalid" not in said.stderr


def test_the_fingerprint_tells_what_an_engine_leaves_of_the_machine() -> None:
    assert held_fingerprint(choose_sandbox()[0], "abc", cores=1, memory_bytes=1 << 30) == "abc"
    assert held_fingerprint(DockerSandbox(), "abc", cores=1, memory_bytes=1 << 30) == "abc+docker-1c-1024M"
