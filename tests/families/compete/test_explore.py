"""What exploring finds in folders with the traps that real ones have; run in this process but for one."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn import datasets

from medalist.core.errors import InputError
from medalist.families.compete.explore import explore_command, refuse_failed
from medalist.families.compete.explore_folder import explore
from medalist.families.compete.facts import Facts


def look(folder: Path, **settings: str) -> Facts:
    facts = explore(folder / "prepared" / "public", settings)
    assert Facts.from_json(facts.as_json()).as_json() == facts.as_json()
    reread(folder / "prepared" / "public", facts)
    return facts


def reread(public: Path, facts: Facts) -> pd.DataFrame:
    """The training table by the options that the facts promise to work."""
    frame = pd.read_csv(public / facts.train_file, **facts.csv_options[facts.train_file])
    for column in facts.columns:
        if column.kind == "numeric":
            assert pd.api.types.is_numeric_dtype(frame[column.name].dtype), column.name
        assert int(frame[column.name].isna().sum()) >= column.missing
    return frame


def kinds(facts: Facts) -> dict[str, str]:
    return {column.name: column.kind for column in facts.columns}


def table(n: int = 200, seed: int = 0, **columns: object) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame({"id": range(n), "x": random.normal(size=n).round(3), **columns})


def parts(whole: pd.DataFrame, target: str, rows_test: int = 60) -> dict[str, pd.DataFrame]:
    train, test = whole[:-rows_test], whole[-rows_test:].drop(columns=target)
    return {"train": train, "test": test, "sample_submission": test[["id"]].assign(**{target: 0})}


def test_a_plain_table(make_folder, binary_frames):
    binary_frames.pop("answers")
    facts = look(make_folder(**binary_frames), metric="roc_auc")
    assert (facts.problem, facts.prediction, facts.id_column, facts.targets) == (
        "binary",
        "probability",
        "id",
        ("label",),
    )
    assert (facts.classes, facts.split, facts.constant_score) == (("0", "1"), "stratified", 0.5)
    assert (facts.rows_train, facts.rows_test, facts.modality) == (300, 100, "tabular")
    assert kinds(facts) == {"id": "id", "x": "numeric", "colour": "categorical"}


def test_as_a_process_it_writes_facts_and_a_report(make_folder, binary_frames, tmp_path):
    binary_frames.pop("answers")
    folder = make_folder(**binary_frames)
    command = explore_command("facts.json", {"metric": "f1"}, public=str(folder / "prepared" / "public"))
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert Facts.read(tmp_path / "facts.json").metric == "f1"
    assert "**binary** on tabular data" in (tmp_path / "EXPLORE.md").read_text()


def test_a_refusal_crosses_processes_as_the_same_error(make_folder, tmp_path):
    folder = make_folder(train="id,label\n1,1\n2,1\n", test="id\n3\n", sample_submission="id,label\n3,0\n")
    command = explore_command("facts.json", {}, public=str(folder / "prepared" / "public"))
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    ended = type("Ended", (), {"returncode": done.returncode, "output": done.stdout})()
    with pytest.raises(InputError, match="only the value") as caught:
        refuse_failed(ended)
    assert caught.value.next_step
    assert "Traceback" not in done.stderr


def test_numbers_with_blank_strings_and_words_for_missing_are_numbers(make_folder):
    whole = table(y=np.arange(200) % 7 * 1.5)
    whole["charges"] = [" " if k % 9 == 0 else f"{k / 3:.2f}" for k in range(200)]
    whole["age"] = ["NA" if k % 5 == 0 else str(k) for k in range(200)]
    whole["quality"] = ["NA" if k % 5 == 0 else "good" for k in range(200)]
    facts = look(make_folder(**parts(whole, "y")), metric="rmse")
    assert kinds(facts) == {
        "id": "id",
        "x": "numeric",
        "charges": "numeric",
        "age": "numeric",
        "quality": "categorical",
    }
    by_name = {c.name: c for c in facts.columns}
    assert by_name["age"].missing == 28
    assert by_name["quality"].missing == 0, "NA is a category there"
    assert by_name["quality"].unique == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(make_folder, encoding, separator):
    whole = table(city=[["Köln", "Málaga", "Århus"][k % 3] for k in range(200)], y=np.arange(200) % 2)
    files = {
        name: frame.to_csv(index=False, sep=separator).encode(encoding)
        for name, frame in parts(whole, "y").items()
    }
    folder = make_folder(**files)
    facts = look(folder, metric="accuracy")
    assert facts.targets == ("y",)
    assert set(reread(folder / "prepared" / "public", facts)["city"]) == {"Köln", "Málaga", "Århus"}


def test_mixed_encodings_are_read_and_said(make_folder):
    whole = table(city=[["Köln", "Málaga", "Århus"][k % 3] for k in range(200)], y=np.arange(200) % 2)
    files = {name: frame.to_csv(index=False).encode() for name, frame in parts(whole, "y").items()}
    files["train"] = files["train"].replace("Köln".encode(), "Köln".encode("cp1252"), 3)
    facts = look(make_folder(**files), metric="accuracy")
    assert any("mixes encodings" in doubt for doubt in facts.doubts)


def test_decimal_commas(make_folder):
    whole = table(y=np.linspace(0, 9, 200).round(2))
    whole["x"] = np.linspace(1.001, 3.999, 200).round(3)
    files = {n: f.to_csv(index=False, sep=";", decimal=",").encode() for n, f in parts(whole, "y").items()}
    folder = make_folder(**files)
    facts = look(folder, metric="mae")
    assert reread(folder / "prepared" / "public", facts)["x"].between(1, 4).all(), "1,234 is a fraction here"
    assert facts.target_maximum == pytest.approx(6.29)


def test_commas_for_thousands(make_folder):
    whole = table(y=np.arange(200) % 2, price=[f"{1000 + 37 * k:,}" for k in range(200)])
    folder = make_folder(**parts(whole, "y"))
    facts = look(folder, metric="roc_auc")
    assert reread(folder / "prepared" / "public", facts)["price"].between(1000, 9000).all()


def test_columns_that_test_lacks_are_dropped_and_named(make_folder):
    whole = table(y=np.arange(200) % 2)
    files = parts(whole, "y")
    files["train"] = files["train"].assign(leaking=files["train"]["y"] * 3)
    facts = look(make_folder(**files), metric="roc_auc")
    assert facts.dropped == {"leaking": "not in test"}
    assert any("leaking" in leak for leak in facts.leaks)


def test_a_feature_called_target_is_a_feature(make_folder):
    whole = table(target=np.arange(200) % 5, price=np.arange(200) * 1.5)
    facts = look(make_folder(**parts(whole, "price")), metric="rmse")
    assert facts.targets == ("price",)
    assert kinds(facts)["target"] == "numeric"


def test_no_id_column(make_folder):
    whole = table(y=np.arange(200) % 2).drop(columns="id")
    train, test = whole[:140], whole[140:].drop(columns="y")
    facts = look(
        make_folder(train=train, test=test, sample_submission_null=pd.DataFrame({"y": [0] * 60})),
        metric="accuracy",
    )
    assert (facts.id_column, facts.targets, facts.submission_columns) == (None, ("y",), ("y",))


def test_an_id_that_only_the_sample_has(make_folder):
    whole = table(y=np.arange(200) % 2).drop(columns="id")
    sample = pd.DataFrame({"row_id": range(60), "y": 0})
    facts = look(
        make_folder(train=whole[:140], test=whole[140:].drop(columns="y"), sample_submission=sample),
        metric="f1",
    )
    assert (facts.id_column, facts.id_in_test, facts.targets) == ("row_id", False, ("y",))
    assert any("order" in doubt for doubt in facts.doubts)


@pytest.mark.parametrize("prefix", ["", "Status_"])
def test_class_columns_as_the_header(make_folder, prefix):
    whole = table(status=[["C", "D", "CL"][k % 3] for k in range(200)])
    files = parts(whole, "status")
    files["sample_submission"] = files["test"][["id"]].assign(
        **{f"{prefix}{c}": 1 / 3 for c in ("CL", "C", "D")}
    )
    facts = look(make_folder(**files), metric="log_loss")
    assert (facts.problem, facts.prediction, facts.targets) == (
        "multiclass",
        "class_probabilities",
        ("status",),
    )
    assert facts.classes == ("CL", "C", "D"), "in the order of the submission's columns"
    assert facts.constant_score == pytest.approx(np.log(3), abs=0.01)


def test_several_targets(make_folder):
    whole = table(a=np.arange(200) * 1.0, b=np.arange(200) * 2.0)
    train, test = whole[:140], whole[140:].drop(columns=["a", "b"])
    sample = test[["id"]].assign(a=0.0, b=0.0)
    facts = look(make_folder(train=train, test=test, sample_submission=sample), metric="mcrmse")
    assert (facts.problem, facts.targets) == ("multiregression", ("a", "b"))


def test_several_labels(make_folder):
    whole = table(toxic=np.arange(200) % 2, threat=np.arange(200) % 3 == 0)
    whole["threat"] = whole["threat"].astype(int)
    train, test = whole[:140], whole[140:].drop(columns=["toxic", "threat"])
    sample = test[["id"]].assign(toxic=0.5, threat=0.5)
    facts = look(make_folder(train=train, test=test, sample_submission=sample), metric="roc_auc")
    assert (facts.problem, facts.metric) == ("multilabel", "mean_columnwise_roc_auc")
    assert any("mean_columnwise_roc_auc" in doubt for doubt in facts.doubts)


def test_ratings_are_ordinal(make_folder):
    facts = look(make_folder(**parts(table(rating=np.arange(200) % 5), "rating")), metric="qwk")
    assert (facts.problem, facts.classes) == ("ordinal", ("0", "1", "2", "3", "4"))
    assert facts.constant_score == 0.0


def test_f1_over_many_classes_becomes_macro_with_a_doubt(make_folder):
    facts = look(make_folder(**parts(table(kind=np.arange(200) % 3), "kind")), metric="f1")
    assert facts.metric == "f1_macro"
    assert facts.doubts


def test_a_guessed_metric_is_a_doubt(make_folder):
    facts = look(make_folder(**parts(table(y=np.linspace(0, 1, 200)), "y")))
    assert facts.metric == "rmse"
    assert any("--metric" in doubt for doubt in facts.doubts)


def test_the_metric_is_read_from_the_description(make_folder):
    files = parts(table(y=np.arange(200) % 2), "y")
    facts = look(make_folder(description__md="# Evaluation\nScored on log loss.", **files))
    assert facts.metric == "log_loss"
    assert any("'log loss'" in doubt for doubt in facts.doubts)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["True", "False"], ("False", "True")),
        (["yes", "no"], ("no", "yes")),
        (["absent", "present"], ("absent", "present")),
        (["1", "0"], ("0", "1")),
        (["malignant", "benign"], ("benign", "malignant")),
    ],
)
def test_the_positive_class_comes_last(make_folder, labels, classes):
    whole = table(y=[labels[k % 3 == 0] for k in range(200)])
    facts = look(make_folder(**parts(whole, "y")), metric="f1")
    assert facts.classes == classes
    assert not any("positive" in doubt for doubt in facts.doubts)


def test_rows_without_a_target_are_left_out(make_folder):
    whole = table(y=[str(k % 2) if k % 10 else "" for k in range(200)])
    facts = look(make_folder(**parts(whole, "y")), metric="accuracy")
    assert facts.rows_train == 126
    assert any("have no target" in doubt for doubt in facts.doubts)


def test_structured_strings_and_texts(make_folder):
    random = np.random.default_rng(0)
    words = ["storm", "river", "bank", "light", "house", "field", "stone", "cloud", "north", "gate"]
    whole = table(
        cabin=[f"{'ABC'[k % 3]}/{k}/{'PS'[k % 2]}" for k in range(200)],
        review=[" ".join(random.choice(words, 12)) for _ in range(200)],
        y=np.arange(200) % 2,
    )
    facts = look(make_folder(**parts(whole, "y")), metric="roc_auc")
    assert kinds(facts)["cabin"] == "structured"
    assert kinds(facts)["review"] == "text"
    assert facts.modality == "text"


def test_several_samples_are_a_doubt(make_folder):
    files = parts(table(y=np.arange(200) % 2), "y")
    facts = look(make_folder(sample_submission_old=files["sample_submission"], **files), metric="accuracy")
    assert facts.sample_file == "sample_submission.csv"
    assert any("several files" in doubt for doubt in facts.doubts)


def test_a_table_inside_a_zip(make_folder):
    files = parts(table(y=np.arange(200) % 2), "y")
    folder = make_folder(**files)
    public = folder / "prepared" / "public"
    with zipfile.ZipFile(public / "train.csv.zip", "w") as archive:
        archive.write(public / "train.csv", "train.csv")
    (public / "train.csv").unlink()
    assert look(folder, metric="accuracy").train_file == "train.csv.zip"


@pytest.mark.parametrize("packing", ["zip", "folder", "nested"])
def test_images_in_folders_and_zips(make_folder, tmp_path, packing):
    names = [f"img_{k:03d}" for k in range(80)]
    train = pd.DataFrame({"id": [f"{n}.png" for n in names[:60]], "has_dot": [k % 2 for k in range(60)]})
    sample = pd.DataFrame({"id": [f"{n}.png" for n in names[60:]], "has_dot": 0.5})
    folder = make_folder(train=train, sample_submission=sample)
    public = folder / "prepared" / "public"
    for part, chosen in (("train", names[:60]), ("test", names[60:])):
        (tmp_path / "made" / part).mkdir(parents=True)
        for name in chosen:
            Image.new("RGB", (24, 16), (40, 80, 120)).save(tmp_path / "made" / part / f"{name}.png")
    if packing == "folder":
        (tmp_path / "made").rename(public / "images")
    for part in ("train", "test") if packing != "folder" else ():
        with zipfile.ZipFile(public / f"{part}.zip", "w") as archive:
            for image in sorted((tmp_path / "made" / part).iterdir()):
                archive.write(image, f"{part}/{image.name}")
    if packing == "nested":
        with zipfile.ZipFile(public / "all.zip", "w") as archive:
            for part in ("train", "test"):
                archive.write(public / f"{part}.zip", f"{part}.zip")
                (public / f"{part}.zip").unlink()
    facts = look(folder, metric="roc_auc")
    assert facts.modality == "image"
    assert facts.image is not None
    expected = {
        "zip": ("train.zip", "test.zip"),
        "folder": ("images/train", "images/test"),
        "nested": ("all.zip/train.zip", "all.zip/test.zip"),
    }
    assert (facts.image.train_source, facts.image.test_source) == expected[packing]
    assert (facts.image.width, facts.image.height, facts.image.channels, facts.image.suffix) == (
        24,
        16,
        3,
        "",
    )
    assert (facts.image.count_train, facts.image.count_test, facts.rows_test) == (60, 20, 20)


@pytest.mark.parametrize(
    ("load", "metric", "problem"),
    [
        (datasets.load_breast_cancer, "roc_auc", "binary"),
        (datasets.load_wine, "log_loss", "multiclass"),
        (datasets.load_diabetes, "rmse", "regression"),
        (datasets.load_digits, "accuracy", "multiclass"),
    ],
)
def test_real_tables(make_folder, load, metric, problem):
    frame = (
        load(as_frame=True)
        .frame.sample(frac=1, random_state=0)
        .reset_index(drop=True)
        .reset_index(names="id")
    )
    facts = look(make_folder(**parts(frame, "target", len(frame) // 4)), metric=metric)
    assert (facts.problem, facts.split) == (problem, "plain" if problem == "regression" else "stratified")
    assert facts.constant_score is not None
    assert facts.leaks == ()


def test_settings_come_first(make_folder):
    whole = table(y=np.arange(200) % 2, other=np.arange(200) % 3, shop=np.arange(200) % 9)
    facts = look(
        make_folder(**parts(whole, "y")),
        metric="accuracy",
        targets="other",
        group_column="shop",
        modality="mixed",
    )
    assert (facts.targets, facts.split, facts.group_column, facts.modality) == (
        ("other",),
        "grouped",
        "shop",
        "mixed",
    )


@pytest.mark.data
def test_the_real_competitions(competitions_folder):
    for folder in sorted(competitions_folder.iterdir()):
        meta = json.loads((folder / "meta.json").read_text())
        facts = explore(folder / "prepared" / "public", {})
        assert (facts.metric, facts.direction) == (meta["metric"], meta["direction"])
        assert (facts.id_column, list(facts.targets)) == (meta["id_column"], meta["target_columns"])
        assert (facts.rows_train, facts.rows_test) == (meta["n_train"], meta["n_test"])
