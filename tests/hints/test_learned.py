"""Learned hints: kept, counted instead of repeated, used in the next attempt, reviewed by a person."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from medalist.core.errors import InputError, StoreError
from medalist.hints.competition import competition_hints
from medalist.hints.learned import LearnedHints, default_path, signature_of

_TRACEBACK = 'Traceback (most recent call last):\n  File "/a/train.py", line {0}\nValueError: column {0} of "{1}" is odd\n'


@pytest.fixture
def hints(tmp_path: Path) -> LearnedHints:
    return LearnedHints(tmp_path / "deep" / "hints.sqlite")


def test_a_resolved_failure_answers_the_same_failure_later(hints: LearnedHints) -> None:
    hints.add(_TRACEBACK.format(7, "train.csv"), "Drop the column.", "run a, attempt 1", now=1.0)
    found = LearnedHints(hints.path).explain("some text\n" + _TRACEBACK.format(12, "other.csv"))
    assert [(f.hint_id, f.fix, f.line, f.must_fix) for f in found] == [
        ("learned-1", "Drop the column.", 4, False)
    ]


def test_the_same_failure_is_counted_and_its_fix_renewed(hints: LearnedHints) -> None:
    for number in range(3):
        hints.add(_TRACEBACK.format(number, "x"), f"fix {number}", f"attempt {number}", now=float(number))
    (only,) = hints.list()
    assert (only.times, only.fix, only.evidence, only.first_seen, only.last_seen) == (
        3,
        "fix 2",
        "attempt 2",
        0.0,
        2.0,
    )


def test_promoted_ones_come_first_and_must_be_fixed(hints: LearnedHints) -> None:
    hints.add("ValueError: first", "a", "e", now=0.0)
    second = hints.add("KeyError: second", "b", "e", now=0.0)
    hints.promote(second.number)
    found = hints.explain("ValueError: first\nKeyError: second\n")
    assert [(f.fix, f.must_fix) for f in found] == [("b", True), ("a", False)]


def test_a_dropped_hint_is_neither_used_nor_relearned(hints: LearnedHints) -> None:
    learned = hints.add("ValueError: first", "bad advice", "e", now=0.0)
    hints.drop(learned.number)
    hints.add("ValueError: first", "bad advice again", "e", now=1.0)
    assert hints.explain("ValueError: first") == []
    assert [(h.status, h.fix) for h in hints.list()] == [("dropped", "bad advice")]


def test_reading_makes_no_file(hints: LearnedHints) -> None:
    assert hints.list() == []
    assert hints.explain("ValueError: x") == []
    assert not hints.path.exists()


def test_attempts_side_by_side_share_the_file(hints: LearnedHints) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(lambda i: hints.add("ValueError: same", "fix", f"attempt {i}", now=float(i)), range(20))
        )
    assert [h.times for h in hints.list()] == [20]


def test_unknown_numbers_and_broken_files_are_explained(hints: LearnedHints, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="number 9"):
        hints.promote(9)
    (tmp_path / "broken").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        LearnedHints(tmp_path / "broken").list()
    with pytest.raises(ValueError, match="some text"):
        hints.add("  \n", "fix", "e", now=0.0)


def test_signatures_keep_what_matters() -> None:
    assert signature_of("KeyError: 'age'") == signature_of("KeyError: 'sex'")
    assert signature_of("ValueError: 3 rows at /a/b.csv") == signature_of("ValueError: 44 rows at /c/d.csv")
    assert signature_of("ValueError: rows") != signature_of("KeyError: rows")


def test_the_default_place_follows_the_environment(tmp_path: Path) -> None:
    assert default_path({"MEDALIST_HOME": str(tmp_path)}) == tmp_path / "hints.sqlite"
    assert default_path({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "medalist" / "hints.sqlite"
    assert default_path({}) == Path.home() / ".local" / "share" / "medalist" / "hints.sqlite"


def test_competition_hints_are_read_where_there_are_some(tmp_path: Path) -> None:
    assert competition_hints(tmp_path) == ""
    (tmp_path / "hints.txt").write_bytes(b"Use the hour. \xff")
    assert competition_hints(tmp_path).startswith("Use the hour.")
