"""The library keeps what solved a puzzle, in one order for all, and a file that it cannot use stops nobody."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.language.program import INPUT, call
from medalist.families.arc.library import Find, SolverLibrary, digest_of

TURN = call("turned", INPUT, turn=1)
FLIP = call("turned", INPUT, turn=4)
LONG = call("turned", TURN, turn=2)


def finds():
    return [Find(LONG, "a", "search", "run 1"), Find(TURN, "b", "detectors"), Find(FLIP, "b", "detectors")]


def test_the_order_is_by_puzzles_solved_then_length_whatever_the_order_of_merging(tmp_path):
    one, other = SolverLibrary(tmp_path / "one.sqlite"), SolverLibrary(tmp_path / "new" / "other.sqlite")
    assert one.snapshot() == ()
    assert one.merge([*finds(), Find(FLIP, "c", "search")]) == 3
    assert other.merge([Find(FLIP, "c", "search")]) + other.merge(reversed(finds())) == 3
    assert one.programs() == other.programs() == (FLIP, TURN, LONG)
    assert one.snapshot()[0].puzzles == 2
    assert one.snapshot()[-1].origin == "run 1"
    assert one.snapshot()[1].tags == ("rotation",)


def test_a_run_repeated_counts_its_puzzles_once(tmp_path):
    library = SolverLibrary(tmp_path / "library.sqlite")
    library.merge(finds())
    before = library.snapshot()
    assert library.merge(finds()) == 0
    assert library.snapshot() == before


def test_the_digest_tells_puzzles_apart_and_the_file_holds_no_grid(tmp_path):
    grid = np.array([[1, 2], [3, 4]], np.int8)
    puzzles = [Puzzle((Pair(grid, grid.T),), (grid,)), Puzzle((Pair(grid, grid),), (grid,))]
    assert len({digest_of(puzzle) for puzzle in puzzles}) == 2
    assert digest_of(puzzles[0]) == digest_of(Puzzle((Pair(grid.copy(), grid.T.copy()),), (grid,)))


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\x00" + b"\x00" * 200])
def test_a_broken_file_is_told_in_a_sentence_and_left_as_it_is(tmp_path: Path, content):
    path = tmp_path / "library.sqlite"
    path.write_bytes(content)
    library = SolverLibrary(path)
    assert library.snapshot() == ()
    assert library.merge(finds()) == 0
    assert str(path) in library.problem
    assert path.read_bytes() == content


def test_a_locked_file_is_told_in_a_sentence(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("medalist.families.arc.library._WAIT_SECONDS", 0.05)
    library = SolverLibrary(tmp_path / "library.sqlite")
    library.merge(finds())
    holder = sqlite3.connect(library.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert library.merge([Find(call("turned", INPUT, turn=6), "d", "search")]) == 0
    assert "locked" in library.problem
    holder.close()
    assert len(library.snapshot()) == 3


def test_programs_with_operators_of_another_version_are_left_out(tmp_path: Path):
    library = SolverLibrary(tmp_path / "library.sqlite")
    library.merge(finds())
    with sqlite3.connect(library.path) as connection:
        connection.execute(
            "UPDATE programs SET program = replace(program, 'turned', 'gone') WHERE number = 1"
        )
        connection.execute(
            "UPDATE programs SET program = replace(program, 'turn\"', 'spin\"') WHERE number = 2"
        )
    assert len(library.snapshot()) == 1
    assert not library.problem
