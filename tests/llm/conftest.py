"""A door onto a scripted provider, with keys that must never be written anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medalist.core.event import EventLog, read_events
from medalist.llm.door import Door
from medalist.llm.prices import VARIABLE
from medalist.llm.retry import RetryPolicy
from medalist.llm.scripted import ScriptedProvider
from medalist.llm.settings import LlmSettings
from medalist.llm.usage import Ledger

KEYS = {
    "OPENAI_API_KEY": "sk-open-0123456789abcdef",
    "ANTHROPIC_API_KEY": "sk-ant-fedcba9876543210",
    "DEEPSEEK_API_KEY": "sk-deep-5555666677778888",
}
PROTOCOLS = ("openai", "openai-responses", "anthropic")
QUICK = RetryPolicy(first_wait_seconds=0.01, rate_limit_wait_seconds=0.01, longest_wait_seconds=0.05)


@dataclass
class Opened:
    """A door, the provider behind it, and what was written."""

    door: Door
    provider: ScriptedProvider
    folder: Path

    def name(self, protocol: str = "openai", model: str = "scripted") -> str:
        provider = self.provider
        address = provider.base_url_anthropic if protocol == "anthropic" else provider.base_url_openai
        return f"{protocol}:{model}@{address}"

    def ask(self, prompt: str = "hello", *, protocol: str = "openai", **options: Any) -> Any:
        return self.door.run(self.door.ask(self.name(protocol), prompt, role="tester", **options))

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event.data for event in read_events(self.folder / "events.jsonl") if event.kind == kind]

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "llm.jsonl").read_text().splitlines()]


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    """Each protocol that a provider may speak, as a name begins."""
    return request.param


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Keys that are no keys, and a price for the scripted model: 1 and 10 USD a million tokens."""
    for variable, value in KEYS.items():
        monkeypatch.setenv(variable, value)
    prices = ",".join(f"{protocol}:scripted=1/10" for protocol in PROTOCOLS)
    monkeypatch.setenv(VARIABLE, prices)
    return KEYS


@pytest.fixture
def open_door(tmp_path: Path, keys: dict[str, str]) -> Iterator[Callable[..., Opened]]:
    """Opens a door onto a provider that answers by ``reply``; settings of ``LlmSettings`` by name."""
    with ExitStack() as stack:

        def make(
            reply: Callable,
            *,
            retry: RetryPolicy = QUICK,
            ledger: Ledger | None = None,
            latency_seconds: float = 0.0,
            **settings: Any,
        ) -> Opened:
            provider = stack.enter_context(ScriptedProvider(reply, latency_seconds=latency_seconds))
            events = EventLog(tmp_path / "events.jsonl", elapsed=lambda: 0.0)
            door = Door(
                LlmSettings(**settings),
                events,
                tmp_path / "llm.jsonl",
                retry=retry,
                ledger=ledger,
                cache_dir=tmp_path / "cache",
            )
            return Opened(stack.enter_context(door), provider, tmp_path)

        yield make
