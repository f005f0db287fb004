"""The kit for tables: every estimator's scripts train, predict and submit on real tables of each kind."""

from __future__ import annotations

import ast
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kit_bench import make_facts, read_results, real_table, run_recipe, run_script, write_candidate

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit import features, tabular
from medalist.families.compete.kit.estimators import ESTIMATORS
from medalist.families.compete.recipes import Recipe
from medalist.hints.review import check_script
from medalist.machine.hardware import Hardware

TWO_CORES = Hardware(2, (0, 1), 8 << 30, (), "linux", "", "test")
PROBLEMS = [(name, problem) for name, e in ESTIMATORS.items() for problem in e.problems]


def table_for(folder: Path, problem: str) -> Facts:
    if problem == "regression":
        return make_facts(folder, real_table("diabetes"))
    if problem == "binary":
        table = real_table("breast_cancer").iloc[:, -12:]
        return make_facts(
            folder, table, problem="binary", metric="roc_auc", direction="max", prediction="probability"
        )
    return make_facts(
        folder, real_table("wine"), problem="multiclass", metric="log_loss", prediction="class_probabilities"
    )


def quick(recipe: Recipe) -> Recipe:
    """The same recipe with so few trees and rounds that a test can afford it."""
    options = dict(recipe.options)
    if "rounds" in options:
        options["rounds"] = 60
    if "n_estimators" in options["params"]:
        options["params"] = {**options["params"], "n_estimators": 40}
    return replace(recipe, options=options, folds=3)


def recipe_for(facts: Facts, estimator: str) -> Recipe:
    return quick(tabular._recipe(facts, estimator))


