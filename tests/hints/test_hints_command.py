"""`medalist hints`: names, fixes and exit statuses, on real files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from medalist.apps.cli_hints import app
from medalist.hints.learned import LearnedHints

_CASES = Path(__file__).parent / "cases"


def _run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("hint_id", "status"),
    [
        ("mixup-drop-last", 1),
        ("loss-outside-autocast", 1),
        ("scaler-before-split", 1),
        ("augmentation-on-validation", 1),
        ("text-labels", 1),
        ("batch-of-32", 0),
        ("no-monitoring-lines", 0),
    ],
)
def test_check_names_the_mistake_and_its_fix(hint_id: str, status: int) -> None:
    code, output = _run("check", _CASES / hint_id / "bad.py", "--json")
    report = json.loads(output)
    assert code == status
    assert hint_id in {finding["hint_id"] for finding in report["findings"]}
    assert all(finding["fix"] and finding["line"] for finding in report["findings"])


def test_check_of_a_clean_script_says_so() -> None:
    code, output = _run("check", _CASES / "batch-of-32" / "clean.py")
    assert (code, "nothing" in output) == (0, True)


def test_check_mends_into_another_file(tmp_path: Path) -> None:
    target = tmp_path / "mended.py"
    code, output = _run("check", _CASES / "index-in-submission" / "bad.py", "--fix", target)
    assert code == 1
    assert "index-in-submission" in output
    assert "index=False" in target.read_text()
    assert _run("check", target)[0] == 0


def test_text_labels_are_seen_in_the_data_beside_the_script(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import pandas as pd, torch\nt = pd.read_csv('train.csv')\ny = torch.tensor(t['kind'].values)\n"
    )
    (tmp_path / "train.csv").write_text("a,kind\n1,cat\n2,dog\n")
    assert "text-labels" in _run("check", script, "--json")[1]
    (tmp_path / "train.csv").write_text("a,kind\n1,0\n2,1\n")
    assert "text-labels" not in _run("check", script, "--json")[1]


@pytest.mark.parametrize("verb", ["check", "explain"])
def test_unreadable_input_is_a_sentence(verb: str, tmp_path: Path) -> None:
    binary = tmp_path / "weights.pt"
    binary.write_bytes(b"PK\0\1\2")
    for path, word in ((tmp_path / "missing.py", "no such file"), (tmp_path, "folder"), (binary, "binary")):
        code, output = _run(verb, path)
        assert code == 2
        assert word in output
        assert "Traceback" not in output


@pytest.mark.parametrize("text", ["def f(:\n", "x = (1\n", "print 'two'\n", "\tx\n y\n"])
def test_a_syntax_error_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text(text)
    code, output = _run("check", script)
    assert code == 2
    assert "line " in output


def test_an_unwritable_place_for_the_mended_file_is_told(tmp_path: Path) -> None:
    code, output = _run("check", _CASES / "index-in-submission" / "bad.py", "--fix", tmp_path / "no" / "x.py")
    assert (code, "cannot be written" in output) == (2, True)


def test_explain_answers_from_the_book_and_from_what_was_learned(tmp_path: Path) -> None:
    store, log = tmp_path / "hints.sqlite", tmp_path / "train.log"
    LearnedHints(store).add("ZebraError: stripes", "Count them.", "run a", now=0.0)
    log.write_text("ZebraError: stripes\nCUDA out of memory\n")
    code, output = _run("explain", log, "--store", store, "--json")
    assert code == 0
    assert [f["hint_id"] for f in json.loads(output)["findings"]] == ["learned-1", "out-of-memory"]
    log.write_text("all is well\n")
    assert _run("explain", log, "--store", store)[0] == 1


def test_list_export_learned_promote_and_drop(tmp_path: Path) -> None:
    store, text = tmp_path / "hints.sqlite", tmp_path / "hints.txt"
    assert "scaler-before-split" in _run("list")[1]
    assert "scaler-before-split" in _run()[1]
    assert len(json.loads(_run("list", "mixup", "--json")[1])["hints"]) >= 1
    assert _run("export", "--to", text)[0] == 0
    assert len(text.read_text().splitlines()) >= 400
    assert "Nothing learned" in _run("learned", "--store", store)[1]
    LearnedHints(store).add("ZebraError: stripes", "Count them.", "run a", now=0.0)
    assert "promoted" in _run("promote", "1", "--store", store)[1]
    assert json.loads(_run("learned", "--store", store, "--json")[1])["learned"][0]["status"] == "promoted"
    assert "dropped" in _run("drop", "1", "--store", store)[1]
    assert _run("drop", "7", "--store", store)[0] == 2
