"""From a request to the prompt's text: by the tokenizer's chat template where it has one, else by a plain one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2.exceptions import TemplateError

from medalist.llm.local.tool_text import describe_tools, write_call
from medalist.llm.wire.exchange import Message, Turn


def write_prompt(tokenizer: Any, turn: Turn) -> str:
    """The prompt, ending where the model's answer begins.

    A template that knows no tools gets them described in the system prompt; one that refuses system
    messages, or two messages of one role after each other, gets them joined. Raises ValueError with the
    template's own words when it refuses that too.
    """
    template = tokenizer.chat_template or ""
    tools = turn.raw["tools"] if turn.tools else []
    system = "\n\n".join(filter(None, [turn.system, _asked_form(turn.raw.get("response_format") or {})]))
    if not template:
        return plain(_flat(system, tools, turn))
    if "tools" in template or isinstance(template, dict):
        messages = [*_system(system), *(each for message in turn.messages for each in _native(message))]
        return _render(tokenizer, messages, tools)
    return _render(tokenizer, _flat(system, tools, turn), [])


def plain(messages: list[dict[str, Any]]) -> str:
    """The conversation for a model that was never taught one: names before the texts."""
    said = [f"{message['role'].capitalize()}: {message['content']}\n\n" for message in messages]
    return "".join([*said, "Assistant:"])


def _render(tokenizer: Any, messages: list[dict[str, Any]], tools: list[Any]) -> str:
    def render(given: list[dict[str, Any]]) -> str:
        return tokenizer.apply_chat_template(
            given, tools=tools or None, add_generation_prompt=True, tokenize=False
        )

    try:
        return render(messages)
    except TemplateError:
        try:
            return render(_joined(messages))
        except TemplateError as error:
            raise ValueError(f"the chat template refuses the conversation: {error}") from error


def _system(text: str) -> list[dict[str, Any]]:
    return [{"role": "system", "content": text}] if text else []


def _native(message: Message) -> list[dict[str, Any]]:
    """One message as templates with tools expect it: arguments as objects, tool answers by themselves."""
    answers = [
        {"role": "tool", "name": result.name, "tool_call_id": result.id, "content": result.text}
        for result in message.results
    ]
    if not message.text and not message.calls:
        return answers
    said: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": dict(call.arguments)},
            }
            for call in message.calls
        ]
    return [*answers, said]


def _flat(system: str, tools: list[Mapping[str, Any]], turn: Turn) -> list[dict[str, Any]]:
    """The conversation in texts alone: tools in the system prompt, calls and answers between marks."""
    described = describe_tools(tool["function"] for tool in tools) if tools else ""
    messages = _system("\n\n".join(filter(None, [system, described])))
    for message in turn.messages:
        answers = [f"<tool_response>\n{result.text}\n</tool_response>" for result in message.results]
        texts = [*answers, message.text, *map(write_call, message.calls)]
        messages.append({"role": message.role, "content": "\n".join(filter(None, texts))})
    return messages


def _joined(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """System text in front of the first user's, and neighbours of one role in one message."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        role = "user" if message["role"] == "system" else message["role"]
        if joined and joined[-1]["role"] == role and not joined[-1].get("tool_calls"):
            before = joined.pop()
            message = {**before, **message, "content": f"{before['content']}\n\n{message['content']}"}
        joined.append({**message, "role": role})
    return joined


def _asked_form(response_format: Mapping[str, Any]) -> str:
    """The form of the answer in words, since nothing here can force it."""
    if response_format.get("type") == "json_schema":
        schema = json.dumps(response_format["json_schema"].get("schema", {}))
        return f"Answer with nothing but JSON that fits this schema:\n{schema}"
    return "Answer with nothing but JSON." if response_format.get("type") == "json_object" else ""
