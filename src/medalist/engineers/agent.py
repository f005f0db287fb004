"""The agent: a language model with tools, under the same checks as every other engineer (SPEC K2).

The family explores and puts an emergency baseline in place before the language model is asked for
the first time, so no ending leaves nothing. The oracle, where one is configured, is asked at its two
fixed points: for a strategy after exploration, and about the first training script before its launch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from medalist.core.errors import BudgetSpent, LlmError, MedalistError
from medalist.engineers.agent_closing import time_for_work, use_what_was_trained
from medalist.engineers.agent_context import Conversation
from medalist.engineers.agent_loop import AgentLoop, LoopLimits
from medalist.engineers.agent_oracle import FixedPoints, oracle_beside
from medalist.engineers.agent_prompt import situation, system_prompt
from medalist.llm.door import Door
from medalist.llm.settings import LlmSettings
from medalist.session.session import Session
from medalist.session.workshop import Workshop
from medalist.tools.desk import Desk

_BEGIN = "Begin. The task has been explored and a baseline is in place."
_MOST_CONTEXT_TOKENS = 120_000
_WINDOW_RESERVE_TOKENS = 8_000  # for the tools' descriptions, and for the estimate being one


@dataclass(frozen=True)
class AgentSettings:
    """What a person may set of an agent beside the language models, by the same names among a task's settings.

    ``context_tokens`` bounds the conversation (0: by the language model's own window); ``steps`` (0: as many
    as the family says) is never told to the agent.
    """

    steps: int = 0
    context_tokens: int = 0
    answer_tokens: int = 16_000
    stream: bool = False
    hints: bool = True

    @staticmethod
    def among(settings: Mapping[str, Any]) -> AgentSettings:
        """Those of ``settings`` that are an agent's."""
        known = {field.name for field in fields(AgentSettings)}
        return AgentSettings(**{name: value for name, value in settings.items() if name in known})


class AgentEngineer:
    """A language model works on one task. ``settings`` are the attempt's; ``AgentSettings`` names those it reads."""

    name = "agent"

    def __init__(self, llm: LlmSettings, settings: Mapping[str, Any]) -> None:
        self._llm = llm
        self._settings = AgentSettings.among(settings)

    def work(self, session: Session) -> None:
        """Work until the language model says that it is done.

        Raises BudgetSpent when time or steps are over, CostLimit at the limit in money or tokens, LlmError
        when the language model cannot be asked or gives up, and InputError when there is nothing to
        work on. Whatever the ending, trained candidates are used and the best submission stands.
        """
        workshop: Workshop = session.family.workshop(session)
        workshop.prepare()
        with Door(self._llm, session.events, session.attempt_dir / "llm.jsonl") as door:
            ending = asyncio.run(self._work(session, workshop, door))
        workshop.close()
        if ending is not None:
            raise ending

    async def _work(self, session: Session, workshop: Workshop, door: Door) -> MedalistError | None:
        """Work to the end; what ended it, None when the language model said that it is done."""
        oracle = oracle_beside(self._llm, door, session, workshop)
        async with Desk(session, workshop, oracle=oracle, hints=self._settings.hints) as desk:
            try:
                async with time_for_work(workshop, session.budget):
                    await self._converse(desk, door)
                return None
            except TimeoutError:
                ending = BudgetSpent(f"The {session.budget.total_seconds:.0f} s of this attempt are spent.")
            except (BudgetSpent, LlmError) as error:
                ending = error
            session.note(f"The language model's part ends here: {ending.what}")
            await use_what_was_trained(desk)
        return ending

    async def _converse(self, desk: Desk, door: Door) -> None:
        model = door.model(self._llm.model, role="engineer")
        settings = self._settings
        tokens = settings.context_tokens or _context_tokens(model.context_window, settings.answer_tokens)
        opening = _BEGIN
        if desk.oracle is not None:
            told = situation(desk.session, desk.workshop.brief())
            points = FixedPoints(desk.oracle, desk.session, told, trains=desk.brought.checked)
            desk.before_training = points.review
            strategy = await points.strategy()
            opening += f"\n\nThe oracle was asked for a strategy:\n\n{strategy}" if strategy else ""
        conversation = Conversation(tokens, _kept_by(desk))
        conversation.open(system_prompt(desk), opening)
        steps = settings.steps or desk.brought.steps
        limits = LoopLimits(steps, settings.answer_tokens, settings.stream)
        await AgentLoop(model, desk, conversation, limits).run()


def _kept_by(desk: Desk) -> Callable[[str], str]:
    """Results that are left out of the conversation lie among the desk's outputs."""
    return lambda text: f"read_output(output={desk.outputs.keep(text)}) shows it again."


def _context_tokens(window: int | None, answer_tokens: int) -> int:
    """How long a conversation may grow: within the window with room for an answer, and never past what is worth it."""
    if window is None:
        return _MOST_CONTEXT_TOKENS
    return min(_MOST_CONTEXT_TOKENS, max(window // 2, window - answer_tokens - _WINDOW_RESERVE_TOKENS))
