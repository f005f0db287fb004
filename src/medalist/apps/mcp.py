"""The door for programs that speak the Model Context Protocol: the tools of one attempt (SPEC R6).

The protocol is spoken in a thread of its own, so that a client is answered at once while the task is
explored or something is scored. Tool calls are carried to the attempt's loop and wait there until
the desk is open; long ones are accompanied by progress notifications.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

import medalist
from medalist.apps.mcp_doors import Door
from medalist.core.errors import BudgetSpent, MedalistError
from medalist.engineers.guest import read_brief
from medalist.tools.desk import Desk
from medalist.tools.jobs import state
from medalist.tools.telling import duration
from medalist.tools.tool import all_tools, call

PROGRESS_SECONDS = 5.0
BRIEF = "medalist://brief"
_OVER = "Error: The attempt has ended. What was in place is kept and graded."
_GOODBYE_SECONDS = 2.0
_FLUSH_SECONDS = 0.2

Context = ServerRequestContext[Any, Any]


class McpGuest:
    """Whoever connects to ``door`` is the engineer; see ``engineers.guest.Guest``.

    The attempt ends when a client says that it is done, and, where the door says so, when it has left.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._desk: Future[tuple[Desk, asyncio.AbstractEventLoop]] = Future()
        self._left = asyncio.Event()
        self._goodbye = asyncio.Event()
        self._over = threading.Event()
        self._calls: set[Future[str]] = set()
        self._answering = 0
        self._failure: MedalistError | None = None

    def arrive(self, desk: Desk) -> None:
        server = self._server_for(desk)
        self._speaking = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._speak, args=(server,), name="medalist-mcp", daemon=True)
        self._thread.start()

    async def work(self, desk: Desk) -> None:
        """Raises what ends an attempt from inside a tool, such as a full disk."""
        self._desk.set_result((desk, asyncio.get_running_loop()))
        try:
            if not self._over.is_set():
                await self._left.wait()
        finally:
            self._over.set()
            for each in list(self._calls):
                each.cancel()
            await self._see_off()
        if self._failure is not None:
            raise self._failure

    async def _see_off(self) -> None:
        """Let the last answers out, then close the door."""
        with suppress(RuntimeError):  # the client has left, and the protocol's loop is closed
            self._speaking.call_soon_threadsafe(self._goodbye.set)
        await asyncio.to_thread(self._thread.join, 2 * _GOODBYE_SECONDS)

    # ---- in the protocol's thread

    def _speak(self, server: Server[Any]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._speaking) as runner:
            runner.run(self._serve(server))
        self._over.set()
        self._leave()

    async def _serve(self, server: Server[Any]) -> None:
        closing = asyncio.create_task(self._close_after_goodbye())
        try:
            await self._door.serve(server)
        finally:
            closing.cancel()

    def _leave(self) -> None:
        if self._desk.done():
            _, loop = self._desk.result()
            with suppress(RuntimeError):  # the attempt, and its loop with it, has ended meanwhile
                loop.call_soon_threadsafe(self._left.set)

    async def _close_after_goodbye(self) -> None:
        await self._goodbye.wait()
        deadline = time.monotonic() + _GOODBYE_SECONDS
        while self._answering and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        await asyncio.sleep(_FLUSH_SECONDS)
        self._door.close()

    def _server_for(self, desk: Desk) -> Server[Any]:
        tools = [
            types.Tool(name=tool.name, description=tool.description, input_schema=dict(tool.parameters))
            for tool in all_tools(desk)
        ]
        brief = types.Prompt(name="work", description="What is to be solved, and how to work on it.")
        resource = types.Resource(name="brief", uri=BRIEF, mime_type="text/markdown")

        async def list_tools(context: Context, params: object) -> types.ListToolsResult:
            return types.ListToolsResult(tools=tools)

        async def list_prompts(context: Context, params: object) -> types.ListPromptsResult:
            return types.ListPromptsResult(prompts=[brief])

        async def list_resources(context: Context, params: object) -> types.ListResourcesResult:
            return types.ListResourcesResult(resources=[resource])

        return Server(
            "medalist",
            version=medalist.__version__,
            instructions=_instructions(desk, self._door),
            on_list_tools=list_tools,
            on_call_tool=self._call_tool,
            on_list_prompts=list_prompts,
            on_get_prompt=self._get_prompt,
            on_list_resources=list_resources,
            on_read_resource=self._read_resource,
        )

    async def _call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        answer = await self._carry(
            context, params.name, lambda desk: call(desk, params.name, params.arguments)
        )
        refused = answer.startswith(("Refused: ", "Error: "))
        return types.CallToolResult(content=[types.TextContent(type="text", text=answer)], is_error=refused)

    async def _get_prompt(
        self, context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        text = await self._carry(context, "the brief", read_brief)
        content = types.TextContent(type="text", text=text)
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])

    async def _read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        text = await self._carry(context, "the brief", read_brief)
        content = types.TextResourceContents(uri=BRIEF, mime_type="text/markdown", text=text)
        return types.ReadResourceResult(contents=[content])

    async def _carry(self, context: Context, what: str, work: Callable[[Desk], Awaitable[str]]) -> str:
        """What ``work`` gives in the attempt's own loop; the client is told of progress meanwhile."""
        self._answering += 1
        try:
            opened = asyncio.wrap_future(self._desk)
            if not await self._accompany(context, opened, "The task is being explored"):
                return _OVER
            desk, loop = self._desk.result()
            if self._over.is_set():
                return _OVER
            carried = asyncio.run_coroutine_threadsafe(self._in_the_loop(work, desk), loop)
            self._calls.add(carried)
            try:
                done = await self._accompany(context, asyncio.wrap_future(carried), what)
                return carried.result() if done else _OVER
            finally:
                carried.cancel()
                self._calls.discard(carried)
                if desk.submitted_finally or self._failure is not None:
                    self._leave()
        finally:
            self._answering -= 1

    async def _accompany(self, context: Context, wanted: asyncio.Future[Any], what: str) -> bool:
        """Wait, telling the client every few seconds that it goes on; False when it was given up."""
        began = time.monotonic()
        waiting = asyncio.shield(wanted)
        while not (await asyncio.wait([waiting], timeout=PROGRESS_SECONDS))[0]:
            seconds = time.monotonic() - began
            await context.session.report_progress(
                round(seconds, 1), message=f"{what}: {duration(seconds)}{self._jobs()}"
            )
            if self._over.is_set() and not self._desk.done():
                return False
        return not wanted.cancelled()

    def _jobs(self) -> str:
        """How far the jobs are, by what the attempt's loop last saw; nothing is asked of them here."""
        if not self._desk.done():
            return ""
        desk, _ = self._desk.result()
        running = [(job_id, job) for job_id, job in tuple(desk.jobs.items()) if not job.ended]
        return "".join(f"; {job_id}: {state(job)}" for job_id, job in running)

    # ---- in the attempt's loop

    async def _in_the_loop(self, work: Callable[[Desk], Awaitable[str]], desk: Desk) -> str:
        try:
            return await work(desk)
        except BudgetSpent:
            return _OVER
        except MedalistError as error:  # a tool's own failures are answers; this one ends the attempt
            self._failure = error
            return f"Error: {error}"


def _instructions(desk: Desk, door: Door) -> str:
    brought, budget = desk.brought, desk.session.budget
    leaving = " or disconnect" if door.leaving_ends else ""
    jobs = (
        "Jobs are reviewed before they start and watched while they run; answers carry the news. `wait` takes the place "
        "of sleeping and polling. "
    )
    return (
        "You are the engineer of one machine-learning task, with the tools of this server and under its checks. Call "
        "read_brief first: it says what is to be solved, what is known, how to work and what is handed in. "
        f"{jobs if brought.checked else ''}You have {duration(budget.remaining)} from now. "
        f"{'Hand in with `submit`; the' if brought.leaves('submit') else 'The'} attempt ends when you call "
        f"`{brought.ending}`{leaving}, and what is in place then is graded."
    )
