"""Folds follow the way test was cut from the whole: by group, by time, by whole days, or at random."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from medalist.families.compete.explore_split import Split, find_split, group_of
from medalist.families.compete.explore_tables import describe

N = 240


def split_of(train: pd.DataFrame, test: pd.DataFrame, problem: str = "binary") -> Split:
    return find_split(train, test, describe(train, test, {}), problem)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def noise(random: np.random.Generator, n: int = N, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"x": random.normal(size=n), "count": random.integers(0, 9, n), **columns})


def test_groups_that_never_span_the_split_are_kept_whole(random):
    groups = np.repeat(np.arange(120), 2)
    whole = noise(random, id=[f"{group:04d}_{k % 2:02d}" for k, group in enumerate(groups)])
    for_test = np.isin(groups, random.permutation(120)[:30])
    split = split_of(whole[~for_test], whole[for_test])
    assert (split.scheme, split.group_column, split.group_rule) == ("grouped", "id", "prefix:_")
    assert group_of(whole["id"], split.group_rule).nunique() == 120


@pytest.mark.parametrize("write", [int, "shop {}".format])
def test_whole_values_may_be_groups(random, write):
    shops = random.integers(0, 40, N)
    whole = noise(random, shop=[write(shop) for shop in shops])
    assert split_of(whole[shops >= 10], whole[shops < 10]).group_column == "shop"


def test_groups_on_both_sides_need_no_grouping(random):
    whole = noise(random, store=random.integers(0, 12, N))
    assert split_of(whole[:180], whole[180:]).scheme == "stratified"
    assert split_of(whole[:180], whole[180:], "regression").scheme == "plain"


def test_values_that_are_all_their_own_are_no_groups(random):
    whole = noise(random, serial=random.permutation(N), name=[f"n-{k}" for k in random.permutation(N)])
    assert split_of(whole[:180], whole[180:]).scheme == "stratified"


@pytest.mark.parametrize(
    "days",
    [
        pd.date_range("2020-01-01", periods=N).astype(str),
        pd.date_range("2020-01-01", periods=N).strftime("%d/%m/%Y"),
        pd.date_range("2020-01-01", periods=N, freq="h").astype(str),
    ],
    ids=["iso", "day first", "hours"],
)
def test_a_test_after_the_train_is_split_by_time(random, days):
    whole = noise(random, when=days)
    split = split_of(whole[:180], whole[180:])
    assert (split.scheme, split.time_column) == ("time", "when")


def test_numbers_called_like_a_time_count_as_one(random):
    whole = noise(random, week=np.arange(N) // 4)
    assert split_of(whole[:180], whole[180:]).scheme == "time"
    assert (
        split_of(
            whole[:180].rename(columns={"week": "size"}), whole[180:].rename(columns={"week": "size"})
        ).scheme
        != "time"
    )


def test_a_date_that_does_not_order_the_split_leaves_it_at_random(random):
    whole = noise(
        random, born=pd.date_range("1950-01-01", periods=N, freq="ME").astype(str)[random.permutation(N)]
    )
    assert split_of(whole[:180], whole[180:]).scheme == "stratified"


def test_test_days_that_follow_the_train_days_of_each_month(random):
    hours = pd.date_range("2011-01-01", "2011-12-31", freq="3h")
    whole = noise(random, len(hours), datetime=hours.astype(str))
    early = hours.day <= 19
    split = split_of(whole[early], whole[~early], "regression")
    assert (split.scheme, split.group_column, split.group_rule) == ("grouped", "datetime", "prefix: ")
    assert "whole days" in split.reason
    assert group_of(whole["datetime"], split.group_rule).nunique() == 365


def test_one_row_a_day_needs_no_grouping_by_day(random):
    days = pd.date_range("2011-01-01", "2011-12-31")
    whole = noise(random, len(days), date=days.astype(str))
    split = split_of(whole[days.day <= 19], whole[days.day > 19], "regression")
    assert (split.scheme, split.time_column) == ("plain", "date")
