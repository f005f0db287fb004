"""The scripted engineer: it makes the calls of its list in order, under the checks and limits of every engineer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from honest_agent import FOLDER, PREDICT, TRAIN
from tiny_family import make_task

from medalist.core.budget import Limits
from medalist.core.errors import UsageError
from medalist.engineers.scripted import Call, read_calls
from medalist.runs.attempt import run_attempt
from medalist.runs.figures import fold
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore

WORK = [
    {"tool": "start_job", "arguments": {"command": "python train.py", "folder": FOLDER}},
    {"tool": "read_hints"},
    {"tool": "write_file", "arguments": {"path": f"{FOLDER}/train.py", "content": {"file": "line.py"}}},
    {"tool": "write_file", "arguments": {"path": f"{FOLDER}/predict.py", "content": PREDICT}},
    {"tool": "run_command", "arguments": {"command": "python train.py", "folder": FOLDER}},
    {"tool": "run_command", "arguments": {"command": "python predict.py", "folder": FOLDER}},
    {"tool": "submit", "arguments": {"folder": FOLDER, "title": "a line"}},
    {"tool": "finish"},
    {"tool": "read_hints"},
]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    (tmp_path / "line.py").write_text(TRAIN)
    path = tmp_path / "calls.json"
    path.write_text(json.dumps(WORK))
    return path


def replay(folder: Path, calls: Path, **settings: object):
    store = FileStore(folder / "run")
    task = TaskSpec(make_task(folder / "line"), "tiny", {"calls": str(calls), **settings})
    store.create(RunSpec(tasks=(task,), engineers=("scripted",), limits=Limits(attempt_seconds=60)))
    name = store.attempts()[0].spec.id
    return run_attempt(store, name).record, fold(store.events(name))


def test_it_makes_its_calls_until_one_ends_the_work(calls, tmp_path, installed_families) -> None:
    record, figures = replay(tmp_path, calls)
    assert record.state == "finished", record.reason
    made = [event.data["tool"] for event in figures.of("tool_called")]
    assert made == [each["tool"] for each in WORK[:-1]]
    assert figures.best is not None, "its own submission is in place"


def test_steps_bound_it_as_they_bound_an_agent(calls, tmp_path, installed_families) -> None:
    record, figures = replay(tmp_path, calls, steps=3)
    assert (record.state, len(figures.of("tool_called"))) == ("limit", 3)
    assert "3 steps" in record.reason
    assert record.result["valid"], "the baseline stands"


def test_a_list_is_json_or_yaml(tmp_path: Path) -> None:
    path = tmp_path / "calls.yaml"
    path.write_text("- tool: read_file\n  arguments: {path: a.py, lines: 3}\n- tool: finish\n")
    assert read_calls(path) == (Call("read_file", {"path": "a.py", "lines": 3}), Call("finish"))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        '[{"arguments": {}}]',
        "[",
        '[{"tool": "write_file", "arguments": {"content": {"file": "no"}}}]',
    ],
)
def test_what_is_no_list_of_calls_is_refused_before_anything_starts(
    text: str, tmp_path: Path, installed_families
) -> None:
    from medalist.runs.engineers import refuse_what_cannot_work

    path = tmp_path / "calls.json"
    path.write_text(text)
    task = TaskSpec(make_task(tmp_path / "line"), "tiny", {"calls": str(path)})
    with pytest.raises(UsageError) as refused:
        refuse_what_cannot_work(RunSpec(tasks=(task,), engineers=("scripted",)).attempts())
    assert str(path) in str(refused.value)
    with pytest.raises(UsageError, match="needs a list"):
        refuse_what_cannot_work(
            RunSpec(tasks=(TaskSpec(task.path, "tiny"),), engineers=("scripted",)).attempts()
        )
