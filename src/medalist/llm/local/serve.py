"""The server's process: ``python -m medalist.llm.local.serve SPEC``, OpenAI's chat completions on loopback.

SPEC is JSON: folder, tokenizer, dtype, name, port, threads, visible_gpus. It says on stdout, one JSON
object a line, what it is doing (``told``), then ``port`` when it answers, or ``error`` and ``next_step``.
It ends when its stdin is closed, which the kernel does when the parent dies: unlike a death signal
this does not depend on which of the parent's threads started it. Requests are answered in turn, and
one whose client has left is given up.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medalist.core.errors import LlmError
from medalist.llm.local.tool_text import CLOSE, OPEN, Sieve, forced_beginning, parse_calls
from medalist.llm.wire import chat
from medalist.llm.wire.exchange import Reply, Turn

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from medalist.llm.local.model import LocalModel, Wish

_BAD_REQUEST = (KeyError, TypeError, ValueError, AttributeError)
_LOOK_FOR_CLIENT_SECONDS = 1.0


class _Answer:
    """One request on its way: the generating thread puts text, the event loop takes it."""

    def __init__(self, turn: Turn, model: LocalModel, one_at_a_time: Executor) -> None:
        from medalist.llm.local.prompt import write_prompt

        self.turn = turn
        self._model = model
        self._one_at_a_time = one_at_a_time
        self._wish = _wish(turn.raw)
        self._stopped = threading.Event()
        stop = turn.raw.get("stop") or ()
        self._begin = forced_beginning(turn.raw.get("tool_choice"), turn.tools) if turn.tools else ""
        self._stop = Sieve([*([stop] if isinstance(stop, str) else stop), *([CLOSE] if self._begin else ())])
        self._calls = Sieve([OPEN] if turn.tools else [])
        self._prompt = write_prompt(model.tokenizer, turn) + self._begin
        if not self._begin and self._prompt.rstrip().endswith("<think>"):
            self._begin = "<think>\n"  # opened by the template: the answer would hold its end alone
        self._said: list[str] = []
        self.reply = Reply()

    async def texts(self, request: Request) -> AsyncIterator[str]:
        """The answer's text outside of tool calls as it comes; afterwards ``reply`` is whole.

        Generating stops when the client leaves. Raises TooLong.
        """
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(text: str | None) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, text)

        work = loop.run_in_executor(
            self._one_at_a_time, self._model.generate, self._prompt, self._wish, put, self._stopped
        )
        work.add_done_callback(lambda _: queue.put_nowait(None))
        watch = asyncio.create_task(self._stop_when_left(request))
        try:
            queue.put_nowait(self._begin)
            while (text := await queue.get()) is not None:
                if shown := self._pass(text):
                    yield shown
            generated = await work
        finally:
            self._stopped.set()
            watch.cancel()
        if rest := self._end():
            yield rest
        asked, written = generated.input_tokens, generated.output_tokens
        self.reply = replace(self.reply, input_tokens=asked, output_tokens=written)
        if generated.cut:
            self.reply = self.reply.cut()

    async def _stop_when_left(self, request: Request) -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(_LOOK_FOR_CLIENT_SECONDS)
        self._stopped.set()

    def _pass(self, text: str) -> str:
        before = self._stop.feed(text)
        if self._stop.found:
            self._stopped.set()
        shown = self._calls.feed(before)
        self._said.append(shown)
        return shown

    def _end(self) -> str:
        """What was held back and is no tool call; fills in the reply."""
        kept = self._calls.rest() if self._stop.found else self._calls.rest() + self._stop.rest()
        rest, calls = parse_calls(kept) if self.turn.tools else (kept, ())
        name = f"call_{self.turn.conversation}"
        numbered = tuple(replace(call, id=f"{name}_{index}") for index, call in enumerate(calls))
        self.reply = Reply(text="".join(self._said) + rest, calls=numbered)
        return rest


def _wish(raw: dict[str, Any]) -> Wish:
    """Raises TypeError and ValueError for values that are none."""
    from medalist.llm.local.model import DEFAULT_MAX_TOKENS, Wish

    def number(name: str, kind: type[int] | type[float]) -> Any:
        return None if raw.get(name) is None else kind(raw[name])

    if (raw.get("n") or 1) != 1:
        raise ValueError("n above 1 is not offered")
    most = number("max_completion_tokens", int) or number("max_tokens", int) or DEFAULT_MAX_TOKENS
    return Wish(most, number("temperature", float), number("top_p", float), number("seed", int))


def _turn(raw: dict[str, Any], name: str) -> Turn:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is no request."""
    said = chat.read(raw)
    for message in raw["messages"]:
        parts = message.get("content")
        if isinstance(parts, list) and any(part["type"] != "text" for part in parts):
            raise ValueError("this server reads text only")
    return Turn(
        protocol="chat",
        model=str(raw.get("model") or name),
        system=said.system,
        messages=said.messages,
        tools=said.tools if raw.get("tool_choice") != "none" else (),
        stream=bool(raw.get("stream")),
        raw=raw,
        conversation=uuid.uuid4().hex[:12],
    )


