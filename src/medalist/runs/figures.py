"""An attempt's figures: one fold over its events that results, reports and the checklist all read.

Nothing here opens a grade; a hidden score is no event.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from medalist.core.event import Event
from medalist.core.score import Direction, Score
from medalist.llm.usage import spent_by


@dataclass
class CandidateStory:
    """What became of one candidate; ``seconds`` are moments on the attempt's clock."""

    id: str
    operator: str = ""
    title: str = ""
    parents: tuple[str, ...] = ()
    folder: str = ""
    created_seconds: float = 0.0
    ended_seconds: float | None = None
    score: Score | None = None
    failed: bool = False
    submitted: bool = False
    reason: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    hint_ids: tuple[str, ...] = ()


@dataclass
class Figures:
    """The fold. Seconds count from the attempt's start, over all of its processes.

    ``in_place`` is the candidate whose submission stands; ``weights`` are what each member counts
    in it, by id, where it is an ensemble. ``cost_usd`` and ``tokens`` are what language models used.
    """

    events: list[Event] = field(default_factory=list)
    started: dict[str, Any] = field(default_factory=dict)
    sandbox: dict[str, Any] = field(default_factory=dict)
    explored: dict[str, Any] = field(default_factory=dict)
    candidates: dict[str, CandidateStory] = field(default_factory=dict)
    submitted: list[tuple[float, Score | None]] = field(default_factory=list)
    in_place: CandidateStory | None = None
    weights: dict[str, float] = field(default_factory=dict)
    first_better_than_constant_seconds: float | None = None
    telemetry: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    ended: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    cost_usd: float = 0.0
    tokens: int = 0

    @property
    def best(self) -> Score | None:
        """The validation score of the submission in place."""
        return self.submitted[-1][1] if self.submitted else None

    @property
    def blended(self) -> bool:
        """Whether an ensemble is in place: its weights were chosen on the rows its score is of."""
        return self.in_place is not None and self.in_place.operator == "ensemble"

    @property
    def first_valid_seconds(self) -> float | None:
        return self.submitted[0][0] if self.submitted else None

    @property
    def failures(self) -> int:
        """Candidates that failed."""
        return self.counts.get("candidate_failed", 0)

    @property
    def relaunches(self) -> int:
        return self.counts.get("relaunch", 0)

    @property
    def failures_before_success(self) -> int:
        """Candidates that failed before the first submission stood."""
        first = self.first_valid_seconds
        return sum(
            story.failed and (first is None or (story.ended_seconds or 0.0) <= first)
            for story in self.candidates.values()
        )

    def of(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event.kind in kinds]


def fold(events: Iterable[Event]) -> Figures:
    """Read a trajectory, torn or whole."""
    figures = Figures()
    for event in events:
        figures.events.append(event)
        figures.seconds = max(figures.seconds, event.seconds)
        figures.counts[event.kind] = figures.counts.get(event.kind, 0) + 1
        _take(figures, event)
    return figures


def _take(figures: Figures, event: Event) -> None:
    data = event.data
    match event.kind:
        case "attempt_started":
            figures.started = figures.started or data
        case "sandbox_chosen":
            figures.sandbox = data
        case "explored":
            figures.explored = data
        case "candidate_created" | "candidate_finished" | "candidate_failed":
            _take_candidate(figures, event)
        case "submitted":
            score = _score(data)
            figures.submitted.append((event.seconds, score))
            story = figures.candidates.setdefault(data["candidate"], CandidateStory(data["candidate"]))
            story.submitted = True
            figures.in_place, figures.weights = story, dict(data.get("weights") or {})
            if figures.first_better_than_constant_seconds is None and _beats_constant(figures, score):
                figures.first_better_than_constant_seconds = event.seconds
        case "llm_call" | "llm_failed":
            usd, tokens = spent_by(event)
            figures.cost_usd, figures.tokens = figures.cost_usd + usd, figures.tokens + tokens
        case "telemetry_summary":
            figures.telemetry = data
        case "attempt_ended":
            figures.ended = data
        case _:
            pass


def _take_candidate(figures: Figures, event: Event) -> None:
    data = event.data
    story = figures.candidates.setdefault(data["candidate"], CandidateStory(data["candidate"]))
    story.operator = data.get("operator", story.operator)
    story.title = data.get("title") or story.title
    if event.kind == "candidate_created":
        story.parents = tuple(data.get("parents", ()))
        story.folder = data.get("folder", "")
        story.recipe = dict(data.get("recipe") or {})
        story.created_seconds = event.seconds
        return
    story.ended_seconds = event.seconds
    story.score = _score(data)
    story.failed = event.kind == "candidate_failed"
    story.reason = data.get("reason", "")
    story.cpu_seconds = data.get("cpu_seconds", 0.0)
    story.hint_ids = tuple(data.get("hint_ids", ()))


def _score(data: dict[str, Any]) -> Score | None:
    said = data.get("score")
    return Score.from_dict(said) if isinstance(said, dict) else None


def _beats_constant(figures: Figures, score: Score | None) -> bool:
    """A scored submission, better than the best constant where exploring found that one's score."""
    if score is None or score.value is None:
        return False
    constant = (figures.explored.get("facts") or figures.explored).get("constant_score")
    return constant is None or Direction(score.direction).better(score.value, float(constant))
