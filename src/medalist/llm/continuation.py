"""What of a request was asked before: the new messages of a conversation, and an upper bound of its input tokens.

No tokenizer is at hand for most models, so the bound is built from two truths: a token stands for
at least one byte of text, and a provider reports how many tokens a request took that this one continues.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.models import ModelRequestParameters
from pydantic_core import to_json

_FRAME_TOKENS = 1_000
"""For what a provider puts around a request: the chat template, and its own words about tools."""
_MESSAGE_TOKENS = 16
_TEXT_FIELDS = ("content", "args", "tool_name", "tool_call_id", "signature")


@dataclass(frozen=True)
class Place:
    """Where a request stands: its conversation's number, how many of its messages were asked before, its bound."""

    conversation: int
    known_messages: int
    input_tokens_at_most: int
    chain: tuple[int, ...]
    frame: int


@dataclass(frozen=True)
class _Asked:
    conversation: int
    input_tokens: int
    frame: int


class Conversations:
    """Remembers what was asked on each line (one role to one model). Safe to use from several threads.

    A request belongs to the conversation whose beginning it shares; one that was compacted shares a
    shorter beginning.
    """

    def __init__(self) -> None:
        self._asked: dict[int, _Asked] = {}
        self._count = 0
        self._lock = threading.Lock()

    def place(self, line: str, messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> Place:
        """Where a request on ``line`` stands."""
        frame = _frame_of(messages, parameters)
        texts = [list(texts_of(message)) for message in messages]
        chain: list[int] = []
        for text in texts:
            chain.append(hash((chain[-1] if chain else line, *text)))
        with self._lock:
            known, asked = next(
                (
                    (n, self._asked[chain[n - 1]])
                    for n in range(len(chain), 0, -1)
                    if chain[n - 1] in self._asked
                ),
                (0, None),
            )
            if asked is None:
                self._count += 1
            conversation = self._count if asked is None else asked.conversation
        if asked is not None and asked.input_tokens and asked.frame == hash(frame):
            bound, first = asked.input_tokens, known
        else:
            bound, first = _FRAME_TOKENS + len(frame), 0
        bound += sum(_tokens_at_most(*each) for each in zip(messages[first:], texts[first:], strict=True))
        return Place(conversation, known, bound, tuple(chain), hash(frame))

    def asked(self, place: Place, input_tokens: int) -> None:
        """Note that the request at ``place`` was answered; ``input_tokens`` as reported, 0 where not."""
        if place.chain:
            with self._lock:
                self._asked[place.chain[-1]] = _Asked(place.conversation, input_tokens, place.frame)


def texts_of(message: ModelMessage) -> Iterator[str]:
    """Every text of a message's parts that reaches a provider, in order."""
    for part in message.parts:
        for field in _TEXT_FIELDS:
            value = getattr(part, field, None)
            if isinstance(value, str):
                yield value
            elif value is not None:
                yield to_json(value, fallback=str, bytes_mode="base64").decode()


def tools_of(parameters: ModelRequestParameters) -> bytes:
    """The tools and the shape of the answer as a provider is told them."""
    tools = [*parameters.function_tools, *parameters.output_tools]
    told = [(tool.name, tool.description, tool.parameters_json_schema) for tool in tools]
    shape = parameters.output_object
    return to_json((told, parameters.output_mode, shape.json_schema if shape else None), fallback=str)


def instructions_of(message: ModelMessage) -> str:
    """What stands above the conversation when this message is the last one; a provider gets the newest only."""
    return (message.instructions or "") if isinstance(message, ModelRequest) else ""


def _frame_of(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> bytes:
    """What goes with every request of a conversation: instructions and tools."""
    instructions = instructions_of(messages[-1]) if messages else ""
    parts = "".join(part.content for part in parameters.instruction_parts or ())
    return max(instructions, parts, key=len).encode(errors="replace") + tools_of(parameters)


def _tokens_at_most(message: ModelMessage, texts: Sequence[str]) -> int:
    size = sum(len(text.encode(errors="replace")) for text in texts) + _MESSAGE_TOKENS * (
        1 + len(message.parts)
    )
    # What a model thought goes back to it in a form that may be shorter than what it counts for.
    return max(size, message.usage.output_tokens) if isinstance(message, ModelResponse) else size
