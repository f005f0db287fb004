"""Whole attempts at the toy speed-up: a language model that is played, a replayed list of calls, and what they left."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from speedup_grading import TOY

from medalist.core.budget import Limits
from medalist.core.event import Event
from medalist.llm.scripted import Reply, ScriptedProvider, Turn
from medalist.llm.settings import LlmSettings
from medalist.runs.attempt import run_attempt
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore

SLOW = (TOY / "program.py").read_text()
FAST = (TOY / "oracle.py").read_text()
OTHER = FAST.replace("distances.mean(1)", "distances.mean(1) * 1.01")
"""As fast, and another function."""
RENAMED = FAST.replace("class Features", "class Quick").replace("Features()", "Quick()")
KEY = "sk-test-0123456789abcdef0123456789"


@dataclass(frozen=True)
class Ended:
    """An attempt that has ended."""

    folder: Path
    state: str
    reason: str
    result: dict[str, Any]
    events: list[Event]
    requests: list[Turn] = field(default_factory=list)

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [event.data for event in self.events if event.kind == kind]

    @property
    def submitted(self) -> str:
        """The text of what is in place."""
        return (self.folder / "submission" / "program.py").read_text()

    @property
    def grade(self) -> dict[str, Any]:
        return json.loads((self.folder / "grade.json").read_text())

    @property
    def verdict(self) -> dict[str, Any]:
        return self.result["verdict"]


def run_toy(
    folder: Path,
    engineer: str,
    *,
    settings: Mapping[str, Any] | None = None,
    llm: LlmSettings | None = None,
    seconds: float = 240.0,
) -> Ended:
    """One attempt of ``engineer`` at the toy."""
    store = FileStore(folder / "run")
    task = TaskSpec(TOY, "speedup", dict(settings or {}))
    limits = Limits(attempt_seconds=seconds)
    store.create(RunSpec(tasks=(task,), engineers=(engineer,), limits=limits, llm=llm or LlmSettings()))
    name = store.attempts()[0].spec.id
    record = run_attempt(store, name).record
    events = list(store.events(name))
    return Ended(store.folder(name), record.state.value, record.reason, dict(record.result), events)


def play(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    engineer: str,
    reply: Callable[[Turn], Reply],
    *,
    panel: Sequence[str] = (),
    critic: str = "",
    **settings: Any,
) -> Ended:
    """One attempt of an engineer that asks a language model, played by ``reply`` as the models of ``panel`` are."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    seconds = settings.pop("seconds", 240.0)
    with ScriptedProvider(reply) as provider:
        asked = [f"openai:{name}@{provider.base_url_openai}" for name in ("scripted", critic, *panel)]
        llm = LlmSettings(model=asked[0], critic=asked[1] if critic else "", panel=tuple(asked[2:]))
        ended = run_toy(folder, engineer, settings=settings, llm=llm, seconds=seconds)
    ended.requests.extend(provider.requests)
    return ended
