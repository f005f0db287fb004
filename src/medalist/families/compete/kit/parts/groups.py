"""Features of a row's group: its size, the place in it, and what the other members look like."""

from __future__ import annotations

import pandas as pd


def group_key(column: pd.Series, separator: str = "") -> pd.Series:
    """The group that each row belongs to: the value, or what stands before the ``separator``."""
    key = column.map(str)
    return key.str.split(separator).str[0] if separator else key


def group_size_and_place(key: pd.Series) -> pd.DataFrame:
    """How many training and test rows share the row's group, and the row's place among them."""
    size = key.map(key.value_counts()).astype(float)
    place = key.groupby(key, sort=False).cumcount().astype(float)
    return pd.DataFrame({"group_size": size, "group_place": place})


def others_in_group(key: pd.Series, features: pd.DataFrame) -> pd.DataFrame:
    """Means of numeric features over the group's other members, and how many names each group has.

    Means are missing for groups of one.
    """
    numeric = features.select_dtypes("number")
    present = numeric.notna()
    known = present.groupby(key, sort=False).transform("sum") - present
    total = numeric.groupby(key, sort=False).transform("sum") - numeric.fillna(0.0)
    blocks = [(total / known.where(known > 0)).add_prefix("others_")]
    named = features.select_dtypes("category").apply(lambda column: column.cat.codes)
    if named.shape[1]:
        different = named.groupby(key, sort=False).transform("nunique").astype(float)
        blocks.append(different.add_prefix("group_values_"))
    frame = pd.concat(blocks, axis=1)
    return frame.loc[:, frame.nunique() > 1]
