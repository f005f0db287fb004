"""Files that a person names on the command line, as text; what is wrong with one becomes a sentence."""

from __future__ import annotations

from pathlib import Path

from medalist.core.errors import InputError


def read_text(path: Path) -> str:
    """Raises `InputError` for a file that is missing, a folder, unreadable or not text."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("There is no such file.", where=str(path), next_step="Check the path.") from None
    except IsADirectoryError:
        raise InputError(
            "This is a folder, a file is needed.", where=str(path), next_step="Name a file in it."
        ) from None
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}.",
            where=str(path),
            next_step="Check its permissions.",
        ) from None
    if b"\0" in data:
        raise InputError(
            "This is a binary file, text is needed.", where=str(path), next_step="Give a script or a log."
        )
    return data.decode("utf-8-sig", errors="replace")


def write_text(path: Path, text: str) -> None:
    """Raises `InputError` for a file that cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The file cannot be written: {error.strerror}.",
            where=str(path),
            next_step="Name a file in a folder you may write to.",
        ) from None
