"""A cage holds a whole tree: frozen means that nothing in it moves, and nothing it ever did goes uncounted."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medalist.machine.freezer import GroupCage, SignalCage, make_cage
from medalist.machine.process_tree import descendants

TREE = """
import os, sys, time
folder = sys.argv[1]
if os.fork() == 0:
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
name = os.path.join(folder, str(os.getpid()))
while True:
    with open(name, "a") as file:
        file.write("x")
    sum(range(20_000))
"""
KEEPER = """
import ctypes, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
for folder in sys.argv[2:]:
    open(folder + "/cgroup.procs", "w").write("0")
subprocess.Popen([sys.executable, "-c", sys.argv[1].split("|", 1)[1], sys.argv[1].split("|", 1)[0]])
while True:
    __import__("time").sleep(0.05)
"""


@pytest.fixture(params=["control group", "signals"])
def caged(request, tmp_path):
    """A cage around a tree of two processes, one of which has got away from its parent; and their files."""
    cage = make_cage() if request.param == "control group" else SignalCage()
    if cage.name != request.param:
        pytest.skip("control groups cannot be made here")
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, f"{tmp_path}|{TREE}", *map(str, cage.folders)], start_new_session=True
    )
    if isinstance(cage, SignalCage):
        cage.root = keeper.pid
    deadline = time.monotonic() + 30
    while len(list(tmp_path.iterdir())) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield cage, tmp_path
    cage.thaw()
    for pid in [*descendants(keeper.pid), keeper.pid]:
        os.kill(pid, 9)
    keeper.wait()
    time.sleep(0.05)
    cage.remove()


def sizes(folder: Path) -> list[int]:
    return sorted(path.stat().st_size for path in folder.iterdir())


def test_what_is_frozen_does_not_move_and_what_is_thawed_does(caged):
    cage, folder = caged
    for _ in range(3):
        assert cage.freeze() == ()
        before = sizes(folder)
        time.sleep(0.1)
        assert sizes(folder) == before
        cage.thaw()
        deadline = time.monotonic() + 30
        while any(now <= then for now, then in zip(sizes(folder), before, strict=True)):
            assert time.monotonic() < deadline, "it never went on"
            time.sleep(0.02)


def test_time_is_counted_while_it_moves_and_not_while_it_is_frozen(caged):
    cage, _ = caged
    first = cage.cpu_seconds()
    deadline = time.monotonic() + 30
    while cage.cpu_seconds() <= first:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    cage.freeze()
    then = cage.cpu_seconds()
    time.sleep(0.1)
    assert cage.cpu_seconds() == pytest.approx(then, abs=1e-3)


def test_no_cage_of_groups_is_made_where_there_are_none(tmp_path):
    assert isinstance(make_cage(tmp_path), SignalCage)


def test_groups_of_a_killed_process_are_swept_away():
    code = (
        "import os; from medalist.machine.freezer import make_cage; c = make_cage();"
        "print(*c.folders, flush=True); c.folders and c.freeze(); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    left = [Path(folder) for folder in done.stdout.split()]
    if not left:
        pytest.skip("control groups cannot be made here")
    assert all(folder.is_dir() for folder in left)
    cage = make_cage()
    assert isinstance(cage, GroupCage)
    cage.remove()
    assert not any(folder.exists() for folder in left)
