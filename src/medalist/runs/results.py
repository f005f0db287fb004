"""What attempts and runs came to, as callers and the command line's ``--json`` get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from medalist.core.score import Direction
from medalist.runs.store import AttemptRecord, AttemptState, Store
from medalist.runs.verdict import Verdict


@dataclass(frozen=True)
class AttemptResult:
    """What one attempt came to. Scores are in the task's metric; seconds count from its start.

    ``run_dir`` is None when nothing was started, ``submission`` when none is in place;
    ``hidden_score`` and ``medal`` are None where no hidden answers (or no leaderboard) exist.
    ``direction`` is "max" or "min"; ``cost_usd`` and ``tokens`` are what language models used. ``verdict``
    is of a task that is passed or not, ``tally`` of one that is a collection; None for others.
    """

    run_dir: Path | None
    submission: Path | None = None
    valid: bool = False
    metric: str | None = None
    direction: str | None = None
    validation_score: float | None = None
    hidden_score: float | None = None
    medal: str | None = None
    seconds: float = 0.0
    first_valid_seconds: float | None = None
    first_better_than_constant_seconds: float | None = None
    failures: int = 0
    relaunches: int = 0
    cost_usd: float = 0.0
    tokens: int = 0
    verdict: Verdict | None = None
    tally: Mapping[str, Any] | None = None

    @property
    def good(self) -> bool:
        """Whether the product is valid and, at a task that is passed or not, passed."""
        return self.valid and (self.verdict is None or self.verdict.passed)

    def as_dict(self) -> dict[str, Any]:
        """JSON values under the keys of ``medalist compete --json``, and ``verdict`` and ``tally`` where there are."""
        data = {
            **asdict(self),
            "run_dir": None if self.run_dir is None else str(self.run_dir),
            "submission": None if self.submission is None else str(self.submission),
        }
        return {
            key: value for key, value in data.items() if value is not None or key not in ("verdict", "tally")
        }

    @staticmethod
    def from_record(run_dir: Path, record: AttemptRecord) -> AttemptResult:
        known = {each.name for each in fields(AttemptResult)}
        result = {key: value for key, value in record.result.items() if key in known}
        if result.get("submission"):
            result["submission"] = Path(result["submission"])
        if result.get("verdict"):
            result["verdict"] = Verdict.from_dict(result["verdict"])
        return AttemptResult(run_dir=run_dir, **result)


@dataclass(frozen=True)
class RunResult:
    """What a run came to: each attempt's state and result by its id, in the order of the run."""

    run_dir: Path
    states: Mapping[str, AttemptState]
    results: Mapping[str, AttemptResult]

    @property
    def valid(self) -> bool:
        """Whether every attempt left a valid product."""
        return bool(self.results) and all(result.valid for result in self.results.values())

    @property
    def good(self) -> bool:
        """Whether every attempt's product is good."""
        return bool(self.results) and all(result.good for result in self.results.values())

    def as_dict(self) -> dict[str, Any]:
        return {
            "run_dir": str(self.run_dir),
            "valid": self.valid,
            "attempts": [
                {"attempt": name, "state": str(self.states[name]), **result.as_dict()}
                for name, result in self.results.items()
            ],
        }


def read_run(store: Store) -> RunResult:
    """A run's results as they stand on disk."""
    records = store.attempts()
    return RunResult(
        store.root,
        {record.spec.id: record.state for record in records},
        {record.spec.id: AttemptResult.from_record(store.root, record) for record in records},
    )


def read_result(store: Store) -> AttemptResult:
    """The one result of a run that was made for one product: its only attempt's, or its team's.

    Where the team, the last attempt, left nothing valid, the best member's product stands in. Time
    and what language models cost are those of members and team together. Raises what reading raises.
    """
    *members, last = read_run(store).results.values()
    if not members:
        return last
    best = last
    for each in () if last.valid else members:
        if each.valid and (not best.valid or _better(each, best)):
            best = each
    return replace(
        best,
        seconds=max(each.seconds for each in members) + last.seconds,
        cost_usd=sum(each.cost_usd for each in members) + last.cost_usd,
        tokens=sum(each.tokens for each in members) + last.tokens,
    )


def _better(a: AttemptResult, b: AttemptResult) -> bool:
    if a.validation_score is None or b.validation_score is None:
        return b.validation_score is None
    return Direction(a.direction).better(a.validation_score, b.validation_score)
