"""The scripted provider speaks the providers' protocols: their own SDKs and pydantic-ai hold conversations with it."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.exceptions import ModelContextWindowExceededError, ModelQuotaExceededError
from pydantic_ai.messages import ModelRequest, ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from medalist.llm.scripted import (
    Reply,
    ScriptedProvider,
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
    overflow,
    refuse,
    say,
    script,
)

KEY = "sk-fake-7c1e"
PROTOCOLS = ["chat", "responses", "messages"]
LONG = "The validation score is 0.81, better than a constant; more folds would help. " * 3


def model_at(provider: ScriptedProvider, protocol: str, name: str = "any-name") -> Model:
    if protocol == "messages":
        client = anthropic.AsyncAnthropic(
            base_url=provider.base_url_anthropic, api_key=KEY, max_retries=0, timeout=20
        )
        return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))
    client = openai.AsyncOpenAI(base_url=provider.base_url_openai, api_key=KEY, max_retries=0, timeout=20)
    kind = OpenAIChatModel if protocol == "chat" else OpenAIResponsesModel
    return kind(name, provider=OpenAIProvider(openai_client=client))


def converse(agent: Agent[None, Any], prompt: str, *, streaming: bool) -> Any:
    """The agent's answer and how many tokens it was told."""

    async def read_on(_: Any, events: Any) -> None:
        async for _event in events:
            pass

    async def run() -> Any:
        result = await agent.run(prompt, event_stream_handler=read_on if streaming else None)
        return result.output, result.usage

    return asyncio.run(run())


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_replies_branch_on_what_the_tools_answered(protocol: str, streaming: bool) -> None:
    def reply(turn: Turn) -> Reply:
        if turn.step == 0:
            return say("I look at both.").call("add", a=2, b=3).call("shout", text="naïve — 日本")
        if turn.last_result("add") == "5" and len(turn.results) == 2:
            return call("add", a=int(turn.last_result("add")), b=10)
        return say(f"{turn.results_of('add')} {turn.last_result('shout')} {LONG}")

    def add(a: int, b: int) -> int:
        return a + b

    def shout(text: str) -> str:
        return text.upper()

    with ScriptedProvider(reply) as provider:
        agent = Agent(model_at(provider, protocol), tools=[add, shout], instructions="You add.")
        output, usage = converse(agent, "What is it?", streaming=streaming)
    assert output == f"['5', '15'] NAÏVE — 日本 {LONG}"
    first, _, last = provider.requests
    assert (first.protocol, first.model, first.prompt, first.stream) == (
        protocol,
        "any-name",
        "What is it?",
        streaming,
    )
    assert first.system == "You add."
    assert first.tools == ("add", "shout")
    assert first.authorization == KEY
    assert [c.name for c in last.calls] == ["add", "shout", "add"]
    assert last.calls[1].arguments == {"text": "naïve — 日本"}
    assert last.messages[1].text == "I look at both."
    assert [turn.number for turn in provider.requests] == [1, 2, 3]
    assert len({turn.conversation for turn in provider.requests}) == 1
    assert usage.input_tokens == sum(turn.input_tokens for turn in provider.requests)
    assert usage.output_tokens > len(LONG) / 5


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_structured_answer_reaches_the_client(protocol: str, streaming: bool) -> None:
    class Verdict(BaseModel):
        decision: str
        must_fix: list[str]

    with ScriptedProvider(lambda turn: give(turn, decision="approve", must_fix=["leak"])) as provider:
        agent = Agent(model_at(provider, protocol), output_type=Verdict)
        output, _ = converse(agent, "Review it.", streaming=streaming)
    assert output == Verdict(decision="approve", must_fix=["leak"])


