"""Children forked from one process: what they import, where they print, how they end, and what ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from medalist.machine import children
from medalist.machine.nursery import Nursery

CHILD = """
import os, pathlib, sys, time
with open({imports!r}, "a") as file:
    file.write("imported\\n")

def main(arguments):
    verb, *rest = arguments
    print("child says", *arguments, flush=True)
    if verb == "exit":
        return int(rest[0])
    if verb == "raise":
        raise ValueError("a bug")
    if verb == "sleep":
        time.sleep(300)
    if verb == "tell":
        pathlib.Path(rest[0]).write_text(f"{{os.getpid()}} {{os.getsid(0)}} {{os.getppid()}} " + " ".join(os.environ))
"""


@pytest.fixture
def nursery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "brood.py").write_text(CHILD.format(imports=str(tmp_path / "imports")))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    monkeypatch.setenv("GIVEN_KEY", "given")
    monkeypatch.setenv("OTHER_KEY", "other")
    made = Nursery(preload=("brood", "not_there"), cwd=tmp_path, log=tmp_path / "log", also=("GIVEN_KEY",))
    yield made
    made.close()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_many_children_of_one_import_end_with_their_own_codes(nursery: Nursery, tmp_path: Path) -> None:
    born = [nursery.bear("brood", ["exit", str(code)], log=tmp_path / f"{code}.log") for code in (0, 3, 7)]
    assert [each.wait(20) for each in born] == [0, 3, 7]
    assert (tmp_path / "3.log").read_text() == "child says exit 3\n"
    assert (tmp_path / "imports").read_text() == "imported\n"


def test_a_child_that_fails_leaves_its_traceback_and_the_nursery_lives(
    nursery: Nursery, tmp_path: Path
) -> None:
    assert nursery.bear("brood", ["raise"], log=tmp_path / "log").wait(20) == 1
    assert "ValueError: a bug" in (tmp_path / "log").read_text()
    assert nursery.bear("brood", ["exit", "0"], log=tmp_path / "log").wait(20) == 0


def test_a_child_stands_in_a_session_of_its_own_with_the_variables_it_was_given(
    nursery: Nursery, tmp_path: Path
) -> None:
    born = nursery.bear("brood", ["tell", str(tmp_path / "told")], log=tmp_path / "log")
    born.wait(20)
    pid, session, parent, *names = (tmp_path / "told").read_text().split()
    assert (int(pid), int(session), int(parent)) == (born.pid, born.pid, nursery.pid)
    assert "GIVEN_KEY" in names
    assert "OTHER_KEY" not in names


def test_stopping_ends_a_child_and_no_other(nursery: Nursery, tmp_path: Path) -> None:
    first, second = (nursery.bear("brood", ["sleep"], log=tmp_path / "log") for _ in range(2))
    with pytest.raises(subprocess.TimeoutExpired):
        first.wait(0.1)
    children.stop(first, grace_seconds=10)
    assert first.poll() == -signal.SIGTERM
    assert second.poll() is None


def test_closing_leaves_no_child(nursery: Nursery, tmp_path: Path) -> None:
    pids = [nursery.bear("brood", ["sleep"], log=tmp_path / "log").pid for _ in range(2)]
    assert all(psutil.pid_exists(pid) for pid in pids)
    nursery.close()
    assert all(eventually(lambda pid=pid: gone(pid)) for pid in pids)


def test_a_killed_nursery_takes_its_children_along_and_is_started_again(
    nursery: Nursery, tmp_path: Path
) -> None:
    lost = nursery.bear("brood", ["sleep"], log=tmp_path / "log")
    os.kill(nursery.pid, signal.SIGKILL)
    assert eventually(lambda: lost.poll() is not None)
    assert gone(lost.pid)
    assert nursery.bear("brood", ["exit", "5"], log=tmp_path / "log").wait(20) == 5
