"""Which row is validated in which fold: the same for every candidate of a competition."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from medalist.families.compete.kit.parts.columns import as_dates

# Fixed, so that out-of-fold predictions of different candidates can be compared and blended.
FOLD_SEED = 2024


def plain_folds(rows: int, folds: int) -> np.ndarray:
    """Shuffled folds, int (n,)."""
    splitter = KFold(folds, shuffle=True, random_state=FOLD_SEED)
    return number_folds(splitter.split(np.zeros(rows)), rows)


def stratified_folds(codes: np.ndarray, folds: int) -> np.ndarray:
    """Shuffled folds with the same share of each class; classes rarer than ``folds`` are pooled."""
    counts = np.bincount(codes)
    pooled = np.where(counts[codes] < folds, -1, codes)
    if 0 < (pooled == -1).sum() < folds:
        return plain_folds(len(codes), folds)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=FOLD_SEED)
    return number_folds(splitter.split(np.zeros(len(codes)), pooled), len(codes))


def grouped_folds(groups: pd.Series, folds: int, codes: np.ndarray | None = None) -> np.ndarray:
    """Folds that no group spans; with class ``codes`` the shares of classes are kept as well."""
    numbers = pd.factorize(groups.map(str))[0]
    folds = min(folds, int(numbers.max()) + 1)
    if codes is None:
        splitter = GroupKFold(folds, shuffle=True, random_state=FOLD_SEED)
        return number_folds(splitter.split(np.zeros(len(numbers)), groups=numbers), len(numbers))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=FOLD_SEED)
    return number_folds(splitter.split(np.zeros(len(numbers)), codes, numbers), len(numbers))


def time_folds(times: pd.Series, folds: int, day_first: bool = False) -> np.ndarray:
    """Folds of whole stretches of time, four stretches a fold, in turn.

    Neighbouring rows stay together, so that no row is predicted from its own hour or day, and every
    row is validated once. It does not keep a model from seeing later rows: windows that only look
    forward leave each model fewer and older rows, and the future is predicted worse.
    """
    order = as_dates(times, day_first).rank(method="first").fillna(0).to_numpy()
    stretches = np.floor(order * folds * 4 / (len(order) + 1)).astype(int)
    return stretches % folds


def number_folds(splits, rows: int) -> np.ndarray:
    """From scikit-learn's splits to the fold of each row, int (n,)."""
    fold_of_row = np.full(rows, -1)
    for number, (_, valid_rows) in enumerate(splits):
        fold_of_row[valid_rows] = number
    return fold_of_row
