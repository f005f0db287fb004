"""A process that somebody else started counts as below whom it was grafted on, until that is taken back."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from medalist.machine.process_tree import children, descendants, graft, ungraft

WITH_A_CHILD = (
    "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()']); print(flush=True); input()"
)


@pytest.fixture
def engine() -> Iterator[subprocess.Popen[str]]:
    """A process with a child of its own."""
    command = [sys.executable, "-c", WITH_A_CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        for pid in descendants(process.pid):
            os.kill(pid, 9)
        process.kill()


@pytest.fixture
def stand_in() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_grafted_tree_is_found_whole_and_let_go_again(engine, stand_in):
    below = descendants(engine.pid)
    assert len(below) == 1
    assert descendants(stand_in.pid) == []
    graft(engine.pid, stand_in.pid)
    try:
        assert descendants(stand_in.pid) == [engine.pid, *below]
        assert engine.pid in children(stand_in.pid)
    finally:
        ungraft(stand_in.pid)
    assert descendants(stand_in.pid) == []
    ungraft(stand_in.pid)
