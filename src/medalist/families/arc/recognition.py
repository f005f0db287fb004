"""What a file or folder of ARC holds, told from its name and its first bytes: light, for every task is asked about.

The formats themselves are read in ``formats``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import islice
from pathlib import Path

_PEEK_BYTES = 4096
_MOST_LOOKED_AT = 5
"""Files of a folder that are looked into before it is said to hold no tasks."""

_CHALLENGES = re.compile(rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{\s*"(?:train|test|name|id)"\s*:')
_TASK = re.compile(rb'\s*\{\s*(?:"(?:name|id)"\s*:\s*"[^"]*"\s*,\s*)*"(?:train|test)"\s*:\s*\[')
_SOLUTIONS = re.compile(rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[\s*\[\s*\[')
_SUBMISSION = re.compile(rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[\s*\{\s*"attempt_[12]"\s*:')


class Shape(StrEnum):
    """What a path holds."""

    CHALLENGES = "challenges"
    """Kaggle's combined file: tasks by id."""

    TASK = "task"
    """One task; its name is the file's."""

    SOLUTIONS = "solutions"
    """Test outputs by id."""

    SUBMISSION = "submission"
    FOLDER = "folder"
    """A folder of files of one task each."""

    COMBINED_FOLDER = "combined folder"
    """A folder with Kaggle's combined files, of one split or several."""


def shape_of(path: Path) -> Shape | None:
    """What ``path`` holds as far as its first bytes tell; None for anything that is none of ARC's."""
    try:
        if path.is_dir():
            return _shape_of_folder(path)
        return _shape_of_file(path) if path.is_file() and path.suffix.lower() == ".json" else None
    except OSError:
        return None


def challenges_in(folder: Path) -> list[Path]:
    """Kaggle's combined files in a folder, by name."""
    return sorted(path for path in folder.glob("*.json") if "challenges" in path.stem.lower())


def _shape_of_folder(folder: Path) -> Shape | None:
    if challenges_in(folder):
        return Shape.COMBINED_FOLDER
    files = islice((path for path in sorted(folder.glob("*.json")) if path.is_file()), _MOST_LOOKED_AT)
    return Shape.FOLDER if any(_shape_of_file(path) is Shape.TASK for path in files) else None


def _shape_of_file(path: Path) -> Shape | None:
    name = path.stem.lower()
    if "solutions" in name:
        return Shape.SOLUTIONS
    if "challenges" in name:
        return Shape.CHALLENGES
    with path.open("rb") as file:
        beginning = file.read(_PEEK_BYTES).removeprefix(b"\xef\xbb\xbf")
    for shape, pattern in (
        (Shape.TASK, _TASK),
        (Shape.CHALLENGES, _CHALLENGES),
        (Shape.SOLUTIONS, _SOLUTIONS),
        (Shape.SUBMISSION, _SUBMISSION),
    ):
        if pattern.match(beginning):
            return shape
    return None
