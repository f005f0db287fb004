"""The shape of a protocol: how its requests are read and its answers written. One module each implements it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from medalist.llm.wire.exchange import Message, Reply, Turn

PIECE_CHARACTERS = 24


@dataclass(frozen=True)
class Said:
    """What a request says: the system's text, the messages, and the names of the tools offered."""

    system: str
    messages: tuple[Message, ...]
    tools: tuple[str, ...]


@dataclass(frozen=True)
class Wire:
    """One protocol. ``path`` is where it is asked, below ``/v1``.

    ``read`` raises KeyError, TypeError, ValueError or AttributeError for a request that the protocol does
    not allow. ``whole`` is the answer in one piece, ``stream`` the server-sent events as (event name or
    "", data); a str as data is sent as it is. ``error`` is made of a status, a sentence and a code or "".
    """

    name: str
    path: str
    read: Callable[[dict[str, Any]], Said]
    whole: Callable[[Turn, Reply], dict[str, Any]]
    stream: Callable[[Turn, Reply], Iterable[tuple[str, dict[str, Any] | str]]]
    error: Callable[[int, str, str], dict[str, Any]]


def pieces(text: str) -> list[str]:
    """The text in the pieces a stream sends; [] for no text."""
    return [text[i : i + PIECE_CHARACTERS] for i in range(0, len(text), PIECE_CHARACTERS)]


def flat_text(content: Any) -> str:
    """A message's text, where content is a string, a list of parts, or None; parts without text are left out."""
    if isinstance(content, list):
        return "".join(part if isinstance(part, str) else part.get("text") or "" for part in content)
    return content or ""
