"""The tool that writes a whole text file."""

from __future__ import annotations

from medalist.tools.desk import Desk
from medalist.tools.places import writable_place


async def write_file(desk: Desk, path: str, content: str) -> str:
    """Write a text file in the workspace, folders included; what stood there is replaced.

    path: Relative to the workspace.
    content: The whole text of the file.
    """
    place = writable_place(desk, path)
    before = place.path.is_file()
    desk.session.write(place.relative, content)
    lines = content.count("\n") + (not content.endswith("\n") and bool(content))
    return f"{'Replaced' if before else 'Wrote'} {place.shown}: {lines} lines, {len(content):,} characters."