def make_app(model: LocalModel, name: str) -> Starlette:
    """The web application: ``/v1/models`` and ``/v1/chat/completions``."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, StreamingResponse
    from starlette.routing import Route

    one_at_a_time = ThreadPoolExecutor(1)

    async def models(_: Request) -> Response:
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "local"}]
        return JSONResponse({"object": "list", "data": listed})

    async def completions(request: Request) -> Response:
        try:
            answer = _Answer(_turn(await request.json(), name), model, one_at_a_time)
        except _BAD_REQUEST as error:
            return JSONResponse(chat.error(400, f"cannot be answered: {error}"), 400)
        if answer.turn.stream:
            return StreamingResponse(_events(answer, request), media_type="text/event-stream")
        try:
            async for _text in answer.texts(request):
                pass
        except ValueError as error:
            return JSONResponse(chat.error(400, str(error)), 400)
        return JSONResponse(chat.whole(answer.turn, answer.reply))

    return Starlette(
        routes=[Route("/v1/models", models), Route("/v1/chat/completions", completions, methods=["POST"])]
    )


async def _events(answer: _Answer, request: Request) -> AsyncIterator[str]:
    """The stream's server-sent events. What fails after the first one is told as an event, as vLLM does."""

    def event(data: dict[str, Any] | str) -> str:
        return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"

    turn = answer.turn
    yield event(chat.chunk(turn, {"role": "assistant", "content": ""}))
    try:
        async for text in answer.texts(request):
            yield event(chat.chunk(turn, {"content": text}))
    except ValueError as error:
        yield event(chat.error(400, str(error)))
        return
    for index, call in enumerate(answer.reply.calls):
        yield event(chat.chunk(turn, {"tool_calls": [{"index": index, **chat.written_call(call)}]}))
    yield event(chat.chunk(turn, {}, chat.finish_reason(answer.reply)))
    if chat.wants_usage(turn):
        yield event(chat.usage_chunk(turn, answer.reply))
    yield event("[DONE]")


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _parents_ear() -> Callable[..., None]:
    """Says one line to the parent. Whatever a library prints from now on goes to the log."""
    stdout = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(**said: Any) -> None:
        print(json.dumps(said), file=stdout, flush=True)

    return tell


def main() -> None:
    spec, tell = json.loads(sys.argv[1]), _parents_ear()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ |= {
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    if spec["visible_gpus"] is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = spec["visible_gpus"]
    try:
        serve(spec, listen(spec["port"]), tell)
    except LlmError as error:
        tell(error=error.what, where=error.where, next_step=error.next_step)
    # Not by returning: a thread that still generates would be waited for.
    os._exit(0)


def listen(port: int) -> socket.socket:
    """Take the port; connections are refused until the model is loaded. Raises LlmError when it is taken."""
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise LlmError(
            f"Port {port} is not free: {error.strerror}.", next_step="Leave the port out."
        ) from error
    return listener


def serve(spec: dict[str, Any], listener: socket.socket, tell: Callable[..., None]) -> None:
    """Load the model and answer until the process is told to end. Raises LlmError."""
    tell(told="starting torch and transformers")
    import torch
    import uvicorn

    from medalist.llm.local.model import load

    torch.set_num_threads(spec["threads"])
    model = load(Path(spec["folder"]), Path(spec["tokenizer"]), spec["dtype"], lambda text: tell(told=text))
    listener.listen(128)
    tell(port=listener.getsockname()[1])
    config = uvicorn.Config(
        make_app(model, spec["name"]), log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
