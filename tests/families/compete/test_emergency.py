"""The first submissions of an attempt: the sample's own values before exploring, then a constant, then better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import medalist
from medalist.core.errors import InputError
from medalist.core.event import read_events

pytestmark = pytest.mark.slow


def write_table(folder: Path, target: object) -> Path:
    """A small table; the sample's values are valid, and wrong."""
    random = np.random.default_rng(0)
    table = pd.DataFrame({"id": range(400), "x": random.normal(size=400).round(3)})
    table["kind"] = np.where(table.x > 0, "high", "low") if target is None else target
    folder.mkdir()
    table[:300].to_csv(folder / "train.csv", index=False)
    table[300:].drop(columns="kind").to_csv(folder / "test.csv", index=False)
    table.loc[300:, ["id"]].assign(kind=table.kind[0]).to_csv(folder / "sample_submission.csv", index=False)
    return folder


def submissions(run: Path) -> list[str]:
    (path,) = run.glob("*/events.jsonl")
    return [event.data["candidate"] for event in read_events(path) if event.kind == "submitted"]


def test_the_sample_then_the_constant_then_better(tmp_path: Path) -> None:
    folder = write_table(tmp_path / "table", None)
    result = medalist.compete(folder, time="15s", metric="accuracy", out=tmp_path / "run")
    assert submissions(tmp_path / "run")[:2] == ["sample", "c00"]
    assert result.validation_score is not None


def test_a_folder_that_cannot_be_explored_keeps_the_sample(tmp_path: Path) -> None:
    folder = write_table(tmp_path / "table", "always")
    with pytest.raises(InputError, match="nothing to learn"):
        medalist.compete(folder, time="15s", metric="accuracy", out=tmp_path / "run")
    assert submissions(tmp_path / "run") == ["sample"]
    (submission,) = (tmp_path / "run").glob("*/submission/submission.csv")
    assert submission.read_text() == (folder / "sample_submission.csv").read_text()
