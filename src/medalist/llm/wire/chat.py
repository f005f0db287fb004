"""OpenAI's chat completions, which vLLM, llama.cpp, Ollama, DeepSeek and most proxies speak too.

Reasoning goes as ``reasoning_content``, which is DeepSeek's word and that of most compatible servers.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from medalist.llm.wire.exchange import Message, Reply, ToolCall, ToolResult, Turn
from medalist.llm.wire.wire import Said, Wire, flat_text, pieces


def read(raw: dict[str, Any]) -> Said:
    system: list[str] = []
    messages: list[Message] = []
    names: dict[str, str] = {}
    for item in raw["messages"]:
        role, text = item["role"], flat_text(item.get("content"))
        if role in ("system", "developer"):
            system.append(text)
        elif role == "tool":
            id = item["tool_call_id"]
            messages.append(Message("user", results=(ToolResult(names.get(id, ""), text, id),)))
        else:
            calls = tuple(
                ToolCall.parse(call["function"]["name"], call["function"]["arguments"], call["id"])
                for call in item.get("tool_calls") or ()
            )
            names.update({call.id: call.name for call in calls})
            messages.append(Message(role, text, calls))
    tools = tuple(tool["function"]["name"] for tool in raw.get("tools") or ())
    return Said("\n\n".join(system), tuple(messages), tools)


def finish_reason(reply: Reply) -> str:
    if reply.ending == "length":
        return "length"
    return "tool_calls" if reply.calls else "stop"


def usage(turn: Turn, reply: Reply) -> dict[str, int]:
    asked, answered = reply.told_usage(turn)
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def written_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.text}}


def head(turn: Turn, kind: str) -> dict[str, Any]:
    """What an answer and each of its chunks begin with."""
    name = f"chatcmpl-{turn.conversation}-{turn.number}"
    return {"id": name, "object": kind, "created": int(time.time()), "model": turn.model}


def whole(turn: Turn, reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.ending == "refusal":
        message |= {"content": None, "refusal": reply.text}
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    if reply.calls:
        message["tool_calls"] = [written_call(call) for call in reply.calls]
    choice = {"index": 0, "message": message, "finish_reason": finish_reason(reply), "logprobs": None}
    answer = {**head(turn, "chat.completion"), "choices": [choice]}
    return {**answer, "usage": usage(turn, reply)} if reply.tells_usage else answer


def chunk(turn: Turn, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """One chunk of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {**head(turn, "chat.completion.chunk"), "choices": [choice]}


def wants_usage(turn: Turn) -> bool:
    """Whether a stream's last chunk is to tell the token counts: only when asked for, as OpenAI does."""
    return bool((turn.raw.get("stream_options") or {}).get("include_usage"))


def usage_chunk(turn: Turn, reply: Reply) -> dict[str, Any]:
    """The last chunk of a stream, with the token counts and no choice."""
    return {**head(turn, "chat.completion.chunk"), "choices": [], "usage": usage(turn, reply)}


def stream(turn: Turn, reply: Reply) -> Iterator[tuple[str, dict[str, Any] | str]]:
    yield "", chunk(turn, {"role": "assistant", "content": ""})
    for piece in pieces(reply.thinking):
        yield "", chunk(turn, {"reasoning_content": piece})
    kind = "refusal" if reply.ending == "refusal" else "content"
    for piece in pieces(reply.text):
        yield "", chunk(turn, {kind: piece})
    for index, call in enumerate(reply.calls):
        opening = written_call(call)
        opening["function"]["arguments"] = ""
        yield "", chunk(turn, {"tool_calls": [{"index": index, **opening}]})
        for piece in pieces(call.text):
            yield "", chunk(turn, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield "", chunk(turn, {}, finish_reason(reply))
    if reply.tells_usage and wants_usage(turn):
        yield "", usage_chunk(turn, reply)
    yield "", "[DONE]"


def error(status: int, message: str, code: str = "") -> dict[str, Any]:
    """OpenAI's error, for its Responses as well."""
    kinds = {401: "authentication_error", 429: "rate_limit_exceeded"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": code or None}}


CHAT = Wire("chat", "chat/completions", read, whole, stream, error)
