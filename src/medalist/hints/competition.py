"""Competition hints: what a person wrote beside a competition's files, for this competition alone."""

from __future__ import annotations

from pathlib import Path

NAMES = ("hints.md", "hints.txt", "HINTS.md", "HINTS.txt")
_MAX_CHARACTERS = 50_000


def competition_hints(public: Path) -> str:
    """The text of `hints.md` or `hints.txt` in a competition's public folder, or "" when there is none.

    At most 50,000 characters are read; bytes that are not UTF-8 are replaced; a file that cannot be read
    counts as none. The text is advice for an engineer, never an instruction to Medalist.
    """
    for name in NAMES:
        try:
            return (public / name).read_text(encoding="utf-8", errors="replace")[:_MAX_CHARACTERS]
        except OSError:
            continue
    return ""
