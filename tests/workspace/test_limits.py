"""Control groups: made where they may be made, and nothing pretended where not."""

import os
import subprocess
from pathlib import Path

import pytest
from processes_here import until

from medalist.workspace.limits import ControlGroup, remove_abandoned
from medalist.workspace.policy import SandboxPolicy, Wrapped

POLICY = SandboxPolicy(Path("/w"), memory_bytes=64 << 20, max_processes=20)


def test_without_limits_no_group_is_made() -> None:
    group = ControlGroup.create(SandboxPolicy(Path("/w")))
    assert (group.folders, group.holds, group.memory_kills()) == ((), frozenset(), 0)
    wrapped = Wrapped(("true",), {})
    assert group.around(wrapped) is wrapped


def test_a_group_that_was_not_delegated_holds_nothing(tmp_path: Path) -> None:
    """Version 2 below a login session: a folder can be made, but it has no controllers."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/user.slice/session-2.scope\n")
    session = tmp_path / "sys/fs/cgroup/user.slice/session-2.scope"
    session.mkdir(parents=True)
    group = ControlGroup.create(POLICY, tmp_path)
    assert group.holds == frozenset()
    assert list(session.iterdir()) == []


def test_nothing_is_assumed_of_a_machine_without_groups(tmp_path: Path) -> None:
    assert ControlGroup.create(POLICY, tmp_path).holds == frozenset()


@pytest.fixture
def group() -> ControlGroup:
    made = ControlGroup.create(POLICY)
    if made.holds != {"memory", "pids"}:
        made.remove()
        pytest.skip("control groups cannot be made here")
    return made


def test_the_kernel_holds_memory_and_processes(group: ControlGroup) -> None:
    greedy = group.around(
        Wrapped(("python3", "-c", "x = bytearray(200 << 20)"), {"PATH": os.environ["PATH"]})
    )
    assert subprocess.run(greedy.argv, env=dict(greedy.env), check=False).returncode == -9
    assert group.memory_kills() >= 1
    swarm = "import os, signal\ntry:\n    while True:\n        if os.fork() == 0: signal.pause()\n"
    swarm += "except BlockingIOError: os.killpg(0, 9)"
    crowded = group.around(Wrapped(("python3", "-c", swarm), {"PATH": os.environ["PATH"]}))
    ended = subprocess.run(crowded.argv, env=dict(crowded.env), check=False, start_new_session=True)
    assert ended.returncode == -9
    until(lambda: not (group.folders[0] / "cgroup.procs").read_text())
    group.remove()
    assert not any(folder.exists() for folder in group.folders)


def test_groups_of_the_dead_are_taken_away(group: ControlGroup) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    abandoned = group.folders[0].with_name(f"medalist-{process.pid}-0")
    abandoned.mkdir()
    remove_abandoned()
    assert not abandoned.exists()
    assert group.folders[0].exists()
    group.remove()
