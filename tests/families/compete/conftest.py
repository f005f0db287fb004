"""A competition's folder from a few keywords, for every test of this family."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

Content = pd.DataFrame | str | bytes


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes files into ``DIR/prepared/public`` (names with ``__`` for the dot) and answers into private."""

    def make(answers: Content | None = None, beside: dict[str, str] | None = None, **files: Content) -> Path:
        public, private = tmp_path / "prepared" / "public", tmp_path / "prepared" / "private"
        public.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write(public / f"{name.replace('__', '.') if '__' in name else name + '.csv'}", content)
        if answers is not None:
            private.mkdir(exist_ok=True)
            write(private / "answers.csv", answers)
        for name, text in (beside or {}).items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return make


def write(path: Path, content: Content) -> None:
    if isinstance(content, pd.DataFrame):
        content.to_csv(path, index=False)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_bytes(content)


@pytest.fixture
def binary_frames() -> dict[str, pd.DataFrame]:
    """train, test, sample and answers of a small two-class table with an id."""
    return binary_competition(300, 100)


def binary_competition(rows_train: int, rows_test: int) -> dict[str, pd.DataFrame]:
    random = np.random.default_rng(1)
    n = rows_train + rows_test
    x = random.normal(size=n).round(3)
    whole = pd.DataFrame(
        {
            "id": random.permutation(np.arange(1000, 1000 + n)),
            "x": x,
            "colour": random.choice(["red", "blue", "green"], n),
            "label": (x + random.normal(size=n) > 0).astype(int),
        }
    )
    train, test = whole[:rows_train], whole[rows_train:]
    return {
        "train": train,
        "test": test.drop(columns="label"),
        "sample_submission": test[["id"]].assign(label=0),
        "answers": test[["id", "label"]],
    }


@pytest.fixture
def competitions_folder() -> Path:
    """The real competitions, where a machine has them."""
    folder = Path(os.environ.get("MEDALIST_DATA", "")) / "competitions"
    if not os.environ.get("MEDALIST_DATA") or not folder.is_dir():
        pytest.skip("needs the real competitions: set MEDALIST_DATA to the folder that holds competitions/")
    return folder
