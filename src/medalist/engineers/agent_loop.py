"""The tool loop: a language model is asked, what it calls is done, the answers go back, until it says that it is done.

The loop is Medalist's own and not pydantic-ai's agent, for its ends are what matters here: every way
a language model can misbehave has one (``agent_patience``), and the history is Medalist's to shorten
(``agent_context``). Requests leave through the Door's model, which retries, counts and reserves.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pydantic_ai import direct
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from medalist.core.errors import BudgetSpent, TooLong
from medalist.engineers.agent_context import Conversation
from medalist.engineers.agent_patience import Acted, Patience
from medalist.llm.wellformed import wellformed
from medalist.tools.desk import Desk
from medalist.tools.tool import all_tools, call

_SAID_CHARACTERS = 600
_ANSWER_TOO_LONG = re.compile(r"max_tokens|completion", re.IGNORECASE)
_LEAST_ANSWER_TOKENS = 1024
_SHORTENINGS = 4
_MALFORMED = " What came is no JSON object. If it was cut off, write the file in several smaller pieces."
_SIDE_BY_SIDE = frozenset(
    (
        "run_command",
        "read_file",
        "list_files",
        "search_files",
        "read_output",
        "read_hints",
        "read_job",
        "list_jobs",
    )
)
"""Tools whose calls in one answer run at the same time. All others change something, and run in their order."""


@dataclass(frozen=True)
class LoopLimits:
    """What bounds a loop beside time and money. ``answer_tokens`` is the most one answer may have."""

    steps: int = 500
    answer_tokens: int = 16_000
    stream: bool = False


class AgentLoop:
    """One language model at one desk."""

    def __init__(
        self, model: Model, desk: Desk, conversation: Conversation, limits: LoopLimits = LoopLimits()
    ) -> None:
        self._model = model
        self._desk = desk
        self._conversation = conversation
        self._limits = limits
        self._patience = Patience(desk.brought.ending)
        self._submissions_before = desk.session.submissions
        definitions = [
            ToolDefinition(
                name=tool.name, parameters_json_schema=dict(tool.parameters), description=tool.description
            )
            for tool in all_tools(desk)
        ]
        self._parameters = ModelRequestParameters(function_tools=definitions)
        self._answer_tokens = limits.answer_tokens

    async def run(self) -> None:
        """Work until the engineer says that it is done.

        Raises BudgetSpent when the steps are used up, and LlmError (CostLimit among them) when the
        language model cannot be asked, refuses, falls silent or goes in circles.
        """
        for _ in range(self._limits.steps):
            response = await self._ask()
            self._conversation.heard(response)
            self._record(response)
            calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
            if calls:
                await self._act(calls)
            elif not self._told_to_go_on(response):
                return
            if self._desk.submitted_finally:
                return
        raise BudgetSpent(f"The {self._limits.steps} steps of this attempt are used up.")

    async def _ask(self) -> ModelResponse:
        """One answer; what the provider finds too long is shortened and sent again."""
        for _ in range(_SHORTENINGS):
            self._conversation.fit()
            try:
                return await self._request()
            except TooLong as error:
                self._conversation.limit_tokens = 3 * self._conversation.tokens // 4
                if _ANSWER_TOO_LONG.search(str(error)):
                    self._answer_tokens = max(_LEAST_ANSWER_TOKENS, self._answer_tokens // 2)
        self._conversation.fit()
        return await self._request()

    async def _request(self) -> ModelResponse:
        asked = {
            "model": self._model,
            "messages": self._conversation.messages,
            "model_settings": ModelSettings(max_tokens=self._answer_tokens, cache=True),
            "model_request_parameters": self._parameters,
        }
        if not self._limits.stream:
            return await direct.model_request(**asked)
        async with direct.model_request_stream(**asked) as stream:
            async for _ in stream:
                pass
            return wellformed(stream.get())

    def _told_to_go_on(self, response: ModelResponse) -> bool:
        own = self._desk.session.submissions > self._submissions_before
        text = self._patience.silent(response.finish_reason, own)
        if text is not None:
            self._conversation.tell((), text)
        return text is not None

    async def _act(self, calls: Sequence[ToolCallPart]) -> None:
        """Do what was called: calls that only look run side by side, one that changes something runs alone."""
        results: list[ToolReturnPart] = []
        for together in _waves(calls):
            results += await asyncio.gather(*(self._result(each) for each in together))
        step = [
            Acted(each.tool_name, each.args_as_json_str(), str(result.content))
            for each, result in zip(calls, results, strict=True)
        ]
        advice = self._patience.acted(step, jobs_running=bool(self._desk.session.supervisor.running))
        self._conversation.tell(results, advice)

    async def _result(self, part: ToolCallPart) -> ToolReturnPart:
        try:
            arguments, advice = part.args_as_dict(raise_if_invalid=True), ""
        except (ValueError, AssertionError):
            arguments, advice = part.args, _MALFORMED
        answer = await call(self._desk, part.tool_name, arguments)  # pyright: ignore[reportArgumentType]
        return ToolReturnPart(part.tool_name, answer + advice, part.tool_call_id)

    def _record(self, response: ModelResponse) -> None:
        said = " ".join(part.content for part in response.parts if isinstance(part, TextPart)).strip()
        if said:
            more = " …" if len(said) > _SAID_CHARACTERS else ""
            self._desk.session.events.append("engineer_said", text=said[:_SAID_CHARACTERS] + more)


def _waves(calls: Sequence[ToolCallPart]) -> Iterator[list[ToolCallPart]]:
    """Calls in their order, those that may run side by side in one list."""
    for looks, group in groupby(calls, key=lambda part: part.tool_name in _SIDE_BY_SIDE):
        together = list(group)
        yield from [together] if looks else [[part] for part in together]
