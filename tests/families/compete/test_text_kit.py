"""The kit for texts: which module of the standard library is a docstring from?"""

from __future__ import annotations

import json
import random
import statistics
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kit_bench import make_facts, run_recipe

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit import text
from medalist.hints.review import check_script
from medalist.machine.hardware import Hardware

TWO_CORES = Hardware(2, (0, 1), 8 << 30, (), "linux", "", "test")


def docstrings() -> pd.DataFrame:
    """Sentences of the docstrings of a few modules, with the module they are from."""
    rows = []
    for module in (statistics, random, json, textwrap):
        for owner in (module, *vars(module).values()):
            words = (getattr(owner, "__doc__", None) or "").split()
            rows += [
                {
                    "text": " ".join(words[i : i + 25]),
                    "first": words[i][:1].lower(),
                    "module": module.__name__,
                }
                for i in range(0, len(words) - 10, 25)
            ]
    return pd.DataFrame(rows).drop_duplicates("text").reset_index(drop=True)


def text_facts(folder: Path, problem: str) -> Facts:
    table = docstrings()
    kinds = {"text": "text"}
    if problem == "regression":
        table["target"] = table.pop("module").str.len().astype(float) + table["text"].str.count("e") / 10
        return make_facts(folder, table, kinds=kinds, modality="text", metric="rmse")
    table["target"] = table.pop("module")
    if problem == "binary":
        table["target"] = (table["target"] == "statistics").astype(int)
        known = {"metric": "f1", "direction": "max", "prediction": "label"}
    else:
        known = {"metric": "log_loss", "prediction": "class_probabilities"}
    return make_facts(folder, table, kinds=kinds, modality="text", problem=problem, **known)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_every_sparse_draft_learns_something(
    problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = text_facts(tmp_path, problem)
    recipes = [r for r in text.drafts(facts, TWO_CORES, 60.0) if r.kit == "text"][
        : 3 if problem == "multiclass" else None
    ]
    assert recipes[0].expected_cpu_seconds < 8
    for recipe in recipes:
        ran = run_recipe(monkeypatch, tmp_path, facts, replace(recipe, folds=3))
        score = ran.metrics["validation_score"]
        assert np.isfinite(ran.test).all()
        if problem == "binary":
            assert ran.rule["kind"] == "threshold"
            assert score > 0.5
            assert set(ran.submission["target"]) == {0, 1}
        elif problem == "multiclass":
            assert score < np.log(len(facts.classes))
        else:
            assert score < pd.read_csv(tmp_path / "input/train.csv")["target"].std()


def test_trees_get_topics_and_statistics_of_the_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = text_facts(tmp_path, "binary")
    recipe = next(r for r in text.drafts(facts, TWO_CORES, 60.0) if r.estimator == "lightgbm")
    recipe = replace(recipe, folds=3, options={**recipe.options, "rounds": 60})
    ran = run_recipe(monkeypatch, tmp_path, facts, recipe)
    assert ran.metrics["validation_score"] > 0.4


def test_scripts_hold_no_known_mistake_and_improving_changes_them(tmp_path: Path) -> None:
    facts = text_facts(tmp_path, "multiclass")
    rng = random.Random(1)
    for recipe in text.drafts(facts, TWO_CORES, 60.0):
        if recipe.kit != "text":
            continue
        changed = text.improve(facts, recipe, rng)
        assert changed is not None
        for code in (*text.scripts(facts, recipe).values(), *text.scripts(facts, changed).values()):
            compile(code, "script", "exec")
            assert [f for f in check_script(code) if f.must_fix] == []
