"""The optimiser's edits as operators of a search: one edit of a candidate a time, so that others may build on it.

Nothing is tried here: a draft is judged like a language model's. A program is looked into once, on small inputs where
the task's maker makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from medalist.families.speedup.optimiser.laboratory import Laboratory
from medalist.families.speedup.optimiser.merging import merged
from medalist.families.speedup.optimiser.requests import Call
from medalist.families.speedup.optimiser.transformation import Edit
from medalist.families.speedup.playbook import laboratory_in
from medalist.session.session import Session

_SEED = 1
_SMALL_SHARE, _LEAST_SMALL = 10, 16
_EXPECTED_SECONDS = 10.0
_LEAST_SHARE = 0.01
"""Edits of what takes less of the program's time than this are not worth a judging."""


@dataclass
class Operators:
    """What the optimiser makes of the versions of one program, no text twice."""

    session: Session
    original: str
    _made: set[str] = field(default_factory=set)
    _edits: dict[str, list[Edit]] = field(default_factory=dict)
    _laboratory: Laboratory | None = None
    _call: Call | None = None

    def know(self, text: str) -> None:
        """There is a version with this text: it is not made again."""
        self._made.add(text)

    def edit(self, text: str) -> Edit | None:
        """The edit of a program that may save the most, of those that were not made yet; None where there is none."""
        if text not in self._edits:
            self._edits[text] = self._found(text)
        waiting = self._edits[text]
        while waiting:
            edit = waiting.pop(0)
            if edit.text not in self._made:
                self.know(edit.text)
                return edit
        return None

    def join(self, one: str, other: str) -> str | None:
        """A program with what both texts changed of the original; None where they changed the same lines."""
        text = merged(self.original, one, other)
        if text is None or text in (one, other) or text in self._made:
            return None
        self.know(text)
        return text

    def _found(self, text: str) -> list[Edit]:
        laboratory, calls = self._opened()
        facts, failure = laboratory.facts(text, calls, _EXPECTED_SECONDS)
        if failure:
            self.session.note(f"A version could not be looked into: {failure}.")
        edits = laboratory.edits(text, facts).edits
        worth = [edit for edit in edits if facts.share(edit.seconds) >= _LEAST_SHARE]
        return sorted(worth, key=lambda edit: -edit.seconds)

    def _opened(self) -> tuple[Laboratory, Sequence[Call]]:
        if self._laboratory is None or self._call is None:
            self._laboratory = laboratory_in(self.session, self.original)
            size = self._laboratory.makers_size().size
            small = None if not size else max(_LEAST_SMALL, size // _SMALL_SHARE)
            self._call = Call(_SEED, small)
        return self._laboratory, (self._call,)
