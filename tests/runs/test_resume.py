"""Killed at any moment, a run is picked up: finished attempts stay, others go on with what they have left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from processes_here import until

from medalist.core.event import EventLog
from medalist.runs import api
from medalist.runs.figures import fold
from medalist.runs.resume import earlier_work
from medalist.runs.store import AttemptState, FileStore

Make = Callable[..., Path]


@pytest.fixture
def run_set(
    tmp_path: Path, start_medalist: Callable[..., subprocess.Popen[str]]
) -> Callable[..., subprocess.Popen]:
    """Starts ``medalist run`` over scripted tasks, into ``tmp_path/run``."""

    def start(*tasks: Path, seconds: int = 60) -> subprocess.Popen:
        lines = "\n".join(f"  - {{path: {task}, family: scripted}}" for task in tasks)
        (tmp_path / "set.yaml").write_text(f"tasks:\n{lines}\ntime: {seconds}s\n")
        return start_medalist("run", "set.yaml", "--out", "run", "--jobs", "1", "--json")

    return start


def living(word: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if word in " ".join(process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def test_after_kill_9_nothing_runs_on_and_the_run_is_picked_up(
    scripted_task: Make, run_set: Callable[..., subprocess.Popen], tmp_path: Path
) -> None:
    first = scripted_task("submit 2", name="first")
    second = scripted_task("submit 3", "train 300", "wait", name="second")
    process = run_set(first, second, seconds=15)
    store = FileStore(tmp_path / "run")
    name = "second-playbook-seed0"
    until(lambda: (store.folder(name) / "workspace" / "sleeper.log").exists())
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not living(str(tmp_path / "run")))
    until(lambda: not living("sleep(300)"))
    untouched = (store.folder("first-playbook-seed0") / "attempt.json").read_bytes()
    spent = earlier_work(store, name).seconds
    assert spent > 0
    assert (store.folder(name) / "submission" / "answer.txt").read_text() == "3"

    result = api.resume(store.root)
    assert result.states == {"first-playbook-seed0": AttemptState.FINISHED, name: AttemptState.LIMIT}
    assert (store.folder("first-playbook-seed0") / "attempt.json").read_bytes() == untouched
    events = list(store.events(name))
    assert [event.data["resumed"] for event in events if event.kind == "attempt_started"] == [False, True]
    assert [event.seconds for event in events] == sorted(event.seconds for event in events)
    assert sum(event.kind == "candidate_created" for event in events) == 1, "c01 was not made again"
    assert result.results[name].validation_score == 3


def test_ctrl_c_saves_every_attempt_and_still_prints_the_object(
    scripted_task: Make, run_set: Callable[..., subprocess.Popen], tmp_path: Path
) -> None:
    process = run_set(scripted_task("submit 3", "train 300", "wait"))
    name = "job-playbook-seed0"
    until(lambda: (tmp_path / "run" / name / "workspace" / "sleeper.log").exists())
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    said = json.loads(out.strip().splitlines()[-1])
    assert said["attempts"][0]["state"] == "interrupted"
    assert said["attempts"][0]["validation_score"] == 3
    assert said["attempts"][0]["hidden_score"] is not None, "what stands is graded all the same"
    assert not living("sleep(300)")
    assert FileStore(tmp_path / "run").read(name).state is AttemptState.INTERRUPTED


def test_the_best_of_an_earlier_process_is_known(scripted_task: Make, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "run")
    folder = store.folder("a")
    (folder / "submission").mkdir(parents=True)
    log = EventLog(folder / "events.jsonl", elapsed=lambda: 4.0)
    score = {"metric": "auc", "direction": "max", "split": "validation", "value": 0.8, "status": "scored"}
    log.append(
        "candidate_created", candidate="c01", operator="draft", folder="candidates/c01", recipe={"x": 1}
    )
    log.append("candidate_finished", candidate="c01", operator="draft", score=score)
    log.append("submitted", candidate="c01", score=score)
    log.append(
        "candidate_created", candidate="c02", operator="improve", parents=["c01"], folder="candidates/c02"
    )
    with (folder / "events.jsonl").open("a") as file:
        file.write('{"kind": "candidate_fini')  # torn by the kill
    earlier = earlier_work(store, "a")
    assert earlier.best is not None
    assert earlier.best.value == 0.8
    assert [(o.candidate.id, str(o.state)) for o in earlier.history] == [
        ("c01", "finished"),
        ("c02", "failed"),
    ]
    assert earlier.history[0].candidate.recipe == {"x": 1}
    assert earlier.history[1].candidate.parents == ("c01",)
    assert (earlier.submissions, earlier.seconds) == (1, 4.0)


def test_time_runs_on_to_the_last_sign_of_life(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "run")
    (store.folder("a")).mkdir(parents=True)
    EventLog(store.folder("a") / "events.jsonl", elapsed=lambda: 4.0).append("note", text="early")
    store.beat("a", 31.0)
    assert earlier_work(store, "a").seconds == 31.0


def test_a_torn_trajectory_is_read_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path, elapsed=lambda: 1.0)
    log.append("note", text="before")
    with path.open("a") as file:
        file.write('{"kind": "no')
    log.append("note", text="after")
    with path.open("ab") as file:
        file.write(b'\xff\xfe\n[1, 2]\nnull\n{"kind": 3}\n')
    store = FileStore(tmp_path.parent)
    figures = fold(store.events(tmp_path.name))
    assert [event.data["text"] for event in figures.of("note")] == ["before", "after"]
