"""What an attempt at a collection came to, in numbers: from its tasks' files and its grader's report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medalist.families.arc.results import State, read_results

SUMMARY = "arc.json"
"""Beside the tasks' files: how much the collection asks for, and what was spent beside the tasks (``playbook``)."""


def tally(attempt: Path, grade: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values: how many tasks and outputs, how many of them are solved (None where nobody says), and the cost.

    ``fitting_tasks`` have a program that gives every training output, which is all that is known without answers.
    """
    import json

    try:
        asked = json.loads((attempt / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        asked = {}
    results = list(read_results(attempt))
    states = [result.state for result in results]
    return {
        "tasks": asked.get("tasks", 0),
        "outputs": asked.get("outputs", 0),
        "solved_outputs": grade.get("solved_outputs"),
        "solved_tasks": grade.get("solved_tasks"),
        "score": grade.get("score"),
        "task_score": grade.get("task_score"),
        "cpu_seconds": round(
            sum(each.cpu_seconds for each in results) + asked.get("start_cpu_seconds", 0.0), 2
        ),
        "tasks_done": len(results),
        "fitting_tasks": states.count(State.FITS),
        **{
            name: [result.task for result in results if result.state is state]
            for name, state in (
                ("malformed", State.MALFORMED),
                ("timed_out", State.TIMED_OUT),
                ("out_of_memory", State.OUT_OF_MEMORY),
                ("failed", State.FAILED),
            )
        },
        "development": bool(asked.get("development")),
    }
