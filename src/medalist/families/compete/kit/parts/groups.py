"""Features of a row's group: its size, the place in it, and what the other members look like."""

from __future__ import annotations

import numpy as np
import pandas as pd


def group_key(column: pd.Series, separator: str = "") -> pd.Series:
    """The group that each row belongs to: the value, or what stands before the ``separator``."""
    key = column.map(str)
    return key.str.split(separator).str[0] if separator else key


def group_features(key: pd.Series, features: pd.DataFrame) -> pd.DataFrame:
    """Size of the row's group over training and test rows, its place, and the other members' means.

    Means of the others are taken of numeric features; for a category it is how many different
    values the group has. Missing for groups of one.
    """
    groups = features.groupby(key, sort=False, observed=True)
    size = key.map(key.value_counts()).astype(float)
    result = {"group_size": size, "group_place": groups.cumcount().astype(float)}
    numeric = features.select_dtypes("number")
    known = numeric.notna().groupby(key, sort=False).transform("sum") - numeric.notna()
    total = numeric.groupby(key, sort=False).transform("sum") - numeric.fillna(0.0)
    others = (total / known.where(known > 0)).replace([np.inf, -np.inf], np.nan)
    frame = pd.concat([pd.DataFrame(result, index=features.index), others.add_prefix("others_")], axis=1)
    named = features.select_dtypes("category").apply(lambda column: column.cat.codes)
    if named.shape[1]:
        different = named.groupby(key, sort=False).transform("nunique").astype(float)
        frame = pd.concat([frame, different.add_prefix("group_values_")], axis=1)
    return frame.loc[:, frame.nunique() > 1]
