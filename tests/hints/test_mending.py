"""Mechanical fixes: the mistake is gone, nothing else changed, and the script is still Python."""

from __future__ import annotations

import ast
import difflib
from pathlib import Path

import pytest

from medalist.hints.book import load_hints
from medalist.hints.mending import mend_script
from medalist.hints.review import check_script

_CASES = Path(__file__).parent / "cases"
_MENDED = [hint.id for hint in load_hints() if hint.detector and hint.mechanical_fix]


def test_twelve_or_more_hints_mend_themselves() -> None:
    assert len(_MENDED) >= 12


@pytest.mark.parametrize("hint_id", _MENDED)
def test_the_mistake_is_gone(hint_id: str) -> None:
    code = (_CASES / hint_id / "bad.py").read_text()
    mended, applied = mend_script(code, check_script(code))
    ast.parse(mended)
    assert hint_id in applied
    assert hint_id not in {finding.hint_id for finding in check_script(mended)}


@pytest.mark.parametrize("hint_id", _MENDED)
def test_few_lines_change_and_no_comment_is_lost(hint_id: str) -> None:
    code = (_CASES / hint_id / "bad.py").read_text().replace("\n", "  # ein Wörtchen\n", 1)
    mended, _ = mend_script(code, check_script(code))
    assert "# ein Wörtchen" in mended
    removed = [
        line for line in difflib.ndiff(code.splitlines(), mended.splitlines()) if line.startswith("- ")
    ]
    assert len(removed) <= 2


def test_places_are_right_behind_letters_of_several_bytes() -> None:
    code = 'import pandas as pd\nt = pd.DataFrame()\nnäme = "größe"; t.to_csv("größe_submission.csv")\n'
    mended, applied = mend_script(code, check_script(code))
    assert applied == ("index-in-submission",)
    assert 't.to_csv("größe_submission.csv", index=False)' in mended


def test_a_header_comes_after_docstring_and_future_imports() -> None:
    code = (_CASES / "tokenizers-parallelism" / "bad.py").read_text()
    code = '"""What it does."""\nfrom __future__ import annotations\n' + code
    mended, _ = mend_script(code, check_script(code))
    ast.parse(mended)
    assert mended.index("__future__") < mended.index("TOKENIZERS_PARALLELISM") < mended.index("transformers")


def test_nothing_to_mend_leaves_the_script_alone() -> None:
    assert mend_script("x = 1\n", []) == ("x = 1\n", ())
