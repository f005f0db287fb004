"""``medalist speedup`` with engineers at the tools: replayed calls, and language models, many attempts at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from medalist.llm.scripted import Reply, ScriptedProvider, Turn, call

TOY = Path(__file__).parents[1] / "families" / "speedup" / "toy"
FAST = (TOY / "oracle.py").read_text()


@pytest.fixture(autouse=True)
def a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other grading of this machine is waited for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def calls(place: Path, *made: tuple[str, dict]) -> Path:
    place.write_text(json.dumps([{"tool": tool, "arguments": arguments} for tool, arguments in made]))
    return place


LOOK = ("read_file", {"path": "program.py"})
WRITE = ("write_file", {"path": "program.py", "content": FAST})
ELSEWHERE = ("write_file", {"path": "out/better.py", "content": FAST})
HAND_IN = ("submit_answer", {})


@pytest.mark.parametrize(
    ("made", "options", "kind", "steps", "note"),
    [
        ((LOOK, WRITE, HAND_IN), (), "", 3, ""),
        ((LOOK,), (), "never submitted", 1, ""),
        ((ELSEWHERE,), (), "", 1, "wrong place"),
        ((LOOK, LOOK, WRITE, HAND_IN), ("--steps", "2"), "never submitted", 2, ""),
    ],
)
def test_replayed_calls_are_steps_and_end_in_a_typed_verdict(
    medalist: Callable,
    tmp_path: Path,
    made: tuple,
    options: tuple[str, ...],
    kind: str,
    steps: int,
    note: str,
) -> None:
    told = medalist(
        "speedup", TOY, "--engineer", "scripted", "--calls", calls(tmp_path / "calls.json", *made),
        "--attempts", "1", "--time", "90s", "--out", "mine", *options, "--json",
    )  # fmt: skip
    assert told.status == (1 if kind else 0), told.err
    (run,) = told.json["runs"]
    assert (run["kind"], run["steps"]) == (kind, steps)
    assert run["note"].startswith(note)
    graded = (tmp_path / "mine" / "run_1" / "grade.json").is_file()
    assert graded == (not kind), "the unchanged program is nobody's answer"


def test_a_list_of_calls_that_is_not_there_is_wrong_usage(medalist: Callable, tmp_path: Path) -> None:
    for options in (["--calls", "nowhere.json"], []):
        told = medalist("speedup", TOY, "--engineer", "scripted", *options, "--json")
        assert told.status == 2
        assert "Traceback" not in told.err
        assert not (tmp_path / "runs").exists()


def test_language_models_work_at_once_and_each_is_judged(medalist: Callable, tmp_path: Path) -> None:
    """One makes it fast, one breaks it, one only looks, until its steps are used up; none is told how many it has."""
    opened: list[int] = []
    acts = [
        call("write_file", path="program.py", content=FAST),
        call("write_file", path="program.py", content=FAST.replace("def run", "def walk")),
        call("read_file", path="program.py"),
    ]

    def reply(turn: Turn) -> Reply:
        asked = [made for message in turn.messages for made in message.calls]
        if not asked:
            opened.append(len(opened))
            return acts[opened[-1] % 3]
        return acts[2] if asked[0].name == "read_file" else call("submit_answer")

    with ScriptedProvider(reply) as provider:
        told = medalist(
            "speedup", TOY, "--engineer", "agent", "--model", f"openai:scripted@{provider.base_url_openai}",
            "--attempts", "3", "--steps", "3", "--time", "90s", "--out", "mine", "--json",
            env={"OPENAI_API_KEY": "sk-scripted"},
        )  # fmt: skip
        said = "\n".join(message.text for turn in provider.requests for message in turn.messages)
    assert told.status == 0, told.err
    kinds = sorted(run["kind"] for run in told.json["runs"])
    assert kinds == ["", "never submitted", "renamed classes"]
    assert told.json["average_steps"] > 1
    assert "3 steps" not in said
