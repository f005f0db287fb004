"""A workspace that fills the disk it shares is emptied and its jobs are dead; one that does not is left alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medalist.workspace.disk import DiskGuard

KEEPS_ONE = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], *sys.argv[2:]])"
FILLS = """
import sys
number = 0
while True:
    with open(f"{sys.argv[1]}/{number}", "wb") as file:
        file.write(bytes(1 << 18))
    number += 1
"""
SLEEPS = "import time; time.sleep(60)"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root, and a container that may mount")
    yield place
    subprocess.run(["umount", "-l", place], check=False)


def test_who_fills_it_is_ended_and_who_does_not_is_not(disk: Path) -> None:
    places = [disk / "greedy", disk / "modest"]
    for place in places:
        place.mkdir()
    (places[1] / "result").write_bytes(bytes(1 << 20))
    started: list[subprocess.Popen[bytes]] = []
    guards = [
        DiskGuard(place, 2, lambda number=number: [started[number].pid])
        for number, place in enumerate(places)
    ]
    for code, place in ((FILLS, places[0]), (SLEEPS, places[1])):
        started.append(subprocess.Popen([sys.executable, "-c", KEEPS_ONE, code, str(place)]))
    for guard in guards:
        guard.start()
    try:
        assert started[0].wait(30) is not None
        deadline = time.monotonic() + 10
        while os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize < 40 << 20:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert started[1].poll() is None
        assert (places[1] / "result").stat().st_size == 1 << 20
        assert [guard.kills > 0 for guard in guards] == [True, False]
    finally:
        for guard in guards:
            guard.stop()
        for process in started:
            subprocess.run(["pkill", "-9", "-P", str(process.pid)], check=False)
            process.kill()
            process.wait()


def test_who_filled_it_and_ended_before_a_look_leaves_room_too(disk: Path) -> None:
    place = disk / "greedy"
    place.mkdir()
    (place / "note").write_text("kept")
    started: list[subprocess.CompletedProcess[bytes]] = []
    guard = DiskGuard(place, 2, list, started=lambda: len(started))
    filler = [sys.executable, "-c", FILLS, str(place)]
    started.append(subprocess.run(filler, capture_output=True, check=False))
    guard.start()
    try:
        deadline = time.monotonic() + 10
        while os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize < 40 << 20:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert guard.kills == 1
        assert (place / "note").read_text() == "kept"
    finally:
        guard.stop()


def test_files_that_no_job_of_late_has_written_stay(disk: Path) -> None:
    place = disk / "full"
    place.mkdir()
    guard = DiskGuard(place, 1, list, started=lambda: 3)
    (place / "product").write_bytes(bytes(60 << 20))
    guard.start()
    try:
        time.sleep(0.5)
        assert (place / "product").stat().st_size == 60 << 20
    finally:
        guard.stop()


def test_stopping_twice_or_unstarted_is_no_trouble(tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path, 1, list)
    guard.stop()
    other = DiskGuard(tmp_path, 1, list)
    other.start()
    other.stop()
    other.stop()
