"""The cache: an equal request is answered from disk for nothing, whatever the protocol, tools or streaming."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.messages import ModelRequest, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from medalist.core.errors import LlmError, StoreError
from medalist.llm.cache import FILE_NAME, ResponseCache, cache_key
from medalist.llm.door import Door
from medalist.llm.names import parse_name
from medalist.llm.scripted import Reply, Turn, call, fail, give, say
from medalist.llm.settings import LlmSettings


class Verdict(BaseModel):
    decision: str


def works(turn: Turn) -> Reply:
    """Looks twice, then says what it saw and how many requests the conversation took."""
    if len(turn.results) < 2:
        return call("look", place=len(turn.results))
    return say(" ".join(result.text for result in turn.results))


def agent_of(opened: Any, protocol: str) -> Agent:
    agent = Agent(opened.door.model(opened.name(protocol), role="engineer"), instructions="Look twice.")

    @agent.tool_plain
    def look(place: int) -> str:
        return f"saw {place}"

    return agent


async def streamed(agent: Agent) -> str:
    async with agent.run_stream("go") as result:
        return "".join([text async for text in result.stream_text(delta=True)])


def test_a_conversation_with_tools_is_met_again_step_by_step(open_door: Callable, protocol: str) -> None:
    opened = open_door(works, cache=True)
    first = opened.door.run(agent_of(opened, protocol).run("go")).output
    asked, spent = len(opened.provider.requests), opened.door.ledger.spent_usd
    second = opened.door.run(agent_of(opened, protocol).run("go")).output
    assert first == second == "saw 0 saw 1"
    assert len(opened.provider.requests) == asked == 3
    assert opened.door.ledger.spent_usd == spent
    events = opened.events("llm_call")
    assert [event["cached"] for event in events] == [False] * 3 + [True] * 3
    assert all(event["cost_usd"] == 0 for event in events[3:])


def test_a_streaming_caller_gets_the_kept_answer_in_pieces(open_door: Callable, protocol: str) -> None:
    opened = open_door(works, cache=True)
    first = opened.door.run(streamed(agent_of(opened, protocol)))
    assert len(opened.provider.requests) == 3
    assert opened.door.run(streamed(agent_of(opened, protocol))) == first == "saw 0 saw 1"
    assert opened.door.run(agent_of(opened, protocol).run("go")).output == first
    assert len(opened.provider.requests) == 3


def test_a_structured_answer_is_kept(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: give(turn, decision="approve"), cache=True)
    verdicts = [opened.ask(protocol=protocol, output_type=Verdict) for _ in range(3)]
    assert verdicts == [Verdict(decision="approve")] * 3
    assert len(opened.provider.requests) == 1


def test_it_is_off_unless_asked_for(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("bla"))
    for _ in range(2):
        opened.ask()
    assert len(opened.provider.requests) == 2
    assert not (opened.folder / "cache").exists()


def test_answers_are_kept_in_the_home_folder_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDALIST_HOME", str(tmp_path / "home"))
    with Door(LlmSettings(cache=True), None, None):
        assert (tmp_path / "home" / FILE_NAME).exists()


def test_a_failure_is_not_kept(open_door: Callable) -> None:
    replies = iter([fail(400)])
    opened = open_door(lambda turn: next(replies, say("well")), cache=True)
    with pytest.raises(LlmError, match="400"):
        opened.ask()
    assert opened.ask() == "well"


def test_a_kept_answer_is_given_beyond_the_limit(open_door: Callable, tmp_path: Path) -> None:
    opened = open_door(lambda turn: say("bla"), cache=True, max_cost_usd=1.0)
    opened.ask()
    opened.door.ledger.spent_usd = 1.0
    assert opened.ask() == "bla"


NAME = parse_name("openai:m")
TOOL = ToolDefinition(name="look", description="Looks.", parameters_json_schema={"type": "object"})


def key(
    text: str = "go",
    *,
    name: str = "openai:m",
    settings: ModelSettings | None = None,
    tool: ToolDefinition = TOOL,
) -> str:
    messages = [ModelRequest(parts=[UserPromptPart(text)], instructions="Be short.")]
    parameters = ModelRequestParameters(function_tools=[tool])
    return cache_key(parse_name(name), messages, settings, parameters)


def test_the_same_request_at_another_time_is_the_same() -> None:
    assert key() == key(settings=ModelSettings(timeout=3.0))


def test_whatever_shapes_an_answer_makes_another_request() -> None:
    others = [
        key("stay"),
        key(name="openai:n"),
        key(name="anthropic:m"),
        key(name="openai:m@http://gpu:8000/v1"),
        key(settings=ModelSettings(temperature=0.5)),
        key(settings=ModelSettings(seed=1)),
        key(tool=replace(TOOL, description="Looks twice.")),
        key(tool=replace(TOOL, parameters_json_schema={"type": "object", "title": "x"})),
    ]
    assert len({key(), *others}) == len(others) + 1


def test_a_file_that_is_no_cache_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is no database, and long enough to be one" * 100)
    with pytest.raises(StoreError) as raised:
        ResponseCache(tmp_path)
    assert FILE_NAME in raised.value.where
