"""The oracle (SPEC O1-O3): a panel of language models asked in parallel, and a critic's one verdict.

Who cannot answer (no key, no money left, too slow, failing) is named and left out; the rest answer.
A critic that fails leaves the best single answer. Where nobody answers, the knowledge base reviews
the scripts that were shown, and says so; without any the question raises LlmError with what to set.

Every request goes through ``llm.door``. Without a panel nothing of a language model is imported.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from medalist.core.budget import Budget
from medalist.core.errors import LlmError
from medalist.core.event import EventLog
from medalist.llm.keys import redact
from medalist.llm.names import CUSTOMARY_PANEL, display, key_variable
from medalist.llm.panel import choose_panel
from medalist.llm.questions import CRITIC_SYSTEM, PANEL_SYSTEM, Question
from medalist.llm.settings import LlmSettings
from medalist.llm.stand_in import review_by_hints
from medalist.llm.verdict import Answer, Kind, Member, Verdict, closing_verdict, verdict_type
from medalist.machine.hardware import Hardware, read_hardware
from medalist.training.review import ScriptFacts

if TYPE_CHECKING:
    from medalist.llm.door import Door

__all__ = ["Answer", "Member", "Oracle", "Verdict", "review_by_hints"]

PANEL_ROLE, CRITIC_ROLE = "oracle", "critic"
_SHARE_OF_BUDGET, _LEAST_SECONDS = 0.1, 5.0


class Oracle:
    """One panel with its critic. Safe to ask from several coroutines at once.

    ``panel`` and ``critic`` are names of ``llm.names``. An empty panel (``door`` may be None) reviews scripts
    by hints and answers nothing else. ``hardware`` and ``facts`` are what a review by hints goes by;
    this machine, and nothing, where they are not given. Of a ``budget`` no question takes more than a
    share: the panel has a tenth of what is left to answer in, and so has the critic.
    """

    def __init__(
        self,
        door: Door | None,
        panel: Sequence[str],
        critic: str,
        events: EventLog | None,
        *,
        hardware: Hardware | None = None,
        facts: ScriptFacts | None = None,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.door = door
        self.panel = tuple(panel) if door is not None else ()
        self.critic = critic
        self.events = events
        self.facts = facts or ScriptFacts()
        self.clock = clock
        self._budget = budget
        self._hardware = hardware
        self._numbers = itertools.count(1)

    @classmethod
    def of(cls, settings: LlmSettings, door: Door | None, events: EventLog | None, **known: Any) -> Self:
        """The oracle that settings and environment come to (``llm.panel``); ``known`` as for the class."""
        panel = choose_panel(settings)
        return cls(door, panel.members, panel.critic, events, **known)

    @property
    def hardware(self) -> Hardware:
        return self._hardware or read_hardware()

    async def ask(
        self,
        question: str,
        context: str = "",
        kind: Kind = "strategy",
        *,
        files: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Ask the panel, have the critic decide, and write all of it to the events.

        ``context`` is what the panel should know (task, machine, limits, what was found); ``files``
        scripts and logs by name, given word for word. ``timeout_seconds`` bounds the panel, and then
        the critic; None leaves both to the budget and the door. Raises LlmError where nobody could answer, unless
        there is a Python script among ``files``: then the knowledge base reviews it.
        """
        asked = Question(question, kind, context, files or {})
        if timeout_seconds is None and self._budget is not None:
            timeout_seconds = max(_LEAST_SECONDS, _SHARE_OF_BUDGET * self._budget.remaining)
        return await _Consultation(self, asked, next(self._numbers), timeout_seconds).hold()


