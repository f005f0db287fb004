"""Paths an engineer gives: inside the workspace, or inside the task's public folder, which may only be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from medalist.core.errors import SubmissionInvalid
from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.workspace.handover import opened

PUBLIC = "input"
_SNIFFED_BYTES = 8192


@dataclass(frozen=True)
class Place:
    """A path as it was understood: ``shown`` is how the engineer may call it, ``path`` where it lies.

    ``relative`` counts from the workspace; "" for what lies in the public folder.
    """

    shown: str
    path: Path
    relative: str

    @property
    def public(self) -> bool:
        return not self.relative


def place_of(desk: Desk, text: str) -> Place:
    """Where ``text`` leads: a path from the workspace, or an absolute one that lies in it or in the public folder.

    Raises Refused for anything else. Whether something is there is not asked, and links of the
    workspace are not followed: opening refuses them.
    """
    workspace = desk.session.workspace
    at_home = text == "~" or text.startswith("~/")  # a command's HOME is the workspace
    path = Path(os.path.normpath(workspace.root / (f".{text[1:]}" if at_home else text)))
    if path.is_relative_to(workspace.public):
        return _public_place(desk, path.relative_to(workspace.public), text)
    if not path.is_relative_to(workspace.root):
        raise _outside(text)
    inside = path.relative_to(workspace.root)
    if inside.parts[:1] == (PUBLIC,):
        return _public_place(desk, PurePosixPath(*inside.parts[1:]), text)
    return Place(inside.as_posix(), path, inside.as_posix())


def writable_place(desk: Desk, text: str) -> Place:
    """As ``place_of``, for a file that will be written. Raises Refused for the public folder too."""
    place = place_of(desk, text)
    if place.public:
        raise Refused(f"{text} lies in {PUBLIC}/, which may only be read. Write beside it, not in it.")
    if place.relative == ".":
        raise Refused(f"{text!r} is the workspace's own folder. Name a file in it.")
    return place


def place_to_look(desk: Desk, text: str) -> Place:
    """As ``place_of``, for something that is there, with no link of the workspace on the way. Raises Refused."""
    place = place_of(desk, text)
    if not place.public and place.path.resolve() != place.path:
        raise Refused(f"A link is on the way to {text}; links are not followed.")
    if not place.path.exists():
        raise Refused(f"There is no file or folder {text!r}.")
    return place


def folder_of(desk: Desk, text: str) -> str:
    """A folder of the workspace to run something in, without a link in its path. Raises Refused."""
    place = place_of(desk, text)
    if place.public:
        raise Refused(
            f"{text} may only be read. Run in a folder of the workspace and read {PUBLIC}/ from there."
        )
    resolved = place.path.resolve()
    root = desk.session.workspace.root
    if not resolved.is_relative_to(root):
        raise _outside(text)
    if not resolved.is_dir():
        raise Refused(f"There is no folder {text!r} in the workspace.")
    return resolved.relative_to(root).as_posix()


@contextmanager
def opened_to_read(desk: Desk, text: str) -> Iterator[BinaryIO]:
    """A file of the workspace or the public folder, opened to read; raises Refused where that may not be."""
    place = place_of(desk, text)
    if place.path.is_dir() and not place.path.is_symlink():
        raise Refused(f"{place.shown} is a folder. list_files(path={place.shown!r}) shows what is in it.")
    if place.public:
        try:
            file = place.path.open("rb")
        except OSError as error:
            raise Refused(f"{place.shown} cannot be read: {error.strerror or error}.") from error
        with file:
            yield file
        return
    try:
        with opened(desk.session.workspace.root, place.relative) as file:
            yield file
    except SubmissionInvalid as refused:
        raise Refused(refused.what) from refused


def refuse_binary(file: BinaryIO, shown: str) -> None:
    """Raises Refused, with what may be done, where the file holds no text."""
    start = file.read(_SNIFFED_BYTES)
    file.seek(0)
    if b"\0" in start:
        size = os.fstat(file.fileno()).st_size
        raise Refused(
            f"{shown} is not text ({size:,} bytes). Look at it with a command, in Python for instance."
        )


def _public_place(desk: Desk, inside: PurePosixPath | Path, text: str) -> Place:
    workspace = desk.session.workspace
    path = workspace.public / inside
    if not any(path.resolve().is_relative_to(folder) for folder in workspace.policy.readable):
        raise _outside(text)
    return Place(str(PurePosixPath(PUBLIC) / inside), path, "")


def _outside(text: str) -> Refused:
    return Refused(
        f"{text} lies outside the workspace. Paths are relative to the workspace; the task's files are in {PUBLIC}/."
    )
