"""Reading tables, and turning the target into numbers and back."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd


def parse_arguments(description: str) -> argparse.Namespace:
    """The command line that every ``train.py`` and ``predict.py`` here understands."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=Path("../../input"), help="the competition's folder")
    parser.add_argument("--seconds", type=float, default=None, help="finish within so many seconds")
    parser.add_argument("--resume", action="store_true", help="keep the folds that are already trained")
    return parser.parse_args()


def thread_count() -> int:
    """How many threads to use: OMP_NUM_THREADS where it is set, else all cores."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def read_table(source: Path | TextIO, options: dict[str, Any]) -> pd.DataFrame:
    """CSV as a table; ``options`` are arguments of ``pandas.read_csv`` for this file."""
    return pd.read_csv(source, low_memory=False, **options)


def read_training_table(source: Path | TextIO, options: dict[str, Any], targets: list[str]) -> pd.DataFrame:
    """The training rows that have every target, numbered from 0."""
    return read_table(source, options).dropna(subset=targets).reset_index(drop=True)


def class_codes(target: pd.Series, classes: list[str]) -> np.ndarray:
    """The position of each row's class in ``classes``, as int64 (n,).

    Classes are compared as text, numbers also by value, so that 1 and "1.0" are the same class.
    Raises ValueError for a class that is not in the list.
    """
    position = {name: code for code, name in enumerate(classes)}
    codes = target.map(str).map(position)
    if codes.isna().any():
        by_value = {float(name): code for name, code in position.items() if is_number(name)}
        codes = codes.fillna(pd.to_numeric(target, errors="coerce").map(by_value))
    if codes.isna().any():
        raise ValueError(f"unknown class {target[codes.isna()].iloc[0]!r} in column {target.name!r}")
    return codes.to_numpy(dtype=np.int64)


def is_number(text: str) -> bool:
    """Whether ``float`` can read it."""
    try:
        float(text)
    except ValueError:
        return False
    return True
