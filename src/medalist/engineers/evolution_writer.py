"""The language-model side of evolution: requests that run while candidates train, and the drafts that come of them.

Threads only ask, the oracle too where there is one: for a strategy that every request is told, and for a
review of the first scripts, whose must-fix goes back to the language model. Everything that touches
jobs and files happens in the caller's thread. A request that
comes to nothing (no answer, a misshapen one, files that are known already) is a failed proposal with
its reason. After ``_FAILURES_IN_A_ROW`` of them, or at the limit in money or tokens, the writer is
closed for the rest of the attempt and says why.
"""

from __future__ import annotations

import ast
import time
import warnings
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from statistics import median

from medalist.core.errors import CostLimit, LlmError
from medalist.engineers.agent_oracle import FixedPoints
from medalist.engineers.agent_prompt import situation
from medalist.engineers.evolution_prompt import operator_prompt, system_prompt
from medalist.engineers.evolution_written import Written, written_type
from medalist.llm.door import Door
from medalist.llm.oracle import Oracle
from medalist.search.policy import Proposal
from medalist.session.session import Session
from medalist.session.workshop import Draft, Workshop
from medalist.training.kind import Kind, kind_of_script

ROLE = "operator"
_REVIEWED = (
    "You answered with the candidate below, and a panel of experts reviewed it before its launch. Write it again "
    "with what must be fixed."
)
_FAILURES_IN_A_ROW = 4


@dataclass(frozen=True)
class Answered:
    """What became of a request: a draft, or None and the reason."""

    proposal: Proposal
    draft: Draft | None
    reason: str = ""


