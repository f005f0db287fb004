"""The tool that replaces one exact piece of a text file."""

from __future__ import annotations

import difflib

from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.places import opened_to_read, refuse_binary, writable_place

_LARGEST_BYTES = 4_000_000


async def edit_file(desk: Desk, path: str, old: str, new: str) -> str:
    """Replace a piece of a text file in the workspace. The piece must stand in it exactly once.

    path: Relative to the workspace.
    old: The text to replace, to the letter, with enough around it to be unique.
    new: What to put in its place; may be empty.
    """
    place = writable_place(desk, path)
    with opened_to_read(desk, place.relative) as file:
        refuse_binary(file, path)
        raw = file.read(_LARGEST_BYTES + 1)
    if len(raw) > _LARGEST_BYTES:
        raise Refused(f"{path} has more than {_LARGEST_BYTES:,} bytes, too many to edit. Use a command.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            f"{path} is not UTF-8 text (byte {error.start}). Use a command to change it."
        ) from error
    if not old:
        raise Refused("`old` is empty. Give the text to replace, or write the whole file with write_file.")
    count = text.count(old)
    if count != 1:
        raise Refused(_not_once(path, text, old, count))
    desk.session.write(place.relative, text.replace(old, new, 1))
    line = text[: text.index(old)].count("\n") + 1
    return f"Edited {place.shown} at line {line}."


def _not_once(path: str, text: str, old: str, count: int) -> str:
    if count:
        return f"The text stands {count} times in {path}; add lines around it until it is unique."
    first = next((line.strip() for line in old.splitlines() if line.strip()), "")
    lines = text.splitlines()
    near = difflib.get_close_matches(first, [line.strip() for line in lines[:5000]], n=1, cutoff=0.6)
    if not near:
        return f"The text does not stand in {path}. Read the file again; it must match to the letter."
    number = next(n for n, line in enumerate(lines, 1) if line.strip() == near[0])
    return f"The text does not stand in {path}. Line {number} is the nearest: {lines[number - 1][:200]!r}"
