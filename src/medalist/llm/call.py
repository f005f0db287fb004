"""One request on its way through the door: redacted, looked up, reserved, made (again), settled, written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from tenacity import RetryCallState

from medalist.core.errors import LlmError
from medalist.core.event import EventLog
from medalist.llm.cache import ResponseCache, cache_key
from medalist.llm.continuation import Conversations, instructions_of, texts_of
from medalist.llm.keys import redact, secrets
from medalist.llm.names import LlmName, display
from medalist.llm.purse import Hold, Purse
from medalist.llm.retry import FAILURES, RetryPolicy, as_llm_error, reason_of
from medalist.llm.transcript import Transcript, parts_told, told
from medalist.llm.usage import Usage
from medalist.llm.wellformed import wellformed

T = TypeVar("T")
Message = TypeVar("Message", bound=ModelMessage)
Ask = Callable[[list[ModelMessage], ModelSettings], Awaitable[ModelResponse]]
Open = Callable[[list[ModelMessage], ModelSettings], AbstractAsyncContextManager[StreamedResponse]]


@dataclass
class Books:
    """What all calls of one door share: limits, prices, cache, and where they are written down."""

    purse: Purse
    cache: ResponseCache | None
    events: EventLog | None
    transcript: Transcript | None
    retry: RetryPolicy
    timeout_seconds: float
    clock: Callable[[], float]
    conversations: Conversations = field(default_factory=Conversations)


@dataclass
class Line:
    """One role's line to one model, and what was used on it."""

    name: LlmName
    role: str
    usage: Usage = field(default_factory=Usage)


