"""Asking through the door: any protocol, any thread, any event loop; answers come in the shape asked for."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from pydantic import BaseModel
from pydantic_ai import Agent

from medalist.core.errors import LlmError
from medalist.llm.door import Door
from medalist.llm.names import parse_name
from medalist.llm.scripted import Reply, Turn, call, call_raw, give, nothing, refuse, say
from medalist.llm.settings import LlmSettings


class Verdict(BaseModel):
    decision: str
    must_fix: list[str]
    batch_size: int | None = None


def approve(turn: Turn) -> Reply:
    return give(turn, decision="approve", must_fix=[])


def test_a_question_is_answered(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: say(f"{turn.system}: {turn.text}"))
    assert opened.ask("two and two?", protocol=protocol, system="Be short") == "Be short: two and two?"
    (event,) = opened.events("llm_call")
    assert event["role"] == "tester"
    assert event["input_tokens"] > 0
    assert event["cost_usd"] == pytest.approx(
        (event["input_tokens"] + 10 * event["output_tokens"]) / 1_000_000
    )


def test_an_answer_comes_in_the_shape_asked_for(open_door: Callable, protocol: str) -> None:
    opened = open_door(approve)
    assert opened.ask(protocol=protocol, output_type=Verdict) == Verdict(decision="approve", must_fix=[])


@pytest.mark.parametrize(
    "misshapen",
    [
        call("final_result", decision=3),
        call_raw("final_result", '{"decision": "appr'),
        call("no_such_tool", x=1),
        say("I would approve."),
        nothing(),
    ],
    ids=["wrong types", "half a JSON", "unknown tool", "prose", "nothing"],
)
def test_a_misshapen_answer_may_be_mended(open_door: Callable, protocol: str, misshapen: Reply) -> None:
    replies = iter([misshapen])
    opened = open_door(lambda turn: next(replies, None) or approve(turn))
    assert opened.ask(protocol=protocol, output_type=Verdict).decision == "approve"


def test_mending_ends_after_a_few_times(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: call("final_result", decision=3))
    with pytest.raises(LlmError) as raised:
        opened.ask(protocol=protocol, output_type=Verdict)
    assert 1 < len(opened.provider.requests) <= 4
    assert raised.value.next_step


def test_a_refusal_is_told_in_its_own_words(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: refuse("Not for me."))
    with pytest.raises(LlmError, match="Not for me"):
        opened.ask(protocol=protocol)
    assert len(opened.provider.requests) == 1


def test_threads_may_ask_at_once(open_door: Callable) -> None:
    opened = open_door(lambda turn: say(turn.text), latency_seconds=0.05)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: opened.ask(f"number {n}"), range(16)))
    assert answers == [f"number {n}" for n in range(16)]


def test_one_model_serves_several_event_loops(open_door: Callable) -> None:
    opened = open_door(lambda turn: say(turn.text))
    agent = Agent(opened.door.model(opened.name(), role="engineer"))

    async def both(first: str, second: str) -> list[str]:
        results = await asyncio.gather(agent.run(first), agent.run(second))
        return [result.output for result in results]

    assert asyncio.run(both("a", "b")) == ["a", "b"]
    assert asyncio.run(both("c", "d")) == ["c", "d"]
    assert opened.door.run(both("e", "f")) == ["e", "f"]


def test_waiting_for_oneself_is_said_and_not_done(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("hello"))

    async def inside() -> str:
        return opened.ask()

    with pytest.raises(RuntimeError, match="await"):
        opened.door.run(inside())


def test_a_door_can_be_closed_twice_and_before_it_was_used(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("hello"))
    opened.door.close()
    opened.ask()
    opened.door.close()
    opened.door.close()


def test_closing_the_door_ends_what_is_still_asked(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("too late").slow(30))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(opened.ask)
        while not opened.provider.requests:
            time.sleep(0.01)
        opened.door.close()
        with pytest.raises(LlmError, match="closed"):
            asked.result()


@pytest.mark.parametrize(("model", "field"), [("qwen3", "max_tokens"), ("o3", "max_completion_tokens")])
def test_the_longest_answer_goes_by_the_name_that_is_understood(
    open_door: Callable, model: str, field: str
) -> None:
    opened = open_door(lambda turn: say("well"), max_tokens=100_000)
    opened.door.run(opened.door.ask(opened.name(model=model), "hello", role="tester"))
    assert opened.provider.requests[0].raw[field] > 0


def test_a_missing_key_is_named_before_anything_is_asked(keys: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    with Door(LlmSettings(), None, None) as door, pytest.raises(LlmError) as raised:
        door.model("DeepSeek-R1", role="panel")
    assert "DEEPSEEK_API_KEY" in raised.value.where
    assert "export DEEPSEEK_API_KEY" in raised.value.next_step


def test_a_key_copied_with_white_space_is_sent_without_it(
    open_door: Callable, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    opened = open_door(lambda turn: say("well"))
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(variable, "  sk-0123456789\n")
    assert opened.ask(protocol=protocol) == "well"
    assert opened.provider.requests[0].authorization == "sk-0123456789"


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [("OPENAI_API_KEY", "sk-“quoted”", "characters"), ("OPENAI_BASE_URL", "localhost:8000/v1", "address")],
)
def test_a_setting_that_cannot_work_is_named(
    keys: dict, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, what: str
) -> None:
    monkeypatch.setenv(variable, value)
    with Door(LlmSettings(), None, None) as door, pytest.raises(LlmError, match=what) as raised:
        door.check("o3")
    assert variable in raised.value.where
    assert raised.value.next_step


def test_a_local_model_needs_its_folder(tmp_path: Path) -> None:
    with Door(LlmSettings(), None, None) as door, pytest.raises(LlmError):
        door.check(f"hf:{tmp_path}/nothing")


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("torch", "transformers"))), reason="a local model needs torch"
)
def test_closing_does_not_wait_for_a_model_that_loads(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    door, before = Door(LlmSettings(), None, None), set(psutil.Process().children(recursive=True))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: door.run(door.ask(f"hf:{tmp_path}", "hello", role="tester")))
        while not set(psutil.Process().children(recursive=True)) - before:
            time.sleep(0.01)
        door.close()
        with pytest.raises(LlmError):
            asked.result()
    assert not set(psutil.Process().children(recursive=True)) - before


@pytest.mark.parametrize(
    "text",
    ["o3", "gpt-4o", "claude-sonnet-4-5", "DeepSeek-R1", "gemini-2.5-pro", "ollama:qwen3", "openrouter:a/b"],
)
def test_models_of_every_provider_are_made_without_a_connection(
    text: str, keys: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("GOOGLE_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.setenv(variable, "0123456789abcdef")
    with Door(LlmSettings(), None, None) as door:
        assert door.model(text, role="panel").model_name == parse_name(text).model


@pytest.mark.parametrize("provider", ["openai", "anthropic", "deepseek"])
def test_the_environment_can_move_a_provider(
    open_door: Callable, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    opened = open_door(lambda turn: say(f"{turn.protocol} {turn.authorization}"))
    server = opened.provider
    address = server.base_url_anthropic if provider == "anthropic" else server.base_url_openai
    monkeypatch.setenv(f"{provider.upper()}_BASE_URL", address)
    asked = opened.door.run(opened.door.ask(f"{provider}:some-model", "hello", role="tester"))
    assert asked.split()[0] == ("messages" if provider == "anthropic" else "chat")
    assert server.requests[0].model == "some-model"
    assert server.requests[0].authorization.startswith("sk-")
