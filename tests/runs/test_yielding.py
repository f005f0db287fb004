"""An attempt stands still while another process measures, and loses none of its time by it."""

import subprocess
import sys

from medalist.core.budget import Limits
from medalist.runs.attempt import run_attempt
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import AttemptState, FileStore

HOLD = """
import os, time
from medalist.machine.exclusive import exclusive
with exclusive():
    print("begun", flush=True)
    time.sleep(6)
os._exit(0)
"""


def test_a_budget_shorter_than_the_measuring_outlasts_it(scripted_task, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    holder = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "begun\n"
    store = FileStore(tmp_path / "run")
    task = TaskSpec(scripted_task("train 300", "submit 3", "wait"), "scripted")
    store.create(RunSpec(tasks=(task,), limits=Limits(attempt_seconds=1.0)))
    done = run_attempt(store, store.attempts()[0].spec.id)
    assert holder.poll() == 0, "the attempt was over before the measuring"
    assert done.record.state is AttemptState.LIMIT
    assert done.record.result["valid"]