def ask(provider: ScriptedProvider, protocol: str, *, streaming: bool, question: str = "hi") -> Any:
    """One question by the provider's own SDK, which never tries again here: the final object it makes."""
    messages: Any = [{"role": "user", "content": question}]
    if protocol == "messages":
        claude = anthropic.Anthropic(
            base_url=provider.base_url_anthropic, api_key=KEY, max_retries=0, timeout=20
        )
        with claude:
            if not streaming:
                return claude.messages.create(model="m", max_tokens=99, messages=messages)
            with claude.messages.stream(model="m", max_tokens=99, messages=messages) as stream:
                return stream.get_final_message()
    gpt = openai.OpenAI(base_url=provider.base_url_openai, api_key=KEY, max_retries=0, timeout=20)
    with gpt:
        if protocol == "responses":
            if not streaming:
                return gpt.responses.create(model="m", input=question)
            with gpt.responses.stream(model="m", input=question) as stream:
                return stream.get_final_response()
        if not streaming:
            return gpt.chat.completions.create(model="m", messages=messages)
        with gpt.chat.completions.stream(
            model="m", messages=messages, stream_options={"include_usage": True}
        ) as stream:
            return stream.get_final_completion()


ASKED = [(protocol, streaming) for protocol in PROTOCOLS for streaming in (False, True)]
asked = pytest.mark.parametrize(
    ("protocol", "streaming"), ASKED, ids=[f"{p}-{'streaming' if s else 'whole'}" for p, s in ASKED]
)
BROKEN = (openai.OpenAIError, anthropic.AnthropicError, httpx2.HTTPError, ValueError)
"""What SDKs raise for an answer that is not whole; their HTTP library's errors come through in a stream."""


def status_error(protocol: str) -> type[Exception]:
    return anthropic.APIStatusError if protocol == "messages" else openai.APIStatusError


@asked
def test_text_and_usage_are_what_the_reply_says(protocol: str, streaming: bool) -> None:
    with ScriptedProvider(lambda turn: say(LONG).usage(1234, 56)) as p:
        answer = ask(p, protocol, streaming=streaming)
    usage = answer.usage
    if protocol == "chat":
        assert answer.choices[0].message.content == LONG
        assert (usage.prompt_tokens, usage.completion_tokens) == (1234, 56)
    else:
        text = answer.content[0].text if protocol == "messages" else answer.output_text
        assert text == LONG
        assert (usage.input_tokens, usage.output_tokens) == (1234, 56)


@asked
def test_an_error_has_the_protocols_form_and_says_when_to_come_back(protocol: str, streaming: bool) -> None:
    reply = fail(429, "slow down", retry_after_seconds=3)
    with ScriptedProvider(lambda turn: reply) as provider, pytest.raises(status_error(protocol)) as caught:
        ask(provider, protocol, streaming=streaming)
    assert caught.value.status_code == 429
    assert caught.value.response.headers["retry-after"] == "3"
    assert "slow down" in str(caught.value)


@asked
def test_an_error_can_repeat_the_key(protocol: str, streaming: bool) -> None:
    with ScriptedProvider(leak) as provider, pytest.raises(status_error(protocol), match=KEY):
        ask(provider, protocol, streaming=streaming)


@asked
@pytest.mark.parametrize(
    "reply", [drop(), say(LONG).drop_midway(), malformed()], ids=["drop", "drop_midway", "malformed"]
)
def test_a_broken_answer_is_never_taken_for_one(reply: Reply, protocol: str, streaming: bool) -> None:
    with ScriptedProvider(lambda turn: reply) as provider, pytest.raises(BROKEN):
        ask(provider, protocol, streaming=streaming)
    assert len(provider.requests) == 1


@asked
def test_a_refusal_has_the_protocols_form(protocol: str, streaming: bool) -> None:
    with ScriptedProvider(lambda turn: refuse("not that")) as provider:
        answer = ask(provider, protocol, streaming=streaming)
    if protocol == "chat":
        assert answer.choices[0].message.refusal == "not that"
    elif protocol == "responses":
        assert answer.output[0].content[0].refusal == "not that"
    else:
        assert (answer.stop_reason, answer.content) == ("refusal", [])


