"""What a transformation is: it reads a program and what was seen of it, and offers edits that may be faster.

An edit claims nothing: the search runs the edited program, compares its answers with the original's, times it, and
keeps it only when it is equal and faster. No transformation may know a name of the program it works on; names of
libraries are resolved through the program's imports.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from medalist.families.speedup.optimiser.facts import Facts


@dataclass(frozen=True)
class Program:
    """A program's text and what was seen of exactly this text. ``entry`` is the function that is timed."""

    text: str
    entry: str
    facts: Facts
    threads: int = 1


@dataclass(frozen=True)
class Edit:
    """A whole new program text, and what a person is told of it.

    ``title`` says what was done and where, in a line; ``reason`` why the program should stay the same function.
    ``seconds`` is the time of a run that is spent in what the edit touches: the most that it may save.
    """

    transformation: str
    title: str
    reason: str
    text: str
    seconds: float = 0.0


class Transformation(Protocol):
    """One way to make programs faster, as a search's operator."""

    name: str
    """What a report calls it: a few words."""

    needs: tuple[str, ...]
    """Modules that the edited program imports beyond its own, such as ``numba``: not offered where one is missing."""

    def edits(self, program: Program) -> Iterable[Edit]:
        """Edits worth trying, each of one place, the most promising first. Never raises for a program it does not fit."""
        ...
