"""A task: all that an engineer may know of what is to be solved, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medalist.core.score import Direction


@dataclass(frozen=True)
class Task:
    """What is to be solved. Immutable; holds no answer and no path that leads to one.

    ``public`` is the folder an engineer may read. ``settings`` holds what a person overrode
    (metric, id column, targets, weights folder, ...), keyed by name; families document their keys.
    ``metric`` may be "" until exploring has settled it.
    """

    id: str
    family: str
    public: Path
    description: str = ""
    metric: str = ""
    direction: Direction | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
