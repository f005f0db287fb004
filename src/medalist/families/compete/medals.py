"""Medals, thresholds and percentile by MLE-bench's rules, from a leaderboard; standard library only.

The table is the one in MLE-bench's ``grade_helpers`` (Chan et al. 2024, section 2.2): N teams, the
threshold is the score at that 1-based position.
"""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medalist.core.errors import InputError
from medalist.core.score import Direction
from medalist.families.compete.delimited import read_rows


@dataclass(frozen=True)
class Leaderboard:
    """Scores in rank order, best first."""

    scores: tuple[float, ...]
    direction: Direction

    @property
    def thresholds(self) -> dict[str, float]:
        """gold, silver, bronze and median: the score that earns each."""
        gold, silver, bronze = medal_positions(len(self.scores))
        return {
            "gold": self.scores[gold - 1],
            "silver": self.scores[silver - 1],
            "bronze": self.scores[bronze - 1],
            "median": statistics.median(self.scores),
        }

    def percentile(self, score: float) -> float:
        """Share of the leaderboard that ``score`` beats or equals, 0 to 100."""
        return (
            100.0 * sum(not self.direction.better(other, score) for other in self.scores) / len(self.scores)
        )


def medal_positions(teams: int) -> tuple[int, int, int]:
    """1-based positions of the last gold, silver and bronze among ``teams``; none is below 1."""
    tenth, fifth, two_fifths = (max(1, int(share * teams)) for share in (0.1, 0.2, 0.4))
    if teams < 100:
        return tenth, fifth, two_fifths
    if teams < 250:
        return 10, fifth, two_fifths
    gold = 10 + int(0.002 * teams)
    if teams < 1000:
        return gold, 50, 100
    return gold, max(1, int(0.05 * teams)), max(1, int(0.1 * teams))


def read_leaderboard(path: Path, direction: Direction) -> Leaderboard:
    """The ``score`` column of ``path``.

    Raises InputError when there is none, when it holds no number, or when it runs the other way
    than the metric: then metric and leaderboard do not belong together.
    """
    rows = read_rows(path)
    header = [name.strip().lstrip("\ufeff").lower() for name in next(rows)[1]]
    place = next((header.index(name) for name in ("score", "scorenullable") if name in header), None)
    if place is None:
        raise InputError(
            f"{path.name} has no column called score.",
            where=str(path),
            next_step="Name the column of scores `score`.",
        )
    scores = [number for _, row in rows if (number := _number(row, place)) is not None]
    if not scores:
        raise InputError(
            f"{path.name} holds no scores.", where=str(path), next_step="Give a leaderboard with rows."
        )
    if direction.better(scores[-1], scores[0]):
        word = "higher" if direction is Direction.MAXIMIZE else "lower"
        raise InputError(
            f"{path.name} runs from {scores[0]:g} to {scores[-1]:g}, but for the metric {word} is better.",
            where=str(path),
            next_step="Check --metric, or sort the leaderboard best first.",
        )
    return Leaderboard(tuple(scores), direction)


def _number(row: Sequence[str], place: int) -> float | None:
    try:
        number = float(row[place])
    except (ValueError, IndexError):
        return None
    return number if number - number == 0 else None


def installed_leaderboard(competition: str) -> Path | None:
    """The leaderboard that an installed ``mlebench`` ships for ``competition``, or None."""
    spec = importlib.util.find_spec("mlebench")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = (
        Path(next(iter(spec.submodule_search_locations))) / "competitions" / competition / "leaderboard.csv"
    )
    return path if path.is_file() else None


def medal_report(score: float | None, board: Leaderboard | None) -> dict[str, float | bool | None]:
    """MLE-bench's keys for thresholds and medals; a medal is inclusive and exclusive of lesser ones."""
    limits = board.thresholds if board else {}
    report: dict[str, float | bool | None] = {
        f"{name}_threshold": limits.get(name) for name in ("gold", "silver", "bronze", "median")
    }
    earned = None
    if score is not None and board:
        earned = next(
            (m for m in ("gold", "silver", "bronze") if not board.direction.better(limits[m], score)), None
        )
    known = board is not None
    report["any_medal"] = earned is not None if known else None
    for medal in ("gold", "silver", "bronze"):
        report[f"{medal}_medal"] = earned == medal if known else None
    above = score is not None and board is not None and board.direction.better(score, limits["median"])
    report["above_median"] = above if known else None
    report["percentile"] = board.percentile(score) if board and score is not None else None
    return report
