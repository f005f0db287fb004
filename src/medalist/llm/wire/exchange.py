"""One exchange with a language model, whatever the protocol: what was asked (Turn) and what is answered (Reply)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

CHARACTERS_PER_TOKEN = 4


def count_tokens(text: str) -> int:
    """A rough count, four characters a token, rounded up: what English and code come to on average."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model called. ``raw`` holds the arguments' text where it is not a JSON object."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    raw: str | None = None

    @property
    def text(self) -> str:
        """The arguments as they stand on the wire."""
        return json.dumps(dict(self.arguments)) if self.raw is None else self.raw

    @staticmethod
    def parse(name: str, arguments: Any, id: str) -> ToolCall:
        """From a request's own words, where arguments are JSON text or an object already."""
        if isinstance(arguments, Mapping):
            return ToolCall(name, arguments, id)
        try:
            value = json.loads(arguments)
        except (TypeError, ValueError):
            value = None
        if isinstance(value, dict):
            return ToolCall(name, value, id)
        return ToolCall(name, {}, id, str(arguments))


@dataclass(frozen=True)
class ToolResult:
    """What a tool answered, with the name of the tool that was called."""

    name: str
    text: str
    id: str = ""


@dataclass(frozen=True)
class Message:
    """One message. ``role`` is user or assistant; tool results stand in messages of the user's."""

    role: str
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()


@dataclass(frozen=True)
class Turn:
    """One request, in the same words for every protocol.

    ``protocol`` is chat, responses or messages; ``system`` everything said as system, developer or
    instructions; ``tools`` the names of the tools offered; ``raw`` the request's JSON as it came and
    ``authorization`` the key that came with it. ``conversation`` names the conversation that the server
    took it for, and ``number`` counts that conversation's requests from 1, repeated ones included.
    """

    protocol: str
    model: str
    system: str
    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    stream: bool
    raw: dict[str, Any] = field(repr=False)
    authorization: str = field(default="", repr=False)
    conversation: str = ""
    number: int = 1

    @property
    def text(self) -> str:
        """The newest text of the user's; "" when there is none."""
        return next((m.text for m in reversed(self.messages) if m.role == "user" and m.text), "")

    @property
    def prompt(self) -> str:
        """The first text of the user's."""
        return next((m.text for m in self.messages if m.role == "user" and m.text), "")

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Every tool call of the conversation, oldest first."""
        return tuple(call for message in self.messages for call in message.calls)

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """Every tool answer of the conversation, oldest first."""
        return tuple(result for message in self.messages for result in message.results)

    @property
    def news(self) -> tuple[ToolResult, ...]:
        """The tool answers that came since the model last spoke."""
        spoke = max((i for i, m in enumerate(self.messages) if m.role == "assistant"), default=-1)
        return tuple(result for message in self.messages[spoke + 1 :] for result in message.results)

    @property
    def step(self) -> int:
        """How often the model has answered in this conversation; a repeated request counts once."""
        return sum(message.role == "assistant" for message in self.messages)

    def results_of(self, name: str) -> list[str]:
        """What the tool of this name answered, oldest first."""
        return [result.text for result in self.results if result.name == name]

    def last_result(self, name: str = "") -> str:
        """What the tool of this name, or any tool, answered last; "" when it never did."""
        return next((r.text for r in reversed(self.results) if name in ("", r.name)), "")

    @property
    def input_tokens(self) -> int:
        """A rough count of everything the request says, the tools' descriptions included."""
        said = [self.system, *(m.text for m in self.messages), *(r.text for r in self.results)]
        called = [call.name + call.text for call in self.calls]
        tools = json.dumps(self.raw["tools"]) if self.raw.get("tools") else ""
        return count_tokens("".join([*said, *called, tools]))


Ending = Literal["done", "length", "refusal"]
Break = Literal["", "before", "midway"]


