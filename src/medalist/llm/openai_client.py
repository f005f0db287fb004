"""OpenAI's client without what makes it slow in a long conversation.

Before each request the SDK walks through every message by its type hints, over all members of every
union, only to hand on what it was given: with three hundred messages that takes a tenth of a second.
Here messages and tools go into the request's body as they are (``extra_body``), past that walk.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from openai import AsyncOpenAI
from openai.resources.chat import AsyncChat, AsyncCompletions
from openai.resources.responses import AsyncResponses

# pyright: reportIncompatibleMethodOverride=false
# The SDK's own properties are of another kind of cached_property, and its methods have dozens of overloads.


class LongConversations(AsyncOpenAI):
    """As AsyncOpenAI. Messages and tools must hold JSON values only, as pydantic-ai's do."""

    @cached_property
    def chat(self) -> AsyncChat:
        return _Chat(self)

    @cached_property
    def responses(self) -> AsyncResponses:
        return _Responses(self)


class _Chat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:
        return _Completions(self._client)


class _Completions(AsyncCompletions):
    async def create(self, *, messages: Any, **others: Any) -> Any:
        return await super().create(messages=(), **_in_the_body(others, messages=messages))


class _Responses(AsyncResponses):
    async def create(self, *, input: Any, **others: Any) -> Any:
        return await super().create(**_in_the_body(others, input=input))


def _in_the_body(arguments: dict[str, Any], **long: Any) -> dict[str, Any]:
    """``arguments`` with what is long, and the tools, in ``extra_body``; the SDK leaves out what is omitted."""
    tools = {"tools": arguments.pop("tools")} if "tools" in arguments else {}
    return {**arguments, "extra_body": {**(arguments.get("extra_body") or {}), **tools, **long}}