def response(provider: ScriptedProvider, protocol: str, question: str, *, streaming: bool) -> ModelResponse:
    """One question by pydantic-ai: its own view of the answer, the same for every protocol."""

    async def ask() -> ModelResponse:
        model, asked = model_at(provider, protocol), [ModelRequest.user_text_prompt(question)]
        if not streaming:
            return await model_request(model, asked)
        async with model_request_stream(model, asked) as stream:
            async for _ in stream:
                pass
            return stream.get()

    return asyncio.run(ask())


@asked
def test_an_answer_may_be_empty_or_cut(protocol: str, streaming: bool) -> None:
    with ScriptedProvider(lambda turn: say("cut he").cut() if turn.text == "long" else nothing()) as provider:
        empty = response(provider, protocol, "short", streaming=streaming)
        cut = response(provider, protocol, "long", streaming=streaming)
    assert (empty.text or "", empty.finish_reason) == ("", "stop")
    assert (cut.text, cut.finish_reason) == ("cut he", "length")


@asked
def test_reasoning_comes_before_the_answer(protocol: str, streaming: bool) -> None:
    reply = say("Lower the batch.").call("add", a=1).think(LONG)
    with ScriptedProvider(lambda turn: reply) as provider:
        answer = response(provider, protocol, "why", streaming=streaming)
    assert [part.part_kind for part in answer.parts] == ["thinking", "text", "tool-call"]
    assert (answer.thinking, answer.text) == (LONG, "Lower the batch.")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_errors_are_known_for_what_they_are(protocol: str) -> None:
    with (
        ScriptedProvider(lambda turn: overflow()) as provider,
        pytest.raises(ModelContextWindowExceededError),
    ):
        response(provider, protocol, "hi", streaming=False)
    no_money = fail(429, "Your credit balance is too low", code="insufficient_quota")
    if protocol != "messages":
        with ScriptedProvider(lambda turn: no_money) as provider, pytest.raises(ModelQuotaExceededError):
            response(provider, protocol, "hi", streaming=False)


@asked
def test_arguments_arrive_as_malformed_as_they_were_scripted(protocol: str, streaming: bool) -> None:
    text = '{"path": "train.py"'
    with ScriptedProvider(lambda turn: call_raw("no_such_tool", text)) as provider:
        answer = ask(provider, protocol, streaming=streaming)
    if protocol == "chat":
        function = answer.choices[0].message.tool_calls[0].function
        assert (function.name, function.arguments) == ("no_such_tool", text)
    elif protocol == "responses":
        assert (answer.output[0].name, answer.output[0].arguments) == ("no_such_tool", text)
    else:
        # Streamed arguments are parsed as far as they go by the SDK itself.
        given = {"path": "train.py"} if streaming else text
        assert (answer.content[0].name, answer.content[0].input) == ("no_such_tool", given)


def test_a_fault_in_a_script_happens_once_and_conversations_keep_their_place() -> None:
    steps = script(fail(500), say("one"), drop(), say("two"))
    with ScriptedProvider(steps) as provider:
        said = []
        for question in ["a", "b", "a", "b", "a", "b", "a"]:
            try:
                answer = ask(provider, "chat", streaming=False, question=question)
                said.append(question + answer.choices[0].message.content)
            except openai.APIError:
                said.append(question)
    # The third "a" comes after an answer in full, so that it is a new conversation.
    assert said == ["a", "b", "aone", "bone", "a", "b", "aone"]
    assert len({turn.conversation for turn in provider.requests}) == 4


def test_a_client_that_gave_up_waiting_and_asks_again_gets_the_next_step() -> None:
    with ScriptedProvider(script(say("late").slow(30), say("soon"))) as provider:
        client = openai.OpenAI(base_url=provider.base_url_openai, api_key=KEY, max_retries=1, timeout=2)
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert answer.choices[0].message.content == "soon"
    assert [turn.number for turn in provider.requests] == [1, 2]


