"""Small real competitions and a way to run a recipe's scripts on them, for the tests of the kits."""

from __future__ import annotations

import json
import runpy
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from medalist.families.compete.explore_tables import describe
from medalist.families.compete.facts import Facts
from medalist.families.compete.kit import tabular, text
from medalist.families.compete.recipes import Recipe

_TEST_EVERY = 4


@dataclass(frozen=True)
class Ran:
    """What a candidate's two scripts left behind."""

    folder: Path
    oof: np.ndarray
    fold: np.ndarray
    test: np.ndarray
    metrics: dict[str, Any]
    rule: dict[str, Any]
    submission: pd.DataFrame


def real_table(name: str) -> pd.DataFrame:
    """One of scikit-learn's bundled tables with a column ``target``."""
    return getattr(datasets, f"load_{name}")(as_frame=True).frame


def make_facts(
    folder: Path, table: pd.DataFrame, targets: tuple[str, ...] = ("target",), **known: Any
) -> Facts:
    """Writes train, test and sample files of ``table`` into ``folder/input`` and says what they are.

    Every fourth row is a test row. ``kinds`` gives the kind of columns that are not plain numbers or names.
    """
    kinds = known.pop("kinds", {})
    public = folder / "input"
    public.mkdir(parents=True, exist_ok=True)
    is_test = np.arange(len(table)) % _TEST_EVERY == 0
    train, test = table[~is_test], table[is_test].drop(columns=list(targets))
    problem = known.get("problem", "regression")
    classes = (
        tuple(map(str, sorted(train[targets[0]].unique())))
        if problem in ("binary", "multiclass", "ordinal")
        else ()
    )
    wide = known.get("prediction") == "class_probabilities"
    identity = known.get("id_column")
    columns = (*((identity,) if identity else ()), *(classes if wide else targets))
    train.to_csv(public / "train.csv", index=False)
    test.to_csv(public / "test.csv", index=False)
    sample = pd.DataFrame(dict.fromkeys(columns, 0), index=range(len(test)))
    if identity:
        sample[identity] = test[identity].to_numpy()[::-1]
    sample.to_csv(public / "sample_submission.csv", index=False)
    described = tuple(
        replace(column, kind=kinds.get(column.name, column.kind))
        for column in describe(train.drop(columns=list(targets)), test, {})
        if column.name != identity
    )
    basis: dict[str, Any] = {
        "modality": "tabular", "problem": "regression", "metric": "rmse", "direction": "min",
        "train_file": "train.csv", "test_file": "test.csv", "sample_file": "sample_submission.csv",
        "rows_train": len(train), "rows_test": len(test), "id_column": None, "targets": targets,
        "submission_columns": columns, "prediction": "value", "classes": classes, "columns": described,
        "split": "stratified" if classes else "plain",
    }  # fmt: skip
    return Facts(**{**basis, **known})


def write_candidate(folder: Path, facts: Facts, recipe: Recipe) -> Path:
    """A candidate's folder with its two scripts; its path."""
    candidate = folder / "candidates" / recipe.estimator
    candidate.mkdir(parents=True, exist_ok=True)
    kit = {"tabular": tabular, "text": text}[recipe.kit]
    for name, code in kit.scripts(facts, recipe).items():
        (candidate / name).write_text(code)
    return candidate


def run_script(patch: pytest.MonkeyPatch, candidate: Path, script: str, *arguments: str) -> None:
    """Runs a script as the warm interpreter does: as ``__main__``, in its own folder."""
    patch.chdir(candidate)
    patch.setenv("OMP_NUM_THREADS", "1")
    patch.setattr(sys, "argv", [script, *arguments])
    runpy.run_path(str(candidate / script), run_name="__main__")


def run_recipe(patch: pytest.MonkeyPatch, folder: Path, facts: Facts, recipe: Recipe) -> Ran:
    """Trains and predicts, then reads everything back."""
    candidate = write_candidate(folder, facts, recipe)
    run_script(patch, candidate, "train.py")
    run_script(patch, candidate, "predict.py")
    return read_results(candidate)


def read_results(candidate: Path) -> Ran:
    artifacts = candidate / "artifacts"
    with np.load(artifacts / "oof.npz") as saved:
        oof, fold = saved["prediction"], saved["fold"]
    with np.load(artifacts / "test.npz") as saved:
        test = saved["prediction"]
    metrics = json.loads((artifacts / "metrics.json").read_text())
    rule = json.loads((artifacts / "postprocess.json").read_text())
    return Ran(candidate, oof, fold, test, metrics, rule, pd.read_csv(candidate / "submission.csv"))
