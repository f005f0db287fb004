"""The tool that lists what lies in a folder."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.places import Place, place_to_look

_MOST_LISTED = 400
_MOST_A_FOLDER = 60
_MOST_SEEN = 20_000


async def list_files(desk: Desk, path: str = ".", depth: int = 2) -> str:
    """List files and folders with their sizes.

    path: A folder of the workspace, or input/ with the task's files.
    depth: How many levels of folders to go down, 1 for this folder alone.
    """
    place = place_to_look(desk, path)
    if not place.path.is_dir():
        raise Refused(f"{path} is no folder. read_file(path={path!r}) shows what is in it.")
    lines = list(itertools.islice(_walk(place.path, "", max(1, depth)), _MOST_LISTED + 1))
    if len(lines) > _MOST_LISTED:
        lines[-1] = "[... more is left out; name a folder further down ...]"
    return f"{_title(place)}\n" + ("\n".join(lines) if lines else "(empty)")


def _title(place: Place) -> str:
    return f"{place.shown.rstrip('/')}/" + ("  (may only be read)" if place.public else "")


def _walk(folder: Path, indent: str, depth: int) -> Iterator[str]:
    with os.scandir(folder) as found:
        seen = sorted(itertools.islice(found, _MOST_SEEN), key=lambda entry: entry.name)
    shown = [entry for entry in seen if not (entry.name == ".tmp" or entry.name == "__pycache__")]
    for entry in shown[:_MOST_A_FOLDER]:
        if entry.is_symlink():
            yield f"{indent}{entry.name} -> {os.readlink(entry.path) if entry.name != 'input' else 'the task'}"
        elif entry.is_dir():
            yield f"{indent}{entry.name}/"
            if depth > 1:
                yield from _walk(Path(entry.path), indent + "  ", depth - 1)
        else:
            yield f"{indent}{entry.name}  {_size(entry.stat(follow_symlinks=False).st_size)}"
    left = len(shown) - _MOST_A_FOLDER
    if left > 0:
        kinds = sorted({Path(entry.name).suffix or "no suffix" for entry in shown[_MOST_A_FOLDER:]})
        more = "at least " if len(seen) == _MOST_SEEN else ""
        yield f"{indent}[... {more}{left:,} more ({', '.join(kinds[:5])}) ...]"


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1e6:.2f} MB"
