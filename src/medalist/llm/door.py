"""The one door to language models: whoever wants to ask one gets a model, or an answer, here.

A door is built once an attempt and closed with it. It holds the attempt's limits in money and tokens,
its cache and its transcript; every request passes them (``llm/call``).
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Required, Self, TypedDict, TypeVar, Unpack

import pydantic_ai
from pydantic_ai import Agent
from pydantic_ai.models import Model, create_async_httpx2_client

from medalist.core.errors import LlmError
from medalist.core.event import EventLog
from medalist.core.home import home_folder
from medalist.llm.cache import ResponseCache
from medalist.llm.call import Books, Line
from medalist.llm.local_server import LocalServer, find_model
from medalist.llm.loops import LoopBound, LoopThread
from medalist.llm.model import DoorModel
from medalist.llm.names import PROVIDERS, LlmName, base_url_of, key_of, missing_key, parse_name
from medalist.llm.prices import Prices
from medalist.llm.providers import build_model
from medalist.llm.purse import Purse
from medalist.llm.retry import FAILURES, RetryPolicy, as_llm_error
from medalist.llm.settings import LlmSettings
from medalist.llm.transcript import Transcript
from medalist.llm.usage import Ledger, Usage, spent_in

T = TypeVar("T")

_OUTPUT_RETRIES = 2
"""How often a language model may mend an answer that does not fit the type asked for."""

_CAN_BE_SENT = re.compile(r"[\x21-\x7e]*")
"""What an HTTP header can hold; a key with more in it fails in every library differently."""

_NOT_STARTED = "http://127.0.0.1:9/v1"
"""Stands for a local server's address until it runs; the discard port, where nobody answers."""


@dataclass(frozen=True)
class Asked(Generic[T]):
    """An answer and what it took."""

    output: T
    usage: Usage


class Manner(TypedDict, total=False):
    """How a question is asked: ``role`` says in events who asks; see ``Door.consult``."""

    role: Required[str]
    system: str
    timeout_seconds: float | None


