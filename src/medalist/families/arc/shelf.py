"""The solver library as one attempt has it: what stood in it before the first task, and what goes in after the last.

The snapshot is kept in the attempt's folder, so that a resumed attempt goes on with what it began with. Programs that
are known from nothing but this very collection are left out: a run that is repeated gives the same answers again, and
no task is answered by what was learned from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from medalist.core.patience import write_whole
from medalist.families.arc.formats import Entry
from medalist.families.arc.language.program import Program
from medalist.families.arc.library import Find, SolverLibrary, default_path, digest_of
from medalist.families.arc.results import State, TaskResult

SNAPSHOT = "library.json"
MOST_PROGRAMS = 500


class Shelf:
    """Made by ``at``. ``programs`` are JSON (``Program.as_json``), those that solved most puzzles first."""

    def __init__(self, library: SolverLibrary, entries: Sequence[Entry], programs: Sequence[Any]) -> None:
        self.programs = programs
        self._library = library
        self._entries = entries

    @staticmethod
    def at(attempt: Path, entries: Sequence[Entry]) -> Shelf:
        """The shelf of the attempt in this folder: its own snapshot where it has one, a fresh one else."""
        library = SolverLibrary(default_path())
        kept = attempt / SNAPSHOT
        try:
            programs = json.loads(kept.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            own = {digest_of(entry.puzzle) for entry in entries if entry.puzzle is not None}
            programs = [each.as_json() for each in library.programs(without=own)[:MOST_PROGRAMS]]
            write_whole(kept, json.dumps(programs) + "\n")
        return Shelf(library, entries, programs)

    @property
    def problems(self) -> list[str]:
        return [self._library.problem] if self._library.problem else []

    def put_back(self, results: Iterable[TaskResult], origin: str) -> None:
        """Keep every program that gives all training outputs of a task, task by task; ``origin`` names the run."""
        self._library.merge(
            Find(Program.from_json(each["program"]), digest, each["stage"], origin)
            for result in results
            if result.state is State.FITS and (digest := self._digest(result))
            for each in result.programs
            if each["fits"] and each.get("program") is not None
        )

    def _digest(self, result: TaskResult) -> str:
        puzzle = self._entries[result.number].puzzle
        return "" if puzzle is None else digest_of(puzzle)
