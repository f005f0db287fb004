"""Writing the submission: the sample's columns and order, our predictions."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medalist.families.compete.kit.parts.reading import read_table


def label_column(codes: np.ndarray, classes: list[str], name: str) -> pd.DataFrame:
    """Class codes (n,) as the classes' own names, in one column."""
    return pd.DataFrame({name: np.array(classes, dtype=object)[codes]})


def ranked_column(chances: np.ndarray, classes: list[str], name: str, most: int) -> pd.DataFrame:
    """The ``most`` likeliest classes of each row of chances (n, k), best first, blanks between."""
    best = np.argsort(-chances, axis=1, kind="stable")[:, :most]
    return pd.DataFrame({name: [" ".join(row) for row in np.array(classes, dtype=object)[best]]})


def value_columns(prediction: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Numbers (n,) or (n, k) under these column names."""
    return pd.DataFrame(prediction.reshape(len(prediction), -1), columns=names)


def write_submission(
    predictions: pd.DataFrame,
    test: pd.DataFrame,
    id_column: str | None,
    columns: list[str],
    sample_path: Path | None,
    sample_options: dict[str, Any],
) -> None:
    """Writes ``submission.csv``: ``columns`` in order, rows as in the sample where there is one.

    Rows are matched by ``id_column`` where test and sample both have it, else they keep the test
    file's order. Other columns that the sample holds are copied from it, or numbered.
    """
    sample = read_table(sample_path, {**sample_options, "dtype": str}) if sample_path else None
    ids = test[id_column].map(str) if id_column in test else None
    if sample is not None and ids is not None and id_column in sample and not ids.duplicated().any():
        place = ids.reset_index(drop=True).reset_index().set_index(id_column)["index"]
        if sample[id_column].isin(place.index).all():
            predictions = predictions.iloc[place.loc[sample[id_column]]].reset_index(drop=True)
            ids = sample[id_column]
    result = predictions.copy()
    for name in columns:
        if name in result:
            continue
        if ids is not None and name == id_column:
            result[name] = ids.to_numpy()
        elif sample is not None and name in sample and len(sample) == len(result):
            result[name] = sample[name].to_numpy()
        else:
            result[name] = np.arange(len(result))
    result[columns].to_csv("submission.csv", index=False)
    print(f"submission.csv: {len(result)} rows", flush=True)
