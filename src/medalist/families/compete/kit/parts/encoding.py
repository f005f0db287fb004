"""Encoders that are fitted inside each fold, on its training rows only."""

from __future__ import annotations

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PowerTransformer, TargetEncoder


def name_columns(features: pd.DataFrame, more_than: int = 0) -> list[str]:
    """The categorical columns with more than so many values."""
    named = features.select_dtypes("category").columns
    return [name for name in named if features[name].nunique() > more_than]


def number_columns(features: pd.DataFrame) -> list[str]:
    """The numeric columns."""
    return list(features.select_dtypes("number").columns)


def few_valued(features: pd.DataFrame, at_most: int = 20) -> list[str]:
    """Numeric columns of a few different values, which linear models can also take as names."""
    names = number_columns(features)
    return [name for name in names if 2 < features[name].nunique() <= at_most]


def target_encoded(features: pd.DataFrame, more_than: int, seed: int) -> ColumnTransformer:
    """Replaces categories of many values by target means, cross-fitted within the training rows."""
    encoder = TargetEncoder(random_state=seed)
    wide = name_columns(features, more_than)
    encoded = ColumnTransformer(
        [("means", encoder, wide)], remainder="passthrough", verbose_feature_names_out=False
    )
    return encoded.set_output(transform="pandas")


def one_hot_and_scaled(features: pd.DataFrame, seed: int, means: bool = True) -> ColumnTransformer:
    """For linear models, kernels and networks: numbers made roughly normal, names one-hot.

    Numbers: median where missing, with a flag, then Yeo-Johnson and scaling. Names, and numbers of
    few values: one-hot, values seen less than five times pooled. With ``means`` also the
    cross-fitted target mean of each category.
    """
    numeric = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), PowerTransformer(standardize=True)
    )
    one_hot = OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist", sparse_output=False)
    steps = [
        ("numbers", numeric, number_columns(features)),
        ("names", one_hot, name_columns(features) + few_valued(features)),
    ]
    if means and name_columns(features, 4):
        encoder = make_pipeline(TargetEncoder(random_state=seed), PowerTransformer(standardize=True))
        steps.append(("means", encoder, name_columns(features, 4)))
    return ColumnTransformer(steps)


def codes_and_medians(features: pd.DataFrame) -> ColumnTransformer:
    """For forests: categories as codes, medians where numbers are missing."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median", add_indicator=True), number_columns(features)),
            ("names", codes, name_columns(features)),
        ]
    )
