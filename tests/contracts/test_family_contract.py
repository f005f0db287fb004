"""What every family promises the rooms above it, held against each that is installed and has a tiny task here.

A new family adds a ``Case`` to ``CASES``; nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from medalist.core.errors import UsageError
from medalist.core.family import Family, find_families, find_family


@dataclass(frozen=True)
class Case:
    """A tiny task of one family: how to write it, its best product, and a product that breaks a rule."""

    family: str
    write_task: Callable[[Path], Path]
    gold: str
    malformed: str


def competition(root: Path) -> Path:
    public, private = root / "prepared" / "public", root / "prepared" / "private"
    public.mkdir(parents=True)
    private.mkdir()
    (public / "train.csv").write_text("id,x,y\n" + "".join(f"{k},{k},{k % 2}\n" for k in range(40)))
    (public / "test.csv").write_text("id,x\n50,1\n51,2\n")
    (public / "sample_submission.csv").write_text("id,y\n50,0\n51,0\n")
    (private / "answers.csv").write_text("id,y\n50,0\n51,1\n")
    (root / "meta.json").write_text(json.dumps({"metric": "accuracy"}))
    return root


def puzzles(root: Path) -> Path:
    root.mkdir()
    pair = {"input": [[1, 2]], "output": [[2, 1]]}
    tasks = {"ab": {"train": [pair, pair], "test": [{"input": [[3, 4]], "output": [[4, 3]]}]}}
    (root / "tasks.json").write_text(json.dumps(tasks))
    return root / "tasks.json"


CASES = [
    Case("compete", competition, "id,y\n51,1\n50,0\n", "id,y\n50,0\n"),
    Case(
        "arc",
        puzzles,
        '{"ab": [{"attempt_1": [[0]], "attempt_2": [[4, 3]]}]}',
        '{"ab": [{"attempt_1": [[4, 3]], "attempt_2": [[4], [3, 1]]}]}',
    ),
]


@pytest.fixture(params=CASES, ids=lambda case: case.family)
def case(request) -> Case:
    return request.param


@pytest.fixture
def family(case) -> Family:
    return find_family(case.family)


@pytest.fixture
def task_path(case, tmp_path) -> Path:
    return case.write_task(tmp_path / "task")


def product(family: Family, tmp_path: Path, content: str) -> Path:
    path = tmp_path / family.product
    path.write_text(content)
    return path


def grade(family: Family, task_path: Path, file: Path) -> dict:
    opened = family.open(task_path, {})
    assert opened.answers is not None
    command = family.grader_command(opened.task, opened.answers, file)
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, timeout=120, cwd="/"
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_it_keeps_the_protocol(family, case):
    assert isinstance(family, Family)
    assert family.name == case.family
    assert family.product


def test_it_recognises_its_own_tasks_and_no_others(family, task_path, tmp_path):
    assert family.recognises(task_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert not family.recognises(empty)
    assert not family.recognises(tmp_path / "nowhere")


def test_opening_says_what_is_missing(family, tmp_path):
    with pytest.raises(UsageError) as caught:
        family.open(tmp_path / "nowhere", {})
    assert caught.value.next_step


def test_a_task_leads_to_no_answer(family, task_path):
    opened = family.open(task_path, {})
    assert opened.answers is not None
    hidden = opened.answers.argument()
    assert hidden not in repr(opened)
    assert not Path(hidden).is_relative_to(opened.task.public)
    assert opened.task.family == family.name


def test_the_gold_product_is_valid_and_scores(family, case, task_path, tmp_path):
    file = product(family, tmp_path, case.gold)
    assert family.validate(family.open(task_path, {}).task, file).valid
    report = grade(family, task_path, file)
    assert report["status"] == "scored"
    assert isinstance(report["score"], (int, float))
    assert report["direction"] in {"max", "min"}


@pytest.mark.parametrize("content", ["", "\0\1\2", None])
def test_an_unusable_product_is_refused_with_a_reason(family, case, task_path, tmp_path, content):
    file = product(family, tmp_path, case.malformed if content is None else content)
    validation = family.validate(family.open(task_path, {}).task, file)
    assert not validation.valid
    assert validation.reason.strip()
    report = grade(family, task_path, file)
    assert (report["status"], report["score"]) == ("invalid", None)
    assert report["reason"]


def test_a_missing_product_is_refused(family, task_path, tmp_path):
    assert not family.validate(family.open(task_path, {}).task, tmp_path / "nothing").valid


def test_answers_that_vanished_are_the_graders_error(family, case, task_path, tmp_path):
    opened = family.open(task_path, {})
    assert opened.answers is not None
    Path(opened.answers.argument()).write_text("")
    command = family.grader_command(opened.task, opened.answers, product(family, tmp_path, case.gold))
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout.strip().splitlines()[-1])["status"] == "grader_error"


def test_it_brings_an_engineer_of_its_own(family):
    engineer = family.playbook({})
    assert engineer.name == "playbook"
    assert callable(engineer.work)


def test_importing_it_loads_nothing_heavy(case):
    heavy = "numpy pandas sklearn lightgbm torch scipy pydantic"
    code = (
        "import sys; from medalist.core.family import find_family; "
        f"find_family({case.family!r}); print([m for m in {heavy!r}.split() if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_families_are_found_by_their_entry_point(case):
    assert case.family in find_families()
