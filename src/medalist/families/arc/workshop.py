"""The trade of ARC as an engineer at the tools may use it: an MCP client, a person, a language model with a desk.

A candidate is one script, which answers as many tasks as it can and leaves the others as they stand. Engineers that
work task by task (the playbook, and those of ``roles``) need none of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import InputError, SubmissionInvalid
from medalist.core.score import Direction, Score, ScoreStatus
from medalist.families.arc.formats import Entry
from medalist.families.arc.public import FILE, read_entries
from medalist.families.arc.submission import PRODUCT, Submission
from medalist.session.plain_workshop import PlainWorkshop
from medalist.session.session import Session

SCRIPT = "solve.py"
TRAINING = "training.json"
METRIC = "outputs"

_TASK = """# ARC: find the rule of each task

`input/{file}` holds {tasks} tasks by id: pairs of an input and an output grid under `train`, and inputs under `test`. A
grid is a list of rows of colours 0 to 9, 30 x 30 at most. For every test input two attempts count, and one of them has to
be the output, cell for cell. {outputs} outputs are asked for.

`{product}` must hold every task: `{{id: [{{"attempt_1": grid, "attempt_2": grid}}, ...]}}`, one object for each test input
in order. `../../{product}` is such a file, with a fallback everywhere: begin with what it holds and replace what you
know better.

Write `{training}` beside it, `{{id: [grid, ...]}}`: what your program gives for each training input, by the same code that
answers the tests. The share of tasks of which all these are right is the score that versions are compared by; a version
without that file is a guess, which stands only while nothing has a score.
"""


class ArcWorkshop(PlainWorkshop):
    """One session's workshop. See the protocol for what each method promises."""

    operator_words: Mapping[str, str] = {
        "draft": "Write a script that solves tasks by rules of its own, each held against the task's training pairs.",
        "improve": "Have the parent solve one kind of task more, without losing any that it solves.",
        "debug": "The parent failed. Find the cause and mend it.",
        "crossover": "Join the two parents: for each task the way of the one that gives its training outputs.",
        "ensemble": "Write one script that takes, task by task, the way of whichever parent gives its training outputs.",
    }

    def __init__(self, session: Session) -> None:
        self._entries = read_entries(session.task.public)
        task = _TASK.format(
            file=FILE,
            tasks=len(self._entries),
            outputs=sum(entry.tests for entry in self._entries),
            product=PRODUCT,
            training=TRAINING,
        )
        super().__init__(session, task, scripts=(SCRIPT,), scoring=self._share_right)

    def prepare(self) -> None:
        session = self._session
        if not self._entries:
            raise InputError("There are no tasks here to solve.", where=session.task.id)
        text = Submission(self._entries).text
        session.write(PRODUCT, text)
        if session.submissions:
            return
        candidate = Candidate(
            "fallback", "draft", folder="candidates/fallback", title="a valid answer to all"
        )
        session.write(f"{candidate.folder}/{PRODUCT}", text)
        session.created(candidate)
        session.finished(Outcome(candidate, CandidateState.FINISHED))
        session.submit(candidate, None)

    def _share_right(self, session: Session, folder: str) -> Score:
        """The share of tasks whose training outputs a folder's script gives, all of them."""
        import json

        try:
            given = json.loads(session.read(f"{folder}/{TRAINING}"))
        except (SubmissionInvalid, ValueError, RecursionError) as error:
            reason = (
                error.what if isinstance(error, SubmissionInvalid) else f"{TRAINING} is not JSON: {error}."
            )
            return Score(METRIC, Direction.MAXIMIZE, "validation", None, ScoreStatus.UNSCORED, reason)
        right = sum(_gives_all(entry, given) for entry in self._entries)
        return Score(METRIC, Direction.MAXIMIZE, "validation", right / len(self._entries))


def _gives_all(entry: Entry, given: Any) -> bool:
    grids = given.get(entry.id) if isinstance(given, dict) else None
    return entry.puzzle is not None and grids == [output.tolist() for output in entry.puzzle.outputs]
