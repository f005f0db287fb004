"""The solver library: every program that solved a puzzle, kept in SQLite and tried on those that come.

A run reads a snapshot when it starts and merges its finds, in the order of its tasks, when it ends: what it finds
does not depend on how many of its processes were how fast. A row holds a program, its techniques, and where it comes
from; a puzzle is known by a digest, never by its grids, so that a program counts once a puzzle however often a run is
repeated. A file that is broken, locked or from another version is left as it is: the run goes on without, and
``problem`` says why.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TypeVar

from medalist.core.home import home_folder
from medalist.families.arc.grids.kernels import fingerprint
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import operators
from medalist.families.arc.language.program import INPUT, Program
from medalist.families.arc.tagger import tags_of

T = TypeVar("T")

LONGEST = 100_000
"""Characters; what learned more than this by heart is not kept."""

_WAIT_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS programs (
    number INTEGER PRIMARY KEY,
    program TEXT NOT NULL UNIQUE,
    tags TEXT NOT NULL,
    stage TEXT NOT NULL,
    origin TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS solved (
    number INTEGER NOT NULL REFERENCES programs,
    puzzle TEXT NOT NULL,
    PRIMARY KEY (number, puzzle)
);
"""


@dataclass(frozen=True)
class Find:
    """A program that gives every training output of the puzzle with ``digest``; by which stage, and in which run."""

    program: Program
    digest: str
    stage: str
    origin: str = ""


@dataclass(frozen=True)
class Entry:
    """A kept program. ``puzzles``: how many different ones it solved."""

    program: Program
    tags: tuple[str, ...]
    stage: str
    origin: str
    puzzles: int


def digest_of(puzzle: Puzzle) -> str:
    """Tells puzzles apart, in 32 hexadecimal digits, and says nothing about their grids."""
    return fingerprint((*puzzle.inputs, *puzzle.outputs)).hex()


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """``arc_solvers.sqlite`` in Medalist's home folder."""
    return home_folder(environment) / "arc_solvers.sqlite"


class SolverLibrary:
    """The library in the file ``path``, made by the first merge. Nothing here raises for a file that cannot be used:
    then there is no entry, nothing is kept, and ``problem`` is a sentence that says so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""

    def snapshot(self, *, without: Collection[str] = ()) -> tuple[Entry, ...]:
        """Every entry that this version can run: those that solved most puzzles first, then the shortest.

        As if nobody had ever seen the puzzles with the digests in ``without``.
        """
        if not self.path.exists():
            return ()
        return self._tried(lambda connection: self._read(connection, without), ())

    def programs(self, *, without: Collection[str] = ()) -> tuple[Program, ...]:
        """Those of the snapshot, in its order."""
        return tuple(entry.program for entry in self.snapshot(without=without))

    def merge(self, finds: Iterable[Find]) -> int:
        """Keep ``finds``, all or none of them; how many of their programs are new here.

        Of a program that is known its first stage and origin stay.
        """
        return self._tried(lambda connection: self._write(connection, list(finds)), 0)

    def _read(self, connection: sqlite3.Connection, without: Collection[str]) -> tuple[Entry, ...]:
        solved = Counter(
            number
            for number, puzzle in connection.execute("SELECT number, puzzle FROM solved")
            if puzzle not in without
        )
        entries = []
        for number, text, tags, stage, origin in connection.execute(
            "SELECT number, program, tags, stage, origin FROM programs"
        ):
            program, puzzles = _program(text), solved[number]
            if program is not None and puzzles:
                entries.append(
                    (
                        (-puzzles, program.cost, len(text), text),
                        Entry(program, tuple(json.loads(tags)), stage, origin, puzzles),
                    )
                )
        return tuple(entry for _, entry in sorted(entries, key=lambda each: each[0]))

    def _write(self, connection: sqlite3.Connection, finds: list[Find]) -> int:
        connection.executescript(_SCHEMA)
        new = 0
        for find in finds:
            text = json.dumps(find.program.as_json())
            if len(text) > LONGEST or find.program == INPUT:
                continue
            new += connection.execute(
                "INSERT OR IGNORE INTO programs (program, tags, stage, origin) VALUES (?, ?, ?, ?)",
                (text, json.dumps(tags_of(find.program)), find.stage, find.origin),
            ).rowcount
            connection.execute(
                "INSERT OR IGNORE INTO solved SELECT number, ? FROM programs WHERE program = ?",
                (find.digest, text),
            )
        return new

    def _tried(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_WAIT_SECONDS)) as connection, connection:
                return work(connection)
        except (sqlite3.Error, OSError, ValueError) as error:
            self.problem = (
                f"The solver library {self.path} cannot be used ({error}); this run goes on without it. "
                "Close what else has it open, or move the file away: a new one is made."
            )
            return otherwise


def _program(text: str) -> Program | None:
    """None for a program whose operators this version does not have, or not with these literals."""
    program = Program.from_json(json.loads(text))
    return program if all(part == INPUT or _runs(part) for part in program.parts()) else None


def _runs(part: Program) -> bool:
    known = operators().get(part.operator)
    if known is None or len(part.arguments) != len(known.takes):
        return False
    literals = {
        name: each.default is each.empty
        for name, each in signature(known.function).parameters.items()
        if each.kind is each.KEYWORD_ONLY
    }
    given = {name for name, _ in part.parameters}
    return given <= set(literals) and all(name in given for name, needed in literals.items() if needed)
