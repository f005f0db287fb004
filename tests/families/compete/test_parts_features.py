"""Feature parts on small frames: what each makes of the cells that competitions hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from medalist.families.compete.kit.parts import columns, encoding, groups, texts


def test_numbers_reads_through_blanks_and_words() -> None:
    found = columns.numbers(pd.DataFrame({"a": ["1", " ", "NA", "2.5", None]}))
    assert found["a"].isna().tolist() == [False, True, True, False, True]
    assert found["a"].sum() == 3.5


def test_flags_and_categories_keep_missing_apart() -> None:
    table = pd.DataFrame({"vip": [True, None, False], "town": ["York", np.nan, "Bath"]})
    assert columns.flags(table[["vip"]])["vip"].tolist()[::2] == [1.0, 0.0]
    assert columns.flags(table[["vip"]])["vip"].isna().tolist() == [False, True, False]
    assert columns.categories(table[["town"]])["town"].isna().tolist() == [False, True, False]


def test_dates_give_hour_weekday_and_a_trend_but_nothing_constant() -> None:
    when = pd.Series(["2025-03-01 05:00:00", "2025-03-02 17:00:00", "2025-03-03 23:00:00"])
    found = columns.date_parts(when.to_frame("t"))
    assert found["t_hour"].tolist() == [5, 17, 23]
    assert found["t_day_of_week"].tolist() == [5, 6, 0]
    assert found["t_days"].tolist() == pytest.approx([0, 1.5, 2.75])
    assert "t_year" not in found


@pytest.mark.parametrize(
    ("values", "mark"),
    [(["B/0/P", "A/12/S", None], "/"), (["0001_01", "0002_01"], "_"), (["plain", "words"], None)],
)
def test_the_separator_is_found(values: list[str | None], mark: str | None) -> None:
    assert columns.find_separator(pd.Series(values)) == mark


def test_strings_are_split_into_numbers_and_names() -> None:
    found = columns.string_parts(pd.DataFrame({"cabin": ["B/0/P", "A/12/S", None]}))
    assert found["cabin_2"].tolist()[:2] == [0.0, 12.0]
    assert found["cabin_1"].tolist()[:2] == ["B", "A"]
    assert found.isna().iloc[2].all()


def test_names_give_family_size_and_title() -> None:
    found = columns.name_parts(
        pd.DataFrame({"n": ["Braund, Mr. Owen", "Braund, Mrs. Ida", "Heikkinen, Miss. Laina"]})
    )
    assert found["n_family_size"].tolist() == [2, 2, 1]
    assert found["n_title"].tolist() == ["Mr", "Mrs", "Miss"]


def test_amounts_are_totalled_only_where_they_are_often_nought() -> None:
    rng = np.random.default_rng(0)
    spent = np.where(rng.random((200, 3)) < 0.5, 0, rng.gamma(1, 100, (200, 3)))
    table = pd.DataFrame(spent, columns=["a", "b", "c"]).assign(age=rng.normal(40, 9, 200))
    found = columns.amount_totals(table)
    assert np.allclose(found["amounts_total"], table[["a", "b", "c"]].sum(axis=1))
    assert columns.amount_totals(table[["age"]]).shape == (200, 0)


def test_years_are_subtracted() -> None:
    table = pd.DataFrame({"built": [1990, 2001.0], "sold": [2008, 2009.0], "area": [80.0, 95.0]})
    assert columns.year_differences(table).to_dict("list") == {"sold_minus_built": [18.0, 8.0]}


def test_frequencies_count_over_all_rows() -> None:
    table = pd.DataFrame({"c": [*list("abcdefghij"), "a", None]})
    assert columns.frequencies(table, at_least=10)["c_count"].tolist() == [2.0, *[1.0] * 9, 2.0, 0.0]


def test_others_in_group_leave_the_row_itself_out() -> None:
    key = groups.group_key(pd.Series(["1_1", "1_2", "2_1"]), "_")
    features = pd.DataFrame({"age": [30.0, 10.0, 50.0], "town": pd.Categorical(["x", "y", "x"])})
    assert groups.group_size_and_place(key).to_dict("list") == {
        "group_size": [2, 2, 1],
        "group_place": [0, 1, 0],
    }
    found = groups.others_in_group(key, features)
    assert found["others_age"].tolist()[:2] == [10.0, 30.0]
    assert np.isnan(found["others_age"].iloc[2])
    assert found["group_values_town"].tolist() == [2, 2, 1]


def test_target_means_never_see_their_own_row() -> None:
    rng = np.random.default_rng(0)
    names = pd.DataFrame({"noise": pd.Categorical(rng.integers(0, 300, 600).astype(str))})
    target = rng.normal(size=600)
    encoder = encoding.one_hot_and_scaled(names, values=True, seed=0)
    means = encoder.fit_transform(names, target)[:, -1]
    assert abs(np.corrcoef(means, target)[0, 1]) < 0.2


def test_whole_amounts_are_not_taken_for_classes() -> None:
    names = pd.DataFrame({"town": pd.Categorical(list("abcdefgh") * 20)})
    whole = np.arange(160.0)
    means = encoding.one_hot_and_scaled(names, values=True, seed=0).fit_transform(names, whole)
    broken = encoding.one_hot_and_scaled(names, values=True, seed=0).fit_transform(names, whole + 0.5)
    assert means.shape == broken.shape == (160, 8 + 1)


def test_linear_encoding_is_finite_and_bounded_even_for_new_values() -> None:
    train = pd.DataFrame(
        {"a": [1.0, 1e9, np.nan, 3] * 5, "b": pd.Categorical(["x", "y", None, "x"] * 5), "e": np.nan}
    )
    later = pd.DataFrame({"a": [-5.0, 1e12], "b": pd.Categorical(["z", None]), "e": [1.0, 2.0]})
    encoder = encoding.one_hot_and_scaled(train, values=True, seed=0)
    encoder.fit_transform(train, np.arange(20.0))
    found = encoder.transform(later)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 4


def test_texts_are_cleaned_and_short_columns_tagged() -> None:
    table = pd.DataFrame({"t": ["See http://t.co/x @me 42", None], "k": ["wild%20fire", None]})
    found = texts.joined_text(table[["t"]], table[["k"]])
    assert "weblink" in found[0]
    assert "mention" in found[0]
    assert "00" in found[0]
    assert "k_wild k_fire" in found[0]
    assert found[1].strip(" .") == ""


def test_text_statistics_count_marks_and_capitals() -> None:
    found = texts.text_statistics(pd.DataFrame({"t": ["WOW! #yes", "quiet", None]}))
    assert found["t_capitals"].tolist() == [3, 0, 0]
    assert found["t_hashtags"].tolist() == [1, 0, 0]
