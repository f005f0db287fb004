"""Half characters in an answer: a language model that is cut inside an emoji says a lone surrogate, which no
file and no request can hold. They become question marks before anybody works with the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import ModelResponse, ModelResponsePart, TextPart, ThinkingPart, ToolCallPart


def wellformed(response: ModelResponse) -> ModelResponse:
    """The response without lone surrogates; the same object where there are none, which is nearly always."""
    parts = [_part(part) for part in response.parts]
    same = all(new is old for new, old in zip(parts, response.parts, strict=True))
    return response if same else replace(response, parts=parts)


def _part(part: ModelResponsePart) -> ModelResponsePart:
    if isinstance(part, (TextPart, ThinkingPart)) and _broken(part.content):
        return replace(part, content=_mended(part.content))
    if isinstance(part, ToolCallPart) and _broken(json.dumps(part.args, ensure_ascii=False, default=str)):
        return replace(part, args=_mended(part.args))
    return part


def _broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _mended(value: Any) -> Any:
    """A JSON value with every text in it mended."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_mended(name): _mended(each) for name, each in value.items()}
    return [_mended(each) for each in value] if isinstance(value, list) else value
