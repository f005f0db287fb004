"""A conversation kept under its limit stays one that a provider accepts, and keeps what matters."""

from __future__ import annotations

import random

import pytest
from pydantic_ai.messages import (
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from medalist.engineers.agent_context import Conversation, estimated_tokens


class Kept:
    """Where shortened results go: read again by number."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str) -> str:
        self.texts.append(text)
        return f"Read it with read_output({len(self.texts) - 1})."


def conversation(limit: int = 4000) -> Conversation:
    made = Conversation(limit, Kept())
    made.open("You are an engineer.", "Begin.")
    return made


def step(talk: Conversation, number: int, characters: int, calls: int = 1, written: int = 10) -> None:
    names = [f"c{number}_{index}" for index in range(calls)]
    talk.heard(
        ModelResponse(
            [
                TextPart(f"step {number}"),
                *(ToolCallPart("look", {"at": "x" * written}, name) for name in names),
            ]
        )
    )
    talk.tell([ToolReturnPart("look", f"{name}\n" + "y" * characters, name) for name in names])


def assert_sound(talk: Conversation) -> None:
    """System prompt and task first, roles in turn, every call answered in the next message, no orphan."""
    first, *rest = talk.messages
    assert isinstance(first.parts[0], SystemPromptPart)
    assert first.parts[1].content == "Begin."
    for answer, told in zip(rest[::2], rest[1::2], strict=True):
        assert isinstance(answer, ModelResponse)
        assert isinstance(told, ModelRequest)
        called = [part.tool_call_id for part in answer.parts if isinstance(part, ToolCallPart)]
        answered = [part.tool_call_id for part in told.parts if isinstance(part, ToolReturnPart)]
        assert called == answered


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_said_the_conversation_fits_and_stays_sound(seed: int) -> None:
    rng = random.Random(seed)
    talk = conversation()
    for number in range(60):
        step(
            talk, number, rng.choice([10, 400, 3000]), calls=rng.randint(1, 3), written=rng.choice([10, 1500])
        )
        newest = [list(message.parts) for message in talk.messages[-4:]]
        talk.fit()
        assert_sound(talk)
        assert [list(message.parts) for message in talk.messages[-4:]] == newest
        if len(talk.messages) > 7:
            assert talk.tokens <= talk.limit_tokens


def test_nothing_is_touched_while_there_is_room() -> None:
    talk = conversation(limit=100_000)
    for number in range(20):
        step(talk, number, 2000)
    talk.fit()
    assert not talk.shrunk
    assert len(talk.messages) == 41


def test_old_results_shrink_first_and_can_be_read_again() -> None:
    talk = conversation(limit=9000)
    for number in range(14):
        step(talk, number, 2000)
    talk.fit()
    assert len(talk.messages) == 29, "no step is left out while shrinking results is enough"
    told = [str(message.parts[0].content) for message in talk.messages[2::2]]
    shortened = [text for text in told if "read_output" in text]
    assert 0 < len(shortened) < len(told)
    assert told[: len(shortened)] == shortened, "oldest first"
    assert talk.keep.texts[0].startswith("c0_0\n")
    assert "c0_0" in shortened[0]


def test_steps_left_out_are_told_once() -> None:
    talk = conversation(limit=2500)
    for number in range(80):
        step(talk, number, 20, written=900)
        talk.fit()
    assert_sound(talk)
    notes = [part.content for part in talk.messages[0].parts[2:]]
    assert len(notes) == 1
    assert "look × " in notes[0]


def test_a_sentence_after_an_empty_answer_joins_the_request_before_it() -> None:
    talk = conversation()
    talk.heard(ModelResponse([]))
    talk.tell((), "Go on.")
    assert len(talk.messages) == 1
    assert isinstance(talk.messages[0].parts[-1], UserPromptPart)
    assert estimated_tokens(talk.messages) > 0
