"""How a guest's attempt ends: by time, by Ctrl-C, with a client that vanishes; and what clients are told meanwhile."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("mcp", reason="needs the SDK of the Model Context Protocol")

import honest_agent
import tiny_family
from mcp import Client
from mcp_clients import attend, events_of, text_of

from medalist.apps import mcp as served
from medalist.apps.mcp_doors import HttpDoor
from medalist.core.budget import Limits
from medalist.core.errors import UsageError
from medalist.llm.scripted import ScriptedProvider, cast, say
from medalist.llm.scripted import call as answer_with
from medalist.llm.settings import LlmSettings
from medalist.runs.guests import find_guest_run, receive
from medalist.runs.spec import GUEST, RunSpec, TaskSpec
from medalist.runs.store import AttemptState, FileStore

NO_LLM = LlmSettings()
VERDICT = {
    "decision": "advice",
    "plan": "Fit a line.",
    "batch_size": None,
    "gpu_use": "none",
    "leakage": "none found",
    "resuming": "not needed",
    "metric": "as asked",
    "time_estimate_seconds": 1,
}


@pytest.fixture
def store(tmp_path: Path, installed_families: None) -> Callable[..., FileStore]:
    def make(seconds: float, llm: LlmSettings = NO_LLM) -> FileStore:
        made = FileStore(tmp_path / "run")
        task = TaskSpec(tiny_family.make_task(tmp_path / "line"), "tiny")
        limits = Limits(attempt_seconds=seconds)
        made.create(RunSpec(tasks=(task,), engineers=(GUEST,), limits=limits, sandbox="plain", llm=llm))
        return made

    return make


async def trained(client: Client) -> str:
    """A line's scripts, and a training under way; its job."""
    folder = honest_agent.FOLDER
    await text_of(client, "read_hints")
    await text_of(client, "write_file", path=f"{folder}/train.py", content=honest_agent.TRAIN)
    await text_of(client, "write_file", path=f"{folder}/predict.py", content=honest_agent.PREDICT)
    return await text_of(client, "start_job", command="python train.py", folder=folder)


def test_at_the_end_of_the_time_what_was_trained_is_used(store: Callable[[float], FileStore]) -> None:
    async def train_and_dawdle(client: Client) -> list[str]:
        said = [await trained(client)]
        while "has ended" not in said[-1]:
            said.append(await text_of(client, "wait", seconds=60))
            said.append(await text_of(client, "run_command", command="echo still here"))
        return said

    run = store(15.0)
    (said,) = attend(run, train_and_dawdle)
    assert said[-1].startswith("Error: The attempt has ended")
    record = run.attempts()[0]
    assert record.state is AttemptState.LIMIT
    assert record.result["validation_score"] < 1, "the workflow handed the line in"
    assert record.result["hidden_score"] is not None


