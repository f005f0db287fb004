"""MCP clients at an attempt that runs in the test's own process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from mcp import Client

from medalist.apps.mcp import McpGuest
from medalist.apps.mcp_doors import HttpDoor
from medalist.core.event import read_events
from medalist.runs.guests import receive
from medalist.runs.store import FileStore

Work = Callable[[Client], Awaitable[Any]]


def attend(store: FileStore, *clients: Work) -> list[Any]:
    """The attempt in this thread, each client in one of its own; what the clients came to."""
    door = HttpDoor(0)
    results: list[Any] = [None] * len(clients)

    async def work(number: int) -> None:
        async with Client(door.url) as client:
            results[number] = await clients[number](client)

    threads = [
        threading.Thread(target=lambda number=number: asyncio.run(work(number)), daemon=True)
        for number in range(len(clients))
    ]
    for thread in threads:
        thread.start()
    receive(store, McpGuest(door))
    for thread in threads:
        thread.join(20)
    return results


async def text_of(client: Client, tool: str, **arguments: object) -> str:
    return (await client.call_tool(tool, arguments)).content[0].text


def events_of(store: FileStore) -> list[Any]:
    return list(read_events(store.folder(store.attempts()[0].spec.id) / "events.jsonl"))
