"""The transcript ``llm.jsonl``: one line a request, with what was asked for the first time and what came back.

A conversation's earlier messages stand in its earlier lines, so the file grows with what was said,
not with its square. Secrets are replaced in every line.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic_ai.messages import ModelMessage

from medalist.core.errors import StoreError
from medalist.llm.continuation import instructions_of
from medalist.llm.keys import redact

_TOLD = ("content", "tool_name", "tool_call_id", "args")


class Transcript:
    """Appends lines to a file and flushes each. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def append(self, line: dict[str, Any]) -> None:
        """Raises StoreError when the file cannot be written."""
        text = redact(json.dumps(line, ensure_ascii=False, default=str)) + "\n"
        try:
            with self._lock, self.path.open("ab") as file:
                file.write(text.encode(errors="replace"))
        except OSError as error:
            raise StoreError(
                f"What a language model said could not be written: {error.strerror or error}.",
                where=str(self.path),
                next_step="Free disk space or give another folder with --out.",
            ) from error


def told(messages: Sequence[ModelMessage], first: int = 0) -> list[dict[str, Any]]:
    """Messages from the ``first`` on as a person reads them: parts by kind; instructions where they change."""
    lines: list[dict[str, Any]] = []
    known = ""
    for place, message in enumerate(messages):
        instructions = instructions_of(message)
        if place >= first:
            if instructions and instructions != known:
                lines.append({"kind": "instructions", "content": instructions})
            lines.extend(parts_told(message))
        known = instructions or known
    return lines


def parts_told(message: ModelMessage) -> list[dict[str, Any]]:
    """One message's parts: kind, text, tool, arguments."""
    return [
        {"kind": part.part_kind}
        | {field: value for field in _TOLD if (value := getattr(part, field, None)) is not None}
        for part in message.parts
    ]
