"""Answers kept on disk: an equal request to the same model is answered from here and costs nothing.

Off by default, for repeated attempts must differ. Equal means: provider, model and address, every
message, the tools, and the settings that shape an answer. Times and identifiers that pydantic-ai draws
for itself are left out; a tool call's identifier is kept as the provider gave it, so that
conversations with tools are met again step by step.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage
from pydantic_core import to_jsonable_python

from medalist.core.errors import StoreError
from medalist.llm.continuation import tools_of
from medalist.llm.names import LlmName, base_url_of

FILE_NAME = "llm-cache.sqlite"
_DRAWN = {
    "timestamp",
    "run_id",
    "conversation_id",
    "usage",
    "metadata",
    "provider_response_id",
    "provider_url",
    "provider_details",
}
_NOT_SHAPING = ("timeout", "request_timeout", "first_event_timeout", "max_retries", "extra_headers")


class ResponseCache:
    """One SQLite file, shared by attempts and processes. Safe to use from several threads.

    Raises StoreError when the file cannot be opened or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self.path, check_same_thread=False, timeout=30.0)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS answers (request TEXT PRIMARY KEY, response BLOB NOT NULL)"
            )
            self._base.commit()
        except (OSError, sqlite3.Error) as error:
            raise self._failed(error) from error

    def get(self, key: str) -> ModelResponse | None:
        """The answer kept for ``key``, its usage set to nothing; None for one that a later version cannot read."""
        try:
            with self._lock:
                row = self._base.execute("SELECT response FROM answers WHERE request = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        if row is None:
            return None
        try:
            (message,) = ModelMessagesTypeAdapter.validate_json(row[0])
        except ValidationError:
            return None
        assert isinstance(message, ModelResponse)
        message.usage = RequestUsage()
        return message

    def put(self, key: str, response: ModelResponse) -> None:
        """Keep an answer, in place of one kept before."""
        blob = ModelMessagesTypeAdapter.dump_json([response])
        try:
            with self._lock, self._base:
                self._base.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, blob))
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def close(self) -> None:
        with self._lock:
            self._base.close()

    def _failed(self, error: Exception) -> StoreError:
        return StoreError(
            f"The cache of answers cannot be used: {error}.",
            where=str(self.path),
            next_step="Remove the file, or run without the cache.",
        )


def cache_key(
    name: LlmName,
    messages: Sequence[ModelMessage],
    settings: ModelSettings | None,
    parameters: ModelRequestParameters,
) -> str:
    """A digest that is equal for equal requests, in this process and later ones."""
    shaping = {key: value for key, value in (settings or {}).items() if key not in _NOT_SHAPING}
    dumped = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    asked = {
        "model": [name.provider, name.model, base_url_of(name), dict(name.options)],
        "messages": [_without_drawn(each) for each in dumped],
        "settings": to_jsonable_python(shaping, fallback=str),
        "tools": tools_of(parameters).decode(),
        "text": parameters.allow_text_output,
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _without_drawn(message: dict[str, Any]) -> dict[str, Any]:
    """A message as it would be on another day. Looks no deeper than its parts: what is in those was said."""
    parts = [_kept(part) for part in message["parts"]]
    return {**_kept(message), "parts": parts}


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in _DRAWN}
