"""Opening a workspace, running commands in it, and closing it."""

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from medalist.core.errors import JobError, StoreError
from medalist.machine.hardware import read_hardware
from medalist.workspace.jobs import JobSpec
from medalist.workspace.plain import PlainSandbox
from medalist.workspace.probe import probe
from medalist.workspace.sandbox import SANDBOXES
from medalist.workspace.workspace import Workspace


def script(workspace: Workspace, code: str) -> list[str]:
    (workspace.root / "script.py").write_text(code)
    return ["script.py"]


def test_the_public_folder_is_at_hand(open_workspace: Callable[..., Workspace], tmp_path: Path) -> None:
    (tmp_path / "public" / "train.csv").write_text("a\n")
    workspace = open_workspace()
    assert (workspace.root / "input").readlink() == tmp_path / "public"
    assert (
        workspace.run(script(workspace, "print(open('input/train.csv').read())"), timeout_seconds=20).output
        == "a\n\n"
    )


def test_opening_again_keeps_what_is_there(open_workspace: Callable[..., Workspace]) -> None:
    first = open_workspace()
    (first.root / "model.bin").write_text("weights")
    first.close()
    assert (open_workspace().root / "model.bin").read_text() == "weights"


def test_linked_data_is_readable_but_what_lies_around_is_not(
    open_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    (tmp_path / "disk2" / "images").mkdir(parents=True)
    (tmp_path / "disk2" / "images" / "1.png").write_text("pixels")
    (tmp_path / "disk2" / "answers.csv").write_text("hidden")
    (tmp_path / "public" / "images").symlink_to(tmp_path / "disk2" / "images")
    (tmp_path / "public" / "up").symlink_to(tmp_path)
    (tmp_path / "public" / "broken").symlink_to(tmp_path / "nowhere")
    workspace = open_workspace()
    if workspace.sandbox.isolation == "none":
        pytest.skip("no sandbox here that hides anything")
    code = "import os\nprint(open('input/images/1.png').read())\n"
    code += f"for path in ('input/up/disk2/answers.csv', {str(tmp_path / 'disk2' / 'answers.csv')!r}):\n"
    code += "    try: print(open(path).read())\n    except OSError: print('no')\n"
    assert workspace.run(script(workspace, code), timeout_seconds=20).output == "pixels\nno\nno\n"


def test_further_folders_can_be_shown(open_workspace: Callable[..., Workspace], tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "resnet.bin").write_text("w")
    workspace = open_workspace(readable=[tmp_path / "weights"])
    path = str(tmp_path / "weights" / "resnet.bin")
    code = f"print(open({path!r}).read())\ntry: open({path!r}, 'w')\nexcept OSError: print('read-only')"
    output = workspace.run(script(workspace, code), timeout_seconds=20).output
    assert output.startswith("w\n")
    assert ("read-only" in output) == (workspace.sandbox.isolation != "none")


def test_a_command_that_takes_too_long_is_ended(workspace: Workspace) -> None:
    argv = script(workspace, "import time; print('begun', flush=True); time.sleep(60)")
    done = workspace.run(argv, timeout_seconds=0.5)
    assert (done.timed_out, done.output, done.returncode < 0) == (True, "begun\n", True)


def test_other_jobs_are_watched_while_a_command_runs(workspace: Workspace) -> None:
    argv = script(workspace, "import time, sys; time.sleep(float(sys.argv[1]))")
    job = workspace.jobs.start(JobSpec((*argv, "60"), seconds_limit=0.2))
    workspace.run([*argv, "1"], timeout_seconds=20)
    assert not job.alive


def test_output_is_kept_to_its_end(workspace: Workspace) -> None:
    done = workspace.run(script(workspace, "print('x' * 3_000_000); print('the end')"), timeout_seconds=20)
    assert done.output.endswith("the end\n")
    assert len(done.output) <= 1 << 20


def test_closing_ends_everything_and_may_be_done_twice(workspace: Workspace) -> None:
    job = workspace.jobs.start(JobSpec(tuple(script(workspace, "import time; time.sleep(60)"))))
    workspace.close()
    assert job.ended is not None
    assert job.ended.killed_reason == "the workspace was closed"
    assert not (workspace.root / ".tmp").exists()
    workspace.close()


def test_files_are_read_but_links_are_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("hidden")
    (workspace.root / "metrics.json").write_text("{}")
    (workspace.root / "link.csv").symlink_to(tmp_path / "answers.csv")
    assert workspace.read("metrics.json") == b"{}"
    with pytest.raises(JobError):
        workspace.read("link.csv")
    with pytest.raises(FileNotFoundError):
        workspace.read("absent")


@pytest.mark.parametrize("where", ["file/workspace", "/proc/workspace"])
def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as raised:
        Workspace.open(tmp_path / where, tmp_path, sandbox=PlainSandbox(), hardware=read_hardware())
    assert "--out" in raised.value.next_step


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        (disk / "filler").write_bytes(bytes(16 << 10))
        with pytest.raises(StoreError, match="No space left"):
            Workspace.open(disk / "w", tmp_path, sandbox=PlainSandbox(), hardware=read_hardware())
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_this_process_is_not_to_be_looked_into(workspace: Workspace) -> None:
    get_dumpable = 3
    assert ctypes.CDLL(None).prctl(get_dumpable, 0, 0, 0, 0) == 0


def test_opening_loads_nothing_heavy() -> None:
    code = "import medalist.workspace.workspace, medalist.workspace.sandbox, sys\n"
    code += "print([name for name in ('numpy', 'psutil', 'pynvml', 'pydantic') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_processes_talk_through_sockets_however_deep_the_workspace_lies(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    code = "from multiprocessing.connection import Listener\n"
    code += (
        "print(open(__import__('tempfile').mkstemp()[1], 'w').write('x'), Listener(family='AF_UNIX').address)"
    )
    for sandbox in SANDBOXES:
        if not probe(sandbox).holds:
            continue
        root = tmp_path / ("deep-" * 30) / sandbox.name
        with Workspace.open(
            root, tmp_path / "public", sandbox=sandbox, hardware=read_hardware()
        ) as workspace:
            done = workspace.run(script(workspace, code), timeout_seconds=20)
            assert done.returncode == 0, f"{sandbox.name}: {done.output}"
            name = Path(done.output.split()[-1]).parents[1]
        assert not name.is_symlink()
