"""What fails and may pass is asked again, a limited number of times; what will not pass is said at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_ai import Agent

from medalist.core.errors import LlmError
from medalist.llm.retry import RetryPolicy
from medalist.llm.scripted import Reply, drop, fail, malformed, say

PASSING = {
    "429": fail(429),
    "500": fail(500),
    "503": fail(503),
    "529": fail(529),
    "dropped": drop(),
    "dropped half-way": say("an answer that breaks off").drop_midway(),
    "garbled": malformed(),
}
LASTING = {"400": fail(400, "bad request"), "401": fail(401), "402": fail(402), "404": fail(404)}


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_asked_again(open_door: Callable, protocol: str, fault: str) -> None:
    replies = iter([PASSING[fault]])
    opened = open_door(lambda turn: next(replies, say("well")))
    assert opened.ask(protocol=protocol) == "well"
    (failed,) = opened.events("llm_failed")
    assert failed["again"]
    assert failed["reason"]
    assert opened.events("llm_call")[0]["attempts"] == 2


@pytest.mark.parametrize("fault", PASSING)
def test_asking_again_ends(open_door: Callable, protocol: str, fault: str) -> None:
    opened = open_door(lambda turn: PASSING[fault])
    with pytest.raises(LlmError) as raised:
        opened.ask(protocol=protocol)
    policy = RetryPolicy()
    most = policy.costly_attempts if fault == "garbled" else policy.attempts
    assert len(opened.provider.requests) == most
    assert [event["again"] for event in opened.events("llm_failed")] == [True] * (most - 1) + [False]
    assert raised.value.where
    assert raised.value.next_step
    assert raised.value.__suppress_context__, "no provider's traceback comes with it"


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_is_asked_once(open_door: Callable, protocol: str, fault: str) -> None:
    opened = open_door(lambda turn: LASTING[fault])
    with pytest.raises(LlmError, match=fault) as raised:
        opened.ask(protocol=protocol)
    assert len(opened.provider.requests) == 1
    assert raised.value.next_step
    assert opened.door.ledger.spent_tokens == 0


def test_a_refused_key_names_its_variable(open_door: Callable) -> None:
    opened = open_door(lambda turn: fail(401))
    with pytest.raises(LlmError) as raised:
        opened.ask(protocol="anthropic")
    assert "ANTHROPIC_API_KEY" in raised.value.next_step


def test_no_answer_in_time_is_asked_again_once(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: say("too late").slow(30), timeout_seconds=0.3)
    with pytest.raises(LlmError, match="no answer in time"):
        opened.ask(protocol=protocol)
    assert len(opened.provider.requests) == RetryPolicy().costly_attempts


def test_a_whole_question_can_be_bounded(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("too late").slow(30))
    with pytest.raises(LlmError, match="no answer in time"):
        opened.ask(timeout_seconds=0.3)


def test_a_provider_says_how_long_to_wait(open_door: Callable, protocol: str) -> None:
    replies = iter([fail(429, retry_after_seconds=1)])
    policy = RetryPolicy(first_wait_seconds=0.01, rate_limit_wait_seconds=0.01)
    opened = open_door(lambda turn: next(replies, say("well")), retry=policy)
    assert opened.ask(protocol=protocol) == "well"
    assert opened.events("llm_failed")[0]["wait_seconds"] == 1


@pytest.mark.parametrize("status", [429, 503])
def test_no_provider_makes_us_wait_for_hours(open_door: Callable, status: int) -> None:
    replies = iter([fail(status, retry_after_seconds=86_400)])
    policy = RetryPolicy(longest_wait_seconds=0.05)
    opened = open_door(lambda turn: next(replies, say("well")), retry=policy)
    assert opened.ask() == "well"
    assert opened.events("llm_failed")[0]["wait_seconds"] == pytest.approx(0.05)


def test_waits_grow_and_differ(open_door: Callable) -> None:
    policy = RetryPolicy(attempts=4, first_wait_seconds=0.01)
    opened = open_door(lambda turn: fail(500), retry=policy)
    for _ in range(3):
        with pytest.raises(LlmError):
            opened.ask()
    waits = [event["wait_seconds"] for event in opened.events("llm_failed") if event["again"]]
    assert all(
        0.01 * 2**n <= wait <= 0.01 * 2**n + 0.0101 for n, wait in zip([0, 1, 2] * 3, waits, strict=True)
    )
    assert len(set(waits)) > 3


def test_nobody_at_the_address_is_said(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("well"))
    with pytest.raises(LlmError) as raised:
        opened.door.run(opened.door.ask("openai:m@http://127.0.0.1:9/v1", "hello", role="tester"))
    assert "127.0.0.1:9" in raised.value.next_step
    assert opened.door.ledger.spent_tokens == 0, "a request that never left costs nothing"


async def _streamed(agent: Agent) -> str:
    async with agent.run_stream("hello") as result:
        return "".join([text async for text in result.stream_text(delta=True)])


def test_a_stream_comes_through_in_pieces(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: say("one two three"))
    agent = Agent(opened.door.model(opened.name(protocol), role="engineer"))
    assert opened.door.run(_streamed(agent)) == "one two three"
    (event,) = opened.events("llm_call")
    assert event["streamed"]
    assert event["output_tokens"] > 0
    assert opened.provider.requests[0].stream


@pytest.mark.parametrize("fault", ["429", "500", "dropped"])
def test_opening_a_stream_is_tried_again(open_door: Callable, protocol: str, fault: str) -> None:
    replies = iter([PASSING[fault]])
    opened = open_door(lambda turn: next(replies, say("one two three")))
    agent = Agent(opened.door.model(opened.name(protocol), role="engineer"))
    assert opened.door.run(_streamed(agent)) == "one two three"
    assert [event["again"] for event in opened.events("llm_failed")] == [True]


@pytest.mark.parametrize("broken", [say("one two three").drop_midway(), say("one two three").stall(30)])
def test_a_stream_that_breaks_off_is_an_error(open_door: Callable, protocol: str, broken: Reply) -> None:
    opened = open_door(lambda turn: broken, timeout_seconds=0.5)
    agent = Agent(opened.door.model(opened.name(protocol), role="engineer"))
    with pytest.raises(LlmError):
        opened.door.run(_streamed(agent))
    assert opened.door.ledger.room().open_reservations == 0
    assert opened.door.ledger.spent_tokens > 0, "what was streamed may be billed"


def test_a_caller_who_leaves_a_stream_early_leaves_nothing_reserved(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("one two three"), max_cost_usd=1.0)
    agent = Agent(opened.door.model(opened.name(), role="engineer"))

    async def leave() -> None:
        async with agent.run_stream("hello"):
            raise KeyError("something of the caller's own")

    with pytest.raises(KeyError):
        opened.door.run(leave())
    room = opened.door.ledger.room()
    assert room.open_reservations == 0
    assert room.usd is not None
    assert room.usd <= 1.0
