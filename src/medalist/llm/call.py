"""One request on its way through the door: redacted, looked up, reserved, made (again), settled, written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from tenacity import RetryCallState

from medalist.core.errors import CostLimit, LlmError
from medalist.core.event import EventLog
from medalist.llm.cache import ResponseCache, cache_key
from medalist.llm.continuation import Conversations, instructions_of, texts_of
from medalist.llm.keys import redact, secrets
from medalist.llm.names import LlmName, base_url_of, display
from medalist.llm.prices import Prices
from medalist.llm.retry import FAILURES, RetryPolicy, as_llm_error, may_be_billed, reason_of
from medalist.llm.transcript import Transcript, parts_told, told
from medalist.llm.usage import Ledger, Reservation, Usage

MAX_OUTPUT_TOKENS = 16_384
"""How long an answer may be where a limit is set and the caller names no length."""

USEFUL_OUTPUT_TOKENS = 1_024
"""Less than this seldom holds a script or a verdict; with less left, the limit counts as reached."""

_LOOK_AGAIN_SECONDS = 0.05

Message = TypeVar("Message", bound=ModelMessage)
Ask = Callable[[list[ModelMessage], ModelSettings], Awaitable[ModelResponse]]
Open = Callable[[list[ModelMessage], ModelSettings], AbstractAsyncContextManager[StreamedResponse]]


@dataclass
class Books:
    """What all calls of one door share: limits, prices, cache, and where they are written down."""

    ledger: Ledger
    prices: Prices
    cache: ResponseCache | None
    events: EventLog | None
    transcript: Transcript | None
    retry: RetryPolicy
    timeout_seconds: float
    conversations: Conversations = field(default_factory=Conversations)
    clock: Callable[[], float] = time.monotonic


@dataclass
class Line:
    """One role's line to one model, and what was used on it."""

    name: LlmName
    role: str
    usage: Usage = field(default_factory=Usage)


