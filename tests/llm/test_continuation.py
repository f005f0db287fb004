"""The bound of a request's input tokens holds, and tightens by what a conversation's provider reported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.usage import RequestUsage

from medalist.llm.continuation import Conversations

NOTHING = ModelRequestParameters()
TOOL = ToolDefinition(name="look", description="Looks around.", parameters_json_schema={"type": "object"})
WITH_TOOL = ModelRequestParameters(function_tools=[TOOL])


def asks(text: str, instructions: str | None = None) -> ModelRequest:
    return ModelRequest(parts=[UserPromptPart(text)], instructions=instructions)


def says(text: str, tokens: int = 1) -> ModelResponse:
    return ModelResponse(parts=[TextPart(text)], usage=RequestUsage(output_tokens=tokens))


def bound(*messages: ModelMessage, parameters: ModelRequestParameters = NOTHING) -> int:
    return Conversations().place("line", messages, parameters).input_tokens_at_most


@given(st.lists(st.text(max_size=200), min_size=1, max_size=8))
def test_no_byte_is_missed(texts: list[str]) -> None:
    """A tokenizer that makes a token of every byte stays within the bound."""
    assert bound(*map(asks, texts)) >= sum(len(text.encode(errors="replace")) for text in texts)


def test_everything_that_reaches_a_provider_counts() -> None:
    plain = bound(asks("go"))
    long = "x" * 500
    grown = [
        bound(asks("go", instructions=long)),
        bound(asks("go"), parameters=ModelRequestParameters(function_tools=[ToolDefinition(name=long)])),
        bound(asks("go"), ModelResponse(parts=[ToolCallPart("look", {"place": long})])),
        bound(asks("go"), ModelResponse(parts=[ThinkingPart("", signature=long)])),
        bound(ModelRequest(parts=[UserPromptPart("go"), ToolReturnPart("look", {"seen": [long]})])),
        bound(asks("go"), ModelResponse(parts=[ThinkingPart("")], usage=RequestUsage(output_tokens=500))),
    ]
    assert all(each >= plain + 500 for each in grown)


def test_instructions_count_once_however_long_the_conversation() -> None:
    rules = "x" * 10_000
    talk = [asks("a", rules), says("b"), asks("c", rules), says("d"), asks("e", rules)]
    assert bound(*talk) < 20_000


def test_what_a_provider_reported_replaces_what_was_guessed() -> None:
    conversations = Conversations()
    talk: list[ModelMessage] = [asks("x" * 10_000)]
    first = conversations.place("line", talk, WITH_TOOL)
    conversations.asked(first, input_tokens=2_500)
    talk += [says("fine", tokens=40), asks("and now?")]
    second = conversations.place("line", talk, WITH_TOOL)
    assert 2_500 + len("fine" + "and now?") <= second.input_tokens_at_most < 2_800
    assert (second.conversation, second.known_messages) == (first.conversation, 1)


@pytest.mark.parametrize("reported", [0, 10])
def test_other_tools_or_no_report_fall_back_to_the_guess(reported: int) -> None:
    conversations = Conversations()
    talk: list[ModelMessage] = [asks("x" * 10_000)]
    conversations.asked(conversations.place("line", talk, WITH_TOOL), reported)
    parameters = NOTHING if reported else WITH_TOOL
    again = conversations.place("line", [*talk, says("fine"), asks("and?")], parameters)
    assert again.input_tokens_at_most > 10_000
    assert again.known_messages == 1


def test_a_compacted_conversation_is_still_the_same_one() -> None:
    conversations = Conversations()
    talk: list[ModelMessage] = [asks("task"), says("look"), asks("a very long tool answer"), says("hm")]
    for end in (1, 3):
        conversations.asked(conversations.place("line", talk[:end], NOTHING), 100 * end)
    compacted = [*talk[:2], asks("(cut)"), says("hm"), asks("next")]
    place = conversations.place("line", compacted, NOTHING)
    assert (place.conversation, place.known_messages) == (1, 1)


def test_equal_questions_on_different_lines_are_different_conversations() -> None:
    conversations = Conversations()
    first = conversations.place("panel o3", [asks("go")], NOTHING)
    conversations.asked(first, 10)
    assert conversations.place("panel r1", [asks("go")], NOTHING).conversation != first.conversation
    assert conversations.place("panel o3", [asks("go")], NOTHING).conversation == first.conversation