def test_long_waits_tell_of_their_progress(
    store: Callable[[float], FileStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "PROGRESS_SECONDS", 0.2)
    heard: list[str | None] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    async def work(client: Client) -> None:
        await text_of(client, "read_hints")
        await text_of(
            client, "write_file", path="slow.py", content=honest_agent.LONG_TRAIN.replace("../../", "")
        )
        await text_of(client, "write_file", path="predict.py", content="")
        await text_of(client, "start_job", command="python slow.py")
        await client.call_tool(
            "run_command", {"command": "yes | head -100000000 | wc -l"}, progress_callback=listen
        )
        await text_of(client, "kill_job", job="j1")
        await text_of(client, "finish", summary="the constant stays")

    attend(store(60.0), work)
    assert [text for text in heard if text and text.startswith("run_command: ")]
    assert [text for text in heard if text and "slow.py" in text], heard


def test_two_clients_share_one_desk(store: Callable[[float], FileStore]) -> None:
    written = threading.Event()

    async def writer(client: Client) -> None:
        await text_of(client, "write_file", path="shared.txt", content="from the other")
        written.set()
        await asyncio.sleep(0.5)

    async def reader(client: Client) -> str:
        while not written.is_set():
            await asyncio.sleep(0.05)
        said = await text_of(client, "read_file", path="shared.txt")
        await text_of(client, "finish")
        return said

    run = store(60.0)
    _, said = attend(run, writer, reader)
    assert "from the other" in said
    assert run.attempts()[0].state is AttemptState.FINISHED


def test_a_call_that_is_given_up_leaves_the_desk_usable(store: Callable[[float], FileStore]) -> None:
    async def work(client: Client) -> str:
        await text_of(client, "read_hints")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.call_tool("run_command", {"command": "yes > /dev/null"})
        said = await text_of(client, "list_jobs")
        await text_of(client, "finish")
        return said

    (said,) = attend(store(60.0), work)
    assert "running" in said, "what it started goes on"


def test_arguments_that_make_no_sense_are_answered(store: Callable[[float], FileStore]) -> None:
    async def work(client: Client) -> list[bool]:
        calls = [
            ("write_file", {"path": 3}),
            ("read_file", {}),
            ("no_such_tool", {}),
            ("read_file", {"path": "../../private/answer.txt"}),
            ("finish", {}),
        ]
        results = [await client.call_tool(name, arguments) for name, arguments in calls]
        return [result.is_error for result in results]

    (said,) = attend(store(60.0), work)
    assert said == [True, True, True, True, False]


def test_a_guest_may_ask_an_oracle(store: Callable[..., FileStore], monkeypatch: pytest.MonkeyPatch) -> None:
    """The panel's answer, the critic's verdict, and the tokens in the attempt's result."""

    async def work(client: Client) -> str:
        said = await text_of(client, "ask_oracle", question="What fits these points?")
        await text_of(client, "finish")
        return said

    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-key-0123456789")
    parts = {"wise": say("A line fits."), "judge": lambda turn: answer_with(turn.tools[0], **VERDICT)}
    with ScriptedProvider(cast(parts)) as provider:
        names = [f"openai:{name}@{provider.base_url_openai}" for name in parts]
        run = store(60.0, LlmSettings(panel=(names[0],), critic=names[1]))
        (said,) = attend(run, work)
    assert "Fit a line." in said
    assert "oracle_verdict" in [event.kind for event in events_of(run)]
    assert run.attempts()[0].result["tokens"] > 0


def test_a_taken_port_is_told_before_anything_is_made() -> None:
    door = HttpDoor(0)
    port = int(re.findall(r":(\d+)/", door.url)[0])
    with pytest.raises(UsageError, match="cannot be opened"):
        HttpDoor(port)


def test_another_engineers_run_takes_no_guest(
    tmp_path: Path, installed_families: None, store: Callable[[float], FileStore]
) -> None:
    other = FileStore(tmp_path / "other")
    other.create(RunSpec(tasks=(TaskSpec(tiny_family.make_task(tmp_path / "line2"), "tiny"),)))
    with pytest.raises(UsageError, match="not a guest"):
        find_guest_run(other.root)
    assert find_guest_run(store(60.0).root)


CLIENT = """
import asyncio, sys
from mcp import Client, StdioServerParameters

async def main():
    async with Client(StdioServerParameters(command=sys.executable, args=sys.argv[1:])) as client:
        await client.call_tool("read_brief", {})
        print("at work", flush=True)
        await asyncio.sleep(300)

asyncio.run(main())
"""


def test_a_client_that_is_killed_ends_the_attempt(tmp_path: Path) -> None:
    """kill -9 on the client: nobody says goodbye, and what stands is graded all the same."""
    import guest_competition

    run = tmp_path / "run"
    command = ["-m", "medalist.apps.cli", "mcp", str(guest_competition.make_competition(tmp_path / "c"))]
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, *command, "--time", "5m", "--out", str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert client.stdout is not None
    assert client.stdout.readline().strip() == "at work"
    os.killpg(client.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while not (record := FileStore(run).attempts()[0]).state.ended:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert record.state is AttemptState.FINISHED, record.reason
    assert record.result["hidden_score"] is not None


class Left:
    """A door whose client has left before anything was said."""

    leaving_ends = True

    async def serve(self, server: object) -> None:
        return

    def close(self) -> None:
        return


def test_the_attempt_may_end_while_the_protocols_thread_does(store: Callable[..., FileStore]) -> None:
    """Its loop is closed and the thread still alive: that was a RuntimeError, and the attempt a failed one."""

    class Slow(served.McpGuest):
        def _leave(self) -> None:
            super()._leave()
            time.sleep(0.5)

    run = store(60.0)
    receive(run, Slow(Left()))
    record = run.attempts()[0]
    assert record.state is AttemptState.FINISHED, record.reason


def test_ctrl_c_at_the_server_can_be_gone_on_from(
    start_medalist: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    import guest_competition

    competition = guest_competition.make_competition(tmp_path / "c")
    run = tmp_path / "run"

    def url_of(process: subprocess.Popen[str]) -> str:
        assert process.stderr is not None
        return next(found[0] for line in process.stderr if (found := re.search(r"http://\S+/mcp", line)))

    async def note(url: str, tool: str, **arguments: object) -> str:
        async with Client(url) as client:
            return await text_of(client, tool, **arguments)

    first = start_medalist("mcp", competition, "--http", "0", "--time", "5m", "--out", run)
    asyncio.run(note(url_of(first), "write_file", path="note.txt", content="kept"))
    os.killpg(first.pid, signal.SIGINT)
    _, errors = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "medalist mcp --resume" in errors
    assert "Traceback" not in errors
    assert FileStore(run).attempts()[0].state is AttemptState.INTERRUPTED
    second = start_medalist("mcp", "--resume", run, "--http", "0")
    url = url_of(second)
    assert "kept" in asyncio.run(note(url, "read_file", path="note.txt"))
    asyncio.run(note(url, "finish"))
    second.communicate(timeout=60)
    assert second.returncode == 0
    assert FileStore(run).attempts()[0].state is AttemptState.FINISHED
