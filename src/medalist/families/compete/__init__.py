"""Competitions: from a Kaggle-style folder to a graded submission.

``family`` is what the entry point ``medalist.families`` names.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "family":
        from medalist.families.compete.family import family

        return family
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
