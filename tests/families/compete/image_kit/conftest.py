"""Small real competitions of images, and a way to run the kit's scripts on them."""

from __future__ import annotations

import io
import os
import runpy
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from medalist.families.compete.facts import Column, Facts, ImageFacts
from medalist.families.compete.kit import image
from medalist.families.compete.recipes import Recipe
from medalist.machine.hardware import Gpu, Hardware

CPU = Hardware(2, (0, 1), 8 << 30, (), "", "", "")


@dataclass(frozen=True)
class Competition:
    """A public folder, its facts, and the hidden answers of its test rows."""

    public: Path
    facts: Facts
    answers: np.ndarray

    def recipe(self, estimator: str, **options: object) -> Recipe:
        """The kit's draft of this estimator, with some options changed."""
        found = next(
            r
            for r in image.drafts(self.facts, CPU, 120)
            if r.estimator == estimator and "blocks" not in r.options
        )
        return self.changed(found, **options)

    def changed(self, recipe: Recipe, **options: object) -> Recipe:
        """The recipe with some options changed."""
        return replace(recipe, options={**recipe.options, **options})

    def write(self, recipe: Recipe) -> Path:
        """The candidate's folder with its scripts."""
        folder = self.public.parent / "candidates" / recipe.estimator
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in image.scripts(self.facts, recipe).items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    def train(self, folder: Path, *arguments: str) -> np.ndarray:
        """Runs train.py; the out-of-fold predictions."""
        run_script(folder, "train.py", "--data", str(self.public), *arguments)
        oof = np.load(folder / "artifacts" / "oof.npz")
        assert len(oof["prediction"]) == len(oof["fold"]) == self.facts.rows_train
        return oof["prediction"]

    def predict(self, folder: Path) -> pd.DataFrame:
        """Runs predict.py; the submission, whose form is checked."""
        run_script(folder, "predict.py", "--data", str(self.public))
        assert np.isfinite(np.load(folder / "artifacts" / "test.npz")["prediction"]).all()
        submission = pd.read_csv(folder / "submission.csv", dtype={self.facts.id_column or "": str})
        assert tuple(submission.columns) == self.facts.submission_columns
        assert len(submission) == self.facts.rows_test
        return submission

    def solve(self, recipe: Recipe, *arguments: str) -> pd.DataFrame:
        folder = self.write(recipe)
        self.train(folder, *arguments)
        return self.predict(folder)


