"""Tables as competitions have them: groups, dates, strings of parts, several targets, no ids, odd cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kit_bench import make_facts, real_table, run_recipe

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit import tabular
from medalist.families.compete.kit.estimators import ESTIMATORS
from medalist.families.compete.recipes import Recipe


def quick(facts: Facts, estimator: str) -> Recipe:
    recipe = tabular._recipe(facts, estimator)
    return replace(
        recipe, options={**recipe.options, **({"rounds": 60} if "rounds" in recipe.options else {})}, folds=3
    )


@pytest.mark.parametrize("estimator", ["lightgbm", "ridge"])
def test_ranks_are_cut_into_classes_for_kappa(
    estimator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = real_table("diabetes")
    table["target"] = pd.qcut(table["target"], 4, labels=["low", "mean", "over", "top"]).astype(str)
    known = {"problem": "ordinal", "metric": "qwk", "direction": "max", "prediction": "label"}
    facts = make_facts(tmp_path, table, **known)
    ran = run_recipe(monkeypatch, tmp_path, facts, quick(facts, estimator))
    assert ran.rule["kind"] == "cuts"
    assert ran.oof.ndim == 1
    assert ran.metrics["validation_score"] > 0.4
    assert set(ran.submission["target"]) <= set(facts.classes)


@pytest.mark.parametrize("estimator", ["lightgbm", "logistic", "catboost", "xgboost"])
def test_several_labels_a_row(estimator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = real_table("wine")
    targets = ("strong", "dark")
    table["strong"] = (table["alcohol"] > 13).astype(int)
    table["dark"] = (table.pop("color_intensity") > 4.7).astype(int)
    known = {"problem": "multilabel", "metric": "mean_columnwise_roc_auc", "direction": "max"}
    facts = make_facts(tmp_path, table, targets, prediction="multilabel_probabilities", **known)
    ran = run_recipe(monkeypatch, tmp_path, facts, quick(facts, estimator))
    assert ran.oof.shape == (facts.rows_train, 2)
    assert ran.metrics["validation_score"] > 0.9
    labels = replace(facts, prediction="multilabel_labels", metric="f1_micro_multilabel")
    ran = run_recipe(monkeypatch, tmp_path, labels, quick(labels, estimator))
    assert ran.rule["kind"] == "label_thresholds"
    assert set(np.unique(ran.submission)) <= {0, 1}


@pytest.mark.parametrize("estimator", ["lightgbm", "elastic_net"])
def test_several_values_a_row(estimator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = real_table("diabetes")
    table["half"] = table["target"] / 2
    facts = make_facts(tmp_path, table, ("target", "half"), problem="multiregression", metric="mcrmse")
    ran = run_recipe(monkeypatch, tmp_path, facts, quick(facts, estimator))
    assert ran.oof.shape == (facts.rows_train, 2)
    assert list(ran.submission.columns) == ["target", "half"]


def demand_by_hour() -> pd.DataFrame:
    """Demand that depends on the hour and the weekday, as at a hire station."""
    when = pd.date_range("2025-01-01", periods=1600, freq="h")
    base = 20 + 60 * np.exp(-((when.hour.to_numpy() - 17) ** 2) / 8) + 15 * (when.day_of_week.to_numpy() < 5)
    return pd.DataFrame({"when": when.astype(str), "damp": np.cos(np.arange(1600.0)), "target": base.round()})


@pytest.mark.parametrize(
    ("estimator", "split"), [("lightgbm", "plain"), ("ridge", "plain"), ("lightgbm", "time")]
)
def test_the_hour_is_taken_out_of_dates(
    estimator: str, split: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"metric": "rmsle", "time_column": "when", "split": split, "target_minimum": 0.0}
    facts = make_facts(tmp_path, demand_by_hour(), kinds={"when": "datetime"}, **known)
    recipe = quick(facts, estimator)
    assert recipe.options["log_target"]
    ran = run_recipe(monkeypatch, tmp_path, facts, recipe)
    assert ran.metrics["validation_score"] < 0.2
    assert ran.rule["kind"] == "clip"


def people() -> pd.DataFrame:
    """Passengers in groups with cabins such as ``B/12/P``; group members share their fate."""
    rng = np.random.default_rng(5)
    group = np.sort(rng.integers(0, 300, 900))
    member = pd.Series(group).groupby(group).cumcount() + 1
    side = rng.choice(["P", "S"], 900)
    deck = np.array(["A", "B", "C"])[group % 3]
    table = pd.DataFrame({"key": [f"{g:04d}_{m:02d}" for g, m in zip(group, member, strict=True)]})
    table["cabin"] = [f"{d}/{g}/{s}" for d, g, s in zip(deck, group, side, strict=True)]
    table["spa"] = np.where(rng.random(900) < 0.5, 0.0, rng.gamma(1, 300, 900).round(1))
    table["food"] = np.where(rng.random(900) < 0.5, 0.0, rng.gamma(1, 300, 900).round(1))
    table["planet"] = np.where(rng.random(900) < 0.1, None, np.array(["Earth", "Mars"], object)[group % 2])
    table["odd"] = rng.choice(["1", "2.5", " ", "NA"], 900)
    table["target"] = (table["spa"] + table["food"] < 150) ^ (deck == "A")
    return table


@pytest.mark.parametrize("estimator", ["lightgbm", "catboost", "logistic"])
def test_groups_cabins_amounts_and_odd_cells(
    estimator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {
        "problem": "binary",
        "metric": "accuracy",
        "direction": "max",
        "prediction": "label",
        "id_column": "key",
    }
    table = people()
    table.loc[0, "planet"] = "Pluto"  # only in the test rows
    facts = make_facts(tmp_path, table, kinds={"cabin": "structured", "odd": "numeric"}, **known)
    facts = replace(facts, group_column="key", group_rule="prefix:_", split="grouped")
    recipe = quick(facts, estimator)
    recipe = replace(recipe, options={**recipe.options, "blocks": [*recipe.options["blocks"], "others"]})
    ran = run_recipe(monkeypatch, tmp_path, facts, recipe)
    train = pd.read_csv(tmp_path / "input/train.csv")
    assert pd.Series(ran.fold).groupby(train["key"].str[:4]).nunique().max() == 1
    assert ran.metrics["validation_score"] > (0.55 if estimator == "logistic" else 0.9)
    sample = pd.read_csv(tmp_path / "input/sample_submission.csv")
    assert list(ran.submission["key"]) == list(sample["key"])
    assert set(map(str, ran.submission["target"])) == {"True", "False"}
    code = tabular.scripts(facts, recipe)["train.py"]
    assert "others_in_group" in code
    assert "string_parts" in code


@pytest.mark.parametrize("estimator", ["lightgbm", "catboost", "xgboost", "ridge", "extra_trees_regressor"])
@pytest.mark.filterwarnings("error::DeprecationWarning", "error::FutureWarning")
def test_scripts_use_nothing_that_libraries_are_about_to_drop(
    estimator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if package := ESTIMATORS[estimator].package:
        pytest.importorskip(package)
    table = people().head(300).assign(target=lambda rows: rows["spa"])
    table["when"] = pd.date_range("2024-01-01", periods=300, freq="7h").astype(str)
    kinds = {"cabin": "structured", "odd": "numeric", "when": "datetime"}
    facts = make_facts(tmp_path, table, kinds=kinds, id_column="key")
    facts = replace(facts, group_column="key", group_rule="prefix:_", split="grouped")
    ran = run_recipe(monkeypatch, tmp_path, facts, quick(facts, estimator))
    assert np.isfinite(ran.test).all()


def test_macro_f1_gets_class_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"problem": "multiclass", "metric": "f1_macro", "direction": "max", "prediction": "label"}
    facts = make_facts(tmp_path, real_table("wine"), **known)
    ran = run_recipe(monkeypatch, tmp_path, facts, quick(facts, "logistic"))
    assert ran.rule["kind"] == "class_weights"
    assert ran.metrics["validation_score"] > 0.9
