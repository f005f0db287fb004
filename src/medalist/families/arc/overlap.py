"""Which public splits a collection is likely to be, and which share tasks with which: no ids, no content, only counts.

Scores on tasks that a solver was developed or has learned on say nothing of unseen ones, and the splits of ARC-AGI-1
and ARC-AGI-2 overlap, so that is easily missed. The counts are of the released splits (ARC-AGI's repositories). What the
solver library learned from the very tasks of a collection is left out in any case (``shelf``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """A released split: how many tasks and test outputs it has, and what to know of its tasks."""

    name: str
    tasks: int
    outputs: int
    shares: str


SPLITS = (
    Split(
        "the training split of ARC-AGI-1",
        400,
        416,
        "391 of its tasks stand in ARC-AGI-2's training split too; this solver's operators were designed on it, "
        "so a score on it says little of unseen tasks",
    ),
    Split(
        "the evaluation split of ARC-AGI-1",
        400,
        419,
        "376 of its tasks stand in ARC-AGI-2's training split too, and 6 in its evaluation split",
    ),
    Split(
        "the training split of ARC-AGI-2",
        1000,
        1076,
        "it holds 391 training and 376 evaluation tasks of ARC-AGI-1: what is tuned on it, or learned from it into "
        "the solver library, must not be scored on those",
    ),
    Split(
        "the evaluation split of ARC-AGI-2",
        120,
        167,
        "6 of its tasks stand in ARC-AGI-1's evaluation split too",
    ),
)


def warnings(tasks: int, outputs: int) -> list[str]:
    """Sentences on a collection of so many tasks and outputs."""
    return [
        f"With {tasks} tasks and {outputs} outputs this looks like {split.name}: {split.shares}."
        for split in SPLITS
        if (split.tasks, split.outputs) == (tasks, outputs)
    ]
