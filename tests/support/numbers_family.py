"""A family for searches that cost nothing: the number in ``answer.txt`` shall come close to 42.

``solve.py`` writes it. The family has operators of its own, which draft ``own`` in order and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medalist.core.errors import SubmissionInvalid
from medalist.core.family import Opened, Validation
from medalist.core.score import Direction, Score, ScoreStatus
from medalist.core.task import Task
from medalist.session.plain_workshop import PlainWorkshop
from medalist.session.workshop import Draft

METRIC = "distance"


def guess(number: float, *, before: str = "") -> str:
    return f"{before}print({number}, file=open('answer.txt', 'w'))\n"


class NumbersFamily:
    """``own``: what the family's operators draft."""

    name, product, preload = "numbers", "answer.txt", ()

    def __init__(self, own: Sequence[float] = ()) -> None:
        self.own = own

    def recognises(self, path):
        return True

    def open(self, path, settings):
        return Opened(Task("numbers", self.name, path, metric=METRIC, direction=Direction.MINIMIZE))

    def playbook(self, settings):
        raise NotImplementedError("nobody asks for it")

    def workshop(self, session):
        return NumbersWorkshop(session, self.own)

    def validate(self, task, product: Path):
        text = product.read_text().strip()
        valid = text.replace(".", "", 1).removeprefix("-").isdigit()
        return Validation(valid, "" if valid else f"{text[:20]!r} is no number", rows=1)

    def grader_command(self, task, answers, product):
        raise NotImplementedError("there are no hidden answers")


class NumbersWorkshop(PlainWorkshop):
    def __init__(self, session, own):
        super().__init__(session, "Find a number.", scoring=distance)
        self._own = list(own)

    def propose(self, proposal):
        if proposal.operator != "draft" or not self._own:
            return None
        number = self._own.pop(0)
        return Draft(
            "draft", f"the family's {number}", {"solve.py": guess(number)}, recipe={"number": number}
        )


def distance(session, folder: str) -> Score:
    try:
        value = abs(float(session.read(f"{folder}/answer.txt")) - 42)
    except (SubmissionInvalid, ValueError) as error:
        return Score(METRIC, Direction.MINIMIZE, "validation", None, ScoreStatus.FAILED, str(error))
    return Score(METRIC, Direction.MINIMIZE, "validation", value)
