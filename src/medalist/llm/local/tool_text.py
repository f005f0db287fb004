"""Tool calls as local models write them, ``<tool_call>{"name": ..., "arguments": {...}}</tool_call>``, and texts with marks.

The form is that of Hermes and Qwen, which most open models were trained on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from medalist.llm.wire.exchange import ToolCall

OPEN, CLOSE = "<tool_call>", "</tool_call>"
_CALL = re.compile(rf"{OPEN}(.*?)(?:{CLOSE}|\Z)", re.DOTALL)


class Sieve:
    """Passes text on as it comes, up to the first of the marks; what may be a mark's beginning waits."""

    def __init__(self, marks: Sequence[str]) -> None:
        self._marks = tuple(mark for mark in marks if mark)
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        """What is sure to stand before any mark; "" once a mark was found."""
        if self.found:
            self._held += text
            return ""
        self._held += text
        places = [place for mark in self._marks if (place := self._held.find(mark)) >= 0]
        if places:
            self.found = True
            return self._let_go(min(places))
        return self._let_go(len(self._held) - self._doubtful())

    def rest(self) -> str:
        """What was kept back: from the mark on, or a beginning that became no mark."""
        return self._held

    def _let_go(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        return text

    def _doubtful(self) -> int:
        """Length of the longest ending that a mark begins with."""
        longest = max((len(mark) for mark in self._marks), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(mark.startswith(self._held[-length:]) for mark in self._marks):
                return length
        return 0


def parse_calls(text: str) -> tuple[str, tuple[ToolCall, ...]]:
    """The text without its tool calls, and the calls. What is no call in JSON stays in the text."""
    calls: list[ToolCall] = []

    def take(match: re.Match[str]) -> str:
        call = _parse_call(match[1])
        if call is None:
            return match[0]
        calls.append(call)
        return ""

    rest = _CALL.sub(take, text)
    return (rest.strip() if calls else text), tuple(calls)


def _parse_call(text: str) -> ToolCall | None:
    try:
        data, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except ValueError:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        return None
    arguments = data.get("arguments", data.get("parameters", {}))
    return ToolCall.parse(data["name"], arguments, "")


def write_call(call: ToolCall) -> str:
    """A call in the same form, as a model without a template for tools sees its own earlier ones."""
    return f'{OPEN}\n{{"name": {json.dumps(call.name)}, "arguments": {call.text}}}\n{CLOSE}'


def describe_tools(tools: Iterable[Mapping[str, Any]]) -> str:
    """What a model is told whose chat template knows no tools."""
    listed = "\n".join(json.dumps(tool) for tool in tools)
    return (
        f"You may call tools. Each line is one tool, with a JSON schema of its arguments:\n{listed}\n\n"
        f'To call one, write {OPEN}\n{{"name": "the tool", "arguments": {{...}}}}\n{CLOSE}\n'
        "and stop; its answer comes as <tool_response>. Several calls may follow each other."
    )


def forced_beginning(tool_choice: Any, tools: Sequence[str]) -> str:
    """What an answer must begin with so that it calls a tool (OpenAI's ``tool_choice``); "" when it need not."""
    if isinstance(tool_choice, dict):
        name = tool_choice["function"]["name"]
    elif tool_choice != "required":
        return ""
    elif len(tools) > 1:
        return f'{OPEN}\n{{"name": "'
    else:
        name = tools[0]
    return f'{OPEN}\n{{"name": {json.dumps(name)}, "arguments": '
