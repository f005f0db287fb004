"""The conversation with a language model, kept under a limit.

What was said stays in order. When it grows past the limit, old tool results shrink first, oldest
first, each to one line that says how to read it again; then whole old steps (an answer of the
language model with all results of its calls) are left out. The system prompt, the task and the
newest steps always stay, and no result is ever parted from its call, which providers refuse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

CHARACTERS_PER_TOKEN = 3.0
"""Fewer than text and code really have, so that the estimate errs on the side of room."""

_ROOM_AFTER = 0.6  # of the limit: shrinking in strides keeps what comes before the cut cacheable for long
_NEWEST_KEPT = 6  # messages, that is three steps, that are never touched
_SHORT_CHARACTERS = 300  # a result this short gains nothing from being shrunk
_QUOTED_CHARACTERS = 80
_SHORTENED = "shortened"


@dataclass
class Conversation:
    """The messages so far. ``keep`` stores a text for reading again and gives the words that ask for it."""

    limit_tokens: int
    keep: Callable[[str], str]
    messages: list[ModelMessage] = field(default_factory=list)
    shrunk: int = 0
    """How many results and steps were shortened or left out so far."""
    _left_out: Counter[str] = field(default_factory=Counter)

    def open(self, system: str, task: str) -> None:
        """Begin: the system prompt, and the first thing the language model is asked to do."""
        self.messages = [ModelRequest([SystemPromptPart(system), UserPromptPart(task)])]

    def heard(self, response: ModelResponse) -> None:
        """What the language model answered; an answer that holds nothing is not worth keeping."""
        if response.parts:
            self.messages.append(response)

    def tell(self, results: Sequence[ToolReturnPart], text: str = "") -> None:
        """The results of the calls just heard, and a sentence beside them.

        Every call must have its result here. A sentence after an empty answer joins the request before it.
        """
        parts = [*results, *([UserPromptPart(text)] if text else [])]
        last = self.messages[-1]
        if isinstance(last, ModelRequest):
            last.parts = [*last.parts, *parts]
        elif parts:
            self.messages.append(ModelRequest(parts))

    @property
    def tokens(self) -> int:
        """An estimate, from characters."""
        return estimated_tokens(self.messages)

    def fit(self) -> None:
        """Shorten what is old if the whole is past the limit; does nothing while it is not."""
        if self.tokens <= self.limit_tokens:
            return
        room = int(_ROOM_AFTER * self.limit_tokens)
        self._shrink_results(room)
        if self.tokens > self.limit_tokens:
            self._leave_out_steps(room)

    def _shrink_results(self, room: int) -> None:
        for message in self.messages[1:-_NEWEST_KEPT]:
            for part in message.parts if isinstance(message, ModelRequest) else ():
                if isinstance(part, ToolReturnPart) and part.metadata != _SHORTENED:
                    self._shorten(part)
            if self.tokens <= room:
                return

    def _shorten(self, part: ToolReturnPart) -> None:
        text = str(part.content)
        if len(text) <= _SHORT_CHARACTERS:
            return
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        part.content = (
            f"[{part.tool_name} answered with {len(text)} characters, beginning “{first[:_QUOTED_CHARACTERS]}”; "
            f"left out to keep this conversation short. {self.keep(text)}]"
        )
        part.metadata = _SHORTENED
        self.shrunk += 1

    def _leave_out_steps(self, room: int) -> None:
        """Drop the oldest steps, and say in the first message that there were some."""
        dropped = False
        while self.tokens > room and len(self.messages) > 1 + _NEWEST_KEPT:
            answer, _ = self.messages[1:3]
            self._left_out.update(part.tool_name for part in answer.parts if isinstance(part, ToolCallPart))
            del self.messages[1:3]
            self.shrunk += 1
            dropped = True
        if dropped:
            used = ", ".join(f"{name} × {count}" for name, count in self._left_out.most_common())
            note = (
                f"[Earlier steps were left out here to keep this conversation short: {used or 'words only'}.]"
            )
            self.messages[0].parts = [*self.messages[0].parts[:2], UserPromptPart(note)]


def estimated_tokens(messages: Sequence[ModelMessage]) -> int:
    """How many tokens messages take, about."""
    characters = sum(_characters(part) for message in messages for part in message.parts)
    return int(characters / CHARACTERS_PER_TOKEN)


def _characters(part: Any) -> int:
    """Of a part's text; tool calls carry theirs as arguments."""
    text = part.args if isinstance(part, ToolCallPart) else getattr(part, "content", "")
    return len(text) if isinstance(text, str) else len(str(text or ""))
