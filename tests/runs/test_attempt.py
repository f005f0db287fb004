"""One attempt, from opening to every kind of ending, with real processes in a real sandbox."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from medalist.core.budget import Limits
from medalist.core.errors import InputError, UsageError
from medalist.runs import ending
from medalist.runs.attempt import Attempted, run_attempt
from medalist.runs.figures import fold
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import AttemptState, FileStore

Make = Callable[..., Path]


def attempted(task: Path, run: Path, *, seconds: float = 30.0) -> tuple[FileStore, Attempted]:
    store = FileStore(run)
    store.create(RunSpec(tasks=(TaskSpec(task, "scripted"),), limits=Limits(attempt_seconds=seconds)))
    return store, run_attempt(store, store.attempts()[0].spec.id)


def folder_of(store: FileStore) -> Path:
    return store.folder(store.attempts()[0].spec.id)


def test_the_best_valid_submission_stays_and_is_graded_at_the_end(
    scripted_task: Make, tmp_path: Path
) -> None:
    task = scripted_task("submit 3", "submit 5", "malformed", "submit 4")
    store, done = attempted(task, tmp_path / "run")
    assert done.record.state is AttemptState.FINISHED
    assert (folder_of(store) / "submission" / "answer.txt").read_text() == "5"
    assert done.record.result["validation_score"] == 5
    assert done.record.result["hidden_score"] == 998
    assert done.record.result["valid"]
    assert done.record.result["failures"] == 1


def test_the_validation_score_in_place_never_falls(scripted_task: Make, tmp_path: Path) -> None:
    store, _ = attempted(
        scripted_task("submit 3", "submit 1", "submit 8", "submit 2", "submit 9"), tmp_path / "run"
    )
    placed = [score.value for _, score in fold(store.events(store.attempts()[0].spec.id)).submitted if score]
    assert placed == [3, 8, 9]


@pytest.mark.parametrize(
    ("last_step", "state", "reason"),
    [
        ("crash", AttemptState.FAILED, "ZeroDivisionError"),
        ("bad-input", AttemptState.FAILED, "table is empty"),
        ("wait", AttemptState.LIMIT, "time is over"),
        ("hang", AttemptState.LIMIT, "spent"),
    ],
)
def test_no_ending_costs_what_was_submitted(
    scripted_task: Make, tmp_path: Path, last_step: str, state: AttemptState, reason: str
) -> None:
    store, done = attempted(scripted_task("submit 3", last_step), tmp_path / "run", seconds=1.0)
    assert done.record.state is state
    assert reason in done.record.reason
    assert done.record.result["valid"]
    assert done.record.result["hidden_score"] == 996
    assert (folder_of(store) / "submission" / "answer.txt").read_text() == "3"


def test_a_bug_in_an_engineer_leaves_its_traceback(scripted_task: Make, tmp_path: Path) -> None:
    store, _ = attempted(scripted_task("crash"), tmp_path / "run")
    assert "a bug of the engineer's own" in (folder_of(store) / "crash.txt").read_text()


def test_bad_input_found_by_the_engineer_comes_back_as_it_was_said(
    scripted_task: Make, tmp_path: Path
) -> None:
    _, done = attempted(scripted_task("bad-input"), tmp_path / "run")
    assert isinstance(done.error, InputError)
    assert not done.record.result["valid"]


def test_no_process_outlives_its_attempt(scripted_task: Make, tmp_path: Path) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    attempted(scripted_task("train 300", "submit 1"), tmp_path / "run")
    living = [each for each in psutil.Process().children(recursive=True) if each.pid not in before]
    assert [each for each in living if each.status() != psutil.STATUS_ZOMBIE] == []
    assert not [
        each for each in psutil.process_iter(["cmdline"]) if "sleep(300)" in str(each.info["cmdline"])
    ]


def test_a_hidden_score_is_in_nothing_an_engineer_can_see(scripted_task: Make, tmp_path: Path) -> None:
    store, done = attempted(scripted_task("submit 3", answer="0.123"), tmp_path / "run")
    hidden = str(done.record.result["hidden_score"])
    assert hidden == "1002.877"
    folder = folder_of(store)
    assert hidden in (folder / "grade.json").read_text()
    seen = [path for path in (folder / "workspace").rglob("*") if path.is_file()]
    seen += [folder / "events.jsonl", *(folder / "submissions").rglob("*.txt")]
    assert seen
    for path in seen:
        assert hidden not in path.read_text(errors="replace"), path
        assert "0.123" not in path.read_text(errors="replace"), path


def test_a_final_attempt_is_not_run_again(scripted_task: Make, tmp_path: Path) -> None:
    store, done = attempted(scripted_task("submit 3"), tmp_path / "run")
    events = (folder_of(store) / "events.jsonl").read_bytes()
    assert run_attempt(store, done.record.spec.id) == Attempted(done.record)
    assert (folder_of(store) / "events.jsonl").read_bytes() == events


def test_an_attempt_that_another_process_works_on_is_refused(scripted_task: Make, tmp_path: Path) -> None:
    store, done = attempted(scripted_task("submit 3", "crash"), tmp_path / "run")
    name = done.record.spec.id
    record = json.loads((folder_of(store) / "attempt.json").read_text())
    (folder_of(store) / "attempt.json").write_text(json.dumps({**record, "state": "running"}))
    beat = json.loads((folder_of(store) / "heartbeat.json").read_text())
    alive = psutil.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (folder_of(store) / "heartbeat.json").write_text(json.dumps({**beat, "pid": alive.pid}))
        with pytest.raises(UsageError, match="another process"):
            run_attempt(store, name)
    finally:
        alive.kill()
        alive.wait()
    assert run_attempt(store, name).record.state is AttemptState.FAILED, "dead process: it may go on"


def test_an_attempt_may_run_outside_the_main_thread(scripted_task: Make, tmp_path: Path) -> None:
    task, found = scripted_task("submit 3", "wait"), []
    thread = threading.Thread(target=lambda: found.append(attempted(task, tmp_path / "run", seconds=1.0)[1]))
    thread.start()
    thread.join(60)
    assert found[0].record.state is AttemptState.LIMIT


def test_a_second_ctrl_c_does_without_the_grade_and_the_first_ones_echo_does_not() -> None:
    passed = []
    with ending.undisturbed():
        with ending.until_interrupted():
            os.kill(os.getpid(), signal.SIGINT)
            passed.append("the echo")
            time.sleep(ending.ECHO_SECONDS + 0.1)
            os.kill(os.getpid(), signal.SIGINT)
            passed.append("the second")
        os.kill(os.getpid(), signal.SIGINT)
        passed.append("what follows")
    assert passed == ["the echo", "what follows"]
