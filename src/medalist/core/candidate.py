"""A candidate: one version of a solution, immutable, with its parents and the operator that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from medalist.core.score import Score


class CandidateState(StrEnum):
    """Explicit states; FINISHED and FAILED are final."""

    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True)
class Candidate:
    """One version of a solution.

    ``folder`` is relative to the workspace (posix style); ``operator`` names what made it ("draft",
    "improve", "debug", "ensemble", ...); ``recipe`` is whatever its family's operators need to
    derive others from it (JSON values only).
    """

    id: str
    operator: str
    parents: tuple[str, ...] = ()
    folder: str = ""
    title: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a candidate: told to the search, written to the events."""

    candidate: Candidate
    state: CandidateState
    score: Score | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    reason: str = ""
    hint_ids: tuple[str, ...] = ()
    interrupted: bool = False
    """It failed because the attempt's process ended before it did: what it left may be gone on with."""
