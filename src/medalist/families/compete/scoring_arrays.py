"""The validation score of a candidate, from its out-of-fold predictions. Child process only: needs NumPy."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medalist.families.compete.cells import finish, metric_truth
from medalist.families.compete.delimited import Dialect, read_rows
from medalist.families.compete.facts import Facts
from medalist.families.compete.metrics import find_metric
from medalist.families.compete.predictions import outputs_allowed

_MOST_ROWS_RESAMPLED = 20_000
_CELLS_RESAMPLED = 400_000
_RESAMPLES = (12, 60)
_LEAST_SHARE = 0.05  # of the rows; less is no validation
_WHOLE_FOLD = 0.98


def score_candidate(facts: Facts, public: Path, candidate: Path) -> dict[str, Any]:
    """The score as a JSON object (see ``scoring``); a prediction that cannot be scored has status invalid."""
    report: dict[str, Any] = {
        "value": None,
        "noise": None,
        "rows": 0,
        "folds_done": 0,
        "status": "invalid",
        "reason": "",
        "constant_score": facts.constant_score,
        "metric": facts.metric,
        "direction": facts.direction,
    }
    metric = find_metric(facts.metric)
    targets = target_cells(facts, public)
    try:
        raw, folds = _read_predictions(candidate, "oof.npz", len(targets[0]))
        if raw.ndim == 2 and raw.shape[1] == 1:
            raw = raw[:, 0]
        there = np.isfinite(raw.reshape(len(raw), -1).sum(axis=1))
        if not there.any():
            raise ValueError("no fold was predicted")
        _refuse_gaps(there, folds)
        truth = _rows_of(metric_truth(metric, targets, facts.classes), there)
        prediction = finish(metric, raw[there], facts.classes, _postprocess(candidate))
        value = metric.score(truth, prediction)
        if not np.isfinite(value):
            raise ValueError(f"the metric gave {value}")
    except ValueError as error:
        return {**report, "reason": f"The out-of-fold predictions cannot be scored: {error}."}
    folds_done = len(np.unique(folds[there])) if folds is not None else 0
    noise = _standard_error(metric.score, truth, prediction)
    return {
        **report,
        "value": value,
        "noise": noise,
        "rows": int(there.sum()),
        "folds_done": folds_done,
        "status": "scored",
    }


def _refuse_gaps(there: NDArray[np.bool_], folds: NDArray[Any] | None) -> None:
    """A score on chosen rows flatters: a fold counts whole or not at all. Raises ValueError.

    Without ``folds`` the whole table is one.
    """
    if there.mean() < _LEAST_SHARE:
        raise ValueError(f"only {int(there.sum())} of {len(there)} rows were predicted")
    fold_of_row = np.zeros(len(there)) if folds is None else folds
    if fold_of_row.shape != there.shape:
        raise ValueError(f"fold has the shape {fold_of_row.shape}, not ({len(there)},)")
    for fold in np.unique(fold_of_row[there]):
        share = there[fold_of_row == fold].mean()
        if share < _WHOLE_FOLD:
            raise ValueError(
                f"fold {fold} was predicted in part ({share:.0%} of its rows); rows that belong to none have fold -1"
            )


def fault_of_arrays(facts: Facts, public: Path, candidate: Path) -> str:
    """Why a candidate's out-of-fold and test predictions cannot be blended with others'; "" where they can."""
    try:
        oof, fold = _read_predictions(candidate, "oof.npz", len(target_cells(facts, public)[0]))
        test, _ = _read_predictions(candidate, "test.npz", facts.rows_test)
    except ValueError as error:
        return str(error)
    if fold is None or fold.shape != (len(oof),) or fold.dtype.kind not in "iuf":
        return "artifacts/oof.npz says of no row which fold it is in"
    for name, array in (("oof.npz", oof), ("test.npz", test)):
        if (0 if array.ndim == 1 else array.shape[1]) not in outputs_allowed(facts):
            wanted = " or ".join("(rows,)" if k == 0 else f"(rows, {k})" for k in outputs_allowed(facts))
            return f"artifacts/{name} has the shape {array.shape}, wanted is {wanted}"
    return "" if np.isfinite(test).all() else "artifacts/test.npz has rows without a prediction"


def target_cells(facts: Facts, public: Path) -> list[list[str]]:
    """The targets' cells of the training rows that have all of them, one list a target, as written."""
    options = facts.csv_options.get(facts.train_file, {})
    dialect = Dialect(options.get("encoding", "utf-8"), options.get("sep", ","))
    rows = read_rows(public / facts.train_file, dialect)
    header = [name.strip().lstrip("\ufeff") for name in next(rows)[1]]
    places = [header.index(target) for target in facts.targets]
    missing = [set(options.get("na_values", {}).get(target, [""])) for target in facts.targets]
    columns: list[list[str]] = [[] for _ in places]
    for _, row in rows:
        cells = [row[place] if place < len(row) else "" for place in places]
        if not any(cell in words for cell, words in zip(cells, missing, strict=True)):
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell)
    return (
        columns
        if facts.classes
        else [[_plain_number(cell, options) for cell in column] for column in columns]
    )


def _plain_number(cell: str, options: Mapping[str, Any]) -> str:
    """A number's cell without the file's own thousands separator and decimal comma."""
    if thousands := options.get("thousands"):
        cell = cell.replace(thousands, "")
    return cell.replace(options.get("decimal", "."), ".")


def _read_predictions(
    candidate: Path, name: str, rows: int
) -> tuple[NDArray[np.float64], NDArray[Any] | None]:
    """Predictions (n,) or (n, k) and the fold of each row, or None. Raises ValueError for what does not fit."""
    path = candidate / "artifacts" / name
    if not path.is_file():
        raise ValueError(f"artifacts/{name} was not written")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            prediction = np.asarray(arrays["prediction"], np.float64)
            fold = np.asarray(arrays["fold"]) if "fold" in arrays else None
    except (KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"artifacts/{name} cannot be read ({error})") from error
    if prediction.ndim not in (1, 2):
        raise ValueError(f"artifacts/{name} has the shape {prediction.shape}, not (rows,) or (rows, k)")
    if len(prediction) != rows:
        table = "training" if name == "oof.npz" else "test"
        raise ValueError(f"artifacts/{name} has {len(prediction)} rows, the {table} table {rows}")
    if np.isinf(prediction).any():
        raise ValueError(f"{int(np.isinf(prediction).sum())} predictions are infinite")
    return prediction, fold


def _postprocess(candidate: Path) -> Mapping[str, Any]:
    path = candidate / "artifacts" / "postprocess.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"kind": "none"}


def _rows_of(values: Any, chosen: NDArray[Any]) -> Any:
    """The chosen rows of an array or a list; ``chosen`` is a mask or an array of row numbers."""
    if isinstance(values, np.ndarray):
        return values[chosen]
    numbers = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
    return [values[number] for number in numbers]


def _standard_error(score: Callable[[Any, Any], float], truth: Any, prediction: Any) -> float | None:
    """Bootstrap over rows (Efron 1979), the number of resamples by what they cost; None when it cannot be had."""
    n = len(truth)
    size = min(n, _MOST_ROWS_RESAMPLED)
    random = np.random.default_rng(0)
    values = []
    for _ in range(int(np.clip(_CELLS_RESAMPLED / size, *_RESAMPLES))):
        rows = random.integers(0, n, size)
        try:
            values.append(score(_rows_of(truth, rows), _rows_of(prediction, rows)))
        except ValueError:  # a resample without one of the classes, say
            continue
    if len(values) < 8:
        return None
    return float(np.std(values, ddof=1) * np.sqrt(size / n))
