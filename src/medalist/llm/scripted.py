"""A language-model provider whose answers are scripted: a real HTTP server on loopback, for testing a set-up.

It speaks OpenAI's chat completions and Responses and Anthropic's messages, streaming and not, and fails
in every way that a provider can. What it answers is decided by a function of each request, which sees
what the tools really answered:

    def reply(turn: Turn) -> Reply:
        if "error" in turn.last_result("run_command"):
            return call("read_file", path="train.log")
        return say("done")

    with ScriptedProvider(reply) as provider:
        ...                                # openai:any-name@{provider.base_url_openai}, any key
        print(provider.requests[0].system)

Lists of steps and several speakers: ``script`` and ``cast``. Faults: ``fail``, ``leak``, ``overflow``,
``page``, ``drop``, ``malformed``, ``call_raw``, ``refuse``, ``nothing``, and a reply's ``.slow``, ``.stall``, ``.cut``,
``.drop_midway``, ``.usage``, ``.no_usage``.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from medalist.core.errors import LlmError
from medalist.llm.screenplay import ReplyFunction, cast, script
from medalist.llm.wire.chat import CHAT
from medalist.llm.wire.conversations import Conversations, has_left, with_ids
from medalist.llm.wire.exchange import (
    Message,
    Reply,
    ToolCall,
    ToolResult,
    Turn,
    call,
    call_raw,
    drop,
    fail,
    give,
    leak,
    malformed,
    nothing,
    overflow,
    page,
    refuse,
    say,
)
from medalist.llm.wire.messages import MESSAGES
from medalist.llm.wire.responses import RESPONSES
from medalist.llm.wire.wire import Wire

__all__ = [
    "Message",
    "Reply",
    "ScriptedProvider",
    "ToolCall",
    "ToolResult",
    "Turn",
    "call",
    "call_raw",
    "cast",
    "drop",
    "fail",
    "give",
    "leak",
    "malformed",
    "nothing",
    "overflow",
    "page",
    "refuse",
    "say",
    "script",
]

_WIRES = {wire.path: wire for wire in (CHAT, RESPONSES, MESSAGES)}
_BAD_REQUEST = (KeyError, TypeError, ValueError, AttributeError)


class ScriptedProvider:
    """Answers requests on 127.0.0.1 while used as a context manager, each request in a thread of its own.

    ``latency_seconds`` is waited before every answer, on top of a reply's own ``slow``. ``requests``
    holds every request in the order it came. When ``reply`` raises, the request is answered with status
    400 and the error is raised again where the ``with`` block ends.
    """

    def __init__(self, reply: ReplyFunction, *, latency_seconds: float = 0.0, port: int = 0) -> None:
        self.requests: list[Turn] = []
        self.reply = reply
        self.latency_seconds = latency_seconds
        self.conversations = Conversations()
        self.closing = threading.Event()
        self._server = self._listen(port)

    def _listen(self, port: int) -> _Server:
        try:
            return _Server(("127.0.0.1", port), _handler_for(self))
        except OSError as error:
            raise LlmError(
                f"The scripted provider cannot listen on port {port}: {error.strerror}.",
                next_step="Leave the port out: a free one is taken.",
            ) from error

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def base_url_openai(self) -> str:
        """For OpenAI's SDK, and for ``openai:NAME@URL``."""
        return f"{self.base_url_anthropic}/v1"

    @property
    def base_url_anthropic(self) -> str:
        """For Anthropic's SDK, which adds ``/v1`` itself, and for ``anthropic:NAME@URL``."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ScriptedProvider:
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="scripted provider", daemon=True
        ).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        if self._server.errors and kind is None:
            raise self._server.errors[0]


class _Server(ThreadingHTTPServer):
    """Keeps the errors of its threads, and its connections so that they can be closed at the end."""

    request_queue_size = 256
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.errors: list[BaseException] = []
        self._connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._connections):
            _shut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if error is None or isinstance(error, ConnectionError):  # the client went away
            return
        self.errors.append(error)
        body = json.dumps({"error": {"message": f"the script failed: {error!r}", "type": "script"}}).encode()
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        with contextlib.suppress(OSError):
            request.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed already by the other end
        connection.shutdown(socket.SHUT_RDWR)


def _handler_for(provider: ScriptedProvider) -> type[BaseHTTPRequestHandler]:
    return type("_BoundHandler", (_Handler,), {"provider": provider})


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    provider: ScriptedProvider
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """The terminal belongs to the test."""

    def do_GET(self) -> None:
        if self.path.split("?")[0].rstrip("/").endswith("/models"):
            names = sorted({turn.model for turn in self.provider.requests}) or ["scripted"]
            models = [{"id": name, "object": "model", "created": 0, "owned_by": "medalist"} for name in names]
            self._send_json(200, {"object": "list", "data": models})
        else:
            self._send_json(404, CHAT.error(404, f"no page {self.path}", ""))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0].strip("/").removeprefix("v1/")
        wire = _WIRES.get(path)
        if wire is None and path != "messages/count_tokens":
            self._send_json(404, CHAT.error(404, f"no page {self.path}", ""))
            return
        try:
            turn = self._read(wire or MESSAGES, json.loads(body))
        except _BAD_REQUEST as error:
            self._send_json(
                400, (wire or MESSAGES).error(400, f"not a request of this protocol: {error!r}", "")
            )
            return
        if wire is None:
            self._send_json(200, {"input_tokens": turn.input_tokens})
        else:
            self._converse(wire, turn)

    def _read(self, wire: Wire, raw: dict[str, Any]) -> Turn:
        said = wire.read(raw)
        key = self.headers.get("x-api-key") or self.headers.get("Authorization") or ""
        return Turn(
            protocol=wire.name,
            model=raw["model"],
            system=said.system,
            messages=said.messages,
            tools=said.tools,
            stream=bool(raw.get("stream")),
            raw=raw,
            authorization=key.removeprefix("Bearer "),
        )

    def _converse(self, wire: Wire, turn: Turn) -> None:
        provider = self.provider
        turn = provider.conversations.place(turn, self.connection)
        provider.requests.append(turn)
        reply = with_ids(provider.reply(turn), turn)
        provider.closing.wait(provider.latency_seconds + reply.wait_seconds)
        if has_left(self.connection):
            return
        if not reply.stall_seconds:
            # Before the first byte goes: the client may ask again while the last one is written.
            provider.conversations.settle(turn, answered=not reply.failed)
        self._answer(wire, turn, reply)

    def _answer(self, wire: Wire, turn: Turn, reply: Reply) -> None:
        if reply.broken == "before":
            self._hang_up()
        elif reply.html:
            self._send(reply.status, reply.html.encode(), "text/html")
        elif reply.status != 200:
            self._send_json(
                reply.status, wire.error(reply.status, reply.text, reply.code), reply.retry_after_seconds
            )
        elif turn.stream:
            self._send_in_two(list(_chunks(wire, turn, reply)), turn, reply)
        else:
            body = b'{"id": "half an ans' if reply.garbled else json.dumps(wire.whole(turn, reply)).encode()
            self._send_in_two([body[: len(body) // 2], body[len(body) // 2 :]], turn, reply)

    def _send_in_two(self, parts: list[bytes], turn: Turn, reply: Reply) -> None:
        """The answer in at most two writes, with the reply's stall or break between them."""
        kind, framing = "application/json", f"Content-Length: {sum(map(len, parts))}"
        if turn.stream:
            kind, framing = "text/event-stream", "Transfer-Encoding: chunked"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{framing}\r\n\r\n".encode()
        middle = len(parts) // 2
        first, second = head + b"".join(parts[:middle]), b"".join(parts[middle:])
        if reply.broken == "midway":
            self.wfile.write(first)
            self._hang_up()
            return
        if reply.stall_seconds:
            self.wfile.write(first)
            self.provider.closing.wait(reply.stall_seconds)
            if has_left(self.connection):
                return
            self.provider.conversations.settle(turn, answered=not reply.failed)
            first = b""
        self.wfile.write(first + second)

    def _hang_up(self) -> None:
        self.close_connection = True
        _shut(self.connection)

    def _send_json(self, status: int, data: dict[str, Any], retry_after_seconds: float | None = None) -> None:
        retry_after = {} if retry_after_seconds is None else {"Retry-After": f"{retry_after_seconds:g}"}
        self._send(status, json.dumps(data).encode(), "application/json", retry_after)

    def _send(self, status: int, body: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _chunks(wire: Wire, turn: Turn, reply: Reply) -> Iterator[bytes]:
    """The stream's events, each in a chunk of its own, and the chunk that ends the body."""
    events = list(wire.stream(turn, reply))
    if reply.garbled:
        events.insert(len(events) // 2, (events[0][0], '{"choices": [{"del'))
    for name, data in events:
        text = data if isinstance(data, str) else json.dumps(data)
        event = (f"event: {name}\n" if name else "") + f"data: {text}\n\n"
        yield b"%x\r\n%s\r\n" % (len(event.encode()), event.encode())
    yield b"0\r\n\r\n"
