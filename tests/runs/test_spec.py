"""Sets of tasks × engineers × seeds, and the files that describe them."""

from __future__ import annotations

from pathlib import Path

import pytest

from medalist.core.errors import InputError, UsageError
from medalist.runs.spec import AttemptSpec, RunSpec, TaskSpec, read_set, task_name


def test_every_combination_becomes_one_attempt_with_a_name_of_its_own() -> None:
    spec = RunSpec(tasks=tuple(TaskSpec(Path(f"/{name}/same")) for name in "abc"), seeds=(0, 1))
    attempts = spec.attempts()
    assert len(attempts) == len({attempt.id for attempt in attempts}) == 6
    assert [attempt.seed for attempt in attempts] == [0, 0, 0, 1, 1, 1]


def test_an_attempt_survives_json() -> None:
    attempt = RunSpec(tasks=(TaskSpec(Path("/a"), settings={"metric": "auc"}),)).attempts()[0]
    assert AttemptSpec.from_dict(attempt.as_dict()) == attempt


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/house-prices/prepared/public", "house-prices"),
        ("/data/My set (2)", "My-set-2"),
        ("/", "task"),
    ],
)
def test_a_task_is_named_after_its_competition(path: str, name: str) -> None:
    assert task_name(Path(path)) == name


def test_ids_lie_under_the_data_folder(tmp_path: Path) -> None:
    for name in ("low-1", "low-2"):
        (tmp_path / "data" / name).mkdir(parents=True)
    ids = tmp_path / "low.txt"
    ids.write_text("# the low split\nlow-1\n\nlow-2  # comment\n")
    assert [task.path.name for task in read_set(ids, tmp_path / "data").tasks] == ["low-1", "low-2"]


def test_a_set_in_yaml_names_tasks_seeds_and_limits(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    file = tmp_path / "set.yaml"
    file.write_text(
        "tasks: [one, {path: two, metric: auc}]\nseeds: 3\ntime: 10m\nrun_time: 2h\nsettings: {weights: /w}\n"
    )
    spec = read_set(file, None)
    assert spec.seeds == (0, 1, 2)
    assert (spec.limits.attempt_seconds, spec.limits.run_seconds) == (600, 7200)
    assert spec.tasks[1].settings == {"weights": "/w", "metric": "auc"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tasks: [missing]", "not there"),
        ("tasks: nothing", "list `tasks`"),
        ("a: [", "not YAML"),
        ("tasks: [.]\ntimes: 3", "times"),
        ("tasks: [.]\nseeds: many", "seeds"),
        ("tasks: [.]\ntime: never", "not a duration"),
        ("tasks: [.]\nengineers: [wizard]", "no engineer"),
        ("tasks: [.]\nengineers: [agent]", "language models"),
        ("tasks: [.]\nsandbox: paper", "no sandbox"),
        ("tasks: []", "at least one"),
        ("tasks: [3]", "a path"),
    ],
)
def test_a_wrong_set_is_answered_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "set.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_set(file, None)


def test_a_missing_set_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_set(tmp_path / "none.yaml", None)