class Writer:
    """Asks ``model`` through ``door`` for candidates, ``at_once`` requests at a time.

    ``seconds`` is what a candidate may take; ``hints`` whether the knowledge base is told; ``oracle``
    None asks nobody else.
    """

    def __init__(
        self,
        door: Door,
        model: str,
        session: Session,
        workshop: Workshop,
        *,
        at_once: int,
        seconds: float,
        hints: bool,
        oracle: Oracle | None = None,
    ) -> None:
        self.closed = ""
        """Why it asks no more; "" while it does."""
        self._door = door
        self._model = model
        self._session = session
        self._workshop = workshop
        self._at_once = at_once
        self._seconds = seconds
        self._hints = hints
        brief = workshop.brief()
        self._system = system_prompt(session, brief, seconds=seconds, hints=hints)
        self._type = written_type(workshop.scripts)
        self._pool = ThreadPoolExecutor(at_once + 1, thread_name_prefix="operator")
        self._points = FixedPoints(oracle, session, situation(session, brief)) if oracle else None
        self._strategy = self._pool.submit(self._asked_for_strategy)
        self._asked: dict[Future[Written], Proposal] = {}
        self._known: dict[str, str] = {}
        self._failed_in_a_row = 0
        self._took: list[float] = []

    @property
    def usual_seconds(self) -> float:
        """How long an answer takes, by those there were; 0 before the first."""
        return median(self._took) if self._took else 0.0

    @property
    def pending(self) -> list[Proposal]:
        """What has been asked for and not been answered yet."""
        return list(self._asked.values())

    def has_room(self, *, beside: int) -> bool:
        """Whether one more request is worth making while ``beside`` drafts wait for cores: those grow old there."""
        return not self.closed and len(self._asked) + beside < self._at_once

    def ask(self, proposal: Proposal) -> None:
        """Begin a request; its answer comes from ``answered``."""
        prompt = operator_prompt(self._session, self._workshop, proposal, hints=self._hints)
        seconds = self._workshop.seconds_left
        self._asked[self._pool.submit(self._written, prompt, seconds)] = proposal

    def remember(self, name: str, files: Mapping[str, str]) -> None:
        """There is a candidate with these files; the same again is none."""
        self._known.setdefault(_fingerprint(files), name)

    def answered(self, timeout_seconds: float = 0.0) -> list[Answered]:
        """Requests that have ended; waits at most ``timeout_seconds`` for the first."""
        if not self._asked:
            return []
        done, _ = wait(self._asked, timeout=timeout_seconds, return_when=FIRST_COMPLETED)
        ended = [(future, self._asked.pop(future)) for future in done]
        return [self._judged(future, proposal) for future, proposal in ended]

    def close(self, reason: str = "the attempt ends") -> None:
        """Give up what is still asked for and ask no more. Idempotent; the door stays open."""
        self.closed = self.closed or reason
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._asked.clear()

    # ------------------------------------------------------------ in threads

    def _asked_for_strategy(self) -> str:
        """The oracle's, as a section of the system prompt; "" where there is none."""
        strategy = self._door.run(self._points.strategy()) if self._points else ""
        return f"\n\n## What a panel of experts advises\n\n{strategy}" if strategy else ""

    def _written(self, prompt: str, seconds: float) -> Written:
        began = time.monotonic()
        written = self._answer(prompt, seconds)
        while verdict := self._must_fix(written):
            files = "\n\n".join(f'<file name="{f.name}">\n{f.content}\n</file>' for f in written.files)
            written = self._answer(f"{prompt}\n\n{_REVIEWED}\n\n{files}\n\n{verdict}", seconds)
        self._took.append(time.monotonic() - began)
        return written

    def _answer(self, prompt: str, seconds: float) -> Written:
        asking = self._door.ask(
            self._model,
            prompt,
            role=ROLE,
            system=self._system + self._strategy.result(),
            output_type=self._type,
            timeout_seconds=seconds,
        )
        return self._door.run(asking)

    def _must_fix(self, written: Written) -> str:
        """The oracle's verdict on the script that trains, where it must be fixed; "" to let it go."""
        if self._points is None:
            return ""
        name = self._workshop.scripts[0]
        code = next(file.content for file in written.files if file.name == name)
        return self._door.run(self._points.review(name, code))

    # ------------------------------------------------- in the caller's thread

    def _judged(self, future: Future[Written], proposal: Proposal) -> Answered:
        try:
            written = future.result()
        except CostLimit as limit:
            self.close(limit.what)
            return Answered(proposal, None, limit.what)
        except LlmError as error:
            return self._failed(proposal, error.what)
        except CancelledError:
            return Answered(proposal, None, "it was given up")
        files = {file.name: file.content for file in written.files}
        twin = self._known.get(_fingerprint(files))
        if twin is not None:
            return self._failed(proposal, f"the answer is {twin} again")
        self.remember(written.title, files)
        self._failed_in_a_row = 0
        if written.notes:
            self._session.events.append("engineer_said", text=f"{written.title}: {written.notes}")
        draft = Draft(
            operator=proposal.operator,
            title=written.title,
            files=files,
            parents=proposal.parents,
            threads=self._threads(written.cores, files[self._workshop.scripts[0]]),
            at_most_seconds=self._seconds,
        )
        return Answered(proposal, draft)

    def _threads(self, wanted: int, code: str) -> int:
        """Cores for a candidate; a network gets so many that no two of them share a GPU."""
        cores, gpus = len(self._session.cores), len(self._session.hardware.gpus)
        if gpus and kind_of_script(code) is Kind.NETWORK:
            return max(1, cores // gpus)
        return max(1, min(wanted, cores))

    def _failed(self, proposal: Proposal, reason: str) -> Answered:
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= _FAILURES_IN_A_ROW:
            self.close(f"{self._failed_in_a_row} requests in a row came to nothing, the last one: {reason}")
        return Answered(proposal, None, reason)


def _fingerprint(files: Mapping[str, str]) -> str:
    """The same for files that differ in comments and layout alone."""
    return "\n".join(
        f"{name}\n{_plain(text)}" for name, text in sorted(files.items()) if name.endswith(".py")
    )


def _plain(code: str) -> str:
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.dump(ast.parse(code))
    except (SyntaxError, ValueError, RecursionError):
        return code
