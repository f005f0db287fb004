"""Dates written like 31/12/2020: what exploring notes is what scripts read, to the day."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medalist.families.compete.explore_folder import explore
from medalist.families.compete.kit import tabular
from medalist.families.compete.kit.parts.columns import date_parts
from medalist.families.compete.kit.parts.folds import time_folds
from medalist.machine.hardware import Hardware

CPU = Hardware(2, (0, 1), 8 << 30, (), "", "", "")
DAYS = pd.Series(pd.date_range("2020-01-01", periods=300, freq="D"))


def test_days_and_months_are_not_swapped() -> None:
    written = DAYS.dt.strftime("%d/%m/%Y").to_frame("when")
    parts = date_parts(written, ["when"])
    assert parts["when_month"].tolist() == DAYS.dt.month.tolist()
    assert parts["when_days"].tolist() == list(range(300))
    folds = time_folds(written["when"], 5, day_first=True)
    assert (np.diff(np.flatnonzero(folds == 0)) > 1).sum() == 3  # four unbroken stretches


@pytest.mark.parametrize("split", ["plain", "time"])
def test_scripts_read_what_exploring_noted(tmp_path: Path, split: str) -> None:
    shuffled = DAYS.sample(frac=1.0, random_state=0).reset_index(drop=True)
    table = pd.DataFrame({"id": range(300), "when": shuffled.dt.strftime("%d/%m/%Y %H:%M")})
    table["sold"] = shuffled.dt.month + 0.01 * shuffled.dt.day
    table[:200].to_csv(tmp_path / "train.csv", index=False)
    table[200:].drop(columns="sold").to_csv(tmp_path / "test.csv", index=False)
    table.loc[200:, ["id"]].assign(sold=0.0).to_csv(tmp_path / "sample_submission.csv", index=False)
    settings = {"metric": "rmse", "split": split, **({"time_column": "when"} if split == "time" else {})}
    facts = explore(tmp_path, settings)
    assert facts.day_first == ("when",)
    for recipe in tabular.drafts(facts, CPU, 60)[:3]:
        code = tabular.scripts(facts, recipe)["train.py"]
        (tmp_path / "train.py").write_text(code)
        script = runpy.run_path(str(tmp_path / "train.py"))
        train, test = script["load_tables"](tmp_path)
        features = script["build_features"](pd.concat([train, test], join="inner", ignore_index=True))
        if "when_month" in features:
            assert features["when_month"].tolist() == shuffled.dt.month.tolist()
        folds = script["split_rows"](train, script["read_target"](train))
        expected = time_folds(shuffled[:200], 5)
        assert (split == "time") == (folds == expected).all()
