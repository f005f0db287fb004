"""What every sandbox must do when a job ends, is killed, or loses Medalist: nothing is left running."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from processes_here import until
from sandboxes_here import write

from medalist.workspace.jobs import JobSpec
from medalist.workspace.workspace import Workspace

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


def test_when_a_kill_returns_nothing_is_left_however_slow_the_job_was_to_go(
    started: tuple[Workspace, bool],
) -> None:
    """It and its keeper stand still, as on a machine too busy to run them, so that neither ends of itself."""
    workspace, warm = started
    if warm or workspace.sandbox.name == "docker":
        pytest.skip("a warm interpreter or an engine kills it, whole, by means of its own")
    before = set(psutil.Process().children(recursive=True))
    script = write(workspace, "import time; print('here', flush=True); time.sleep(60)")
    job = workspace.jobs.start(JobSpec((script,)))
    until(lambda: "here" in job.tail())
    born = [each for each in psutil.Process().children(recursive=True) if each not in before]
    of_the_job = [each for each in born if each.name() != "bwrap"]  # what starts a sandbox is not the job
    for each in of_the_job:
        each.suspend()
    job.kill(grace_seconds=0.0)
    assert of_the_job
    assert not [each for each in of_the_job if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


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


PARENT_THAT_IS_KILLED = """
import os, time
from pathlib import Path
from medalist.machine.hardware import read_hardware
from medalist.workspace.jobs import JobSpec
from medalist.workspace.sandbox import SANDBOXES
from medalist.workspace.workspace import Workspace
sandbox = next(each for each in SANDBOXES if each.name == {sandbox!r})
root = Path({root!r})
workspace = Workspace.open(root, Path({public!r}), sandbox=sandbox, hardware=read_hardware(), preload={preload!r})
workspace.warm_up()
(root / "daemon.py").write_text({daemon!r})
job = workspace.jobs.start(JobSpec(("daemon.py",)))
{wait}
os.kill(os.getpid(), 9)
"""
UNTIL_IT_RUNS = """
while not (root / "heartbeat").exists():
    job.poll()
    time.sleep(0.02)
"""


def kill_a_parent(of: tuple[Workspace, bool], root: Path, wait: str) -> None:
    """Its workspace, at ``root``, has a daemon; ``wait`` is what it does before it is killed."""
    workspace, warm = of
    code = PARENT_THAT_IS_KILLED.format(
        sandbox=workspace.sandbox.name,
        root=str(root),
        public=str(workspace.public),
        preload=["json"] if warm else [],
        daemon=DAEMON,
        wait=wait,
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == -9


def test_nothing_outlives_a_parent_that_is_killed(started: tuple[Workspace, bool], tmp_path: Path) -> None:
    kill_a_parent(started, tmp_path / "other", UNTIL_IT_RUNS)
    until(lambda: silent(tmp_path / "other" / "heartbeat"))


def test_nothing_outlives_a_parent_that_is_killed_while_a_job_starts(
    started: tuple[Workspace, bool], tmp_path: Path
) -> None:
    """At ten moments before or about when the job begins; its processes are known by their HOME."""
    here = tmp_path / "killed"
    for milliseconds in range(0, 30, 3):
        kill_a_parent(started, here / f"{milliseconds}", f"time.sleep({milliseconds / 1000})")
    until(lambda: not [each for each in psutil.process_iter() if str(here) in environment_of(each)])


def environment_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.environ().values())
    except psutil.Error:
        return ""
