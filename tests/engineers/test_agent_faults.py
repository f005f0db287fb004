"""Language models that fail the agent: each attempt ends well, with the best submission in place and the reason told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from honest_agent import LONG_TRAIN, after, honest, launch, write

from medalist.llm.scripted import (
    Turn,
    call,
    call_raw,
    cast,
    drop,
    fail,
    give,
    leak,
    malformed,
    nothing,
    refuse,
    say,
    script,
)

REVIEWED = {"gpu_use": "none here", "leakage": "none found", "resuming": "not needed", "metric": "the task's"}


@dataclass(frozen=True)
class Case:
    """What the provider answers, how the attempt must end, and what must have been told (patterns).

    ``own`` says whether a submission of the agent's stands at the end, and not the baseline.
    """

    reply: Callable[[Turn], Any]
    state: str = "finished"
    reason: str = "^$"
    own: bool = True
    told: str = ""
    note: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def short_sighted(reply: Callable[[Turn], Any], tokens: int) -> Callable[[Turn], Any]:
    """A language model with a small window, which must hold the answer too."""

    def answer(turn: Turn) -> Any:
        wanted = turn.raw.get("max_completion_tokens") or turn.raw.get("max_tokens")
        if turn.input_tokens + wanted <= tokens:
            return reply(turn)
        return fail(
            400,
            f"This model's maximum context length is {tokens} tokens. However, you requested {turn.input_tokens + wanted} "
            f"tokens ({turn.input_tokens} in the messages, {wanted} in the completion).",
        )

    return answer


def gone_after(*steps: Any) -> Callable[[Turn], Any]:
    return script(*steps, then=fail(404, "this model was retired"))


RECOVERED = {
    "rate limits": after(fail(429, retry_after_seconds=0), fail(429, retry_after_seconds=0)),
    "failing server": after(fail(500), fail(503)),
    "dropped connection": after(drop()),
    "half an answer": after(say("I will ").drop_midway()),
    "a body that is no JSON": after(malformed()),
    "refused once": after(refuse()),
    "an empty answer": after(nothing()),
    "cut off in the middle of words": after(say("First of all " * 50).cut()),
}

CASES = {
    **{name: Case(reply) for name, reply in RECOVERED.items()},
    "server that never comes back": Case(
        script(then=fail(500, "out of order")), "failed", "gave no usable answer.*out of order", own=False
    ),
    "wrong key": Case(lambda turn: leak(turn), "failed", r"gave no usable answer.*\*\*\*", own=False),
    "missing key": Case(
        honest,
        "failed",
        "no key for DeepSeek is set",
        own=False,
        options={"llm": {"model": "deepseek:deepseek-chat"}},
    ),
    "model that disappears before anything was done": Case(
        gone_after(), "failed", "this model was retired", own=False
    ),
    "model that disappears while its training runs": Case(
        gone_after(call("read_hints"), write(), launch()), "failed", "this model was retired"
    ),
    "refuses for ever": Case(script(then=refuse()), "failed", "refused to work, 3 times", own=False),
    "empty for ever": Case(script(then=nothing()), "failed", "stopped calling tools, 3 times", own=False),
    "cut off for ever": Case(
        script(then=say("Well, ").cut()), "failed", "cut off without a tool call", own=False
    ),
    "slower than the attempt": Case(
        lambda turn: call("list_files").slow(60),
        "limit",
        "s of this attempt are spent",
        own=False,
        options={"seconds": 9},
    ),
    "limit in money": Case(
        script(then=lambda turn: call("read_hints", section=str(turn.number % 11 + 1))),
        "limit",
        "could cost up to",
        own=False,
        options={"llm": {"max_cost_usd": 0.03}},
    ),
    "limit in tokens": Case(
        script(then=lambda turn: call("read_hints", section=str(turn.number % 11 + 1))),
        "limit",
        "could take up to",
        own=False,
        options={"llm": {"max_tokens": 40_000}},
    ),
    "limit in steps": Case(
        script(then=lambda turn: call("write_file", path=f"note{turn.number}.txt", content="x")),
        "limit",
        "12 steps",
        own=False,
        options={"settings": {"steps": 12}},
    ),
    "time over while training runs": Case(
        script(call("read_hints"), write(LONG_TRAIN), launch(), then=call("wait", seconds=60)),
        "limit",
        "s of this attempt are spent",
        options={"seconds": 14},
    ),
    "conversation too long for the provider": Case(
        short_sighted(after(*[call("read_hints", section=str(number)) for number in range(1, 10)]), 12_000)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_attempt_ends_well(name: str, attempt, tiny_task, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    monkeypatch.setenv("MEDALIST_PRICES", "openai:scripted=1/1")
    ended = attempt(case.reply, tiny_task, **case.options)
    assert ended.state == case.state, ended.reason
    assert re.search(case.reason, ended.reason), ended.reason
    assert ended.own_submission == case.own, ended.timeline
    ended.assert_clean()


def test_an_oracle_that_fails_is_done_without(attempt, tiny_task) -> None:
    """Whether the panel is out of order or talks nonsense, the agent goes on, and it is told."""
    parts = {"scripted": honest, "wise": fail(400, "no"), "wary": fail(400, "no"), "critic": say("?")}
    ended = attempt(cast(parts), tiny_task, oracle=True)
    assert ended.own_submission
    assert any("without the oracle" in each["text"] for each in ended.all("note"))
    ended.assert_clean()


def test_an_oracle_that_is_never_content_does_not_keep_a_script_from_its_trial(attempt, tiny_task) -> None:
    def critic(turn: Turn) -> Any:
        return give(turn, decision="must_fix", plan="again", must_fix=["write it in Fortran"], **REVIEWED)

    parts = {"scripted": honest, "wise": say("It is bad."), "wary": say("It is worse."), "critic": critic}
    ended = attempt(cast(parts), tiny_task, oracle=True)
    assert ended.own_submission
    assert ended.told.count("Fortran") >= 2
    ended.assert_clean()


def test_malformed_calls_are_answered_with_what_is_wrong(attempt, tiny_task) -> None:
    ended = attempt(
        after(
            call_raw("write_file", '{"path": "a.py", "content": "print('),
            call_raw("run_command", "[1, 2]"),
            call("write_file", path=7, content="x"),
            call("write_file", file="a.py", content="x"),
            call("submit_everything", now=True),
        ),
        tiny_task,
    )
    assert ended.own_submission
    for told in (
        "no JSON object",
        "must be a string",
        "no parameter 'file'",
        "There is no tool 'submit_everything'",
    ):
        assert told in ended.told
    ended.assert_clean()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_half_characters_are_harmless(protocol: str, stream: bool, attempt, tiny_task) -> None:
    ended = attempt(
        after(
            say("half an emoji: \ud83d"),
            call("write_file", path="half.txt", content="\ud83d").say("and \udc00"),
            call("run_command", command="touch $(printf '\\377').txt"),
            call("list_files"),
        ),
        tiny_task,
        protocol=protocol,
        settings={"stream": stream},
    )
    assert ended.own_submission, ended.reason
    ended.assert_clean()


def test_both_protocols_and_streams_reach_the_same_end(attempt, tiny_task) -> None:
    ended = attempt(
        after(say("Let me see.").call("list_files").call("read_hints")), tiny_task, protocol="anthropic"
    )
    assert ended.own_submission
    assert ended.requests[-1].protocol == "messages"
    assert ended.all("engineer_said")[0]["text"] == "Let me see."
    ended.assert_clean()
