"""A real MCP client is the engineer: over stdio and over HTTP, from the brief to a graded submission."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the SDK of the Model Context Protocol")

import guest_competition
from mcp import Client, StdioServerParameters

from medalist.core.event import read_events
from medalist.runs.store import AttemptRecord, AttemptState, FileStore

FOLDER = "candidates/mine"
LONGEST_SECONDS = 120.0
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "a test", "version": "1"},
}


@pytest.fixture(scope="module")
def competition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return guest_competition.make_competition(tmp_path_factory.mktemp("above-a-half"))


class Hand:
    """A client's calls, and what was answered."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.progress: list[str | None] = []

    async def __call__(self, tool: str, **arguments: object) -> str:
        result = await self._client.call_tool(tool, arguments, progress_callback=self._tell)
        text = result.content[0].text
        assert result.is_error == text.startswith(("Refused: ", "Error: ")), text
        return text

    async def _tell(self, progress: float, total: float | None, message: str | None) -> None:
        self.progress.append(message)


async def compete(client: Client) -> Hand:
    """Everything from the brief to a submission in place."""
    use = Hand(client)
    listed = {tool.name for tool in (await client.list_tools()).tools}
    assert {"read_brief", "read_hints", "start_job", "wait", "submit", "finish"} <= listed
    assert "read_brief" in (client.instructions or "")
    brief = await use("read_brief")
    assert "submission.csv" in brief
    prompt = await client.get_prompt("work")
    assert prompt.messages[0].content.text.startswith(brief[:200])
    resource = await client.read_resource("medalist://brief")
    assert resource.contents[0].text.startswith(brief[:200])

    await use("write_file", path=f"{FOLDER}/train.py", content=guest_competition.TRAIN)
    assert "read_hints" in await use("start_job", command="python train.py", folder=FOLDER)
    assert "hints" in await use("read_hints")
    assert "Job" in await use("start_job", command="python train.py", folder=FOLDER)
    await use("write_file", path=f"{FOLDER}/predict.py", content=guest_competition.PREDICT)
    while "No job runs" not in (said := await use("wait", seconds=20)) and "ended" not in said:
        continue
    await use("run_command", command="python predict.py", folder=FOLDER)
    assert "There is no tool 'rm'" in await use("rm", path="/")
    assert "Refused" in await use("read_file", path="/etc/passwd")
    assert "validation" in await use("submit", folder=FOLDER, title="a straight cut")
    return use


def ended(run: Path) -> AttemptRecord:
    """The attempt's record once its process has closed it."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        record = FileStore(run).attempts()[0]
        if record.state.ended:
            return record
        time.sleep(0.1)
    raise AssertionError(f"the attempt never ended; {record.state}")


def submitted_by_guest(run: Path) -> list[Any]:
    name = FileStore(run).attempts()[0].spec.id
    events = list(read_events(FileStore(run).folder(name) / "events.jsonl"))
    assert [event for event in events if event.kind == "tool_refused"]
    return [event.data for event in events if event.kind == "submitted" and event.data.get("score")]


@asynccontextmanager
async def over_stdio(competition: Path, run: Path, *options: str):
    command = [
        "-m",
        "medalist.apps.cli",
        "mcp",
        str(competition),
        "--time",
        "5m",
        "--out",
        str(run),
        *options,
    ]
    env = {name: os.environ[name] for name in ("MEDALIST_HOME", "PATH") if name in os.environ}
    with open(run.with_suffix(".err"), "w") as errors:
        # The client's own default writes to a stderr that pytest has replaced.
        from mcp.client.stdio import stdio_client

        transport = stdio_client(StdioServerParameters(command=sys.executable, args=command, env=env), errors)
        async with Client(transport, mode="legacy" if "--legacy" in options else "auto") as client:
            yield client


def test_a_client_over_stdio_competes_and_leaves(competition: Path, tmp_path: Path) -> None:
    """It never calls finish: leaving ends the attempt, which closes in peace and is graded."""
    run = tmp_path / "run"

    async def work() -> None:
        async with over_stdio(competition, run) as client:
            await compete(client)

    asyncio.run(work())
    record = ended(run)
    assert record.state is AttemptState.FINISHED, record.reason
    assert record.result["hidden_score"] > 0.9
    assert submitted_by_guest(run)
    assert "Traceback" not in run.with_suffix(".err").read_text()


def test_a_client_over_http_competes_and_finishes(
    competition: Path, start_medalist: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start_medalist(
        "mcp", competition, "--http", "0", "--time", "5m", "--out", tmp_path / "run", "--json"
    )
    assert process.stderr is not None
    heard = next(found for line in process.stderr if (found := re.search(r"http://\S+/mcp", line)))

    async def work() -> None:
        async with Client(heard[0]) as first:
            await Hand(first)("write_file", path="notes.txt", content="back soon")
        async with Client(heard[0], mode="legacy") as client:  # one that left may come back
            use = await compete(client)
            assert await use("read_file", path="notes.txt")
            assert "Finished" in await use("finish", summary="a straight cut is enough")

    asyncio.run(work())
    out, _ = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 0
    assert f'"run_dir": "{tmp_path / "run"}"' in out
    record = ended(tmp_path / "run")
    assert record.state is AttemptState.FINISHED, record.reason
    assert record.result["hidden_score"] > 0.9
    assert submitted_by_guest(tmp_path / "run")


def test_stdout_carries_the_protocol_alone_from_first_to_last(competition: Path, tmp_path: Path) -> None:
    """Every line is a message; what a person would read, the result at the end included, is on stderr."""
    asked = [
        {"id": 1, "method": "initialize", "params": HELLO},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "list_files", "arguments": {}}},
    ]
    run = tmp_path / "run"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "medalist.apps.cli",
            "mcp",
            competition,
            "--time",
            "5m",
            "--out",
            run,
            "--json",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for message in asked:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    out, errors = process.communicate(timeout=LONGEST_SECONDS)
    assert [answer["id"] for answer in answers] == [1, 2]
    assert "sample_submission.csv" not in answers[0]["result"]["instructions"]
    assert "candidates" in answers[1]["result"]["content"][0]["text"]
    assert out == ""
    assert '"hidden_score": 1.0' in errors
    assert "Explored: tabular data" in errors
