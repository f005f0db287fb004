"""Submissions of every malformed kind get a sentence with a line and an example; good ones pass in any row order."""

from __future__ import annotations

from pathlib import Path

import pytest

from medalist.families.compete.metrics import find_metric
from medalist.families.compete.rules import Rules, find_rules
from medalist.families.compete.validate import validate_submission

IDS = [f"0{k}" for k in range(10, 20)]
GOOD = "id,label\n" + "".join(f"{name},{k % 2}\n" for k, name in enumerate(IDS))


@pytest.fixture
def rules_for(make_folder):
    """Rules of a two-class competition with ids that start with a zero, for any metric."""
    train = "id,x,label\n" + "".join(f"{k},{k * 2},{k % 2}\n" for k in range(40))
    test = "id,x\n" + "".join(f"{name},1\n" for name in IDS)
    sample = "id,label\n" + "".join(f"{name},0\n" for name in IDS)
    public = make_folder(train=train, test=test, sample_submission=sample) / "prepared" / "public"

    def make(metric: str) -> Rules:
        return find_rules(public, find_metric(metric) if metric else None, {})

    return make


def check(tmp_path: Path, content: str | bytes, rules: Rules):
    path = tmp_path / "submission.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return validate_submission(path, rules)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        "id,label\n" + "".join(f'"{name}","{k % 2}"\n' for k, name in enumerate(IDS[::-1])),
        GOOD.replace(",1\n", ",1.0\n"),
        GOOD.replace(",1\n", ",True\n").replace(",0\n", ",False\n"),
        GOOD + "\n\n",
    ],
    ids=["plain", "crlf", "bom", "quoted and reversed", "floats", "booleans", "blank lines at the end"],
)
def test_good_submissions_pass(tmp_path, rules_for, content):
    validation = check(tmp_path, content, rules_for("accuracy"))
    assert (validation.valid, validation.reason, validation.rows) == (True, "", 10)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 90, "PNG image"),
        (b"PK\x03\x04 zipped", "zip archive"),
        (b"id,label\n010,\0\n", "zero byte"),
        (GOOD.encode("utf-16"), "not UTF-8"),
        ("id,label\n", "10 of 10 rows are missing"),
        (GOOD.replace("label", "target"), "missing: label; not asked for: target"),
        (GOOD.replace("id,label", "label,id"), "another order"),
        (GOOD.split("\n", 1)[1], "not the header"),
        (GOOD.replace(",", ";"), "separated by ';'"),
        (GOOD.replace("013,", "012,"), "Line 5 repeats the id '012'"),
        (
            GOOD.replace("013,", "13,"),
            "which is not one of the sample's; the sample writes it '013'",
        ),
        (GOOD.replace("013,", "abc,"), "Line 5 has the id 'abc'"),
        (GOOD + "020,1\n", "Line 12 has the id '020'"),
        (GOOD.replace("019,1\n", ""), "1 of 10 rows are missing, id '019' among them"),
        (GOOD.replace("012,0", "012,"), "Line 4 has no value for label"),
        (GOOD.replace("012,0", "012,NaN"), "Line 4 has no value for label ('NaN')"),
        (GOOD.replace("012,0", "012,0,7"), "Line 4 has 3 cells, the header 2"),
        (GOOD.replace("012,0", "012"), "Line 4 has 1 cells"),
        (GOOD.replace("012,0", "012,2"), "Line 4 has '2' for label, which is no known label (such as 0, 1)"),
        (GOOD.replace("012,0", "012,0.37"), "no known label"),
        (GOOD.replace("012,0", "012,inf"), "no known label"),
    ],
)
def test_bad_submissions_are_answered_with_a_sentence(tmp_path, rules_for, content, says):
    validation = check(tmp_path, content, rules_for("accuracy"))
    assert not validation.valid
    assert says in validation.reason
    assert validation.reason.endswith((".", ")"))


@pytest.mark.parametrize(
    ("metric", "cell", "says"),
    [
        ("log_loss", "1.2", "outside 0 to 1"),
        ("log_loss", "-0.1", "outside 0 to 1"),
        ("roc_auc", "yes please", "not a finite number"),
        ("roc_auc", "inf", "not a finite number"),
        ("rmsle", "-3", "the range from 0 up"),
    ],
)
def test_numbers_must_fit_the_metric(tmp_path, rules_for, metric, cell, says):
    validation = check(tmp_path, GOOD.replace("012,0", f"012,{cell}"), rules_for(metric))
    assert not validation.valid
    assert says in validation.reason


@pytest.mark.parametrize(
    ("metric", "cell"), [("roc_auc", "1.7"), ("roc_auc", "-3"), ("rmse", "-1e9"), ("log_loss", "1e-9")]
)
def test_numbers_that_the_metric_can_take_pass(tmp_path, rules_for, metric, cell):
    assert check(tmp_path, GOOD.replace("012,0", f"012,{cell}"), rules_for(metric)).valid


def test_probabilities_are_decided_by_the_metric_and_not_by_the_samples_cells(tmp_path, rules_for):
    half = GOOD.replace(",1\n", ",0.5\n").replace(",0\n", ",0.25\n")
    assert check(tmp_path, half, rules_for("roc_auc")).valid
    assert not check(tmp_path, half, rules_for("f1")).valid


def test_what_is_no_file_is_said(tmp_path, rules_for):
    assert "does not exist" in validate_submission(tmp_path / "nothing.csv", rules_for("f1")).reason
    assert "is not a file" in validate_submission(tmp_path, rules_for("f1")).reason


def test_without_an_id_rows_are_counted(tmp_path, make_folder):
    folder = make_folder(train="x,y\n1,2\n2,4\n", test="x\n3\n4\n", sample_submission="y\n0\n0\n")
    rules = find_rules(folder / "prepared" / "public", find_metric("rmse"), {})
    assert check(tmp_path, "y\n1.5\n2.5\n", rules).valid
    assert "There are 3 rows, but 2 are asked for." in check(tmp_path, "y\n1\n2\n3\n", rules).reason


def test_without_a_sample_the_test_table_decides(tmp_path, make_folder):
    folder = make_folder(train="id,x,y\n1,2,3\n2,4,5\n", test="id,x\n3,1\n4,1\n")
    rules = find_rules(folder / "prepared" / "public", find_metric("rmse"), {})
    assert rules.columns == ("id", "y")
    assert check(tmp_path, "id,y\n4,1.5\n3,2.5\n", rules).valid
