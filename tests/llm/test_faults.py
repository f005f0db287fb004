"""Every way in which a provider fails, met at the door: asked again, or told in words that help; never a traceback.

What is asked again, how often and after how long stands in ``test_door_retries``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.exceptions import UnexpectedModelBehavior

from medalist.core.errors import CostLimit, LlmError
from medalist.llm.scripted import (
    Reply,
    Turn,
    call,
    call_raw,
    drop,
    fail,
    give,
    leak,
    malformed,
    nothing,
    overflow,
    page,
    refuse,
    say,
    script,
)


class Verdict(BaseModel):
    decision: str


LONG = "An answer of many words, of which a few get through. " * 4
APPROVED = Verdict(decision="approve")


def approve(turn: Turn) -> Reply:
    return give(turn, decision="approve")


PASSING: dict[str, Reply] = {
    "rate limit": fail(429, retry_after_seconds=0.01),
    "server error": fail(500),
    "overloaded": fail(529),
    "a proxy's page": page(502),
    "dropped": drop(),
    "dropped midway": say(LONG).drop_midway(),
    "malformed": malformed(),
    "too slow": say(LONG).slow(60),
    "stalled": say(LONG).stall(60),
}
LASTING: dict[str, tuple[Reply | Callable[[Turn], Reply], str]] = {
    "bad request": (fail(400, "no such parameter"), "no such parameter"),
    "refused key": (leak, "401"),
    "no money": (fail(429, "You have no credit", code="insufficient_quota"), "no credit"),
    "unknown model": (fail(404, "no such model"), "no such model"),
    "too long": (overflow(), "prompt is too long"),
    "refusal": (refuse("Not for me."), "Not for me"),
}
"""The fault, and what its LlmError must say."""


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_asked_again_and_answered(open_door: Callable, protocol: str, fault: str) -> None:
    waits = PASSING[fault].wait_seconds or PASSING[fault].stall_seconds
    opened = open_door(script(PASSING[fault], approve), **({"timeout_seconds": 3.0} if waits else {}))
    assert opened.ask(protocol=protocol, output_type=Verdict) == APPROVED
    assert [turn.number for turn in opened.provider.requests] == [1, 2]
    (failed,) = opened.events("llm_failed")
    assert failed["again"]
    assert failed["reason"]


@pytest.mark.parametrize("fault", LASTING)
def test_what_lasts_is_told_at_once(open_door: Callable, protocol: str, fault: str) -> None:
    reply, words = LASTING[fault]
    if (fault, protocol) == ("no money", "anthropic"):
        reply = fail(400, "Your credit balance is too low: no credit")
    opened = open_door(reply if callable(reply) else lambda turn: reply)
    with pytest.raises(LlmError, match=words) as raised:
        opened.ask(protocol=protocol)
    assert len(opened.provider.requests) == 1
    assert raised.value.next_step
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    "reply", [page(200, "<html>Please log in</html>"), nothing()], ids=["page", "nothing"]
)
def test_an_answer_that_is_none_ends_in_words(open_door: Callable, protocol: str, reply: Reply) -> None:
    opened = open_door(lambda turn: reply)
    with pytest.raises(LlmError) as raised:
        opened.ask(protocol=protocol)
    assert raised.value.next_step
    assert 1 <= len(opened.provider.requests) <= 5


def test_an_answer_cut_at_its_limit_is_no_answer_in_the_shape_asked_for(
    open_door: Callable, protocol: str
) -> None:
    opened = open_door(lambda turn: call_raw("final_result", '{"decision": "appr').cut())
    with pytest.raises(LlmError) as raised:
        opened.ask(protocol=protocol, output_type=Verdict)
    assert raised.value.next_step


WRONG_CALLS: dict[str, Reply] = {
    "unknown tool": call("hack_the_grader"),
    "half a JSON": call_raw("weigh", '{"grams": 1'),
    "no JSON": call_raw("weigh", "grams=1"),
    "a list": call_raw("weigh", "[1, 2]"),
    "wrong type": call("weigh", grams="heavy"),
    "missing argument": call("weigh"),
    "one good, one bad": call("weigh", grams=2).call("weigh", pounds=3),
    "the same one twice": call("weigh", grams=2).call("weigh", grams=2),
}


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize("wrong", WRONG_CALLS)
def test_a_wrong_tool_call_comes_back_to_the_model_and_the_work_goes_on(
    open_door: Callable, protocol: str, wrong: str, streaming: bool
) -> None:
    opened = open_door(
        script(WRONG_CALLS[wrong], call("weigh", grams=7), lambda turn: say(turn.last_result("weigh")))
    )
    assert opened.door.run(worked(opened, protocol, streaming)) == "7 g"
    told = opened.provider.requests[1].news
    assert len(told) == len(WRONG_CALLS[wrong].calls)
    assert all(result.text for result in told)


async def worked(opened: Any, protocol: str, streaming: bool) -> str:
    """What an agent with one tool says at last."""

    def weigh(grams: int) -> str:
        return f"{grams} g"

    async def read_on(_: Any, events: Any) -> None:
        async for _event in events:
            pass

    agent = Agent(opened.door.model(opened.name(protocol), role="engineer"), tools=[weigh], retries=3)
    return (await agent.run("Weigh it.", event_stream_handler=read_on if streaming else None)).output


def test_a_model_that_never_calls_a_tool_rightly_ends_the_work(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: call_raw("weigh", "{"))
    with pytest.raises((LlmError, UnexpectedModelBehavior)):
        opened.door.run(worked(opened, protocol, False))
    assert len(opened.provider.requests) == 4


def test_no_usage_counts_as_the_worst_case(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: say("hello").no_usage(), max_tokens=10_000)
    assert opened.ask(protocol=protocol) == "hello"
    assert 9_000 < opened.door.ledger.spent_tokens <= 10_000
    with pytest.raises(CostLimit):
        opened.ask(protocol=protocol)


def test_a_boasted_usage_is_booked_and_stops_the_next_call(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: say("hello").usage(10**9, 10**9), max_cost_usd=1.0)
    assert opened.ask(protocol=protocol) == "hello"
    with pytest.raises(CostLimit):
        opened.ask(protocol=protocol)
    assert len(opened.provider.requests) == 1


def test_after_a_storm_everything_that_happened_is_written_down(open_door: Callable, protocol: str) -> None:
    storm = [fail(500), drop(), say(LONG).drop_midway(), fail(429)]
    opened = open_door(script(*storm, say("calm at last")))
    assert opened.ask(protocol=protocol) == "calm at last"
    assert len(opened.events("llm_failed")) == len(storm)
    (done,) = opened.events("llm_call")
    assert done["attempts"] == len(storm) + 1
    assert "calm at last" in json.dumps(opened.lines())
    assert opened.door.ledger.room().open_reservations == 0