@dataclass(frozen=True)
class Reply:
    """What is answered, or how it fails. Made by the functions below and grown by its methods:

    >>> call("list_files").call("read_hints").slow(0.5)
    """

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    ending: Ending = "done"
    status: int = 200
    code: str = ""
    html: str = ""
    retry_after_seconds: float | None = None
    broken: Break = ""
    garbled: bool = False
    wait_seconds: float = 0.0
    stall_seconds: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    tells_usage: bool = True

    def say(self, text: str) -> Reply:
        """Text beside the tool calls."""
        return replace(self, text=self.text + text)

    def call(self, tool: str, /, **arguments: Any) -> Reply:
        """One more tool call in the same answer: they are meant to run in parallel."""
        return replace(self, calls=(*self.calls, ToolCall(tool, arguments)))

    def call_raw(self, tool: str, arguments: str) -> Reply:
        """A tool call whose arguments are this text, JSON or not."""
        return replace(self, calls=(*self.calls, ToolCall(tool, raw=arguments)))

    def think(self, text: str) -> Reply:
        """Reasoning that comes before the answer: thinking blocks, reasoning items, ``reasoning_content``."""
        return replace(self, thinking=self.thinking + text)

    def slow(self, seconds: float) -> Reply:
        """Nothing is sent for so long; other requests are answered meanwhile."""
        return replace(self, wait_seconds=seconds)

    def stall(self, seconds: float) -> Reply:
        """Half of the answer is sent, then nothing for so long."""
        return replace(self, stall_seconds=seconds)

    def cut(self) -> Reply:
        """The answer ends at the limit of output tokens (``length``, ``max_tokens``)."""
        return replace(self, ending="length")

    def drop_midway(self) -> Reply:
        """The connection is closed when half of the answer was sent."""
        return replace(self, broken="midway")

    def usage(self, input_tokens: int, output_tokens: int) -> Reply:
        """These token counts are told in place of what was counted from the text."""
        return replace(self, input_tokens=input_tokens, output_tokens=output_tokens)

    def no_usage(self) -> Reply:
        """The answer tells no token counts."""
        return replace(self, tells_usage=False)

    @property
    def failed(self) -> bool:
        """Whether a client cannot take it for an answer, and will ask again or give up."""
        return self.status != 200 or self.garbled or self.html != "" or self.broken != ""

    def told_usage(self, turn: Turn) -> tuple[int, int]:
        """Input and output tokens: as set by ``usage``, else counted from the text."""
        said = self.thinking + self.text + "".join(call.name + call.text for call in self.calls)
        return (
            turn.input_tokens if self.input_tokens is None else self.input_tokens,
            count_tokens(said) if self.output_tokens is None else self.output_tokens,
        )


def say(text: str) -> Reply:
    """An answer in text."""
    return Reply(text=text)


def call(tool: str, /, **arguments: Any) -> Reply:
    """A tool call; ``.call(...)`` on the result adds one more to the same answer."""
    return Reply().call(tool, **arguments)


def call_raw(tool: str, arguments: str) -> Reply:
    """A tool call whose arguments are this text, which need not be JSON."""
    return Reply().call_raw(tool, arguments)


def give(turn: Turn, **fields: Any) -> Reply:
    """A structured answer: by the output tool that pydantic-ai offers (``final_result``), else as JSON text."""
    tool = next((name for name in turn.tools if name.startswith("final_result")), "")
    return call(tool, **fields) if tool else say(json.dumps(fields))


def nothing() -> Reply:
    """An answer with neither text nor tool calls."""
    return Reply()


def refuse(reason: str = "I cannot help with that.") -> Reply:
    """A refusal, in the protocol's own form."""
    return Reply(text=reason, ending="refusal")


def fail(
    status: int, message: str = "", *, code: str = "", retry_after_seconds: float | None = None
) -> Reply:
    """An HTTP error in the protocol's own form, with a Retry-After header where one is given.

    ``code`` is OpenAI's word for what is wrong, such as ``insufficient_quota``.
    """
    text = message or f"the script answers with status {status}"
    return Reply(text=text, status=status, code=code, retry_after_seconds=retry_after_seconds)


def page(status: int = 502, html: str = "<html><h1>502 Bad Gateway</h1></html>") -> Reply:
    """A web page in place of an answer, as from a proxy whose server is away, or a network's login page."""
    return Reply(status=status, html=html)


def overflow() -> Reply:
    """The error of a prompt that is longer than the model's context, in words that clients know it by."""
    return fail(400, "prompt is too long: it exceeds the maximum context length")


def leak(turn: Turn, status: int = 401) -> Reply:
    """An HTTP error whose message repeats the key that came with the request, as careless proxies do."""
    return fail(status, f"Incorrect API key provided: {turn.authorization}")


def drop() -> Reply:
    """The connection is closed before anything was sent."""
    return Reply(broken="before")


def malformed(text: str = "an answer that never arrives whole") -> Reply:
    """Status 200 with a body, or a stream's event, that is not JSON."""
    return Reply(text=text, garbled=True)
