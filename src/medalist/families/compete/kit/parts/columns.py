"""Feature parts for tables: each turns columns of training and test rows into new columns.

None of them looks at the target, so they may see all rows before the split. Each takes a DataFrame
of the columns that it works on and returns a DataFrame with the same index.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def numbers(columns: pd.DataFrame) -> pd.DataFrame:
    """Columns as floats; blank strings and other text become missing."""
    return columns.apply(pd.to_numeric, errors="coerce").astype(float)


def flags(columns: pd.DataFrame) -> pd.DataFrame:
    """Two-valued columns as 0.0, 1.0 or missing, in the order of the values' names."""
    result = pd.DataFrame(index=columns.index)
    for name in columns:
        codes, _ = pd.factorize(columns[name].map(str, na_action="ignore"), sort=True)
        result[name] = np.where(codes < 0, np.nan, codes)
    return result


def categories(columns: pd.DataFrame) -> pd.DataFrame:
    """Columns of names as pandas categories; missing stays missing."""
    result = {name: columns[name].map(str, na_action="ignore").astype("category") for name in columns}
    return pd.DataFrame(result, index=columns.index)


def as_dates(cells: pd.Series, day_first: bool) -> pd.Series:
    """Dates, NaT where a cell is none; ``day_first`` for those written like 31/12/2020."""
    return pd.to_datetime(cells, errors="coerce", dayfirst=day_first)


def date_parts(columns: pd.DataFrame, day_first: Sequence[str] = ()) -> pd.DataFrame:
    """Year, month, day, weekday, hour and so on of dates, and days since the first one.

    ``day_first`` names the columns written like 31/12/2020. Parts that are the same in every row
    are left out.
    """
    result = {}
    for name in columns:
        when = as_dates(columns[name], name in day_first)
        parts = when.dt
        result[f"{name}_days"] = (when - when.min()).dt.total_seconds() / 86400
        for part in ("year", "month", "day", "day_of_week", "day_of_year", "hour", "minute"):
            result[f"{name}_{part}"] = getattr(parts, part).astype(float)
    frame = pd.DataFrame(result, index=columns.index)
    return frame.loc[:, frame.nunique() > 1]


def string_parts(columns: pd.DataFrame) -> pd.DataFrame:
    """The parts of structured strings such as ``B/0/P``: numbers as floats, names as categories.

    The separator is the mark that splits nearly all values of a column into the same number of parts.
    """
    result = {}
    for name in columns:
        text = columns[name].map(str, na_action="ignore")
        separator = find_separator(text)
        if separator is None:
            continue
        parts = text.str.split(separator, expand=True)
        for position in parts.columns:
            part = parts[position]
            as_number = pd.to_numeric(part, errors="coerce")
            known = part.notna().sum()
            if as_number.notna().sum() > 0.9 * known:
                result[f"{name}_{position + 1}"] = as_number.astype(float)
            elif part.nunique() <= max(50, 0.05 * known):
                result[f"{name}_{position + 1}"] = part.astype("category")
    return pd.DataFrame(result, index=columns.index)


def find_separator(text: pd.Series) -> str | None:
    """The mark that occurs equally often in at least 90 % of the values, or None."""
    known = text.dropna()
    for mark in "/_-|:;,. ":
        counts = known.str.count(f"[{mark}]")
        if len(counts) and counts.median() >= 1 and (counts == counts.median()).mean() >= 0.9:
            return mark
    return None


def name_parts(columns: pd.DataFrame) -> pd.DataFrame:
    """Titles (a word with a full stop) in names of people, and how many rows share the last word."""
    result = {}
    for name in columns:
        text = columns[name].map(str, na_action="ignore")
        family = text.str.split(",").str[0].str.split().str[-1]
        result[f"{name}_family_size"] = family.map(family.value_counts()).astype(float)
        title = text.str.extract(r"\b([A-Za-z]+)\.(?:\s|$)", expand=False)
        if 0 < title.nunique() <= 50 and title.notna().mean() > 0.5:
            result[f"{name}_title"] = title.astype("category")
    return pd.DataFrame(result, index=columns.index)


def is_amount(values: pd.Series) -> bool:
    """Whether numbers are amounts: never negative, often nought, and of many different values."""
    often_zero = (values == 0).sum() > 0.3 * values.notna().sum()
    return bool(values.min() >= 0 and often_zero and values.nunique() > 20)


def is_year(values: pd.Series) -> bool:
    """Whether numbers are years: nearly all from 1800 to 2100."""
    inside = values.between(1800, 2100).sum() >= 0.95 * values.notna().sum()
    return bool(inside and values.nunique() > 1)


def amount_totals(columns: pd.DataFrame) -> pd.DataFrame:
    """Totals over amounts: non-negative numbers that are often nought, such as what somebody spent.

    Empty where fewer than two columns are of that kind.
    """
    amounts = columns[[name for name in columns if is_amount(columns[name])]]
    if amounts.shape[1] < 2:
        return pd.DataFrame(index=columns.index)
    total = amounts.sum(axis=1)
    result = {"amounts_total": total, "amounts_used": (amounts > 0).sum(axis=1).astype(float)}
    result["amounts_largest_share"] = amounts.max(axis=1) / total.where(total > 0)
    return pd.DataFrame(result, index=columns.index)


def year_differences(columns: pd.DataFrame) -> pd.DataFrame:
    """Years between any two columns of years."""
    years = [name for name in columns if is_year(columns[name])]
    result = {}
    for place, first in enumerate(years[:6]):
        for second in years[place + 1 : 6]:
            result[f"{second}_minus_{first}"] = columns[second] - columns[first]
    return pd.DataFrame(result, index=columns.index)


def missing_counts(columns: pd.DataFrame) -> pd.DataFrame:
    """How many cells of each row are missing; empty where none is."""
    count = columns.isna().sum(axis=1).astype(float)
    return count.to_frame("missing_cells") if count.max() > 0 else pd.DataFrame(index=columns.index)


def frequencies(columns: pd.DataFrame, at_least: int) -> pd.DataFrame:
    """How many rows share each value, for columns with ``at_least`` so many values."""
    result = {}
    for name in columns:
        counts = columns[name].value_counts()
        if len(counts) >= at_least:
            result[f"{name}_count"] = columns[name].map(counts).astype(float).fillna(0.0)
    return pd.DataFrame(result, index=columns.index)
