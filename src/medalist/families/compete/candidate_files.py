"""What lies in a candidate's folder, read as text from the parent's side of the fence."""

from __future__ import annotations

import os
from contextlib import suppress

from medalist.core.candidate import Candidate
from medalist.core.errors import SubmissionInvalid
from medalist.session.session import Session

SCRIPTS = ("train.py", "predict.py")
"""What every candidate's folder must hold."""

_MOST_FILES = 40
_MOST_CHARACTERS = 400_000


def is_blend(candidate: Candidate) -> bool:
    """Whether it is one of the family's own ensembles, whose members lie in ``members/<id>``."""
    return candidate.recipe.get("kit") == "ensemble"


def variant_of(candidate: Candidate) -> str:
    """The name that variants of one estimator share; what has no recipe is a kind of its own."""
    recipe = candidate.recipe
    return f"{recipe['kit']}/{recipe['estimator']}" if recipe else candidate.id


def source_files(session: Session, candidate: Candidate) -> dict[str, str]:
    """The Python files directly in a candidate's folder by name; what cannot be read is left out."""
    try:
        names = sorted(os.listdir(session.workspace.root / candidate.folder))
    except OSError:
        return {}
    found = {}
    for name in [name for name in names if name.endswith(".py")][:_MOST_FILES]:
        with suppress(SubmissionInvalid):
            found[name] = session.read(f"{candidate.folder}/{name}")[:_MOST_CHARACTERS]
    return found


def last_log(session: Session, candidate: Candidate) -> str:
    """What a candidate's last step printed; "" where nothing was started."""
    for name in ("predict.log", "train.log"):
        with suppress(SubmissionInvalid):
            return session.read(f"{candidate.folder}/{name}")
    return ""