class Door:
    """The only place where a request leaves. Safe to use from several threads and event loops.

    ``events`` gets ``llm_call`` and ``llm_failed``, ``transcript`` the texts. ``ledger`` is made from
    ``settings`` and what the events tell was spent before, unless one is given, to share a limit;
    answers are kept only where ``settings.cache`` says so, in ``cache_dir`` or Medalist's home folder.
    """

    def __init__(
        self,
        settings: LlmSettings,
        events: EventLog | None,
        transcript: Path | None,
        *,
        ledger: Ledger | None = None,
        cache_dir: Path | None = None,
        retry: RetryPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        pydantic_ai.BANNER_ENABLED = False  # it would stand in the middle of what a command prints
        self.settings = settings
        usd, tokens = spent_in(events.path) if events is not None else (0.0, 0)
        self.ledger = ledger or Ledger(
            settings.max_cost_usd, settings.max_tokens, spent_usd=usd, spent_tokens=tokens
        )
        self._books = Books(
            purse=Purse(self.ledger, Prices(), clock, patience_seconds=settings.timeout_seconds),
            cache=ResponseCache(cache_dir or home_folder()) if settings.cache else None,
            events=events,
            transcript=Transcript(transcript) if transcript is not None else None,
            retry=retry or RetryPolicy(),
            timeout_seconds=settings.timeout_seconds,
            clock=clock,
        )
        self._thread = LoopThread()
        self._bound = LoopBound()
        self._servers = _LocalServers()
        self._unused_client = create_async_httpx2_client()
        self._described: dict[str, Model] = {}

    def check(self, name: str) -> None:
        """Raises LlmError that names the variable or the folder to mend; UsageError for what is no name."""
        parsed = parse_name(name)
        provider = PROVIDERS[parsed.provider]
        if variable := missing_key(parsed):
            raise LlmError(
                f"{name} cannot be asked: no key for {provider.title} is set.",
                where=f"environment variable {variable}",
                next_step=f"export {variable}=...",
            )
        if not _CAN_BE_SENT.fullmatch(key_of(parsed)):
            raise LlmError(
                f"The key for {provider.title} holds characters that no key has.",
                where=f"environment variable {provider.key_variables[0]}",
                next_step="Copy it again, without what stands around it.",
            )
        if (address := base_url_of(parsed)) and not address.startswith(("http://", "https://")):
            raise LlmError(
                f"{address!r} is no address of a server.",
                where=f"environment variable {provider.base_url_variable}",
                next_step="Write it as http://HOST:PORT/v1.",
            )
        if parsed.provider == "hf":
            find_model(Path(parsed.model))

    def model(self, name: str, *, role: str) -> DoorModel:
        """A model for ``pydantic_ai.Agent``; ``role`` says in events who asks. Raises what ``check`` raises."""
        self.check(name)
        parsed = parse_name(name)

        async def here() -> Model:
            return await self._model_here(parsed)

        return DoorModel(self._describing(parsed), books=self._books, line=Line(parsed, role), here=here)

    async def ask(self, name: str, prompt: str, *, output_type: type[T] = str, **how: Unpack[Manner]) -> T:
        """One question, answered as ``output_type``; ``how`` as in ``consult``. Raises LlmError, CostLimit within it."""
        asked = await self.consult(name, prompt, output_type=output_type, **how)
        return asked.output

    async def consult(
        self,
        name: str,
        prompt: str,
        *,
        role: str,
        system: str = "",
        output_type: type[T] = str,
        timeout_seconds: float | None = None,
    ) -> Asked[T]:
        """``ask`` with what it took. ``timeout_seconds`` bounds the whole, mending of a misshapen answer included."""
        model = self.model(name, role=role)
        agent = Agent(model, output_type=output_type, instructions=system or None, retries=_OUTPUT_RETRIES)
        try:
            async with asyncio.timeout(timeout_seconds):
                result = await agent.run(prompt)
        except FAILURES as error:
            raise as_llm_error(error, parse_name(name)) from None
        return Asked(result.output, model.used)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine for a caller that has no event loop; any thread may, several at once."""
        return self._thread.run(work)

    def close(self) -> None:
        """Stop local servers and close connections. Idempotent; the ledger can still be read."""
        self._servers.stop()  # first: a thread may wait for one that still loads its weights
        self._thread.close()
        if self._books.cache is not None:
            self._books.cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _describing(self, name: LlmName) -> Model:
        """A model that answers questions about itself and is never asked anything else."""
        if str(name) not in self._described:
            address = _NOT_STARTED if name.provider == "hf" else ""
            self._described[str(name)] = build_model(name, self._unused_client, base_url=address)
        return self._described[str(name)]

    async def _model_here(self, name: LlmName) -> Model:
        address = await asyncio.to_thread(self._servers.address, name) if name.provider == "hf" else ""
        client, models = await self._bound.here()
        key = f"{name} {address}"
        if key not in models:
            models[key] = build_model(name, client, base_url=address)
        return models[key]


class _LocalServers:
    """The servers of Hugging Face folders, each started when first asked, and again should it have died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[str, tuple[LocalServer, threading.Lock]] = {}

    def address(self, name: LlmName) -> str:
        """Where ``name`` is served. Blocks while its weights are loaded."""
        with self._lock:
            if str(name) not in self._servers:
                tokenizer, dtype = name.options.get("tokenizer", ""), name.options.get("dtype", "auto")
                server = LocalServer(name.model, tokenizer=tokenizer, dtype=dtype)
                self._servers[str(name)] = (server, threading.Lock())
            entry = self._servers[str(name)]
        server, starting = entry
        with starting:
            address = server.start()
        if self._servers.get(str(name)) is not entry:  # stopped before it could be seen to start
            server.stop()
            raise LlmError("The door to language models was closed while a local one was started.")
        return address

    def stop(self) -> None:
        """Does not wait for one that is being started: that one fails."""
        with self._lock:
            servers, self._servers = self._servers, {}
        for server, _ in servers.values():
            server.stop()
