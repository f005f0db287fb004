"""A whole attempt at a folder of images beside a table: both are needed, and both are used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import medalist
from medalist.core.event import read_events

pytestmark = pytest.mark.slow


def test_what_sees_table_and_images_stands_in_the_end(photos, tmp_path: Path) -> None:
    """The price follows the red share of the image and the hour in the table; either alone leaves much open."""
    result = medalist.compete(photos.public, time="25s", out=tmp_path / "run")
    (path,) = (tmp_path / "run").glob("*/events.jsonl")
    events = list(read_events(path))
    (explored,) = (event.data["facts"] for event in events if event.kind == "explored")
    assert explored["modality"] == "mixed"
    made = {event.data["candidate"]: event.data for event in events if event.kind == "candidate_created"}
    kits = {candidate["recipe"].get("kit") for candidate in made.values() if candidate["recipe"]}
    assert {"tabular", "image"} <= kits
    assert any(
        candidate["recipe"]["options"].get("blocks") is not None
        for candidate in made.values()
        if candidate["recipe"].get("kit") == "image"
    )
    assert result.submission is not None
    submission = pd.read_csv(result.submission)
    assert list(submission["Id"]) == list(pd.read_csv(photos.public / "sample_submission.csv")["Id"])
    error = np.sqrt(np.mean((submission["price"] - photos.answers) ** 2))
    hour_alone = 10 * np.sqrt(1 / 12)
    assert error < 0.35 * hour_alone
    assert result.validation_score == pytest.approx(error, rel=0.4)