class Call:
    """One request, made as often as the policy says. Use it once: ``kept``, then ``answer`` or ``stream``."""

    def __init__(
        self,
        books: Books,
        line: Line,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
    ) -> None:
        self._books = books
        self._line = line
        self._messages, self.parameters = _redacted(messages, parameters)
        self._settings = ModelSettings(**(settings or {}))
        self._settings.setdefault("timeout", books.timeout_seconds)
        self._place = books.conversations.place(f"{line.role} {line.name}", self._messages, self.parameters)
        self._started = books.clock()
        self._attempts = 0
        self._lost = Usage()
        self._key = ""
        if books.cache is not None:
            self._key = cache_key(line.name, self._messages, settings, self.parameters)

    def kept(self) -> ModelResponse | None:
        """The cache's answer, written down as costing nothing; None where there is none."""
        response = self._books.cache.get(self._key) if self._books.cache is not None else None
        if response is not None:
            self._written_down(response, Usage(requests=1), cached=True)
        return response

    async def answer(self, ask: Ask) -> ModelResponse:
        """Ask until there is an answer. Raises LlmError when there will be none, CostLimit when it may not be."""
        hold, response = await self._tried(ask)
        return self._settled(hold, response)

    @asynccontextmanager
    async def stream(self, open_stream: Open) -> AsyncGenerator[StreamedResponse]:
        """The answer as it comes. Only opening it is tried again: later the caller has seen part of it.

        What is written down of it holds no secret; a secret that a provider itself sends reaches the caller.
        """
        async with AsyncExitStack() as stack:
            hold, streamed = await self._tried(
                lambda messages, settings: stack.enter_async_context(open_stream(messages, settings))
            )
            try:
                with ExitStack() as ending:
                    ending.push(lambda kind, error, trace: self._streamed(hold, streamed, error))
                    yield streamed
            except FAILURES as error:
                raise self._failed(error) from None

    def _streamed(self, hold: Hold, streamed: StreamedResponse, error: BaseException | None) -> None:
        failed = isinstance(error, FAILURES)
        if error is None or (not failed and streamed.get().state == "complete"):
            self._settled(hold, streamed.get(), streamed=True)
            return
        self._lose(hold, error)
        if not failed:  # the caller's own trouble
            self._given_up()

    async def _tried(
        self, once: Callable[[list[ModelMessage], ModelSettings], Awaitable[T]]
    ) -> tuple[Hold, T]:
        """What ``once`` gave, as often as the policy lets it try, with what is held for the attempt that did."""
        try:
            async for attempt in self._books.retry.retrying(before_sleep=self._fails_for_now):
                with attempt:
                    return await self._once(once)
        except asyncio.CancelledError:
            self._given_up()
            raise
        except (LlmError, *FAILURES) as error:
            raise self._failed(error) from None
        raise AssertionError("tenacity ended without an answer or an error")

    async def _once(
        self, once: Callable[[list[ModelMessage], ModelSettings], Awaitable[T]]
    ) -> tuple[Hold, T]:
        hold, settings = await self._hold()
        with ExitStack() as ending:
            ending.push(lambda kind, error, trace: self._lose(hold, error) if error else None)
            async with asyncio.timeout(self._books.timeout_seconds):
                return hold, await once(self._messages, settings)

    async def _hold(self) -> tuple[Hold, ModelSettings]:
        self._attempts += 1
        wanted = self._settings.get("max_tokens")
        hold = await self._books.purse.hold(self._line.name, self._place.input_tokens_at_most, wanted)
        if hold.max_tokens is None:
            return hold, self._settings
        return hold, ModelSettings(**{**self._settings, "max_tokens": hold.max_tokens})

    # ---------------------------------------------------------------- what became of it

    def _settled(self, hold: Hold, response: ModelResponse, *, streamed: bool = False) -> ModelResponse:
        usage = hold.pay(response)
        response = _without(secrets(), wellformed(response))
        self._books.conversations.asked(self._place, response.usage.input_tokens)
        if response.state == "complete" and self._books.cache is not None:
            self._books.cache.put(self._key, response)
        self._written_down(response, usage, streamed=streamed)
        return response

    def _written_down(self, response: ModelResponse, usage: Usage, **marks: bool) -> None:
        self._line.usage += usage
        figures = {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cached_tokens": usage.cached_tokens,
            "cost_usd": usage.cost_usd,
            "priced": not usage.unpriced_requests,
            "took_seconds": round(self._books.clock() - self._started, 3),
            "attempts": self._attempts,
            "cached": False,
            "streamed": False,
            **marks,
        }
        self._event("llm_call", conversation=self._place.conversation, **figures)
        self._line_of_transcript(answer=parts_told(response), finish_reason=response.finish_reason, **figures)

    def _lose(self, hold: Hold, error: BaseException) -> None:
        self._lost += hold.lose(error)

    def _fails_for_now(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait_seconds = state.next_action.sleep if state.next_action else 0.0
        if error is not None:
            self._failure(reason_of(error), again=True, wait_seconds=round(float(wait_seconds), 3))

    def _given_up(self) -> None:
        """Whoever asked no longer waits for the answer."""
        self._failure("nobody waits for the answer any more", again=False, attempts=self._attempts)

    def _failed(self, error: BaseException) -> LlmError:
        told_error = as_llm_error(error, self._line.name)
        reason = redact(told_error.what) if isinstance(error, LlmError) else reason_of(error)
        self._failure(reason, again=False, attempts=self._attempts)
        self._line_of_transcript(error=reason, attempts=self._attempts)
        return told_error

    def _failure(self, reason: str, **data: Any) -> None:
        """One ``llm_failed``, with what was lost on attempts since the last one."""
        lost, self._lost = self._lost, Usage()
        self._event("llm_failed", reason=reason, lost_usd=lost.cost_usd, lost_tokens=lost.tokens, **data)

    def _event(self, kind: str, **data: Any) -> None:
        if self._books.events is not None:
            name = self._line.name
            self._books.events.append(kind, role=self._line.role, name=display(name), model=str(name), **data)

    def _line_of_transcript(self, **data: Any) -> None:
        if self._books.transcript is None:
            return
        tools = [tool.name for tool in (*self.parameters.function_tools, *self.parameters.output_tools)]
        self._books.transcript.append(
            {
                "role": self._line.role,
                "model": str(self._line.name),
                "conversation": self._place.conversation,
                "messages_before": self._place.known_messages,
                "prompt": told(self._messages, self._place.known_messages),
                "tools": tools,
                **data,
            }
        )


def _redacted(
    messages: list[ModelMessage], parameters: ModelRequestParameters
) -> tuple[list[ModelMessage], ModelRequestParameters]:
    """The request without any secret's value; the same objects where there is none, which is nearly always."""
    hidden = secrets()
    parts = parameters.instruction_parts or []
    if any(secret in part.content for part in parts for secret in hidden):
        cleaned = [replace(part, content=redact(part.content)) for part in parts]
        parameters = replace(parameters, instruction_parts=cleaned)
    return [_without(hidden, message) for message in messages], parameters


def _without(hidden: Sequence[str], message: Message) -> Message:
    texts = (instructions_of(message), *texts_of(message))
    if not any(secret in text for text in texts for secret in hidden):
        return message
    written = ModelMessagesTypeAdapter.dump_json([message]).decode()
    (rewritten,) = ModelMessagesTypeAdapter.validate_json(redact(written))
    return cast("Message", rewritten)
