"""The guest: somebody outside is the engineer, a program that speaks MCP or a person, at the same desk.

The guest holds the agent's tools under the agent's checks. This module opens the workshop, sets the
desk up and keeps to the limits; how the guest is reached is the guest's own affair (``apps.mcp``,
``apps.play``).
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Protocol

from medalist.core.errors import BudgetSpent
from medalist.engineers.agent_closing import time_for_work, use_what_was_trained
from medalist.engineers.agent_prompt import system_prompt
from medalist.llm.settings import LlmSettings
from medalist.session.session import Session
from medalist.session.workshop import Workshop
from medalist.tools.definition import define
from medalist.tools.desk import Desk


class Guest(Protocol):
    """Who works, and how tool calls come in."""

    def arrive(self, desk: Desk) -> None:
        """Called once, before the task is explored, which takes a while; the desk must not be used yet."""
        ...

    async def work(self, desk: Desk) -> None:
        """Use the desk's tools until done, and return when the guest has left or said that it is done.

        Cancelled when the time is over. After it no tool may be called any more.
        """
        ...


class GuestEngineer:
    """Lets a guest work on one task. The oracle is the panel that ``llm`` names; none where it names none."""

    name = "guest"

    def __init__(self, guest: Guest, llm: LlmSettings, *, hints: bool = True) -> None:
        self._guest = guest
        self._llm = llm
        self._hints = hints

    def work(self, session: Session) -> None:
        """Have the guest work until it leaves, says that it is done, or the time is over.

        A guest who leaves has ended the attempt: what stands counts. Raises BudgetSpent at the end of
        the time, when what was trained is used first, and InputError when there is nothing to work on.
        """
        workshop: Workshop = session.family.workshop(session)
        desk = Desk(session, workshop, hints=self._hints, extra=[define(read_brief)])
        self._guest.arrive(desk)
        workshop.prepare()
        with ExitStack() as closing:
            self._invite_oracle(desk, closing)
            in_time = asyncio.run(self._work(desk))
        workshop.close()
        if not in_time:
            raise BudgetSpent(f"The {session.budget.total_seconds:.0f} s of this attempt are spent.")

    async def _work(self, desk: Desk) -> bool:
        """Whether it ended before the time was over."""
        session = desk.session
        async with desk:
            try:
                async with time_for_work(desk.workshop, session.budget):
                    await self._guest.work(desk)
            except (TimeoutError, BudgetSpent):
                session.note("The guest's time is over.")
                await use_what_was_trained(desk)
                return False
        if not desk.submitted_finally:
            session.note("The guest has left.")
        return True

    def _invite_oracle(self, desk: Desk, closing: ExitStack) -> None:
        if not (self._llm.panel or self._llm.critic) or not desk.brought.leaves("ask_oracle"):
            return
        from medalist.llm.door import Door
        from medalist.llm.oracle import Oracle

        session = desk.session
        door = closing.enter_context(Door(self._llm, session.events, session.attempt_dir / "llm.jsonl"))
        desk.oracle = Oracle.of(
            self._llm,
            door,
            session.events,
            hardware=session.hardware,
            facts=desk.workshop.script_facts(),
            budget=session.budget,
        )


async def read_brief(desk: Desk) -> str:
    """Read what is to be solved, on which machine, in what time, how to work, and what is handed in. Call it first."""
    return system_prompt(desk)
