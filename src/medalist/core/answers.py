"""A reference to hidden answers that only a grader's process can open.

The parent passes the reference on; opening it anywhere but in a process that called
``enter_grader`` raises AnswersClosed. This guards against mistakes; what keeps engineers' code out
is the sandbox, where the file does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medalist.core.errors import AnswersClosed

_this_process_grades = False


def enter_grader() -> None:
    """Declare this process a grader. Called once, first thing, by a grader's ``main``."""
    global _this_process_grades
    _this_process_grades = True


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
