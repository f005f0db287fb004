"""What counts where an engineer with tools handed nothing in: found in this attempt's own workspace, or nowhere (SPEC S6).

An intermediate answer that stands is kept. Else the file to work on counts where it was changed, else the newest file
anywhere in the workspace that defines the names asked for. What was found is graded like anything handed in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from medalist.core.errors import SubmissionInvalid
from medalist.families.speedup.product import is_version
from medalist.families.speedup.refusals import Reason
from medalist.families.speedup.versions import CANDIDATES, Versions
from medalist.session.session import Session

_LEFT_OUT = frozenset(("input", CANDIDATES, "__pycache__"))
_MOST_FILES = 5_000
_MOST_READ = 50


def rescue(session: Session, versions: Versions) -> None:
    """Submit what is found, and write the event ``rescued``: ``reason`` (a ``refusals.Reason``) says what the engineer
    did wrong, ``file`` what counts instead, "" where nothing was found."""
    if versions.handed_in:
        return
    if session.best is not None:
        _tell(
            session,
            Reason.NEVER_SUBMITTED,
            str(session.submission_dir),
            "Its best intermediate answer counts.",
        )
        return
    for path in _found(session, versions):
        candidate = versions.keep(path, operator="rescued", title=f"what lay in {path}")
        versions.tell_unjudged(candidate)
        if versions.place(candidate, None):
            reason = Reason.NEVER_SUBMITTED if path == versions.product else Reason.WRONG_PLACE
            _tell(session, reason, path, f"{path} was found and counts.")
            return
    refused = versions.refused
    if refused is not None:
        _tell(session, refused.reason, "", refused.what)
    else:
        _tell(session, Reason.NEVER_SUBMITTED, "", "The workspace holds no other version of the program.")


def _tell(session: Session, reason: Reason, file: str, what: str) -> None:
    session.events.append("rescued", reason=reason, file=file, text=f"Nothing was handed in. {what}")


def _found(session: Session, versions: Versions) -> Iterator[str]:
    """Paths of other versions of the program, the best guess first."""
    required, original = session.task.settings["required"], versions.original
    for path in _newest_first(session.workspace.root, versions.product)[:_MOST_READ]:
        with suppress(SubmissionInvalid):
            if is_version(session.read(path), original, required):
                yield path


def _newest_first(root: Path, first: str) -> list[str]:
    """Python files below ``root`` by their age, ``first`` before all."""
    ages: dict[str, float] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            path = Path(folder, name)
            if name.endswith(".py") and len(ages) < _MOST_FILES:
                with suppress(OSError):
                    ages[path.relative_to(root).as_posix()] = path.lstat().st_mtime
    return sorted(ages, key=lambda path: (path != first, -ages[path]))
