"""The book of training mistakes: entries as data, read once from `hints/data/*.toml`.

One file a section, in the order a script is written: libraries first, the debugging checklist and a
complete template last. An entry says how a mistake shows, why it happens and what to write instead; most
also say how it is recognised, in a script (a detector) or in an error (regular expressions).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

Priority = Literal["CRITICAL", "IMPORTANT", "OPTIONAL"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


@dataclass(frozen=True)
class Hint:
    """One entry. ``fix`` is prose with code; ``detector`` is ``module:function`` under `hints.detectors`;
    ``error_patterns`` are regular expressions searched in a log; ``mechanical_fix`` names an edit of
    `hints.mending`; ``needs_gpu`` marks what is a mistake only where a GPU is present."""

    id: str
    section: str
    title: str
    priority: Priority
    symptom: str
    cause: str
    fix: str
    detector: str | None = None
    error_patterns: tuple[str, ...] = ()
    mechanical_fix: str | None = None
    keywords: tuple[str, ...] = ()
    needs_gpu: bool = False


@dataclass(frozen=True)
class HintBook:
    """All entries in reading order."""

    hints: tuple[Hint, ...]

    def __iter__(self) -> Iterator[Hint]:
        return iter(self.hints)

    def __len__(self) -> int:
        return len(self.hints)

    @property
    def sections(self) -> tuple[str, ...]:
        """The section titles in reading order."""
        return tuple(dict.fromkeys(hint.section for hint in self.hints))

    def get(self, hint_id: str) -> Hint | None:
        """The entry of that id, None when there is none."""
        return next((hint for hint in self.hints if hint.id == hint_id), None)

    def search(self, words: str) -> list[Hint]:
        """Entries that hold every word of ``words`` somewhere, in reading order."""
        wanted = words.lower().split()
        return [hint for hint in self.hints if all(word in _searchable(hint) for word in wanted)]


@cache
def load_hints() -> HintBook:
    """The book that travels with the package. Raises `ValueError` for a malformed entry, which only a
    change of the data files can cause."""
    folder = resources.files("medalist.hints") / "data"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    hints: list[Hint] = []
    for file in files:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        hints.extend(_hint(document["section"], entry) for entry in document["hint"])
    return HintBook(tuple(hints))


def template_text() -> str:
    """The complete training script that closes the book; it passes every detector of the book itself."""
    return (resources.files("medalist.hints") / "data" / "template.py.txt").read_text(encoding="utf-8")


def _hint(section: str, entry: Mapping[str, object]) -> Hint:
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    if fields.get("priority") not in PRIORITIES:
        raise ValueError(f"hint {fields.get('id')!r}: priority must be one of {', '.join(PRIORITIES)}")
    for name in ("symptom", "cause", "fix"):
        fields[name] = str(fields[name]).strip()
    return Hint(section=section, **fields)  # type: ignore[arg-type]


def _searchable(hint: Hint) -> str:
    return " ".join(
        (hint.id, hint.section, hint.title, hint.symptom, hint.cause, hint.fix, *hint.keywords)
    ).lower()
