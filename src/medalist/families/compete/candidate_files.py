"""What lies in a candidate's folder, read as text from the parent's side of the fence."""

from __future__ import annotations

import os
from contextlib import suppress

from medalist.core.candidate import Candidate
from medalist.core.errors import SubmissionInvalid
from medalist.search.population import Population
from medalist.session.session import Session

SCRIPTS = ("train.py", "predict.py")
"""What every candidate's folder must hold."""

_MOST_FILES = 40
_MOST_CHARACTERS = 400_000


def is_blend(candidate: Candidate) -> bool:
    """Whether it is one of the family's own ensembles, whose members lie in ``members/<id>``."""
    return candidate.recipe.get("kit") == "ensemble"


def variant_of(candidate: Candidate, population: Population) -> str:
    """The name that variants of one estimator share: a recipe's, else the first ancestor's without a recipe."""
    recipe = candidate.recipe
    if recipe:
        return f"{recipe['kit']}/{recipe['estimator']}"
    parent = population[candidate.parents[0]].candidate if candidate.parents else None
    return candidate.id if parent is None or parent.recipe else variant_of(parent, population)


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


def has_models(session: Session, candidate: Candidate) -> bool:
    """Whether its folder holds folds that were trained, or a network's last state, as the kits name them."""
    return any((session.workspace.root / candidate.folder / "artifacts").glob("fold_*.*"))


def last_log(session: Session, candidate: Candidate) -> str:
    """What a candidate's last step printed; "" where nothing was started."""
    for name in ("predict.log", "train.log"):
        with suppress(SubmissionInvalid):
            return session.read(f"{candidate.folder}/{name}")
    return ""
