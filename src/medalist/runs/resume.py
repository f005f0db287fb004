"""Picking an attempt up where a killed process left it: what stood, what it scored, how much time it used.

All of it is read from the trajectory and the heartbeat; nothing is pickled.
"""

from __future__ import annotations

from dataclasses import dataclass

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Score
from medalist.runs.figures import CandidateStory, Figures, fold
from medalist.runs.store import Store


@dataclass(frozen=True)
class Earlier:
    """What an earlier process of the same attempt left. Empty (0 seconds, no history) for a first one."""

    seconds: float
    history: tuple[Outcome, ...]
    best: Score | None
    submissions: int

    @property
    def resumed(self) -> bool:
        return self.seconds > 0


def earlier_work(store: Store, attempt_id: str) -> Earlier:
    """Fold what stands on disk. Time runs on to the last sign of life, so a kill gives none back."""
    figures = fold(store.events(attempt_id))
    beat = store.heartbeat(attempt_id)
    seconds = max(figures.seconds, beat.elapsed_seconds if beat else 0.0)
    in_place = (store.folder(attempt_id) / "submission").exists()
    return Earlier(
        seconds=seconds,
        history=tuple(_outcome(story) for story in figures.candidates.values()),
        best=figures.best if in_place else None,
        submissions=len(figures.submitted) if in_place else 0,
    )


def unfinished(figures: Figures) -> list[CandidateStory]:
    """Candidates whose job was running when the process died."""
    return [story for story in figures.candidates.values() if story.ended_seconds is None]


def _outcome(story: CandidateStory) -> Outcome:
    """A candidate without an end was lost with its process: it failed, so that its id is not used again."""
    lost = story.ended_seconds is None
    return Outcome(
        candidate=Candidate(
            id=story.id,
            operator=story.operator,
            parents=story.parents,
            folder=story.folder,
            title=story.title,
            recipe=story.recipe,
        ),
        state=CandidateState.FAILED if story.failed or lost else CandidateState.FINISHED,
        score=story.score,
        seconds=(story.ended_seconds or story.created_seconds) - story.created_seconds,
        cpu_seconds=story.cpu_seconds,
        reason="its process was killed" if lost else story.reason,
        hint_ids=story.hint_ids,
        interrupted=lost,
    )
