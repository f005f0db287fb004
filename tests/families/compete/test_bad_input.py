"""Input that cannot be used: always a sentence with what, where and what next, as the process a user's run starts."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from medalist.core.errors import UsageError
from medalist.families.compete import explore as door
from medalist.families.compete.family import family

TRAIN = "id,x,y\n" + "".join(f"{k},{k * 3 % 17},{k % 2}\n" for k in range(60))
TEST = "id,x\n" + "".join(f"{k},{k * 3 % 17}\n" for k in range(60, 80))
SAMPLE = "id,y\n" + "".join(f"{k},0\n" for k in range(60, 80))
BINARY = bytes(np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8))
PNG = b"\x89PNG\r\n\x1a\n" + BINARY

Change = Callable[[Path], object]


def replace(**files: str | bytes | None) -> Change:
    """A change to the public folder: new content, or None to remove."""

    def change(public: Path) -> None:
        for name, content in files.items():
            path = public / f"{name}.csv"
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return change


def zipped(name: str, *members: tuple[str, str]) -> Change:
    def change(public: Path) -> None:
        (public / "train.csv").unlink()
        with zipfile.ZipFile(public / name, "w") as archive:
            for member, content in members:
                archive.writestr(member, content)

    return change


def torn_zip(public: Path) -> None:
    (public / "train.csv").unlink()
    (public / "train.csv.zip").write_bytes(b"PK\x03\x04 torn")


def only(name: str, content: bytes) -> Change:
    def change(public: Path) -> None:
        (public / "train.csv").unlink()
        (public / name).write_bytes(content)

    return change


def folder_instead(public: Path) -> None:
    (public / "train.csv").unlink()
    (public / "train.csv").mkdir()


def images_that_no_column_names(public: Path) -> None:
    (public / "images").mkdir()
    for k in range(30):
        (public / "images" / f"photo{k}.png").write_bytes(PNG)


def images_that_are_broken(public: Path) -> None:
    (public / "train").mkdir()
    replace(train="id,y\n" + "".join(f"p{k}.png,{k % 2}\n" for k in range(40)), test=None)(public)
    for k in range(40):
        (public / "train" / f"p{k}.png").write_bytes(b"no image at all")


# (what is changed, settings, words of the answer)
CASES: dict[str, tuple[Change, dict[str, str], str]] = {
    "no training table": (replace(train=None), {}, "no training table"),
    "an empty folder": (
        replace(train=None, test=None, sample_submission=None),
        {},
        "neither a training table",
    ),
    "an empty training file": (replace(train=""), {}, "is empty"),
    "only blank lines": (replace(train="\n\n  \n"), {}, "is empty"),
    "a header and no rows": (replace(train="id,x,y\n"), {}, "header but no rows"),
    "an empty test file": (replace(test=""), {}, "is empty"),
    "a test header and no rows": (replace(test="id,x\n"), {}, "header but no rows"),
    "an empty sample": (replace(sample_submission=""), {}, "is empty"),
    "a sample with no rows": (replace(sample_submission="id,y\n"), {}, "header but no rows"),
    "random bytes": (replace(train=b"\0\1" + BINARY), {}, "binary data"),
    "a picture called train.csv": (replace(train=PNG), {}, "PNG image"),
    "a parquet file called train.csv": (replace(train=b"PAR1" + BINARY), {}, "Parquet"),
    "a workbook called train.csv": (replace(train=b"PK\x03\x04" + BINARY), {}, "zip archive or an Excel"),
    "gzip called train.csv": (replace(train=b"\x1f\x8b" + BINARY), {}, "gzip"),
    "a zero byte in the middle": (replace(train=TRAIN.replace("7,4,1", "7,\0,1")), {}, "binary data"),
    "random bytes for test": (replace(test=b"\0\1" + BINARY), {}, "binary data"),
    "more cells than the header": (replace(train=TRAIN + "9,9,1,7,7,7\n"), {}, "not a well-formed table"),
    "a quote never closed": (
        replace(train=TRAIN + '99,"never closed,1\n' + "1,2,3\n" * 5),
        {},
        "not a well-formed",
    ),
    "two columns of one name": (
        replace(train=TRAIN.replace("id,x,y", "id,y,y")),
        {},
        "two columns called 'y'",
    ),
    "a target with one class": (replace(train=TRAIN.replace(",1\n", ",0\n")), {}, "only the value '0'"),
    "a target with no value": (replace(train="id,x,y\n1,2,\n2,3,\n"), {}, "no value at all"),
    "train and test share nothing": (replace(test="a,b\n1,2\n3,4\n"), {}, "share no column"),
    "no target to be found": (replace(train=TEST, sample_submission=None), {}, "No target column"),
    "train without its target": (replace(train=TEST), {}, "No target column"),
    "words where the metric needs numbers": (
        replace(train=TRAIN.replace(",1\n", ",high\n")),
        {"metric": "rmse"},
        "needs",
    ),
    "words where ratings are needed": (
        replace(train=TRAIN.replace(",1\n", ",high\n")),
        {"metric": "qwk"},
        "needs",
    ),
    "a metric nobody knows": (replace(), {"metric": "fnord"}, "no metric called 'fnord'"),
    "a metric that is not offered": (replace(), {"metric": "dice"}, "segmentation"),
    "a target that is not there": (replace(), {"targets": "price"}, "no column 'price'"),
    "an id that is not there": (replace(), {"id_column": "key"}, "no column 'key'"),
    "a group that is not there": (replace(), {"group_column": "shop"}, "no column 'shop'"),
    "a time that is not there": (replace(), {"time_column": "day"}, "no column 'day'"),
    "a split that does not exist": (replace(), {"split": "sideways"}, "no split called 'sideways'"),
    "a grouped split without groups": (replace(), {"split": "grouped"}, "needs a column"),
    "a problem that does not exist": (replace(), {"problem": "riddle"}, "no problem called 'riddle'"),
    "a modality that does not exist": (replace(), {"modality": "smell"}, "no modality called 'smell'"),
    "a named file that is not there": (replace(), {"train": "big.csv"}, "no file big.csv"),
    "a torn zip": (torn_zip, {}, "cannot be read as a zip"),
    "a zip of two tables": (zipped("train.zip", ("a.csv", TRAIN), ("b.csv", TRAIN)), {}, "2 tables"),
    "a zip with no table": (zipped("train.csv.zip", ("a.bin", "x")), {}, "no training table"),
    "a parquet training table": (only("train.parquet", b"PAR1"), {}, "kind that is not read"),
    "an Excel training table": (only("train.xlsx", b"PK"), {}, "kind that is not read"),
    "a JSON training table": (only("train.json", b"[]"), {}, "not a well-formed table"),
    "a folder called train.csv": (folder_instead, {}, "no training table"),
    "images that no column names": (
        images_that_no_column_names,
        {},
        "no column of the training table names them",
    ),
    "images that are no images": (images_that_are_broken, {}, "cannot be read as an image"),
    "answers among the public files": (replace(answers=SAMPLE), {}, "looks like hidden answers"),
    "test labels among the public files": (replace(test_labels=SAMPLE), {}, "looks like hidden answers"),
}


def explored(folder: Path, settings: dict[str, str], cwd: Path) -> None:
    """Open the folder and explore it, as a run does. Raises what a person would read."""
    task = family.open(folder, settings).task
    command = door.explore_command(
        "facts.json", {**task.settings, "metric": task.metric}, public=str(task.public)
    )
    done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr, done.stderr
    door.refuse_failed(SimpleNamespace(returncode=done.returncode, output=done.stdout))


@pytest.mark.parametrize("name", CASES, ids=str)
def test_bad_input_is_answered_with_a_sentence(name, make_folder, tmp_path_factory):
    change, settings, words = CASES[name]
    folder = make_folder(train=TRAIN, test=TEST, sample_submission=SAMPLE)
    change(folder / "prepared" / "public")
    with pytest.raises(UsageError) as caught:
        explored(folder, settings, tmp_path_factory.mktemp("cwd"))
    error = caught.value
    assert words in error.what
    assert error.what.endswith("."), "a sentence"
    assert error.next_step, "what to do next"


def test_the_folder_itself_is_good(make_folder, tmp_path):
    explored(make_folder(train=TRAIN, test=TEST, sample_submission=SAMPLE), {}, tmp_path)


@pytest.mark.parametrize(("path", "words"), [("nowhere", "There is no folder"), ("notes.txt", "is a file")])
def test_what_is_no_folder_is_said(tmp_path, path, words):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UsageError, match=words) as caught:
        family.open(tmp_path / path, {})
    assert caught.value.next_step


@pytest.mark.parametrize("text", ["{not json", '{"metric": '])
def test_broken_meta_is_said(make_folder, text):
    folder = make_folder(beside={"meta.json": text}, train=TRAIN, test=TEST, sample_submission=SAMPLE)
    with pytest.raises(UsageError, match="not well-formed JSON"):
        family.open(folder, {})


def test_an_unwritable_place_for_the_facts_is_said(make_folder, tmp_path):
    folder = make_folder(train=TRAIN, test=TEST, sample_submission=SAMPLE)
    command = door.explore_command(
        str(tmp_path / "no" / "facts.json"), {}, public=str(folder / "prepared" / "public")
    )
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=60)
    error = json.loads(done.stdout.strip().splitlines()[-1])["error"]
    assert "cannot be read or written" in error["what"]
    assert error["next_step"]


def test_huge_cells_and_wide_tables_are_no_trouble(make_folder, tmp_path):
    names = [f"f{k}" for k in range(600)]
    train = f"id,text,{','.join(names)},y\n" + "".join(
        f"{k},{'word ' * 5000},{','.join(str((k * j) % 7) for j in range(600))},{k % 2}\n" for k in range(30)
    )
    test = f"id,text,{','.join(names)}\n" + "".join(
        f"{k},word,{','.join('1' * 600)}\n" for k in range(60, 80)
    )
    explored(make_folder(train=train, test=test, sample_submission=SAMPLE), {}, tmp_path)