@pytest.mark.parametrize(("estimator", "problem"), PROBLEMS)
def test_estimator_beats_a_constant(
    estimator: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = ESTIMATORS[estimator].package
    if package:
        pytest.importorskip(package)
    facts = table_for(tmp_path, problem)
    ran = run_recipe(monkeypatch, tmp_path, facts, recipe_for(facts, estimator))
    shape = (len(facts.classes),) if problem == "multiclass" else ()
    assert ran.oof.shape == (facts.rows_train, *shape)
    assert ran.test.shape == (facts.rows_test, *shape)
    assert np.isfinite(ran.oof).all()
    assert np.isfinite(ran.test).all()
    assert list(ran.submission.columns) == list(facts.submission_columns)
    score = ran.metrics["validation_score"]
    target = pd.read_csv(tmp_path / "input/train.csv")["target"]
    assert score > 0.9 if problem == "binary" else score < (target.std() if problem == "regression" else 0.6)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_drafts_start_with_something_quick_and_are_all_different(problem: str, tmp_path: Path) -> None:
    facts = table_for(tmp_path, problem)
    recipes = tabular.drafts(facts, TWO_CORES, 60.0)
    assert recipes[0].expected_cpu_seconds < 8
    assert len({str(r.as_dict()) for r in recipes}) == len(recipes) >= 6
    assert all(Recipe.from_dict(r.as_dict()) == r for r in recipes)


def test_a_large_table_starts_with_large_steps(tmp_path: Path) -> None:
    facts = replace(table_for(tmp_path, "regression"), rows_train=200_000)
    first, second = tabular.drafts(facts, TWO_CORES, 600.0)[:2]
    assert first.estimator == second.estimator == "lightgbm"
    assert first.expected_cpu_seconds < 0.3 * second.expected_cpu_seconds


def test_a_tiny_budget_still_gets_a_draft(tmp_path: Path) -> None:
    assert len(tabular.drafts(table_for(tmp_path, "binary"), TWO_CORES, 0.1)) == 1


def test_improving_changes_something_and_still_writes_scripts(tmp_path: Path) -> None:
    facts = replace(table_for(tmp_path, "regression"), target_minimum=25.0, target_maximum=346.0)
    rng = random.Random(3)
    for recipe in tabular.drafts(facts, TWO_CORES, 60.0):
        for _ in range(6):
            changed = tabular.improve(facts, recipe, rng)
            assert changed is not None
            assert changed != recipe
            assert all(compile(code, name, "exec") for name, code in tabular.scripts(facts, changed).items())


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_scripts_hold_nothing_unused_and_no_known_mistake(problem: str, tmp_path: Path) -> None:
    facts = table_for(tmp_path, problem)
    for recipe in tabular.drafts(facts, TWO_CORES, 60.0):
        for name, code in tabular.scripts(facts, recipe).items():
            assert not unused(code), (recipe.title, name)
            assert "medalist" not in code
            assert [f for f in check_script(code) if f.must_fix] == []


def unused(code: str) -> set[str]:
    """Functions, constants and imports at the top of a script that nothing in it mentions."""
    tree = ast.parse(code)
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {a.asname or a.name for a in node.names}
        elif isinstance(node, ast.Assign):
            defined |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return defined - read


def test_scripts_stand_alone_and_predict_without_what_training_cached(tmp_path: Path) -> None:
    facts = table_for(tmp_path, "binary")
    candidate = write_candidate(tmp_path, facts, recipe_for(facts, "lightgbm"))
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    for script in ("train.py", "predict.py", "predict.py"):
        command = [sys.executable, "-I", script, "--data", str(tmp_path / "input")]
        done = subprocess.run(
            command, cwd=candidate, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        if script == "train.py":
            assert "RESOURCES: " in done.stdout
            assert "Fold 3/3" in done.stdout
        else:
            saved = read_results(candidate).test
            (candidate / "artifacts/test_features.joblib").unlink(missing_ok=True)
    assert np.allclose(saved, read_results(candidate).test)


def test_too_little_time_leaves_folds_out_and_resume_adds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = table_for(tmp_path, "regression")
    candidate = write_candidate(tmp_path, facts, recipe_for(facts, "ridge"))
    run_script(monkeypatch, candidate, "train.py", "--seconds", "0.001")
    run_script(monkeypatch, candidate, "predict.py")
    partly = read_results(candidate)
    assert partly.metrics["folds_done"] == 1
    assert np.isnan(partly.oof[partly.fold != 0]).all()
    assert np.isfinite(partly.test).all()
    first = (candidate / "artifacts/fold_0.joblib").stat().st_mtime_ns
    run_script(monkeypatch, candidate, "train.py", "--resume")
    whole = read_results(candidate)
    assert whole.metrics["folds_done"] == 3
    assert np.isfinite(whole.oof).all()
    assert (candidate / "artifacts/fold_0.joblib").stat().st_mtime_ns == first


@pytest.mark.parametrize("estimator", ["lightgbm", "catboost", "xgboost"])
def test_boosting_stops_inside_a_fold_when_its_seconds_are_over(
    estimator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(ESTIMATORS[estimator].package)
    facts = table_for(tmp_path, "regression")
    recipe = recipe_for(facts, estimator)
    options = {**recipe.options, "rounds": 10_000_000, "patience": 10_000_000}
    candidate = write_candidate(tmp_path, facts, replace(recipe, options=options))
    run_script(monkeypatch, candidate, "train.py", "--seconds", "1.5")
    assert (candidate / "artifacts/fold_0.joblib").exists()


def test_a_solved_model_is_not_tried_again_from_another_seed(tmp_path: Path) -> None:
    facts = table_for(tmp_path, "binary")
    solved = next(r for r in tabular.drafts(facts, TWO_CORES, 60.0) if r.estimator == "logistic")
    rng = random.Random(0)
    changed = [tabular.improve(facts, solved, rng) for _ in range(50)]
    assert all(recipe is None or recipe.seed == solved.seed for recipe in changed)
    assert any(recipe is not None and recipe != solved for recipe in changed)


def test_a_block_that_would_give_no_column_is_never_switched(tmp_path: Path) -> None:
    """Bare numbers have nothing to add up, count or subtract; money spent and years have."""
    plain = table_for(tmp_path / "plain", "regression")
    assert features.block_names(plain) == ()
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"built": rng.integers(1900, 2000, 200), "sold": rng.integers(2000, 2010, 200)})
    for name in ("spa", "food"):
        table[name] = np.where(rng.random(200) < 0.5, 0.0, rng.gamma(1, 300, 200))
    table["few"], table["target"] = rng.choice(["a", "b"], 200), rng.random(200)
    facts = make_facts(tmp_path / "roles", table)
    assert features.block_names(facts) == ("amounts", "years")
    whole = recipe_for(facts, "lightgbm")
    widths = [features_of(tmp_path, facts, whole, block).shape[1] for block in (*whole.options["blocks"], "")]
    assert widths == [len(table.columns) - 1 + 3, len(table.columns) - 1 + 1, len(table.columns) - 1]


def features_of(folder: Path, facts: Facts, recipe: Recipe, block: str) -> pd.DataFrame:
    """The test rows' features with no other optional block than this one."""
    recipe = replace(recipe, estimator="ridge", options={"params": {}, "blocks": [block]})
    code = tabular.scripts(facts, recipe)["predict.py"]
    script: dict = {"__name__": "script"}
    exec(compile(code, "predict.py", "exec"), script)
    return script["build_features"](pd.read_csv(folder / "roles/input/test.csv"))
