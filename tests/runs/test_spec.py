"""Sets of tasks × engineers × seeds, and the files that describe them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from medalist.core.errors import InputError, UsageError
from medalist.families.compete.explore import SETTINGS
from medalist.runs.sets import SET_KEYS, read_set
from medalist.runs.spec import AttemptSpec, RunSpec, TaskSpec, task_name

ROOT = Path(__file__).parents[2]


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


def _example(number: int) -> str:
    """A fenced block of docs/runs.md."""
    return (ROOT / "docs" / "runs.md").read_text().split("```")[2 * number + 1].removeprefix("yaml")


def test_the_documented_set_is_read_as_documented(tmp_path: Path) -> None:
    for name in ("spaceship-titanic", "house-prices"):
        (tmp_path / name).mkdir()
    file = tmp_path / "set.yaml"
    file.write_text(_example(1))
    spec = read_set(file, None)
    assert set(yaml.safe_load(_example(1))) == SET_KEYS, "every key is shown"
    assert [task_name(task.path) for task in spec.tasks] == ["spaceship-titanic", "house-prices"]
    assert spec.tasks[1].settings == {"weights": "/opt/weights", "metric": "rmsle", "targets": "SalePrice"}
    assert set(spec.tasks[1].settings) - {"weights", "leaderboard"} <= set(SETTINGS)
    assert (len(spec.attempts()), spec.jobs, spec.limits.command_seconds) == (6, 2, 300)


def test_the_documented_list_is_read_as_documented(tmp_path: Path) -> None:
    names = ["aerial-cactus-identification", "spooky-author-identification"]
    for name in names:
        (tmp_path / name / "prepared" / "public").mkdir(parents=True)
    file = tmp_path / "low.txt"
    file.write_text(_example(2))
    assert [task_name(task.path) for task in read_set(file, tmp_path).tasks] == names


def test_a_set_may_leave_the_hints_out(tmp_path: Path) -> None:
    file = tmp_path / "set.yaml"
    file.write_text("tasks: [.]\nhints: false\n")
    assert [attempt.hints for attempt in read_set(file, None).attempts()] == [False]


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
        ("tasks: [.]\nsandbox: paper", "no sandbox"),
        ("tasks: [.]\nhints: 3", "true, false"),
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
