"""OpenAI's Responses. Reference: https://platform.openai.com/docs/api-reference/responses

A conversation that the server remembers (``previous_response_id``) is not known here: each request
tells the whole of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from medalist.llm.wire.chat import error
from medalist.llm.wire.exchange import Message, Reply, ToolCall, ToolResult, Turn
from medalist.llm.wire.wire import Said, Wire, flat_text, pieces


def read(raw: dict[str, Any]) -> Said:
    system = [raw["instructions"]] if raw.get("instructions") else []
    messages: list[Message] = []
    names: dict[str, str] = {}
    given = raw["input"]
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        kind = item.get("type", "message")
        if kind == "function_call":
            call = ToolCall.parse(item["name"], item["arguments"], item["call_id"])
            names[call.id] = call.name
            messages.append(Message("assistant", calls=(call,)))
        elif kind == "function_call_output":
            id = item["call_id"]
            result = ToolResult(names.get(id, ""), flat_text(item["output"]), id)
            messages.append(Message("user", results=(result,)))
        elif kind == "message" and item["role"] in ("system", "developer"):
            system.append(flat_text(item["content"]))
        elif kind == "message":
            messages.append(Message(item["role"], flat_text(item["content"])))
    tools = tuple(tool["name"] for tool in raw.get("tools") or () if tool["type"] == "function")
    return Said("\n\n".join(system), _spoken_at_once(messages), tools)


def _spoken_at_once(messages: list[Message]) -> tuple[Message, ...]:
    """An answer's text and its calls come as separate items; here they are one message again."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role == "assistant":
            before = joined.pop()
            message = Message("assistant", before.text + message.text, before.calls + message.calls)
        joined.append(message)
    return tuple(joined)


def items(turn: Turn, reply: Reply) -> list[dict[str, Any]]:
    """The answer's output items, whole."""
    name = f"{turn.conversation}_{turn.number}"
    output: list[dict[str, Any]] = []
    if reply.thinking:
        summary = [{"type": "summary_text", "text": reply.thinking}]
        output.append({"id": f"rs_{name}", "type": "reasoning", "summary": summary})
    if reply.text:
        part: dict[str, Any] = (
            {"type": "refusal", "refusal": reply.text}
            if reply.ending == "refusal"
            else {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
        )
        said = {"id": f"msg_{name}", "type": "message", "role": "assistant"}
        output.append({**said, "status": "completed", "content": [part]})
    for index, call in enumerate(reply.calls):
        made = {"id": f"fc_{name}_{index}", "type": "function_call", "call_id": call.id}
        output.append({**made, "status": "completed", "name": call.name, "arguments": call.text})
    return output


def usage(turn: Turn, reply: Reply) -> dict[str, Any] | None:
    if not reply.tells_usage:
        return None
    asked, answered = reply.told_usage(turn)
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answered,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked + answered,
    }


def whole(turn: Turn, reply: Reply) -> dict[str, Any]:
    cut = reply.ending == "length"
    return {
        "id": f"resp_{turn.conversation}_{turn.number}",
        "object": "response",
        "created_at": int(time.time()),
        "model": turn.model,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": None,
        "top_p": None,
        "output": items(turn, reply),
        "usage": usage(turn, reply),
    }


def stream(turn: Turn, reply: Reply) -> Iterator[tuple[str, dict[str, Any] | str]]:
    for number, data in enumerate(_events(turn, reply)):
        yield data["type"], {**data, "sequence_number": number}


def _events(turn: Turn, reply: Reply) -> Iterator[dict[str, Any]]:
    response = whole(turn, reply)
    opening = {**response, "status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    yield {"type": "response.created", "response": opening}
    yield {"type": "response.in_progress", "response": opening}
    for index, item in enumerate(response["output"]):
        body, key = _BODIES[item["type"]]
        added = {**item, key: type(item[key])()}
        if "status" in item:
            added["status"] = "in_progress"
        yield {"type": "response.output_item.added", "output_index": index, "item": added}
        for data in body(item):
            yield {**data, "output_index": index, "item_id": item["id"]}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{response['status']}", "response": response}


def _said(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    part = item["content"][0]
    key = "refusal" if part["type"] == "refusal" else "text"
    kind = "response.refusal" if key == "refusal" else "response.output_text"
    more = {"logprobs": []} if key == "text" else {}
    yield {"type": "response.content_part.added", "content_index": 0, "part": {**part, key: ""}}
    for piece in pieces(part[key]):
        yield {"type": f"{kind}.delta", "content_index": 0, "delta": piece, **more}
    yield {"type": f"{kind}.done", "content_index": 0, key: part[key], **more}
    yield {"type": "response.content_part.done", "content_index": 0, "part": part}


def _called(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = "response.function_call_arguments"
    for piece in pieces(item["arguments"]):
        yield {"type": f"{kind}.delta", "delta": piece}
    yield {"type": f"{kind}.done", "name": item["name"], "arguments": item["arguments"]}


def _thought(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (part,) = item["summary"]
    kind = "response.reasoning_summary"
    yield {"type": f"{kind}_part.added", "summary_index": 0, "part": {**part, "text": ""}}
    for piece in pieces(part["text"]):
        yield {"type": f"{kind}_text.delta", "summary_index": 0, "delta": piece}
    yield {"type": f"{kind}_text.done", "summary_index": 0, "text": part["text"]}
    yield {"type": f"{kind}_part.done", "summary_index": 0, "part": part}


_BODIES = {
    "message": (_said, "content"),
    "function_call": (_called, "arguments"),
    "reasoning": (_thought, "summary"),
}
"""By an item's type: its events, and the field that is empty until they came."""

RESPONSES = Wire("responses", "responses", read, whole, stream, error)
