"""pydantic-ai's view of the door: a model whose every request passes the limits, the cache and the transcript."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import CompletedStreamedResponse, Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from medalist.llm.call import Books, Call, Line
from medalist.llm.usage import Usage


class DoorModel(WrapperModel):
    """One role's line to one language model, for ``pydantic_ai.Agent`` and for asking directly.

    ``wrapped`` answers questions about the model and never sends anything; ``here`` gives the one
    whose connections belong to the running event loop. Raises LlmError and CostLimit from requests.
    """

    def __init__(
        self, wrapped: Model, *, books: Books, line: Line, here: Callable[[], Awaitable[Model]]
    ) -> None:
        super().__init__(wrapped)
        self._books = books
        self._line = line
        self._here = here

    @property
    def used(self) -> Usage:
        """What this line has used so far."""
        return self._line.usage

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        call = Call(self._books, self._line, messages, model_settings, model_request_parameters)
        if (kept := call.kept()) is not None:
            return kept

        inner = await self._here()
        return await call.answer(lambda clean, settings: inner.request(clean, settings, call.parameters))

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        call = Call(self._books, self._line, messages, model_settings, model_request_parameters)
        if (kept := call.kept()) is not None:
            yield CompletedStreamedResponse(
                kept, model_request_parameters=model_request_parameters, replay_events=True
            )
            return

        inner = await self._here()
        opening = call.stream(
            lambda clean, settings: inner.request_stream(clean, settings, call.parameters, run_context)
        )
        async with opening as streamed:
            yield streamed

    async def count_tokens(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        """Not offered: it would be a request that passes no limit."""
        raise NotImplementedError("the door counts tokens itself")

    @property
    def batch_max_requests(self) -> int | None:
        """None: batches would leave by another door."""
        return None
