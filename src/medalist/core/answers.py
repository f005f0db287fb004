"""What every grader's process is made of: hidden answers that open nowhere else, and its last line.

The parent passes the reference on; opening it anywhere but in a process that called
``enter_grader`` raises AnswersClosed. This guards against mistakes; what keeps engineers' code out
is the sandbox, where the file does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medalist.core.errors import AnswersClosed, MedalistError

_this_process_grades = False


def enter_grader() -> None:
    """Declare this process a grader. Called once, first thing, by a grader's ``main``."""
    global _this_process_grades
    _this_process_grades = True


def print_report(grade: Callable[[], Mapping[str, Any]], fault: Callable[[str], Mapping[str, Any]]) -> int:
    """Print a grader's last line: the report that ``grade`` makes, as JSON. Returns the exit status.

    Where that raises MedalistError or OSError, the fault is the grader's own, and ``fault`` makes the
    report from the reason.
    """
    try:
        report = grade()
    except (MedalistError, OSError) as error:
        report = fault(str(error).replace("\n", " "))
    print(json.dumps(report, ensure_ascii=False))
    return 0


@dataclass(frozen=True)
class Answers:
    """Where hidden answers lie. ``repr`` does not print the path, so that no log carries it."""

    path: Path

    def open(self) -> Path:
        """The path, for reading. Raises AnswersClosed outside a grader's process."""
        if not _this_process_grades:
            raise AnswersClosed(
                "Hidden answers open only in a grader's process.",
                next_step="Use `medalist grade TASK FILE`, which starts one.",
            )
        return self.path

    def argument(self) -> str:
        """The path as a command-line argument for the grader's process; reads nothing."""
        return str(self.path)

    def __repr__(self) -> str:
        return "Answers(closed)"
