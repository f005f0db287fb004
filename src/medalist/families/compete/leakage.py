"""What in the data gives the answer away, or bends validation (SPEC K8). Child process only: needs pandas.

Findings are sentences for ``Facts.leaks``. Nothing is changed here: a column that test lacks is
dropped by the explorer, the rest is for a person (and the checks over scripts) to weigh.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medalist.families.compete.frames import Frame, Series, pd

_SAMPLE_ROWS = 20_000
_STRONG_RANK = 0.25
_FEWEST_ROWS = 100
_PERFECT = 0.9995


def find_leaks(
    train: Frame,
    test: Frame | None,
    targets: Sequence[str],
    id_column: str | None,
    features: Sequence[str],
) -> list[str]:
    """Sentences, most serious first; [] when nothing was found."""
    found: list[str] = []
    sample = train if len(train) <= _SAMPLE_ROWS else train.sample(_SAMPLE_ROWS, random_state=0)
    for target in targets[:5]:
        code = target_code(sample[target])
        found += _order_leaks(sample, id_column, code, target)
        found += [s for name in features if (s := _feature_leak(sample[name], code, name, target))]
    found += _duplicates(train, test, targets, features)
    return found


def target_code(target: Series) -> Series:
    """The target as numbers, words by the place of their first occurrence in sorted order."""
    numeric = pd.to_numeric(target, errors="coerce")
    if numeric.notna().sum() == target.notna().sum():
        return numeric.astype(float)
    return pd.Series(pd.factorize(target, sort=True)[0], index=target.index).astype(float)


def _order_leaks(sample: Frame, id_column: str | None, code: Series, target: str) -> list[str]:
    """The id's number, or the row's place in the file (the index), that goes with the target."""
    if len(sample) < _FEWEST_ROWS:
        return []
    found = []
    strength = rank_correlation(sample.index.to_series(), code)
    if abs(strength) > _STRONG_RANK:
        found.append(
            f"Rows are sorted by {target} (rank correlation {strength:+.2f}): never cut folds in file order."
        )
    if id_column in sample.columns:
        digits = sample[id_column].astype(str).str.extract(r"(\d{1,15})", expand=False)
        strength = rank_correlation(pd.to_numeric(digits, errors="coerce"), code)
        if abs(strength) > _STRONG_RANK:
            found.append(
                f"The number in {id_column} goes with {target} (rank correlation {strength:+.2f}): "
                "an id should tell nothing."
            )
    return found


def rank_correlation(a: Series, b: Series) -> float:
    """Spearman's correlation over rows where both are there; 0 when either is constant."""
    there = a.notna() & b.notna()
    x, y = a[there].rank().to_numpy(), b[there].rank().to_numpy()
    if len(x) < 10 or x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def _feature_leak(cells: Series, code: Series, name: str, target: str) -> str:
    """A column that alone determines the target."""
    there = cells.notna() & code.notna()
    if there.sum() < 50 or there.mean() < 0.5:
        return ""
    cells, code = cells[there], code[there]
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        if abs(rank_correlation(cells, code)) > _PERFECT:
            return f"{name} alone orders the rows as {target} does; it may be the target in another form."
        if code.nunique() == 2 and _separates(cells.to_numpy(float), code.to_numpy()):
            return f"One cut through {name} separates the classes of {target} (nearly) perfectly."
        return ""
    if cells.nunique() > 0.5 * len(cells) or code.nunique() > 0.5 * len(code):
        return ""
    pairs = pd.DataFrame({"cell": cells.to_numpy(), "code": code.to_numpy()}).value_counts()
    purity = pairs.groupby(level="cell").max().sum() / len(code)
    usual = code.value_counts(normalize=True).iloc[0]
    if purity > _PERFECT and usual < 0.99:
        return f"Each value of {name} goes with one value of {target}; it may be the target in another form."
    return ""


def _separates(values: np.ndarray, code: np.ndarray) -> bool:
    """Whether the AUC of a column against two classes is (nearly) 0 or 1."""
    positive = code == code.max()
    ranks = pd.Series(values).rank().to_numpy()
    n1, n0 = positive.sum(), (~positive).sum()
    area = (ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
    return bool(max(area, 1 - area) > _PERFECT)


def _duplicates(
    train: Frame, test: Frame | None, targets: Sequence[str], features: Sequence[str]
) -> list[str]:
    """Equal feature rows on both sides of the split, or inside train."""
    shared = [f for f in features if test is None or f in test.columns]
    if len(shared) < 2:
        return []
    found = []
    hashes = _row_hashes(train[shared])
    if test is not None:
        both = int(_row_hashes(test[shared]).isin(set(hashes)).sum())
        if both > 0.005 * len(test) and both >= 5:
            found.append(f"{both} of {len(test)} test rows equal a training row in every feature.")
    twice = hashes.duplicated(keep=False)
    if twice.sum() > 0.01 * len(train) and twice.sum() >= 10:
        sides = (
            train.loc[twice, list(targets)].astype(str).agg("|".join, axis=1).groupby(hashes[twice]).nunique()
        )
        odd = f", {int((sides > 1).sum())} of them with unlike targets" if (sides > 1).any() else ""
        found.append(
            f"{int(twice.sum())} training rows have a twin{odd}; folds that part twins flatter a model."
        )
    return found


def _row_hashes(frame: Frame) -> Series:
    """One number a row, equal for equal rows, also where train holds whole numbers and test fractions."""
    numeric = frame.select_dtypes(["number", "bool"]).columns
    return pd.util.hash_pandas_object(frame.astype(dict.fromkeys(numeric, "float64")), index=False)
