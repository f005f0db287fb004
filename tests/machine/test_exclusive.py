"""One measures, the others stand still, and the dead hold nothing; with real processes."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes_here import until

from medalist.core.budget import Budget
from medalist.machine.exclusive import exclusive, yielding

HOLD = """
import sys, time
from pathlib import Path
from medalist.machine.exclusive import exclusive
folder, log, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
with exclusive(folder=folder):
    for word in ("begin", "end"):
        with open(log, "a") as file:
            file.write(f"{sys.argv[4]} {word}\\n")
        time.sleep(seconds if word == "begin" else 0)
"""
WORK = """
import subprocess, sys, time
from pathlib import Path
from medalist.core.budget import Budget
from medalist.machine.exclusive import yielding
COUNT = "n = 0\\nwhile True:\\n    n += 1; open(r'FILE', 'w').write(str(n))"
count = COUNT.replace("FILE", sys.argv[2])
keeper = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {count!r}])"
budget = Budget(3600)
with yielding(budget.pause, budget.resume, folder=Path(sys.argv[1])):
    job = subprocess.Popen([sys.executable, "-c", keeper])
    for line in sys.stdin:
        print(budget.elapsed, flush=True)
"""


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a script with arguments in a session of its own, which is killed as a whole in the end."""
    started: list[subprocess.Popen[str]] = []

    def begin(script: str, *arguments: object) -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", script, *map(str, arguments)]
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def count_in(file: Path) -> int:
    text = file.read_text() if file.exists() else ""
    return int(text) if text.isdigit() else 0


def elapsed(worker: subprocess.Popen[str]) -> float:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write("?\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def test_nobody_measures_beside_another(tmp_path, start):
    log = tmp_path / "log"
    holders = [start(HOLD, tmp_path / "lock", log, 0.2, name) for name in "abc"]
    assert [holder.wait(120) for holder in holders] == [0, 0, 0]
    lines = log.read_text().split("\n")[:-1]
    for begin, end in zip(lines[::2], lines[1::2], strict=True):
        assert begin.split() == [end.split()[0], "begin"]
        assert end.endswith("end")


def test_jobs_of_others_stand_still_and_their_clock_with_them(tmp_path, start):
    count = tmp_path / "count"
    worker = start(WORK, tmp_path / "lock", count)
    until(lambda: count_in(count) > 0)
    with exclusive(folder=tmp_path / "lock") as alone:
        assert alone.unyielding == ()
        before = (count_in(count), elapsed(worker))
        time.sleep(0.5)
        assert (count_in(count), elapsed(worker)) == before
    until(lambda: count_in(count) > before[0])
    until(lambda: elapsed(worker) > before[1])


def test_a_killed_holder_holds_nothing(tmp_path, start):
    log, count = tmp_path / "log", tmp_path / "count"
    worker = start(WORK, tmp_path / "lock", count)
    until(lambda: count_in(count) > 0)
    holder = start(HOLD, tmp_path / "lock", log, 600, "a")
    until(log.exists)
    held = elapsed(worker)
    holder.kill()
    holder.wait()
    until(lambda: elapsed(worker) > held)
    with exclusive(folder=tmp_path / "lock") as alone:
        assert alone.unyielding == ()


def test_jobs_die_with_a_worker_that_is_killed_while_it_yields(tmp_path, start):
    count = tmp_path / "count"
    worker = start(WORK, tmp_path / "lock", count)
    until(lambda: count_in(count) > 0)
    with exclusive(folder=tmp_path / "lock"):
        worker.kill()
        worker.wait()
    with exclusive(folder=tmp_path / "lock") as alone:
        assert alone.unyielding == ()


def test_a_grader_below_a_worker_goes_on_and_the_workers_clock_stands(tmp_path, start):
    """A worker's own child may measure: an answer judged half-way through an attempt."""
    log = tmp_path / "log"
    budget = Budget(3600)
    with yielding(budget.pause, budget.resume, folder=tmp_path / "lock"):
        holder = start(HOLD, tmp_path / "lock", log, 1.0, "mine")
        until(log.exists)
        standing = budget.elapsed
        assert holder.wait(60) == 0
        assert budget.elapsed == pytest.approx(standing, abs=0.5)
    assert log.read_text().split() == ["mine", "begin", "mine", "end"]


def test_rubbish_in_the_folder_is_swept_away(tmp_path):
    for name in ("waiting/x", "working/1-0", "working/../holder", "working/999999999-1"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff\x00nonsense")
    with (
        yielding(lambda: pytest.fail("nobody measures"), lambda: None, folder=tmp_path),
        exclusive(folder=tmp_path) as alone,
    ):
        assert alone.unyielding == ()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "timing.lock"]


def test_where_the_folder_cannot_be_made_work_goes_on(tmp_path):
    (tmp_path / "file").touch()
    with yielding(lambda: None, lambda: None, folder=tmp_path / "file" / "lock"):
        pass
