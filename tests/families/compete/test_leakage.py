"""Leaks planted in a table are named; a clean table has none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from medalist.families.compete.leakage import find_leaks

N = 400


@pytest.fixture
def clean() -> pd.DataFrame:
    random = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "id": random.permutation(N),
            "x": random.normal(size=N),
            "z": random.normal(size=N),
            "colour": random.choice(["red", "blue"], N),
            "y": random.integers(0, 2, N),
        }
    )


def leaks(train: pd.DataFrame, test: pd.DataFrame | None = None) -> list[str]:
    features = [name for name in train.columns if name not in {"id", "y"}]
    return find_leaks(train, test, ["y"], "id", features)


def test_a_clean_table_has_none(clean):
    assert leaks(clean, clean.drop(columns="y").assign(x=clean["x"] + 1)) == []


def test_an_id_that_carries_the_label(clean):
    clean["id"] = [f"img_{k + 1000 * y}" for k, y in enumerate(clean["y"])]
    assert any("number in id goes with y" in leak for leak in leaks(clean))


def test_rows_sorted_by_the_label(clean):
    found = leaks(clean.sort_values("y").reset_index(drop=True))
    assert any("sorted by y" in leak for leak in found)


def test_a_column_that_is_the_target_in_another_form(clean):
    found = leaks(clean.assign(verdict=clean["y"].map({0: "lost", 1: "won"}), copy=clean["y"] * 3.0))
    assert any("verdict" in leak for leak in found)
    assert any("copy" in leak for leak in found)


def test_one_cut_that_separates_the_classes(clean):
    noise = np.random.default_rng(0).random(N)
    assert any("One cut through score" in leak for leak in leaks(clean.assign(score=clean["y"] * 2 + noise)))


def test_a_number_that_orders_a_regression_target(clean):
    clean["y"] = clean["x"] ** 3 + 7
    assert any("x alone orders" in leak for leak in leaks(clean))


def test_rows_that_are_in_both_tables(clean):
    found = leaks(clean, clean.drop(columns="y").head(100))
    assert any("100 of 100 test rows" in leak for leak in found)


def test_twins_inside_train_with_unlike_targets(clean):
    twins = pd.concat([clean, clean.head(50).assign(y=1 - clean["y"].head(50))], ignore_index=True)
    assert any("twin" in leak and "unlike" in leak for leak in leaks(twins))
