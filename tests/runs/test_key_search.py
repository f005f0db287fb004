"""A provider's key is searched for where it must not be: files, prompts, output, and every child's environment."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from medalist.llm.keys import KEY_VARIABLES
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, call, cast, leak, say
from medalist.runs import api
from medalist.runs.store import FileStore

KEY = "sk-searched-for-0123456789abcdef"

NOSY = """
import os, pathlib
seen = [f"{name}={value}" for name, value in os.environ.items()]
for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
    try:
        seen.append(entry.read_bytes().decode(errors="replace"))
    except OSError:
        pass
pathlib.Path("seen.txt").write_text("\\n".join(seen))
print("\\n".join(seen))
"""
"""What an engineer's code could do to find a key: its own environment, and that of every process it sees."""


def nosy(turn: Turn) -> Reply:
    """An engineer that looks for the key, asks the oracle, guesses, hands in and leaves; evolution only gets errors."""
    if not turn.tools:
        return leak(turn, 500)
    steps = (
        leak(turn, 429),
        call("write_file", path="nosy.py", content=NOSY),
        call("run_command", command="python nosy.py"),
        call("ask_oracle", question="What is the mean?", kind="strategy"),
        call("write_file", path="candidates/guess/mean.txt", content="2"),
        call("submit", folder="candidates/guess", title="a guess"),
    )
    return steps[turn.number - 1] if turn.number <= len(steps) else call("finish", summary="done")


def sum_up(turn: Turn) -> Reply:
    """A critic."""
    return call(turn.tools[0], decision="advice", plan="Guess two.") if turn.tools else say("Guess two.")


PARTS = cast({"nosy": nosy, "careless": leak, "wise": say("It is two."), "critic": sum_up})


@contextmanager
def watched_environments() -> Iterator[dict[str, str]]:
    """The environments of all processes that stand below this one within the block, by their command."""
    seen: dict[str, str] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.005):
            for process in psutil.Process().children(recursive=True):
                try:
                    command, environment = " ".join(process.cmdline()), process.environ()
                except psutil.Error:
                    continue  # it ended between two looks
                if command:  # while a program is being loaded its process has no name yet
                    seen[command] = json.dumps(environment)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@pytest.fixture
def write_set(tmp_path: Path, installed_families: None) -> Callable[..., Path]:
    task = tmp_path / "task"
    (task / "public").mkdir(parents=True)
    (task / "private").mkdir()
    (task / "public" / "numbers.txt").write_text("1\n2\n3\n")
    (task / "private" / "mean.txt").write_text("3\n")

    def write(engineer: str, name: Callable[[str], str]) -> Path:
        file = tmp_path / "set.yaml"
        content = {
            "tasks": [{"path": str(task), "family": "mean"}],
            "engineers": [engineer],
            "models": [name("nosy")],
            "panel": [name("careless"), name("wise")],
            "critic": name("critic"),
            "time": "30s",
        }
        file.write_text(json.dumps(content))
        return file

    return write


@pytest.mark.parametrize(
    ("engineer", "protocol"), [("agent", "openai"), ("agent", "anthropic"), ("evolution", "openai")]
)
def test_a_key_reaches_its_provider_and_nothing_else(
    engineer: str,
    protocol: str,
    write_set: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for variable in KEY_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(f"{protocol.upper()}_API_KEY", KEY)
    with ScriptedProvider(PARTS) as provider, watched_environments() as environments:
        address = getattr(provider, f"base_url_{protocol}")
        result = api.run(
            write_set(engineer, lambda name: f"{protocol}:{name}@{address}"), out=tmp_path / "run"
        )
    assert result.valid or engineer == "evolution", result  # this family has nothing in place from the start
    assert {turn.authorization.removeprefix("Bearer ") for turn in provider.requests} == {KEY}
    assert [turn for turn in provider.requests if KEY in json.dumps(turn.raw)] == []

    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {"llm.jsonl", "events.jsonl", "report.html"} <= {path.name for path in files}
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    out, err = capfd.readouterr()
    assert KEY not in out + err

    own = {command for command in environments if "medalist.machine.nursery" in command}
    assert any(KEY in environments[command] for command in own), "the search would find it"
    assert [command for command in environments if KEY in environments[command] and command not in own] == []
    assert len(environments) > len(own)

    if engineer == "agent":
        workspace = FileStore(tmp_path / "run").folder("task-agent-seed0") / "workspace"
        assert "HOME=" in (workspace / "seen.txt").read_text()
        assert {turn.model for turn in provider.requests} == {"nosy", "careless", "wise", "critic"}
