"""Event loops: a thread that runs the door's own one for sync callers, and HTTP clients that close with their loop.

Connections belong to the event loop they were opened in, so each loop that asks gets a client of its own.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncGenerator, Coroutine
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
from pydantic_ai.models import Model, create_async_httpx2_client

from medalist.core.errors import LlmError

T = TypeVar("T")


class LoopThread:
    """One event loop in a daemon thread, started when first used. Sync callers of any thread share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` to its end and give its result; it is cancelled when the caller is interrupted.

        Raises LlmError when ``close`` comes first, and RuntimeError when called from inside the loop
        itself, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("door.run was called from a coroutine that door.run runs; await it instead")
        future = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return future.result()
        except CancelledError:
            raise LlmError("The door to language models was closed before there was an answer.") from None
        finally:
            future.cancel()  # of no effect once there is a result

    def close(self) -> None:
        """Cancel what still runs, close the loop's connections, end the thread. Idempotent."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="medalist-llm", daemon=True
                )
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()


@dataclass
class _Here:
    client: httpx2.AsyncClient
    guard: AsyncGenerator[None]
    models: dict[str, Model] = field(default_factory=dict)


class LoopBound:
    """What belongs to one event loop: an HTTP client and the models that use it.

    A client closes when its loop shuts down, as ``asyncio.run`` and ``LoopThread`` see to.
    """

    def __init__(self) -> None:
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Here] = weakref.WeakKeyDictionary()

    async def here(self) -> tuple[httpx2.AsyncClient, dict[str, Model]]:
        """The running loop's client, and its models by name."""
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None:
            client = create_async_httpx2_client()
            here = self._loops[loop] = _Here(client, _closing_with_its_loop(client))
            # A loop closes the asynchronous generators it has seen before it closes itself, which is
            # the one moment when its connections can still be ended properly.
            await anext(here.guard)
        return here.client, here.models


async def _closing_with_its_loop(client: httpx2.AsyncClient) -> AsyncGenerator[None]:
    async with client:
        yield
