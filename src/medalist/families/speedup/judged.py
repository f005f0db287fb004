"""A version of the program as the judge saw it on the data for development, and what an engineer is told of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medalist.core.score import Direction, Score, ScoreStatus

METRIC = "speedup"


@dataclass(frozen=True)
class Judged:
    """The judge's report (``families.speedup.grader``) of one text."""

    report: Mapping[str, Any]

    @property
    def score(self) -> Score:
        """Its ratio as a validation score; a refused one has FAILED, with the typed reason first."""
        ratio = self.report.get("ratio")
        if ratio is None:
            reason = str(self.report.get("reason") or "the judge gave no reason")
            return Score(METRIC, Direction.MAXIMIZE, "validation", None, ScoreStatus.FAILED, reason)
        noise = (
            self.report["high"] - self.report["low"]
        ) / 4  # a 95 % interval is some four standard errors wide
        return Score(METRIC, Direction.MAXIMIZE, "validation", ratio, noise=noise)

    @property
    def refusal(self) -> str:
        """The kind of refusal, "" where there was none; too slow is one."""
        return str(self.report.get("refusal") or "")

    @property
    def own_seconds(self) -> float:
        """How long the judging took, waiting for others to be done with the machine left out."""
        return max(0.0, self.report.get("seconds", 0.0) - self.report.get("waited_seconds", 0.0))

    def as_text(self) -> str:
        """What to tell the engineer."""
        report = self.report
        if report.get("status") == ScoreStatus.GRADER_ERROR:
            return f"The judge itself failed, which says nothing of the program. {report.get('reason')}"
        if report.get("ratio") is None:
            return f"Refused on the data for development. {report.get('reason')}"
        target = report["target"]
        reached = "reaches" if report["passed"] else "does not reach"
        lines = [
            "Accepted on the data for development: "
            + ("its answers are the original's." if report.get("equal") else "it learns as well."),
            f"{report['ratio']:.1f} times as fast as the original, {report['low']:.1f} to {report['high']:.1f} at 95 % "
            f"({report['pairs']} turns); the lower end {reached} the target of {target:g}.",
            f"Importing it took {report['import_seconds']:.1f} s.",
        ]
        if not report.get("clocks_agree", True):
            lines.append(f"Wall time says {report['wall_ratio']:.1f}, CPU time {report['cpu_ratio']:.1f}.")
        return "\n".join(lines)
