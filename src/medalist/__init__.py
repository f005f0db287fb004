"""Medalist: an autonomous ML engineer and the honest judges that grade it.

The public face. Importing it loads nothing heavy; each name is fetched when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "arc": "medalist.runs.arc",
    "compare": "medalist.runs.compare",
    "compete": "medalist.runs.api",
    "grade": "medalist.runs.api",
    "report": "medalist.runs.api",
    "resume": "medalist.runs.api",
    "run": "medalist.runs.api",
    "runs": "medalist.runs.api",
    "speedup": "medalist.runs.speedup",
    "validate": "medalist.runs.api",
    "MedalistError": "medalist.core.errors",
}

__all__ = [
    "MedalistError",
    "arc",
    "compare",
    "compete",
    "grade",
    "report",
    "resume",
    "run",
    "runs",
    "speedup",
    "validate",
]

if TYPE_CHECKING:
    from medalist.core.errors import MedalistError
    from medalist.runs.api import compete, grade, report, resume, run, runs, validate
    from medalist.runs.arc import arc
    from medalist.runs.compare import compare
    from medalist.runs.speedup import speedup


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'medalist' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