@dataclass
class _Held:
    """An attempt's reservation, and the settings it is made with."""

    ledger: Ledger
    reservation: Reservation
    settings: ModelSettings

    def settle(self, usd: float, tokens: int) -> None:
        self.ledger.settle(self.reservation, usd, tokens)

    def lose(self, error: BaseException) -> None:
        """Book the worst case where a provider may have worked on a request whose answer never came."""
        if may_be_billed(error):
            self.settle(self.reservation.usd, self.reservation.tokens)
        else:
            self.settle(0.0, 0)


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
        self._key = ""
        if books.cache is not None:
            address = base_url_of(line.name)
            self._key = cache_key(line.name, address, self._messages, settings, self.parameters)

    def kept(self) -> ModelResponse | None:
        """The cache's answer, written down as costing nothing; None where there is none."""
        response = self._books.cache.get(self._key) if self._books.cache is not None else None
        if response is not None:
            self._written_down(response, Usage(requests=1), cached=True, priced=True)
        return response

    async def answer(self, ask: Ask) -> ModelResponse:
        """Ask until there is an answer. Raises LlmError when there will be none, CostLimit when it may not be."""
        try:
            async for attempt in self._books.retry.retrying(before_sleep=self._fails_for_now):
                with attempt:
                    held = await self._hold()
                    try:
                        async with asyncio.timeout(self._books.timeout_seconds):
                            response = await ask(self._messages, held.settings)
                    except BaseException as error:
                        held.lose(error)
                        raise
                    return self._settled(held, response)
        except (LlmError, *FAILURES) as error:
            raise self._failed(error) from None
        raise AssertionError("tenacity ended without an answer or an error")

    @asynccontextmanager
    async def stream(self, open_stream: Open) -> AsyncGenerator[StreamedResponse]:
        """The answer as it comes. Only opening it is tried again: later the caller has seen part of it."""
        async with AsyncExitStack() as stack:
            held, streamed = await self._opened(stack, open_stream)
            try:
                yield streamed
            except FAILURES as error:
                held.lose(error)
                raise self._failed(error) from None
            except BaseException as error:
                held.lose(error)
                raise
            self._settled(held, streamed.get(), streamed=True)

    async def _opened(self, stack: AsyncExitStack, open_stream: Open) -> tuple[_Held, StreamedResponse]:
        try:
            async for attempt in self._books.retry.retrying(before_sleep=self._fails_for_now):
                with attempt:
                    held = await self._hold()
                    try:
                        async with asyncio.timeout(self._books.timeout_seconds):
                            streamed = await stack.enter_async_context(
                                open_stream(self._messages, held.settings)
                            )
                    except BaseException as error:
                        held.lose(error)
                        raise
                    return held, streamed
        except (LlmError, *FAILURES) as error:
            raise self._failed(error) from None
        raise AssertionError("tenacity ended without a stream or an error")

    # ---------------------------------------------------------------- the limit

    async def _hold(self) -> _Held:
        """Reserve this attempt's worst case; wait for calls under way where their rest would make room."""
        self._attempts += 1
        ledger, prices, name = self._books.ledger, self._books.prices, self._line.name
        if ledger.max_cost_usd is not None:
            prices.require(name)
        tokens_in = self._place.input_tokens_at_most
        wanted = self._settings.get("max_tokens") or MAX_OUTPUT_TOKENS
        least = min(USEFUL_OUTPUT_TOKENS, wanted)
        give_up = self._books.clock() + self._books.timeout_seconds
        while True:
            tokens_out = self._most_output(tokens_in, wanted)
            others = ledger.room().open_reservations > 0 and self._books.clock() < give_up
            if tokens_out == wanted or not others:
                tokens_out = max(tokens_out, least)
                worst_usd = prices.worst_usd(name, tokens_in, tokens_out) or 0.0
                try:
                    reservation = ledger.reserve(worst_usd, tokens_in + tokens_out)
                except CostLimit:
                    if not others:
                        raise
                else:
                    return self._held(reservation, tokens_out)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    def _held(self, reservation: Reservation, tokens_out: int) -> _Held:
        settings = self._settings
        if self._books.ledger.limited:
            settings = ModelSettings(**{**settings, "max_tokens": tokens_out})
        return _Held(self._books.ledger, reservation, settings)

    def _most_output(self, tokens_in: int, wanted: int) -> int:
        """The longest answer that fits beside what is spent and reserved, ``wanted`` at most; 0 for none."""
        room = self._books.ledger.room()
        most = wanted
        if room.tokens is not None:
            most = min(most, room.tokens - tokens_in)
        if room.usd is not None:
            most = min(most, self._books.prices.output_tokens_for(self._line.name, tokens_in, room.usd))
        return max(most, 0)

    # ---------------------------------------------------------------- what became of it

    def _settled(self, held: _Held, response: ModelResponse, *, streamed: bool = False) -> ModelResponse:
        told_usage = response.usage
        complete = response.state == "complete"
        name = self._line.name
        if complete and told_usage.input_tokens + told_usage.output_tokens > 0:
            usd = self._books.prices.cost_usd(
                name,
                told_usage.input_tokens,
                told_usage.output_tokens,
                cache_read_tokens=told_usage.cache_read_tokens,
                cache_write_tokens=told_usage.cache_write_tokens,
            )
            usage = Usage(
                1,
                told_usage.input_tokens,
                told_usage.output_tokens,
                told_usage.cache_read_tokens,
                usd or 0.0,
                int(usd is None),
            )
        else:
            usd = held.reservation.usd
            tokens_in = self._place.input_tokens_at_most
            usage = Usage(1, tokens_in, held.reservation.tokens - tokens_in, 0, usd)
        held.settle(usage.cost_usd, usage.tokens)
        self._books.conversations.asked(self._place, told_usage.input_tokens)
        if complete and self._books.cache is not None:
            self._books.cache.put(self._key, response)
        self._written_down(response, usage, streamed=streamed, priced=usd is not None)
        return response if streamed else _without_secrets(response)

    def _written_down(self, response: ModelResponse, usage: Usage, *, priced: bool, **marks: bool) -> None:
        self._line.usage += usage
        figures = {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cached_tokens": usage.cached_tokens,
            "cost_usd": usage.cost_usd,
            "priced": priced,
            "took_seconds": round(self._books.clock() - self._started, 3),
            "attempts": self._attempts,
            "cached": False,
            "streamed": False,
            **marks,
        }
        self._event("llm_call", conversation=self._place.conversation, **figures)
        self._line_of_transcript(answer=parts_told(response), finish_reason=response.finish_reason, **figures)

    def _fails_for_now(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait_seconds = state.next_action.sleep if state.next_action else 0.0
        if error is not None:
            self._event(
                "llm_failed", reason=reason_of(error), again=True, wait_seconds=round(float(wait_seconds), 3)
            )

    def _failed(self, error: BaseException) -> LlmError:
        told_error = as_llm_error(error, self._line.name)
        reason = redact(told_error.what) if isinstance(error, LlmError) else reason_of(error)
        self._event("llm_failed", reason=reason, again=False, attempts=self._attempts)
        self._line_of_transcript(error=reason, attempts=self._attempts)
        return told_error

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
    parts = parameters.instruction_parts or []
    if any(redact(part.content) != part.content for part in parts):
        cleaned = [replace(part, content=redact(part.content)) for part in parts]
        parameters = replace(parameters, instruction_parts=cleaned)
    return [_without_secrets(message) for message in messages], parameters


def _without_secrets(message: Message) -> Message:
    hidden = secrets()
    if not any(
        secret in text for text in (instructions_of(message), *texts_of(message)) for secret in hidden
    ):
        return message
    written = ModelMessagesTypeAdapter.dump_json([message]).decode()
    (rewritten,) = ModelMessagesTypeAdapter.validate_json(redact(written))
    return cast("Message", rewritten)
