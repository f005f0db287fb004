"""The operators over recipes: nothing twice, nothing unaffordable, repairs that name their reason."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from medalist.families.compete.facts import Column, Facts
from medalist.families.compete.operators import Operators
from medalist.families.compete.recipes import Recipe
from medalist.machine.hardware import read_hardware

FACTS = Facts(
    modality="tabular",
    problem="binary",
    metric="roc_auc",
    direction="max",
    train_file="train.csv",
    test_file="test.csv",
    sample_file="sample_submission.csv",
    rows_train=800,
    rows_test=200,
    id_column="id",
    targets=("target",),
    submission_columns=("id", "target"),
    prediction="probability",
    classes=("0", "1"),
    columns=tuple(Column(f"x{i}", "numeric", unique=500) for i in range(6)),
)
PLENTY = 1e9


@pytest.fixture
def operators() -> Operators:
    return Operators(FACTS, read_hardware(), 60.0, random.Random(0))


def all_drafts(operators: Operators) -> list[Recipe]:
    drafts = []
    while recipe := operators.draft(PLENTY):
        drafts.append(recipe)
    return drafts


def test_every_draft_is_given_once(operators):
    planned = [recipe.title for recipe in operators.waiting]
    assert [recipe.title for recipe in all_drafts(operators)] == planned
    assert operators.draft(PLENTY) is None


def test_a_draft_too_dear_waits_and_keeps_its_place(operators):
    cheapest = min(operators.waiting, key=lambda recipe: recipe.expected_cpu_seconds)
    before = [r.title for r in operators.waiting]
    assert operators.draft(0.0) is None
    assert [r.title for r in operators.waiting] == before
    assert operators.draft(cheapest.expected_cpu_seconds) == cheapest


def test_what_an_earlier_process_tried_is_not_drafted_again(operators):
    first = operators.waiting[0]
    operators.mark_tried(replace(first, title="the same under another name"))
    assert first not in all_drafts(operators)


def test_improvements_are_new_and_affordable(operators):
    parent = operators.draft(PLENTY)
    seen = {str(parent.as_dict() | {"title": "", "expected_cpu_seconds": 0})}
    for _ in range(10):
        child = operators.improve(parent, PLENTY)
        if child is None:
            break
        key = str(child.as_dict() | {"title": "", "expected_cpu_seconds": 0})
        assert key not in seen
        seen.add(key)
    assert len(seen) > 1
    assert operators.improve(parent, 0.0) is None


def test_recipes_survive_json(operators):
    for recipe in all_drafts(operators):
        assert Recipe.from_dict(recipe.as_dict()) == recipe


def test_every_draft_writes_python(operators):
    for recipe in all_drafts(operators):
        scripts = operators.scripts(recipe)
        assert {"train.py", "predict.py"} <= set(scripts)
        for name, text in scripts.items():
            compile(text, name, "exec")


def test_a_job_that_was_too_big_comes_back_smaller(operators):
    recipe = operators.draft(PLENTY)
    repair = operators.debug(recipe, operators.scripts(recipe), "Traceback ...\nMemoryError")
    assert repair is not None
    assert repair.recipe.folds < recipe.folds
    assert repair.recipe.expected_cpu_seconds < recipe.expected_cpu_seconds
    assert repair.reason


def test_a_known_error_is_mended_in_the_script_itself(operators):
    """An old keyword of scikit-learn: the log names it, the hint's fix edits the line that uses it."""
    recipe = operators.draft(PLENTY)
    script = "from sklearn.preprocessing import OneHotEncoder\n\nencoder = OneHotEncoder(sparse=False)\n"
    log = "TypeError: OneHotEncoder.__init__() got an unexpected keyword argument 'sparse'"
    repair = operators.debug(recipe, {"train.py": script}, log)
    assert repair is not None
    assert "sparse_output=False" in repair.scripts["train.py"]
    assert repair.hint_ids


def test_an_unknown_failure_is_left_alone(operators):
    recipe = operators.draft(PLENTY)
    assert operators.debug(recipe, operators.scripts(recipe), "Segmentation fault") is None
