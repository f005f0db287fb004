"""Anthropic's messages. Reference: https://docs.anthropic.com/en/api/messages and .../messages-streaming"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from medalist.llm.wire.exchange import Message, Reply, ToolCall, ToolResult, Turn
from medalist.llm.wire.wire import Said, Wire, flat_text, pieces

_SIGNATURE = "c2NyaXB0ZWQ="
"""Signs a thinking block; nobody but the provider checks it."""


def read(raw: dict[str, Any]) -> Said:
    messages: list[Message] = []
    names: dict[str, str] = {}
    for item in raw["messages"]:
        content = item["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        calls = tuple(
            ToolCall.parse(part["name"], part["input"], part["id"])
            for part in parts
            if part["type"] == "tool_use"
        )
        names.update({call.id: call.name for call in calls})
        results = tuple(
            ToolResult(
                names.get(part["tool_use_id"], ""), flat_text(part.get("content")), part["tool_use_id"]
            )
            for part in parts
            if part["type"] == "tool_result"
        )
        text = "".join(part["text"] for part in parts if part["type"] == "text")
        messages.append(Message(item["role"], text, calls, results))
    tools = tuple(tool["name"] for tool in raw.get("tools") or ())
    return Said(flat_text(raw.get("system")), tuple(messages), tools)


def stop_reason(reply: Reply) -> str:
    if reply.ending == "refusal":
        return "refusal"
    if reply.ending == "length":
        return "max_tokens"
    return "tool_use" if reply.calls else "end_turn"


def usage(turn: Turn, reply: Reply) -> dict[str, int]:
    """Zeros where none is told: the protocol does not let an answer leave it out."""
    asked, answered = reply.told_usage(turn) if reply.tells_usage else (0, 0)
    return {"input_tokens": asked, "output_tokens": answered}


def stop_details(reply: Reply) -> dict[str, Any] | None:
    if reply.ending != "refusal":
        return None
    return {"type": "refusal", "category": None, "explanation": reply.text}


def blocks(reply: Reply) -> list[dict[str, Any]]:
    """The answer's content; arguments that are no JSON object stand as the text they are."""
    thought = [{"type": "thinking", "thinking": reply.thinking, "signature": _SIGNATURE}]
    text = [{"type": "text", "text": reply.text}] if reply.text and reply.ending != "refusal" else []
    calls = [
        {
            "type": "tool_use",
            "id": c.id,
            "name": c.name,
            "input": dict(c.arguments) if c.raw is None else c.raw,
        }
        for c in reply.calls
    ]
    return [*(thought if reply.thinking else []), *text, *calls]


def whole(turn: Turn, reply: Reply) -> dict[str, Any]:
    return {
        "id": f"msg_{turn.conversation}_{turn.number}",
        "type": "message",
        "role": "assistant",
        "model": turn.model,
        "content": blocks(reply),
        "stop_reason": stop_reason(reply),
        "stop_sequence": None,
        "stop_details": stop_details(reply),
        "usage": usage(turn, reply),
    }


def stream(turn: Turn, reply: Reply) -> Iterator[tuple[str, dict[str, Any] | str]]:
    for data in _events(turn, reply):
        yield data["type"], data


def _events(turn: Turn, reply: Reply) -> Iterator[dict[str, Any]]:
    message = whole(turn, reply)
    told = message["usage"]
    nothing_yet = {"content": [], "stop_reason": None, "stop_details": None}
    opening = {**message, **nothing_yet, "usage": {**told, "output_tokens": 1}}
    yield {"type": "message_start", "message": opening}
    texts = iter(call.text for call in reply.calls)
    for index, block in enumerate(message["content"]):
        start, deltas = _pieces_of(block, texts)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": told["output_tokens"]}}
    yield {"type": "message_stop"}


def _pieces_of(
    block: dict[str, Any], arguments: Iterator[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a block starts, and what is added to it; ``arguments`` are those of the tool calls still to come."""
    match block["type"]:
        case "text":
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
            return {"type": "text", "text": ""}, deltas
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed]
        case _:
            deltas = [
                {"type": "input_json_delta", "partial_json": piece} for piece in pieces(next(arguments))
            ]
            return {**block, "input": {}}, deltas


def error(status: int, message: str, code: str = "") -> dict[str, Any]:
    """Anthropic's error, which has no code."""
    kinds = {
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        429: "rate_limit_error",
        529: "overloaded_error",
    }
    kind = kinds.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


MESSAGES = Wire("messages", "messages", read, whole, stream, error)
