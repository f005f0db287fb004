"""The solver library as one attempt has it: nothing learned from the collection itself, the same after a resume."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medalist.families.arc.formats import Entry, entry_of
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.results import State, TaskResult
from medalist.families.arc.shelf import Shelf


@pytest.fixture(autouse=True)
def a_home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDALIST_HOME", str(tmp_path / "home"))


def entry(mark: int) -> Entry:
    pair = {"input": [[1, 2, mark]], "output": [[mark, 2, 1]]}
    return entry_of(f"t{mark}", {"train": [pair], "test": [pair]})


def found(program: object) -> TaskResult:
    said = {"program": program, "stage": "detectors", "fits": True}
    return TaskResult(0, "t", State.FITS, programs=[said, {**said, "fits": False}, {**said, "program": None}])


def test_what_was_learned_from_a_collection_is_kept_for_others(tmp_path: Path) -> None:
    program = call("turn", INPUT, way="left-right").as_json()
    first = Shelf.at(tmp_path / "first", [entry(3)])
    assert first.programs == []
    first.put_back([found(program)], "first")
    assert first.problems == []
    assert Shelf.at(tmp_path / "again", [entry(3)]).programs == [], (
        "a run that is repeated gives the same again"
    )
    assert Shelf.at(tmp_path / "other", [entry(4)]).programs == [program]
    assert Shelf.at(tmp_path / "first", [entry(4)]).programs == [], "an attempt goes on with its own snapshot"
    assert json.loads((tmp_path / "other" / "library.json").read_text()) == [program]