@dataclass(frozen=True)
class _Consultation:
    """One question on its way: roll call, panel, critic, each step written down."""

    oracle: Oracle
    asked: Question
    number: int
    timeout_seconds: float | None

    async def hold(self) -> Answer:
        began = self.oracle.clock()
        able, left_out = self._roll_call()
        self._tell(
            "oracle_asked", names=[display(name) for name in able], models=able, question=self.asked.text
        )
        for member in left_out:
            self._tell_answered(member)
        members = [*left_out, *await asyncio.gather(*map(self._consult, able))]
        members.sort(key=lambda member: self.oracle.panel.index(member.model))
        answer = replace(await self._conclude(tuple(members)), took_seconds=self.oracle.clock() - began)
        self._tell(
            "oracle_verdict",
            by=answer.by,
            critic=answer.critic,
            note=answer.note,
            **answer.verdict.as_dict(),
            scripts=self.asked.script_hashes,
            tokens=answer.tokens,
            cost_usd=answer.cost_usd,
            took_seconds=round(answer.took_seconds, 3),
        )
        return answer

    def _roll_call(self) -> tuple[list[str], list[Member]]:
        """Who can be asked at all, and who is left out before anything is sent."""
        able: list[str] = []
        left_out: list[Member] = []
        for name in self.oracle.panel:
            try:
                self._door.check(name)
                able.append(name)
            except LlmError as error:
                left_out.append(_left_out(name, error))
        return able, left_out

    async def _consult(self, name: str) -> Member:
        began = self.oracle.clock()
        try:
            asked = await self._door.consult(
                name,
                self.asked.for_panel(),
                role=PANEL_ROLE,
                system=PANEL_SYSTEM,
                timeout_seconds=self.timeout_seconds,
            )
            member = Member(
                display(name),
                name,
                "answered",
                redact(asked.output),
                tokens=asked.usage.tokens,
                cost_usd=asked.usage.cost_usd,
            )
        except LlmError as error:
            member = _left_out(name, error)
        member = replace(member, took_seconds=self.oracle.clock() - began)
        self._tell_answered(member)
        return member

    async def _conclude(self, members: tuple[Member, ...]) -> Answer:
        kind, critic = self.asked.kind, self.oracle.critic
        answers = [member for member in members if member.status == "answered"]
        if not answers:
            return self._stand_in(members)
        tokens, cost_usd = sum(each.tokens for each in answers), sum(each.cost_usd for each in answers)
        try:
            judged = await self._door.consult(
                critic,
                self.asked.for_critic(answers),
                role=CRITIC_ROLE,
                system=CRITIC_SYSTEM,
                output_type=verdict_type(kind),
                timeout_seconds=self.timeout_seconds,
            )
        except LlmError as error:
            best, verdict = _best_single(answers, kind)
            note = f"The critic {display(critic)} failed: {error.what} What follows is {best.name}’s answer alone."
            return Answer(kind, verdict, "member", members, best.name, note, tokens, cost_usd)
        tokens, cost_usd = tokens + judged.usage.tokens, cost_usd + judged.usage.cost_usd
        verdict = _without_secrets(judged.output)
        return Answer(kind, verdict, "critic", members, display(critic), "", tokens, cost_usd)

    def _stand_in(self, members: tuple[Member, ...]) -> Answer:
        nobody = _nobody(members)
        if not self.asked.scripts:
            self._tell("oracle_verdict", by="nobody", note=nobody.what)
            raise nobody
        verdict = review_by_hints(self.asked.scripts, self.oracle.hardware, self.oracle.facts)
        note = f"{nobody.what} The training hints and the checks before a launch stand in."
        return Answer(self.asked.kind, verdict, "hints", members, note=f"{note} {nobody.next_step}")

    @property
    def _door(self) -> Door:
        assert self.oracle.door is not None, "without a door the panel is empty"
        return self.oracle.door

    def _tell_answered(self, member: Member) -> None:
        self._tell("oracle_answered", **{**member.as_dict(), "took_seconds": round(member.took_seconds, 3)})

    def _tell(self, event: str, **data: Any) -> None:
        if self.oracle.events is not None:
            clean = {key: _redacted(value) for key, value in data.items()}
            self.oracle.events.append(event, consultation=self.number, use=self.asked.kind, **clean)


def _left_out(name: str, error: LlmError) -> Member:
    return Member(display(name), name, "left_out", reason=error.what, next_step=error.next_step)


def _best_single(answers: Sequence[Member], kind: Kind) -> tuple[Member, Verdict]:
    """The answer that closes with the most said verdict, the first of them; where none does, the first as advice."""
    closed = [
        (each, verdict) for each in answers if (verdict := closing_verdict(each.text, kind)) is not None
    ]
    if closed:
        return max(closed, key=lambda pair: len(pair[1].findings()))
    return answers[0], Verdict(decision="advice", plan=answers[0].text.strip() or "The answer was empty.")


def _nobody(members: Iterable[Member]) -> LlmError:
    """What to raise where nobody answered: each member with its reason, and what to set."""
    reasons = " ".join(f"{each.name}: {each.reason}" for each in members)
    if not reasons:
        variables = " or ".join(filter(None, map(key_variable, CUSTOMARY_PANEL)))
        return LlmError(
            "The oracle has nobody to ask: no language model is configured.",
            next_step=f"Set {variables}, or name a language model with --model or --panel.",
        )
    steps = dict.fromkeys(each.next_step for each in members if each.next_step)
    return LlmError(
        f"Nobody on the oracle’s panel could answer. {reasons}",
        next_step=" Or: ".join(steps) or "Name another panel with --panel.",
    )


def _without_secrets(verdict: Verdict) -> Verdict:
    return type(verdict)(**{name: _redacted(value) for name, value in asdict(verdict).items()})


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    return type(value)(map(_redacted, value)) if isinstance(value, (list, tuple)) else value
