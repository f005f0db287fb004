"""Telemetry over real process trees: what they use, that vanishing processes do no harm, what is written."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medalist.core.errors import StoreError
from medalist.machine import process_tree
from medalist.machine.process_tree import descendants, proportional_bytes, read_process
from medalist.machine.telemetry import Telemetry

TREE = """
import os, subprocess, sys, time
code = "x = bytearray(50_000_000); print(1, flush=True); import time; time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code])
time.sleep(60)
"""
BUSY = "print(1, flush=True)\nwhile True: pass"


@pytest.fixture
def start() -> Iterator:
    started: list[subprocess.Popen] = []

    def begin(code: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
        )
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield begin
    for process in started:
        for pid in descendants(process.pid):
            os.kill(pid, 9)
        process.kill()
        process.communicate()


def test_grandchildren_and_their_memory_are_counted(start) -> None:
    telemetry = Telemetry(start(TREE).pid)
    reading = telemetry.sample()
    assert reading.processes == 2
    assert reading.rss_bytes > 50_000_000
    assert telemetry.peak_rss_bytes == reading.rss_bytes
    assert 50_000_000 < telemetry.memory_in_use_bytes() < reading.rss_bytes * 1.2


def test_a_keeper_is_not_counted(start) -> None:
    process = start(TREE)
    assert Telemetry(process.pid, count_root=False).sample().processes == 1


def test_cores_are_cpu_seconds_a_second(start) -> None:
    process = start(BUSY)
    telemetry = Telemetry(process.pid)
    telemetry.sample()
    before, began = telemetry.cpu_seconds, time.monotonic()
    time.sleep(0.5)
    reading = telemetry.sample()
    passed = time.monotonic() - began
    assert reading.cores_used == pytest.approx((telemetry.cpu_seconds - before) / passed, rel=0.1, abs=0.05)
    assert 0 < reading.cores_used < 1.5


def test_processes_that_vanish_do_no_harm(start) -> None:
    process = start(TREE)
    telemetry = Telemetry(process.pid)
    telemetry.sample()
    for pid in descendants(process.pid):
        os.kill(pid, 9)
    process.kill()
    process.wait()
    reading = telemetry.sample()
    assert (reading.processes, reading.rss_bytes, reading.cores_used) == (0, 0, 0.0)
    assert read_process(process.pid) is None
    assert proportional_bytes(process.pid) == 0


def test_each_reading_is_a_line_of_json(start, tmp_path: Path) -> None:
    path = tmp_path / "telemetry.jsonl"
    telemetry = Telemetry(start(TREE).pid, path, job="j7")
    telemetry.sample()
    telemetry.sample()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == len(telemetry.readings) == 2
    assert lines[0]["job"] == "j7"
    assert set(lines[0]) == {"job", "seconds", "cores_used", "rss_bytes", "processes", "gpus"}


def test_a_file_that_cannot_be_written_is_said(start, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Telemetry could not be written"):
        Telemetry(start(TREE).pid, tmp_path / "absent" / "telemetry.jsonl").sample()


def test_due_after_an_interval() -> None:
    now = [100.0]
    telemetry = Telemetry(os.getpid(), interval_seconds=2.0, clock=lambda: now[0])
    assert not telemetry.due
    now[0] += 2.0
    assert telemetry.due
    telemetry.sample()
    assert not telemetry.due


def test_both_ways_of_listing_children_agree(start, monkeypatch: pytest.MonkeyPatch) -> None:
    process = start(TREE)
    quick = descendants(process.pid)
    monkeypatch.setattr(process_tree, "children", process_tree._children_by_psutil)
    assert descendants(process.pid) == quick
