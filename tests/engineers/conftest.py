"""A whole attempt of the agent against a scripted provider, and what it left behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from medalist.core.budget import Limits
from medalist.core.event import Event
from medalist.llm.keys import KEY_VARIABLES
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
        """Everything that the language model was told after the task."""
        return "\n".join(
            text for turn in self.requests for text in (*(result.text for result in turn.news), turn.text)
        )

    @property
    def own_submission(self) -> bool:
        """Whether what is in place is the agent's, and not the baseline."""
        return self.all("submitted")[-1]["score"] is not None

    def assert_clean(self) -> None:
        """What stands is valid, no process is left, the answers were never told, and the key lies nowhere."""
        assert self.result["valid"]
        workspace = str(self.folder / "workspace")
        running = (" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
        assert not [command for command in running if workspace in command]
        hidden = (self.folder.parents[1] / "line" / "private" / "answer.txt").read_text()
        assert not [turn for turn in self.requests if hidden[:60] in str(turn.raw)]
        files = (path for path in self.folder.rglob("*") if path.is_file())
        assert not [path for path in files if KEY.encode() in path.read_bytes()]

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
    for variable in (*KEY_VARIABLES, "MEDALIST_PANEL"):
        monkeypatch.delenv(variable, raising=False)

    def run(
        reply: Callable[[Turn], Any],
        task: TaskSpec,
        *,
        protocol: str = "openai",
        seconds: float = BUDGET_SECONDS,
        hints: bool = True,
        settings: Mapping[str, Any] | None = None,
        llm: Mapping[str, Any] | None = None,
        oracle: bool = False,
    ) -> Ended:
        monkeypatch.setenv(f"{protocol.upper()}_API_KEY", KEY)
        with ScriptedProvider(reply) as provider:
            address = provider.base_url_openai if protocol == "openai" else provider.base_url_anthropic
            panel = tuple(f"{protocol}:{name}@{address}" for name in ("wise", "wary")) if oracle else ()
            critic = f"{protocol}:critic@{address}" if oracle else ""
            asked = LlmSettings(
                **{"model": f"{protocol}:scripted@{address}", "panel": panel, "critic": critic, **(llm or {})}
            )
            store = FileStore(tmp_path / "run")
            chosen = replace(task, settings={**task.settings, **(settings or {})})
            limits = Limits(attempt_seconds=seconds)
            store.create(
                RunSpec(tasks=(chosen,), engineers=("agent",), limits=limits, hints=(hints,), llm=asked)
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
