"""The oracle at its two fixed points in an engineer's work (SPEC O2): a strategy after exploration, and a review
of the training script before its first launch. Both go on without where nobody can be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medalist.core.errors import LlmError
from medalist.llm.door import Door
from medalist.llm.names import parse_name
from medalist.llm.oracle import Oracle
from medalist.llm.settings import LlmSettings
from medalist.llm.verdict import Answer, Kind
from medalist.session.session import Session
from medalist.session.workshop import Workshop

_STRATEGY = (
    "Which strategy should the engineer follow on this task, on this machine, in this time? Name the estimators to "
    "try in order, features, folds, batch sizes and the time each step may take, and what is likely to go wrong."
)
_OWN_STRATEGY = (
    "Which strategy should the engineer follow on this task, on this machine, in this time? Name what to try in order, "
    "what each step should bring, and what is likely to go wrong."
)
"""Where a family's own workflow stands in the place of training's."""
_REVIEW = (
    "May this training script be launched? Judge batch size, use of GPU or cores, leakage, resuming and whether "
    "validation computes the task's metric. Name as must-fix only what would waste the run."
)
_REVIEWS = 3
"""An oracle that is not content after so many versions of a script does not keep it from being tried."""


def oracle_beside(llm: LlmSettings, door: Door, session: Session, workshop: Workshop) -> Oracle | None:
    """None where the panel would be the engineer's own language model alone, which would only ask itself."""
    oracle = Oracle.of(
        llm,
        door,
        session.events,
        hardware=session.hardware,
        facts=workshop.script_facts(),
        budget=session.budget,
    )
    named = llm.panel or llm.critic
    alone = set(oracle.panel) <= {str(parse_name(llm.model))}
    return None if alone and not named else oracle


@dataclass
class FixedPoints:
    """``situation`` is what the oracle is told of task, machine and time."""

    oracle: Oracle
    session: Session
    situation: str
    trains: bool = True
    _reviews_left: int = _REVIEWS

    async def strategy(self) -> str:
        """What to follow, "" where nobody could be asked."""
        answer = await self._ask(_STRATEGY if self.trains else _OWN_STRATEGY, "strategy", {})
        return answer.text if answer else ""

    async def review(self, script: str, code: str) -> str:
        """What must be fixed in ``code`` before it is launched as ``script``; "" to let it go."""
        if self._reviews_left == 0:
            return ""
        self._reviews_left -= 1
        answer = await self._ask(_REVIEW, "review", {script: code})
        if answer is not None and answer.verdict.decision == "must_fix":
            return answer.text
        self._reviews_left = 0
        return ""

    async def _ask(self, question: str, kind: Kind, files: Mapping[str, str]) -> Answer | None:
        try:
            return await self.oracle.ask(question, self.situation, kind, files=files)
        except LlmError as error:
            self.session.note(f"The work goes on without the oracle: {error.what}")
            return None
