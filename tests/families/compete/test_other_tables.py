"""Competitions whose training table is no CSV file: JSON, and images that carry their labels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

from medalist.core.errors import InputError
from medalist.families.compete.delimited import read_rows
from medalist.families.compete.explore_folder import explore
from medalist.families.compete.facts import Facts
from medalist.families.compete.family import family
from medalist.families.compete.kit import constant, image, tabular
from medalist.families.compete.kit.parts.other_tables import labelled_images
from medalist.families.compete.scoring import read_score, scoring_command
from medalist.machine.hardware import Hardware

CPU = Hardware(2, (0, 1), 8 << 30, (), "", "", "")


def solve(workspace: Path, public: Path, facts: Facts, scripts: dict[str, str], name: str) -> pd.DataFrame:
    """Run a candidate's scripts as a person would, away from the package; its submission."""
    folder = workspace / "candidates" / name
    folder.mkdir(parents=True)
    for script, text in scripts.items():
        assert "import medalist" not in text
        (folder / script).write_text(text)
    for script in ("train.py", "predict.py"):
        command = [sys.executable, "-I", script, "--data", str(public)]
        environment = {**os.environ, "OMP_NUM_THREADS": "2"}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    sample = pd.read_csv(public / str(facts.sample_file), dtype=str)
    submission = pd.read_csv(folder / "submission.csv", dtype=str)
    assert list(submission.columns) == list(sample.columns)
    assert list(submission.iloc[:, 0]) == list(sample.iloc[:, 0])
    return submission


def validation_score(workspace: Path, public: Path, facts: Facts, name: str) -> float:
    """What Medalist's own scoring says of a candidate."""
    (workspace / "facts.json").write_text(facts.as_json())
    command = scoring_command(f"candidates/{name}", public=str(public))
    done = subprocess.run([sys.executable, *command], cwd=workspace, capture_output=True, text=True)
    score = read_score(
        type("Ended", (), {"returncode": done.returncode, "output": done.stdout + done.stderr})
    )
    assert score.value is not None, done.stdout + done.stderr
    return score.value


def digit_images(public: Path, layout: str) -> np.ndarray:
    """Two digits as pictures in one of the layouts; the test images' labels."""
    digits = load_digits(n_class=3)
    names = np.array(["nought", "one", "two"])[digits.target]
    public.mkdir()
    counts: dict[str, int] = {}
    for number, (pixels, name) in enumerate(zip(digits.images[:450], names[:450], strict=True)):
        place = public / "test" / f"{number}.png"
        if number >= 90:
            counts[name] = counts.get(name, 0) + 1
            inside = f"{name}/{counts[name]}.png" if "folders" in layout else f"{name}.{counts[name]}.png"
            place = public / "train" / inside
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 15.9).astype("uint8")).save(place)
    sample = pd.DataFrame({"id": np.arange(90), "label": "one"})
    sample.to_csv(public / "sample_submission.csv", index=False)
    if "zip" in layout:
        for part in ("train", "test"):
            files = sorted((public / part).rglob("*.png"))
            with zipfile.ZipFile(public / f"{part}.zip", "w") as archive:
                for file in files:
                    archive.write(file, file.relative_to(public))
            for file in files:
                file.unlink()
            for folder in sorted((public / part).rglob("*"), reverse=True):
                folder.rmdir()
            (public / part).rmdir()
    return names[:90]


@pytest.mark.parametrize("layout", ["folders", "names", "folders in a zip", "names in a zip"])
def test_images_that_carry_their_labels_are_learned(tmp_path: Path, layout: str) -> None:
    public = tmp_path / "public"
    hidden = digit_images(public, layout)
    facts = explore(public, {"metric": "accuracy"})
    assert (facts.modality, facts.problem, facts.targets) == ("image", "multiclass", ("label",))
    assert facts.classes == ("nought", "one", "two")
    assert facts.image is not None
    assert (facts.image.column, facts.image.count_train, facts.image.count_test) == ("image", 360, 90)
    assert facts.rows_train == 360
    assert not facts.leaks
    solve(tmp_path, public, facts, constant.scripts(facts), "c00")
    recipe = image.drafts(facts, CPU, 60)[0]
    submission = solve(tmp_path, public, facts, image.scripts(facts, recipe), "c01")
    assert (submission.label == hidden).mean() > 0.9
    assert validation_score(tmp_path, public, facts, "c01") > 0.9
    task = family.open(public, {"metric": "accuracy"}).task
    assert family.validate(task, tmp_path / "candidates" / "c01" / "submission.csv").valid


def test_labels_need_two_classes_and_plain_names() -> None:
    assert labelled_images(["a1b2.png", "77c3.png"]) == []
    assert labelled_images(["img_1.png", "img_2.png"]) == []
    assert sorted(labelled_images(["cat.1.jpg", "dog.1.jpg"])) == [("cat.1.jpg", "cat"), ("dog.1.jpg", "dog")]


def test_the_order_of_images_tells_nothing_of_their_labels() -> None:
    members = [f"{label}/{number}.png" for label in ("a", "b") for number in range(200)]
    labels = [label for _, label in labelled_images(members)]
    assert 60 < labels[:200].count("a") < 140


SHAPES = {
    "records": lambda rows: json.dumps(rows),
    "lines": lambda rows: "\n".join(map(json.dumps, rows)),
    "columns": lambda rows: json.dumps({n: {str(i): r[n] for i, r in enumerate(rows)} for n in rows[0]}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_json_tables_are_learned(tmp_path: Path, shape: str) -> None:
    public = tmp_path / "public"
    public.mkdir()
    whole = load_breast_cancer(as_frame=True).frame.iloc[:, -12:]
    whole.insert(0, "request_id", [f"t3_{number}" for number in range(len(whole))])
    whole["target"] = whole["target"] == 1
    rows = whole.to_dict("records")
    for number, row in enumerate(rows):
        row["lists"] = ["plain", "words"][: number % 3]
        row["none"] = None if number % 2 else 'with "quotes", commas\nand lines'
    train, test = rows[150:], [{k: v for k, v in row.items() if k != "target"} for row in rows[:150]]
    (public / "train.json").write_text(SHAPES[shape](train))
    (public / "test.json").write_text(SHAPES[shape](test))
    sample = pd.DataFrame({"request_id": [row["request_id"] for row in test], "target": 0})
    sample.to_csv(public / "sampleSubmission.csv", index=False)
    facts = explore(public, {"metric": "roc_auc"})
    assert (facts.train_file, facts.test_file) == ("train.json", "test.json")
    assert (facts.rows_train, facts.rows_test, facts.id_column) == (419, 150, "request_id")
    assert facts.classes == ("False", "True")
    solve(tmp_path, public, facts, constant.scripts(facts), "c00")
    recipe = tabular.drafts(facts, CPU, 60)[0]
    solve(tmp_path, public, facts, tabular.scripts(facts, recipe), "c01")
    assert validation_score(tmp_path, public, facts, "c01") > 0.95
    task = family.open(public, {"metric": "roc_auc"}).task
    assert family.validate(task, tmp_path / "candidates" / "c01" / "submission.csv").valid


@pytest.mark.parametrize("text", ["[1, 2]", "[]", "{", "", '[{"a": 1}, 2]'])
def test_json_that_is_no_table_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(InputError, match=r"train\.json is not a well-formed table"):
        next(read_rows(tmp_path / "train.json"))