def encode(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, kind)
    return data.getvalue()


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def digits(public: Path, rows: int = 500, test_rows: int = 100) -> Competition:
    """Handwritten digits: 8 x 8 grey PNG files in zips, ten classes, accuracy."""
    public.mkdir(parents=True)
    images, labels = load_digits(return_X_y=True)
    pixels = (images.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
    names = [f"n{number:04d}.png" for number in range(rows + test_rows)]
    data = {name: encode(image) for name, image in zip(names, pixels, strict=False)}
    write_zip(public / "train.zip", {f"train/{n}": data[n] for n in names[:rows]})
    write_zip(public / "test.zip", {f"test/{n}": data[n] for n in names[rows:]})
    pd.DataFrame({"id": names[:rows], "digit": labels[:rows]}).to_csv(public / "train.csv", index=False)
    sample = pd.DataFrame({"id": names[rows:], "digit": 0})
    sample.to_csv(public / "sample_submission.csv", index=False)
    facts = Facts(
        modality="image",
        problem="multiclass",
        metric="accuracy",
        direction="max",
        train_file="train.csv",
        test_file=None,
        sample_file="sample_submission.csv",
        rows_train=rows,
        rows_test=test_rows,
        id_column="id",
        targets=("digit",),
        submission_columns=("id", "digit"),
        prediction="label",
        classes=tuple("0123456789"),
        columns=(Column("id", "image", rows),),
        image=ImageFacts("id", "train.zip", "test.zip", "", 8, 8, 1, rows, test_rows),
        split="stratified",
    )
    return Competition(public, facts, labels[rows : rows + test_rows].astype(str))


def blots(public: Path, rows: int = 240, test_rows: int = 60) -> Competition:
    """Coloured photos of varying size in folders; a red share to predict, and columns beside the images."""
    random = np.random.default_rng(3)
    share = random.uniform(0, 1, rows + test_rows)
    for part in ("train", "test"):
        (public / "photos" / part).mkdir(parents=True)
    for number, red in enumerate(share):
        height, width = random.integers(48, 90, 2)
        pixels = random.integers(0, 90, (height, width, 3))
        pixels[: int(red * height), :, 0] += 150
        part = "train" if number < rows else "test"
        (public / "photos" / part / f"p{number}.jpg").write_bytes(encode(pixels.astype(np.uint8), "JPEG"))
    table = pd.DataFrame({"Id": [f"p{n}" for n in range(rows + test_rows)]})
    table["hour"] = random.integers(0, 24, len(table))
    table["camera"] = random.choice(["a", "b", "c"], len(table))
    table["price"] = 10 * share + 0.2 * table.hour + random.normal(0, 0.2, len(table))
    table[:rows].to_csv(public / "train.csv", index=False)
    table[rows:].drop(columns="price").to_csv(public / "test.csv", index=False)
    table[rows:][["Id"]].assign(price=0.0).to_csv(public / "sample_submission.csv", index=False)
    facts = Facts(
        modality="mixed",
        problem="regression",
        metric="rmse",
        direction="min",
        train_file="train.csv",
        test_file="test.csv",
        sample_file="sample_submission.csv",
        rows_train=rows,
        rows_test=test_rows,
        id_column="Id",
        targets=("price",),
        submission_columns=("Id", "price"),
        prediction="value",
        columns=(
            Column("Id", "image", rows),
            Column("hour", "numeric", 24),
            Column("camera", "categorical", 3),
        ),
        image=ImageFacts("Id", "photos/train", "photos/test", ".jpg", 64, 64, 3, rows, test_rows, False),
        split="plain",
        target_minimum=0.0,
    )
    return Competition(public, facts, table.price[rows:].to_numpy())


def multilabel(competition: Competition) -> Competition:
    """The blots again, with two yes-or-no targets instead of a price."""
    path = competition.public / "train.csv"
    train = pd.read_csv(path)
    train["red"] = (train.price > train.price.median()).astype(int)
    train["late"] = (train.hour > 11).astype(int)
    train[["Id", "red", "late"]].to_csv(path, index=False)
    sample = pd.read_csv(competition.public / "sample_submission.csv")
    sample[["Id"]].assign(red=0.5, late=0.5).to_csv(competition.public / "sample_submission.csv", index=False)
    facts = replace(
        competition.facts,
        modality="image",
        problem="multilabel",
        metric="mean_columnwise_roc_auc",
        direction="max",
        targets=("red", "late"),
        submission_columns=("Id", "red", "late"),
        prediction="multilabel_probabilities",
        columns=competition.facts.columns[:1],
        target_minimum=None,
    )
    return Competition(competition.public, facts, competition.answers)


def run_script(folder: Path, script: str, *arguments: str) -> None:
    """Runs a candidate's script as its own program would, in this process to save the imports."""
    before, argv = Path.cwd(), sys.argv
    os.chdir(folder)
    sys.argv = [script, *arguments]
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        os.chdir(before)
        sys.argv = argv


@pytest.fixture
def cpu() -> Hardware:
    """Two cores and no GPU."""
    return CPU


@pytest.fixture
def with_gpu() -> Hardware:
    """Sixteen cores and a GPU, described, not there."""
    return Hardware(16, tuple(range(16)), 64 << 30, (Gpu(0, "A10", 24 << 30),), "", "", "")


@pytest.fixture
def number_images(tmp_path: Path) -> Competition:
    return digits(tmp_path / "public")


@pytest.fixture
def photos(tmp_path: Path) -> Competition:
    return blots(tmp_path / "public")


@pytest.fixture
def labelled_photos(photos: Competition) -> Competition:
    return multilabel(photos)
