"""What a program or a transformation raised, in a line that a person can read."""

from __future__ import annotations

_LONGEST = 300


def in_a_line(error: BaseException | None) -> str:
    """The kind of an error and the first line of what it says; a compiler's go on for pages."""
    said = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {said}"[:_LONGEST]
