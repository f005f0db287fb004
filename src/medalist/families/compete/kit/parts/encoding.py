"""Encoders that are fitted inside each fold, on its training rows only."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)


def name_columns(features: pd.DataFrame, more_than: int = 0) -> list[str]:
    """The categorical columns with more than so many values."""
    named = features.select_dtypes("category").columns
    return [name for name in named if features[name].nunique() > more_than]


def number_columns(features: pd.DataFrame) -> list[str]:
    """The numeric columns."""
    return list(features.select_dtypes("number").columns)


def skewed_columns(features: pd.DataFrame) -> list[str]:
    """Non-negative numeric columns with a long tail, which are better seen through log(1 + x)."""
    names = number_columns(features)
    return [name for name in names if features[name].min() >= 0 and features[name].skew() > 0.75]


def calendar_columns(features: pd.DataFrame) -> list[str]:
    """Months, weekdays and hours, which linear models take as names rather than as amounts."""
    return [name for name in number_columns(features) if name.endswith(("_month", "_day_of_week", "_hour"))]


def scaled(first_step: Any) -> Pipeline:
    """A step, then zero mean and unit variance, with the far tails cut at four deviations."""
    cut = FunctionTransformer(np.clip, kw_args={"a_min": -4.0, "a_max": 4.0})
    return make_pipeline(first_step, StandardScaler(), cut)


def target_means(values: bool, seed: int) -> TargetEncoder:
    """Names as the mean target of their rows (a share a class where ``values`` is False), cross-fitted.

    What the target is must be said: left to guess, scikit-learn takes whole numbers for classes.
    """
    folds = KFold if values else StratifiedKFold
    takes_splitters = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)
    how = {"cv": folds(5, shuffle=True, random_state=seed)} if takes_splitters else {"random_state": seed}
    return TargetEncoder(target_type="continuous" if values else "auto", **how)


def one_hot_and_scaled(features: pd.DataFrame, values: bool, seed: int) -> ColumnTransformer:
    """For linear models, kernels and networks: numbers scaled, names one-hot and as target means.

    ``values`` says that the target is an amount, not a class.

    Numbers: median where missing, with a flag; long tails through log(1 + x). Names: one-hot, values
    seen less than five times pooled; those of more than four values also as target means, which
    are cross-fitted within the training rows.
    """
    skewed = skewed_columns(features)
    others = [name for name in number_columns(features) if name not in skewed]
    median = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    above_nought = FunctionTransformer(np.clip, kw_args={"a_min": 0.0, "a_max": None})
    one_hot = OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist", sparse_output=False)
    return ColumnTransformer(
        [
            ("logs", scaled(make_pipeline(median, above_nought, FunctionTransformer(np.log1p))), skewed),
            ("numbers", scaled(median), others),
            ("names", one_hot, name_columns(features) + calendar_columns(features)),
            ("means", scaled(target_means(values, seed)), name_columns(features, 4)),
        ]
    )


def codes_and_medians(features: pd.DataFrame) -> ColumnTransformer:
    """For forests: categories as codes, medians where numbers are missing."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median", keep_empty_features=True), number_columns(features)),
            ("names", codes, name_columns(features)),
        ]
    )
