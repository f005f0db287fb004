"""The hard limit: the worst case of every call is held before it is made, a panel's members included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic_ai import Agent

from medalist.core.errors import CostLimit, LlmError
from medalist.llm.prices import VARIABLE
from medalist.llm.purse import MAX_OUTPUT_TOKENS, USEFUL_OUTPUT_TOKENS
from medalist.llm.scripted import Reply, Turn, call, drop, say
from medalist.llm.usage import Ledger

LONGEST_ANSWER_USD = MAX_OUTPUT_TOKENS * 10 / 1_000_000
"""What the scripted model asks for the longest answer (10 USD a million tokens)."""


def most_tokens(turn: Turn) -> int:
    """How long an answer the request allows."""
    fields = ("max_completion_tokens", "max_output_tokens", "max_tokens")
    return next(turn.raw[field] for field in fields if field in turn.raw)


def greedy(turn: Turn) -> Reply:
    """A model that writes as much as it may, and a provider that counts a token for every byte asked."""
    said = len(turn.system) + sum(len(message.text) for message in turn.messages)
    return say("bla").usage(said, most_tokens(turn))


def panel(opened: Any, members: int, protocol: str) -> list[str | BaseException]:
    async def ask_all() -> list[str | BaseException]:
        asked = [
            opened.door.ask(opened.name(protocol), f"question {n}", role=f"member {n}")
            for n in range(members)
        ]
        return await asyncio.gather(*asked, return_exceptions=True)

    return opened.door.run(ask_all())


@pytest.mark.parametrize("calls_paid_for", [0.05, 0.5, 1.5, 3.2])
def test_a_panel_asked_at_once_stays_within_the_money(
    open_door: Callable, protocol: str, calls_paid_for: float
) -> None:
    limit = LONGEST_ANSWER_USD * calls_paid_for
    opened = open_door(greedy, max_cost_usd=limit, latency_seconds=0.02)
    answers = panel(opened, 6, protocol)
    assert opened.door.ledger.spent_usd <= limit
    assert all(answer == "bla" or isinstance(answer, CostLimit) for answer in answers)
    assert answers.count("bla") == len(opened.provider.requests)
    assert answers.count("bla") >= int(calls_paid_for)
    assert any(isinstance(answer, CostLimit) for answer in answers)


def test_a_panel_asked_at_once_stays_within_the_tokens(open_door: Callable, protocol: str) -> None:
    opened = open_door(greedy, max_tokens=50_000, latency_seconds=0.02)
    answers = panel(opened, 6, protocol)
    assert 0 < answers.count("bla") < 6
    assert opened.door.ledger.spent_tokens <= 50_000


def test_what_cannot_be_paid_never_leaves(open_door: Callable, protocol: str) -> None:
    opened = open_door(greedy, max_cost_usd=0.001)
    with pytest.raises(CostLimit) as raised:
        opened.ask(protocol=protocol)
    assert opened.provider.requests == []
    assert "--max-cost" in raised.value.next_step
    (failed,) = opened.events("llm_failed")
    assert not failed["again"]
    assert "$" in failed["reason"]


def test_a_long_question_counts_before_it_is_asked(open_door: Callable) -> None:
    opened = open_door(greedy, max_cost_usd=0.1)
    with pytest.raises(CostLimit):
        opened.ask("x" * 100_000)
    assert opened.provider.requests == []


def test_with_little_left_the_answer_is_kept_short(open_door: Callable, protocol: str) -> None:
    opened = open_door(greedy, max_cost_usd=LONGEST_ANSWER_USD / 2)
    assert opened.ask(protocol=protocol) == "bla"
    assert USEFUL_OUTPUT_TOKENS <= most_tokens(opened.provider.requests[0]) < MAX_OUTPUT_TOKENS
    assert opened.door.ledger.spent_usd <= LONGEST_ANSWER_USD / 2


def test_without_a_limit_the_provider_decides_how_long_an_answer_may_be(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("bla"))
    opened.ask()
    assert not any(field.startswith("max_") for field in opened.provider.requests[0].raw)


def test_calls_wait_for_what_others_give_back(open_door: Callable) -> None:
    """Room for one worst case at a time, though all calls together cost next to nothing."""
    limit = LONGEST_ANSWER_USD * 1.1
    opened = open_door(lambda turn: say("bla"), max_cost_usd=limit, latency_seconds=0.02)
    assert panel(opened, 5, "openai") == ["bla"] * 5
    assert {most_tokens(turn) for turn in opened.provider.requests} == {MAX_OUTPUT_TOKENS}


def test_an_answer_without_usage_counts_as_the_worst_case(open_door: Callable, protocol: str) -> None:
    opened = open_door(lambda turn: say("bla").no_usage(), max_cost_usd=1.0)
    opened.ask(protocol=protocol)
    assert opened.door.ledger.spent_usd >= LONGEST_ANSWER_USD
    assert opened.events("llm_call")[0]["cost_usd"] == opened.door.ledger.spent_usd


def test_a_lost_answer_counts_too(open_door: Callable, protocol: str) -> None:
    replies = iter([drop()])
    opened = open_door(lambda turn: next(replies, say("bla")), max_cost_usd=1.0)
    opened.ask(protocol=protocol)
    assert opened.door.ledger.spent_usd > opened.events("llm_call")[0]["cost_usd"]


def test_no_limit_in_money_is_promised_for_an_unknown_price(
    open_door: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    opened = open_door(greedy, max_cost_usd=1.0)
    with pytest.raises(LlmError, match="price") as raised:
        opened.ask()
    assert VARIABLE in raised.value.next_step
    assert opened.provider.requests == []


def test_an_unknown_price_is_no_obstacle_without_a_limit(
    open_door: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    opened = open_door(lambda turn: say("bla"))
    assert opened.ask() == "bla"
    assert not opened.events("llm_call")[0]["priced"]


def test_what_was_spent_before_a_restart_still_counts(open_door: Callable) -> None:
    """A door opened on the events of an attempt that was killed goes on with what they tell."""
    limit = LONGEST_ANSWER_USD * 2.05
    replies = iter([drop()])
    before = open_door(lambda turn: next(replies, None) or greedy(turn), max_cost_usd=limit)
    assert before.ask() == "bla"
    after = open_door(greedy, max_cost_usd=limit)
    assert after.door.ledger.spent_usd == pytest.approx(before.door.ledger.spent_usd)
    assert after.door.ledger.spent_tokens == before.door.ledger.spent_tokens
    after.ask()
    with pytest.raises(CostLimit):
        after.ask()


def test_doors_can_share_a_limit(open_door: Callable) -> None:
    ledger = Ledger(LONGEST_ANSWER_USD * 1.01)
    open_door(greedy, ledger=ledger).ask()
    with pytest.raises(CostLimit):
        open_door(greedy, ledger=ledger).ask()


def test_an_answer_nobody_waits_for_is_told_and_counts(open_door: Callable) -> None:
    opened = open_door(lambda turn: say("too late").slow(30), max_cost_usd=1.0)
    with pytest.raises(LlmError, match="in time"):
        opened.ask(timeout_seconds=0.2)
    (failed,) = opened.events("llm_failed")
    assert not failed["again"]
    assert failed["lost_usd"] == pytest.approx(opened.door.ledger.spent_usd)
    assert opened.door.ledger.room().open_reservations == 0


def test_a_conversation_with_tools_stays_within_the_money(open_door: Callable, protocol: str) -> None:
    """An agent that never stops: the limit ends it, and nothing was spent beyond."""

    def forever(turn: Turn) -> Reply:
        heard = sum(len(result.text) for result in turn.results)
        return call("look", place=turn.number).usage(heard + 50 * turn.number, 200)

    opened = open_door(forever, max_cost_usd=0.05)
    agent = Agent(opened.door.model(opened.name(protocol), role="engineer"))

    @agent.tool_plain
    def look(place: int) -> str:
        return f"{place} " * 200

    with pytest.raises(CostLimit):
        opened.door.run(agent.run("hello"))
    assert len(opened.provider.requests) > 3
    assert opened.door.ledger.spent_usd <= 0.05
    assert opened.door.ledger.room().open_reservations == 0


def test_events_add_up_to_the_ledger(open_door: Callable) -> None:
    opened = open_door(greedy, max_cost_usd=1.0, latency_seconds=0.02)
    panel(opened, 4, "openai")
    cost = sum(event["cost_usd"] for event in opened.events("llm_call"))
    assert cost == pytest.approx(opened.door.ledger.spent_usd)
