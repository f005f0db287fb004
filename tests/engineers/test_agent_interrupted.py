"""An agent's attempt that is stopped from outside, as a process of its own: what stood stays, and it can go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from honest_agent import LONG_TRAIN, after, honest, launch, write
from processes_here import as_a_background_shell_does

from medalist.core.budget import Limits
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, call
from medalist.llm.settings import LlmSettings
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore

RUN_ATTEMPT = "import sys; from medalist.runs.attempt import main; sys.exit(main(sys.argv[1:]))"


@dataclass
class Process:
    """An attempt's process against a provider; ``pids`` holds its id once it runs."""

    store: FileStore
    plugins: list[str]
    pids: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.store.attempts()[0].spec.id

    @property
    def submission(self) -> str:
        return (self.store.folder(self.name) / "submission" / "answer.txt").read_text()

    def run(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN_ATTEMPT, self.store.root, self.name],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(self.plugins)},
            stderr=subprocess.DEVNULL,
            preexec_fn=as_a_background_shell_does,
        )
        self.pids.append(process.pid)
        process.wait(timeout=120)

    def send(self, number: int) -> Callable[[Turn], Reply]:
        """A reply that comes after its process was sent a signal."""

        def reply(turn: Turn) -> Reply:
            os.kill(self.pids[-1], number)
            return call("list_files").slow(0.5)

        return reply

    def assert_nothing_runs(self) -> None:
        assert not self._running()

    def _running(self) -> list[str]:
        workspace = str(self.store.folder(self.name) / "workspace")
        commands = (" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
        return [command for command in commands if workspace in command]


@pytest.fixture
def process(tmp_path: Path, tiny_task: TaskSpec, plugins: list[str]):
    """Started against the steps that its ``reply`` is set to."""

    def against(provider: ScriptedProvider) -> Process:
        store = FileStore(tmp_path / "run")
        llm = LlmSettings(model=f"openai:scripted@{provider.base_url_openai}")
        store.create(
            RunSpec(tasks=(tiny_task,), engineers=("agent",), limits=Limits(attempt_seconds=90), llm=llm)
        )
        return Process(store, plugins)

    return against


def test_killed_and_resumed_it_goes_on(process) -> None:
    """Kill -9 in the middle leaves the baseline; a second process of the same attempt does the work."""
    with ScriptedProvider(honest) as provider:
        attempt = process(provider)
        provider.reply = after(call("read_hints"), write(LONG_TRAIN), launch(), attempt.send(signal.SIGKILL))
        attempt.run()
        assert attempt.submission.startswith("0\n")
        provider.reply = honest
        attempt.run()
        assert float(attempt.submission.split()[0]) > 1
    attempt.assert_nothing_runs()
    assert attempt.store.read(attempt.name).state.value == "finished"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_at_once_and_leaves_what_stands(process, number: int) -> None:
    with ScriptedProvider(honest) as provider:
        attempt = process(provider)
        provider.reply = after(call("read_hints"), write(LONG_TRAIN), launch(), attempt.send(number))
        attempt.run()
        assert len(provider.requests) < 6
    attempt.assert_nothing_runs()
    assert attempt.store.read(attempt.name).state.value == "interrupted"
    assert attempt.submission.startswith("0\n")


def test_a_kill_from_inside_its_sandbox_leaves_a_submission(process) -> None:
    """``kill -9`` at Medalist's own process reaches it or not; something stands either way."""
    with ScriptedProvider(honest) as provider:
        attempt = process(provider)
        provider.reply = after(
            lambda turn: call("run_command", command=f"kill -9 {attempt.pids[-1]}; echo tried")
        )
        attempt.run()
    attempt.assert_nothing_runs()
    assert attempt.submission.strip()
