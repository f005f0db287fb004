"""Two ways in for an MCP client: this process's stdin and stdout, or HTTP on this machine.

The stdio door takes the descriptors away before anything else can print: from then on what is meant
for a terminal goes to stderr, and only the protocol to the client.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from medalist.apps.line_reading import lines_of
from medalist.core.errors import UsageError

HOST = "127.0.0.1"
_GRACE_SECONDS = 2


class Door(Protocol):
    """Where the client comes in. ``serve`` and ``close`` are called in the same loop."""

    leaving_ends: bool
    """Whether a client that is gone cannot come back."""

    async def serve(self, server: Server[Any]) -> None:
        """Serve until the client has left or the door is closed."""
        ...

    def close(self) -> None:
        """Have ``serve`` end."""
        ...


class StdioDoor:
    """The client holds this process's stdin and stdout. ``client_gone`` may know better than stdin that it left."""

    leaving_ends = True

    def __init__(self, client_gone: Callable[[], bool] = lambda: False) -> None:
        self._client_gone = client_gone
        self._input, self._output = _take_away(0, os.O_RDONLY), _take_away(1, os.O_WRONLY)
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def serve(self, server: Server[Any]) -> None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), name="medalist-mcp-input", daemon=True).start()
        streams: Any = self  # takes the place of both text files
        async with stdio_server(streams, streams) as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())
        os.close(self._output)

    def close(self) -> None:
        self._lines.put_nowait(None)

    # ---- what the SDK's transport asks of its two files

    def __aiter__(self) -> StdioDoor:
        return self

    async def __anext__(self) -> str:
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line

    async def write(self, text: str) -> None:
        left = text.encode()
        try:
            while left:
                left = left[os.write(self._output, left) :]
        except OSError:  # nobody reads any more
            self.close()

    async def flush(self) -> None:
        return

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread that nothing waits for: a read of stdin cannot be called back."""
        with suppress(RuntimeError):  # the loop was closed meanwhile
            for line in lines_of(self._input, self._client_gone):
                loop.call_soon_threadsafe(self._lines.put_nowait, line)
            loop.call_soon_threadsafe(self._lines.put_nowait, None)


def _take_away(descriptor: int, flags: int) -> int:
    """A private copy of stdin or stdout, in whose place there is nothing to read, and stderr to write to."""
    private = os.dup(descriptor)
    instead = os.open(os.devnull, flags) if flags == os.O_RDONLY else os.dup(2)
    os.dup2(instead, descriptor)
    os.close(instead)
    return private


class HttpDoor:
    """Streamable HTTP at ``url``, for clients on this machine alone; one that left may come back.

    ``port`` 0 takes a free one. Raises UsageError when it is taken.
    """

    leaving_ends = False

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
            self._socket.listen()  # who connects before there is somebody to answer has to wait, not to give up
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise UsageError(
                f"Port {port} cannot be opened: {error}.", next_step="Name another, or 0 for a free one."
            ) from error
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}/mcp"
        self._server: Any = None

    async def serve(self, server: Server[Any]) -> None:
        import uvicorn

        app = server.streamable_http_app(host=HOST, session_idle_timeout=None)
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_GRACE_SECONDS)
        )
        await self._server.serve(sockets=[self._socket])

    def close(self) -> None:
        if self._server is not None:
            self._server.should_exit = True
