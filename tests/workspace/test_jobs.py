"""Jobs: where they print, what bounds them, and what a job cannot do to the one that reads its log."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from processes_here import until

from medalist.core.errors import JobError
from medalist.workspace.jobs import JobSpec, JobTable
from medalist.workspace.workspace import Workspace


def script(workspace: Workspace, code: str, name: str = "train.py") -> tuple[str]:
    path = workspace.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    return (path.name,)


@pytest.mark.parametrize(
    ("spec", "log"),
    [
        (JobSpec(("train.py", "--folds", "5")), "train.log"),
        (JobSpec(("train.py",), cwd="candidates/c01"), "candidates/c01/train.log"),
        (JobSpec(("-m", "package.tool", "x")), "tool.log"),
        (JobSpec(("train.py",), name="fold 1"), "fold 1.log"),
        (JobSpec(("train.py",), log="logs/a.txt"), "logs/a.txt"),
    ],
)
def test_where_a_job_prints(spec: JobSpec, log: str) -> None:
    assert spec.log_file == log


def test_a_log_is_read_as_it_grows(workspace: Workspace) -> None:
    code = (
        "import os, time\nprint('Fold 1 ✓')\nwhile not os.path.exists('go'): time.sleep(.01)\nprint('Fold 2')"
    )
    job = workspace.jobs.start(JobSpec(script(workspace, code, "c01/train.py"), cwd="c01"))
    until(lambda: "✓" in job.tail())
    first, offset = job.read_log(0)
    (workspace.root / "c01" / "go").touch()
    assert job.wait(20) == 0
    second, end = job.read_log(offset)
    assert (first, second) == ("Fold 1 ✓\n", "Fold 2\n")
    assert job.read_log(end) == ("", end)
    assert job.log_path.read_text() == first + second
    assert job.tail(3) == "d 2\n"[-3:]


def test_a_relaunch_may_append_to_the_log(workspace: Workspace) -> None:
    argv = script(workspace, "print('again')")
    for append in (False, True, True):
        assert workspace.jobs.start(JobSpec(argv, append_log=append)).wait(20) == 0
    assert (workspace.root / "train.log").read_text() == "again\n" * 3
    workspace.jobs.start(JobSpec(argv)).wait(20)
    assert (workspace.root / "train.log").read_text() == "again\n"


def test_a_time_limit_ends_a_job_and_says_so(workspace: Workspace) -> None:
    job = workspace.jobs.start(JobSpec(script(workspace, "import time; time.sleep(60)"), seconds_limit=0.3))
    until(lambda: workspace.jobs.poll() or not job.alive)
    assert job.ended is not None
    assert job.ended.killed_reason == "time limit of 0.3 s"
    assert job.ended.seconds < 10
    assert workspace.jobs.running() == []


def test_what_cannot_be_started_is_said(workspace: Workspace) -> None:
    argv = script(workspace, "print(1)")
    for spec in (
        JobSpec(("absent.py",)),
        JobSpec(argv, cwd="nowhere"),
        JobSpec(argv, cwd="../.."),
        JobSpec(argv, log="no/folder.log"),
        JobSpec(argv, log="../outside.log"),
    ):
        with pytest.raises(JobError):
            workspace.jobs.start(spec)
    assert workspace.jobs.jobs == {}


GREEDY = "import time\nx = bytearray(400_000_000)\nprint('held', flush=True)\ntime.sleep(60)"


def test_a_job_over_its_memory_is_ended(workspace: Workspace) -> None:
    job = workspace.jobs.start(JobSpec(script(workspace, GREEDY), memory_bytes=200 << 20))
    until(lambda: workspace.jobs.poll() or not job.alive)
    assert job.ended is not None
    assert "memory limit" in job.ended.killed_reason
    assert job.ended.max_rss_bytes > 200 << 20


def test_all_jobs_together_are_held_to_the_workspace(open_workspace: Callable) -> None:
    workspace = open_workspace(memory_bytes=250 << 20, telemetry_seconds=0.05)
    job = workspace.jobs.start(JobSpec(script(workspace, GREEDY)))
    until(lambda: workspace.jobs.poll() or not job.alive)
    assert job.ended is not None
    assert job.ended.returncode == -9
    assert "memory limit" in job.ended.killed_reason


def test_polling_holds_the_bounds_where_no_control_group_does(workspace: Workspace) -> None:
    table = JobTable(workspace, telemetry_seconds=0.05, memory_bytes=300 << 20, max_processes=6)
    small = table.start(JobSpec(script(workspace, "import time; time.sleep(60)"), name="small"))
    large = table.start(JobSpec(script(workspace, GREEDY, "greedy.py")))
    until(lambda: table.poll() or not large.alive)
    assert large.ended is not None
    assert "memory limit" in large.ended.killed_reason
    many = "import os, time\nfor _ in range(8):\n    if os.fork() == 0: time.sleep(60)\ntime.sleep(60)"
    swarm = table.start(JobSpec(script(workspace, many, "swarm.py")))
    until(lambda: table.poll() or not swarm.alive)
    assert swarm.ended is not None
    assert swarm.ended.killed_reason == "limit of 6 processes"
    assert small.alive
    table.kill_all()


def test_memory_that_forked_workers_share_counts_once(workspace: Workspace) -> None:
    code = "import os, time\nx = bytearray(os.urandom(1)) * 120_000_000\n"
    code += "for _ in range(4):\n    if os.fork() == 0: time.sleep(60)\nprint('forked', flush=True)\ntime.sleep(60)"
    job = workspace.jobs.start(JobSpec(script(workspace, code), memory_bytes=300 << 20))
    until(lambda: "forked" in job.tail())
    until(lambda: workspace.jobs.poll() or len(job.telemetry.readings) > 3)
    assert job.alive
    assert max(reading.rss_bytes for reading in job.telemetry.readings) > 300 << 20


def test_figures_of_a_job_that_ended(open_workspace: Callable, tmp_path: Path) -> None:
    workspace = open_workspace(telemetry_path=tmp_path / "telemetry.jsonl", telemetry_seconds=0.05)
    code = "import time\nx = bytearray(100_000_000)\nt = time.process_time()\nwhile time.process_time() < t + .3: pass"
    job = workspace.jobs.start(JobSpec(script(workspace, code)))
    until(lambda: workspace.jobs.poll() or not job.alive)
    assert job.ended is not None
    assert (job.ended.returncode, job.ended.killed_reason) == (0, "")
    assert 0.3 <= job.ended.cpu_seconds < 3
    assert 100_000_000 < job.ended.max_rss_bytes < 400_000_000
    lines = [json.loads(line) for line in (tmp_path / "telemetry.jsonl").read_text().splitlines()]
    assert {line["job"] for line in lines} == {job.id}


def test_a_planted_link_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("precious")
    (workspace.root / "train.log").symlink_to(precious)
    (workspace.root / "logs").symlink_to(tmp_path)
    argv = script(workspace, "print('overwritten')")
    for spec in (JobSpec(argv), JobSpec(argv, log="logs/precious.txt")):
        with pytest.raises(JobError):
            workspace.jobs.start(spec)
    assert precious.read_text() == "precious"


def test_a_job_that_swaps_its_log_fools_nobody(workspace: Workspace, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("precious")
    for code in (
        f"import os; os.unlink('train.log'); os.symlink({str(precious)!r}, 'train.log')",
        "import os; os.unlink('train.log'); os.mkfifo('train.log')",
        "import os; os.unlink('train.log'); os.mkdir('train.log')",
        "import os; os.unlink('train.log')",
    ):
        job = workspace.jobs.start(JobSpec(script(workspace, code)))
        assert job.wait(20) == 0
        assert (job.tail(), job.read_log(0)) == ("", ("", 0))
        if job.log_path.is_dir():
            job.log_path.rmdir()
        else:
            job.log_path.unlink(missing_ok=True)


@pytest.mark.parametrize("warm", [False, True])
def test_a_job_runs_on_its_cores_with_as_many_threads(open_workspace: Callable, warm: bool) -> None:
    workspace = open_workspace(preload=["json"])
    workspace.warm_up()
    core = workspace.cores[-1]
    argv = script(workspace, "import os; print(os.sched_getaffinity(0), os.environ['OMP_NUM_THREADS'])")
    done = workspace.run(argv, timeout_seconds=20, cores=[core], warm=warm)
    assert done.output == f"{{{core}}} 1\n"
    everything = workspace.run(argv, timeout_seconds=20, warm=warm).output
    assert everything == f"{set(workspace.cores)} {len(workspace.cores)}\n"


def test_waiting_gives_up_in_time(workspace: Workspace) -> None:
    job = workspace.jobs.start(JobSpec(script(workspace, "import time; time.sleep(60)")))
    assert job.wait(0.1) is None
    job.kill(reason="not needed any more")
    assert job.ended is not None
    assert job.ended.killed_reason == "not needed any more"
    job.kill()  # once is enough, twice does no harm
    with pytest.raises(ProcessLookupError):
        os.kill(job.pid, 0)
