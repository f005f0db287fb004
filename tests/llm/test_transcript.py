"""The transcript holds every word that was asked and answered, once, a line a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent

from medalist.core.errors import LlmError, StoreError
from medalist.llm.scripted import Reply, Turn, call, fail, say
from medalist.llm.transcript import Transcript


def talk(opened: Any, protocol: str, steps: int) -> None:
    agent = Agent(
        opened.door.model(opened.name(protocol), role="engineer"), instructions="Only ever look around."
    )

    @agent.tool_plain
    def look(place: int) -> str:
        return f"seen {place}: " + "green " * 40

    opened.door.run(agent.run("start here", usage_limits=None))
    assert len(opened.provider.requests) == steps + 1


def looks(steps: int) -> Callable[[Turn], Reply]:
    return lambda turn: call("look", place=turn.step) if turn.step < steps else say("all seen")


def test_every_word_stands_in_it_once(open_door: Callable, protocol: str) -> None:
    opened = open_door(looks(5))
    talk(opened, protocol, 5)
    text = (opened.folder / "llm.jsonl").read_text()
    for words in ("Only ever look around.", "start here", "all seen", *(f"seen {n}:" for n in range(5))):
        assert text.count(words) == 1, words
    lines = opened.lines()
    assert len(lines) == 6
    assert {line["conversation"] for line in lines} == {1}
    assert [line["messages_before"] for line in lines] == [0, 1, 3, 5, 7, 9]
    assert all(line["input_tokens"] > 0 and line["role"] == "engineer" for line in lines)
    assert lines[2]["answer"][0]["tool_name"] == "look"


def test_it_grows_with_what_was_said_and_not_with_its_square(open_door: Callable) -> None:
    opened = open_door(looks(30))
    talk(opened, "openai", 30)
    sizes = [len(json.dumps(line)) for line in opened.lines()]
    assert max(sizes[1:-1]) < 1.5 * min(sizes[1:-1])


def test_a_failure_stands_in_it_with_its_prompt(open_door: Callable) -> None:
    opened = open_door(lambda turn: fail(400, "too many cooks"))
    with pytest.raises(LlmError):
        opened.ask("what now?")
    (line,) = opened.lines()
    assert "too many cooks" in line["error"]
    assert line["prompt"][-1]["content"] == "what now?"


def test_members_of_a_panel_are_told_apart(open_door: Callable) -> None:
    opened = open_door(lambda turn: say(turn.model))

    for model in ("one", "two"):
        opened.door.run(opened.door.ask(opened.name(model=model), "which?", role=f"panel {model}"))
    lines = opened.lines()
    assert [line["conversation"] for line in lines] == [1, 2]
    assert [line["answer"][0]["content"] for line in lines] == ["one", "two"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Transcript(tmp_path / "missing" / "llm.jsonl").append({"role": "tester"})
