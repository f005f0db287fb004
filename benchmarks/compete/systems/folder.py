"""What every peer is given: the tables of a competition folder, and a submission written for it.

Runs inside each peer's own environment, so it needs pandas and nothing of Medalist.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass
class Folder:
    """A competition as a table: features of both parts (id dropped), the target, and how it is judged."""

    train: pd.DataFrame
    test: pd.DataFrame
    target: str
    ids: pd.Series
    id_column: str
    metric: str
    sample: pd.DataFrame


@dataclass
class Request:
    """The command line of a peer's script."""

    folder: Folder
    seconds: float
    seed: int
    cores: int
    out: Path
    scratch: Path


def read_request() -> Request:
    """Parse ``--folder --seconds --seed --cores --out --scratch`` and read the folder."""
    parser = argparse.ArgumentParser()
    for name, kind in (
        ("folder", Path),
        ("seconds", float),
        ("seed", int),
        ("cores", int),
        ("out", Path),
        ("scratch", Path),
    ):
        parser.add_argument(f"--{name}", type=kind, required=True)
    given = parser.parse_args()
    return Request(
        read_folder(given.folder), given.seconds, given.seed, given.cores, given.out, given.scratch
    )


def read_folder(path: Path) -> Folder:
    """Read a folder's tables; images become 32 x 32 x 3 pixel columns, for these peers take tables only."""
    meta = json.loads((path / "meta.json").read_text())
    public = path / "prepared" / "public"
    keep = {"keep_default_na": False, "na_values": [""]}
    train, test = pd.read_csv(public / "train.csv", **keep), pd.read_csv(public / "test.csv", **keep)
    target, id_column = meta["target_columns"][0], meta["id_column"]
    if (public / "train.zip").exists():
        train = pd.concat([train, _pixels(public / "train.zip", train[id_column])], axis=1)
        test = pd.concat([test, _pixels(public / "test.zip", test[id_column])], axis=1)
    return Folder(
        train=train.drop(columns=id_column),
        test=test.drop(columns=id_column),
        target=target,
        ids=test[id_column],
        id_column=id_column,
        metric=meta["metric"],
        sample=pd.read_csv(public / "sample_submission.csv"),
    )


def _pixels(archive: Path, names: pd.Series) -> pd.DataFrame:
    from PIL import Image

    with zipfile.ZipFile(archive) as images:
        by_name = {Path(entry).name: entry for entry in images.namelist()}
        rows = [
            np.asarray(
                Image.open(io.BytesIO(images.read(by_name[name]))).convert("RGB").resize((32, 32))
            ).ravel()
            for name in names
        ]
    return pd.DataFrame(np.stack(rows), columns=[f"pixel_{i}" for i in range(rows[0].size)])


def write_submission(
    folder: Folder, out: Path, *, labels=None, probabilities: pd.DataFrame | None = None
) -> None:
    """Write predictions in the sample's shape: class columns, one probability, or labels and values."""
    columns = [name for name in folder.sample.columns if name != folder.id_column]
    result = pd.DataFrame({folder.id_column: folder.ids})
    if probabilities is not None and len(columns) > 1:
        by_name = {str(name): probabilities[name] for name in probabilities.columns}
        for name in columns:
            result[name] = by_name[name].to_numpy()
    elif probabilities is not None:
        result[columns[0]] = probabilities.iloc[:, -1].to_numpy()
    else:
        result[columns[0]] = np.asarray(labels)
    result.to_csv(out, index=False)


PROBABILITY_METRICS = ("roc_auc", "log_loss")
LABEL_METRICS = ("accuracy", "f1")
ORDINAL_METRIC = "quadratic_weighted_kappa"


def round_to_labels(values: np.ndarray, known: pd.Series) -> np.ndarray:
    """The nearest known label for each predicted value of an ordinal target."""
    labels = np.sort(known.unique())
    return labels[np.abs(np.asarray(values)[:, None] - labels[None, :]).argmin(axis=1)]
