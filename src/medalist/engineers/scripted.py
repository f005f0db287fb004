"""An engineer that replays a list of tool calls: for tests and demonstrations, under the agent's tools and checks.

It decides nothing. A file of calls is JSON, ``[{"tool": "write_file", "arguments": {"path": ..., "content": ...}}, ...]``,
or YAML of the same shape. An argument written ``{"file": "fast.py"}`` is the text of that file, beside the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from medalist.core.errors import BudgetSpent, InputError
from medalist.engineers.agent_closing import time_for_work, use_what_was_trained
from medalist.session.session import Session
from medalist.session.workshop import Workshop
from medalist.tools.desk import Desk
from medalist.tools.tool import call


@dataclass(frozen=True)
class Call:
    """One tool call to make."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def read_calls(path: Path) -> tuple[Call, ...]:
    """The calls in a file. Raises InputError with what is wrong, and where."""
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"The list of tool calls cannot be read: {error}.", where=str(path)) from None
    if not isinstance(said, list):
        raise InputError("This is no list of tool calls.", where=str(path), next_step=_SHAPE)
    return tuple(_call(number, each, path) for number, each in enumerate(said, start=1))


_SHAPE = 'Write [{"tool": "read_file", "arguments": {"path": "program.py"}}, ...].'


def _call(number: int, said: Any, path: Path) -> Call:
    arguments = said.get("arguments", {}) if isinstance(said, Mapping) else None
    if not isinstance(arguments, Mapping) or not isinstance(said.get("tool"), str):
        raise InputError(f"Entry {number} is no tool call.", where=str(path), next_step=_SHAPE)
    return Call(said["tool"], {str(name): _value(value, path) for name, value in arguments.items()})


def _value(value: Any, path: Path) -> Any:
    if not (isinstance(value, Mapping) and set(value) == {"file"}):
        return value
    try:
        return (path.parent / str(value["file"])).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{value['file']} cannot be read: {error}.", where=str(path)) from None


class ScriptedEngineer:
    """Makes ``calls`` in their order. ``steps`` is how many it may make; 0 for as many as the family lets an agent."""

    name = "scripted"

    def __init__(self, calls: Sequence[Call], *, steps: int = 0, hints: bool = True) -> None:
        self._calls = tuple(calls)
        self._steps = steps
        self._hints = hints

    @staticmethod
    def among(settings: Mapping[str, Any]) -> ScriptedEngineer:
        """The one that a task's settings describe: ``calls`` names the file. Raises InputError."""
        if not settings.get("calls"):
            raise InputError(
                "The engineer 'scripted' needs a list of tool calls.",
                next_step="Name its file in the task's setting `calls`.",
            )
        steps, hints = int(settings.get("steps") or 0), bool(settings.get("hints", True))
        return ScriptedEngineer(read_calls(Path(settings["calls"])), steps=steps, hints=hints)

    def work(self, session: Session) -> None:
        """Make the calls until one of them ends the work, or none is left.

        Raises BudgetSpent when time or steps are over, and InputError when there is nothing to work on.
        """
        workshop: Workshop = session.family.workshop(session)
        desk = Desk(session, workshop, hints=self._hints)
        workshop.prepare()
        ending = asyncio.run(self._work(desk))
        workshop.close()
        if ending is not None:
            raise ending

    async def _work(self, desk: Desk) -> BudgetSpent | None:
        async with desk:
            try:
                async with time_for_work(desk.workshop, desk.session.budget):
                    await self._replay(desk)
                return None
            except TimeoutError:
                ending = BudgetSpent(
                    f"The {desk.session.budget.total_seconds:.0f} s of this attempt are spent."
                )
            except BudgetSpent as error:
                ending = error
            await use_what_was_trained(desk)
        return ending

    async def _replay(self, desk: Desk) -> None:
        steps = self._steps or desk.brought.steps
        for number, each in enumerate(self._calls):
            if number == steps:
                raise BudgetSpent(f"The {steps} steps of this attempt are used up.")
            await call(desk, each.tool, each.arguments)
            if desk.submitted_finally:
                return
