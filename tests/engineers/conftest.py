"""A whole attempt of the agent against a scripted provider, and what it left behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medalist.core.budget import Limits
from medalist.core.event import Event
from medalist.llm.scripted import ScriptedProvider, Turn
from medalist.llm.settings import LlmSettings
from medalist.runs.attempt import run_attempt
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore
from medalist.runs.timeline import sentence

KEY = "sk-test-0123456789abcdef0123456789"
BUDGET_SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """An attempt that has ended, and the requests that were made for it."""

    folder: Path
    state: str
    reason: str
    result: dict[str, Any]
    events: list[Event]
    requests: list[Turn]

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [event.data for event in self.events if event.kind == kind]

    @property
    def told(self) -> str:
        """Everything that tools answered to the language model."""
        return "\n".join(result.text for turn in self.requests for result in turn.news)

    @property
    def own_submission(self) -> bool:
        """Whether what is in place is the agent's, and not the baseline."""
        return self.all("submitted")[-1]["score"] is not None

    @property
    def timeline(self) -> list[str]:
        return [line for event in self.events if (line := sentence(event))]

    def assert_timeline(self, *patterns: str) -> None:
        """The patterns are found in this order."""
        lines = iter(self.timeline)
        for pattern in patterns:
            assert any(re.search(pattern, line) for line in lines), (pattern, self.timeline)


@pytest.fixture
def attempt(
    tmp_path: Path, installed_families: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Runs an attempt of the agent on a task, its language model played by ``reply``."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)

    def run(
        reply: Callable[[Turn], Any],
        task: TaskSpec,
        *,
        protocol: str = "openai",
        seconds: float = BUDGET_SECONDS,
        hints: bool = True,
        llm: Mapping[str, Any] | None = None,
        oracle: bool = False,
    ) -> Ended:
        with ScriptedProvider(reply) as provider:
            address = provider.base_url_openai if protocol == "openai" else provider.base_url_anthropic
            panel = tuple(f"{protocol}:{name}@{address}" for name in ("wise", "wary")) if oracle else ()
            critic = f"{protocol}:critic@{address}" if oracle else ""
            settings = LlmSettings(
                **{"model": f"{protocol}:scripted@{address}", "panel": panel, "critic": critic, **(llm or {})}
            )
            store = FileStore(tmp_path / "run")
            limits = Limits(attempt_seconds=seconds)
            store.create(
                RunSpec(tasks=(task,), engineers=("agent",), limits=limits, hints=(hints,), llm=settings)
            )
            name = store.attempts()[0].spec.id
            record = run_attempt(store, name).record
        return Ended(
            store.folder(name),
            record.state.value,
            record.reason,
            dict(record.result),
            list(store.events(name)),
            provider.requests,
        )

    return run


@pytest.fixture
def tiny_task(tmp_path: Path, installed_families: None) -> TaskSpec:
    """A line through points; the hidden answers lie beside the public files."""
    from tiny_family import make_task

    return TaskSpec(make_task(tmp_path / "line"), "tiny")
