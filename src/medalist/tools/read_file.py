"""The tool that reads a text file, a window of lines at a time."""

from __future__ import annotations

import os

from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.places import opened_to_read, refuse_binary

_LONGEST_LINE = 2000
_MOST_LINES = 2000
_FARTHEST_BYTES = 64 << 20


async def read_file(desk: Desk, path: str, first_line: int = 1, lines: int = 400) -> str:
    """Read lines of a text file of the workspace or of input/.

    path: Relative to the workspace, "work/train.py" or "input/train.csv" for instance.
    first_line: Where to begin, counted from 1.
    lines: How many lines, 2000 at most.
    """
    first, wanted = max(1, first_line), min(max(1, lines), _MOST_LINES)
    with opened_to_read(desk, path) as file:
        refuse_binary(file, path)
        size = os.fstat(file.fileno()).st_size
        shown: list[str] = []
        for number, line in enumerate(iter(lambda: file.readline(1 << 20), b""), 1):
            if number >= first:
                shown.append(_line(line))
            if len(shown) == wanted:
                break
            if file.tell() > _FARTHEST_BYTES:
                raise Refused(
                    f"{path} has {size:,} bytes and is read no farther than {_FARTHEST_BYTES:,}. "
                    "Use a command for what lies behind, or Python for a table."
                )
        rest = size - file.tell()
    if not shown:
        return f"{path} has no line {first}." if size else f"{path} is empty."
    last = first + len(shown) - 1
    more = f"; {rest:,} bytes follow, first_line={last + 1} reads on" if rest else ", the end of the file"
    return f"{path}, lines {first} to {last}{more}:\n" + "\n".join(shown)


def _line(raw: bytes) -> str:
    text = raw.decode("utf-8", errors="replace").rstrip("\r\n")
    cut = len(text) - _LONGEST_LINE
    return text if cut <= 0 else f"{text[:_LONGEST_LINE]} [... {cut} characters of this line are left out]"