def test_equal_conversations_at_once_are_told_apart_and_latency_blocks_nobody() -> None:
    steps = script(
        call("note", text="first"),
        call("note", text="second"),
        lambda turn: say(",".join(turn.results_of("note"))),
    )
    answers: list[str] = []

    def note(text: str) -> str:
        return text

    def attempt(provider: ScriptedProvider, protocol: str) -> None:
        agent = Agent(model_at(provider, protocol), tools=[note])
        answers.append(converse(agent, "Go.", streaming=False)[0])

    with ScriptedProvider(steps, latency_seconds=0.3) as provider:
        threads = [
            threading.Thread(target=attempt, args=(provider, protocol))
            for protocol in PROTOCOLS
            for _ in "1234"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == ["first,second"] * 12
    assert len({turn.conversation for turn in provider.requests}) == 12


def test_speakers_are_told_apart_by_model_and_by_system_prompt() -> None:
    reply = cast(
        {"m": [say("the agent"), say("the agent again")], "critic": say("the critic")},
        otherwise=say("anyone"),
    )
    with ScriptedProvider(reply) as provider:
        critic = Agent(model_at(provider, "messages", "x"), instructions="You are a critic.")
        other = Agent(model_at(provider, "chat", "y"))
        assert ask(provider, "responses", streaming=False).output_text == "the agent"
        assert converse(critic, "Well?", streaming=False)[0] == "the critic"
        assert converse(other, "Well?", streaming=False)[0] == "anyone"
    with ScriptedProvider(cast({"z": say("z")})) as provider, pytest.raises(openai.NotFoundError):
        ask(provider, "chat", streaming=False)


def test_a_script_that_ran_out_says_so() -> None:
    with (
        ScriptedProvider(script()) as provider,
        pytest.raises(openai.BadRequestError, match="no more than 0"),
    ):
        ask(provider, "chat", streaming=False)


def test_an_error_in_the_reply_function_reaches_the_test() -> None:
    def reply(turn: Turn) -> Reply:
        raise AssertionError("the tool was not called")

    provider = ScriptedProvider(reply)
    client_sees = pytest.raises(openai.BadRequestError, match="was not called")
    with pytest.raises(AssertionError, match="was not called"), provider, client_sees:
        ask(provider, "chat", streaming=False)


def test_what_is_no_request_of_the_protocol_is_answered_with_400() -> None:
    with ScriptedProvider(lambda turn: say("hi")) as provider:
        with openai.OpenAI(base_url=provider.base_url_openai, api_key=KEY) as client:
            assert [model.id for model in client.models.list()] == ["scripted"]
            with pytest.raises(openai.BadRequestError):
                client.post("/chat/completions", body={"model": "m"}, cast_to=object)
            with pytest.raises(openai.NotFoundError):
                client.post("/embeddings", body={}, cast_to=object)
        with anthropic.Anthropic(base_url=provider.base_url_anthropic, api_key=KEY) as client:
            counted = client.messages.count_tokens(
                model="m", messages=[{"role": "user", "content": "x" * 40}]
            )
        assert counted.input_tokens == 10
    assert provider.requests == []


def test_a_stream_tells_usage_only_when_asked() -> None:
    def lines(provider: ScriptedProvider, **more: Any) -> list[str]:
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True, **more}
        request = urllib.request.Request(
            f"{provider.base_url_openai}/chat/completions", json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request) as response:
            return [line for line in response.read().decode().splitlines() if '"usage"' in line]

    told = {"stream_options": {"include_usage": True}}
    with ScriptedProvider(lambda turn: say("hi")) as provider:
        assert lines(provider) == []
        assert len(lines(provider, **told)) == 1
    with ScriptedProvider(lambda turn: say("hi").no_usage()) as provider:
        assert lines(provider, **told) == []
