"""What a local model is shown and what is read from its words, whatever its chat template knows."""

from __future__ import annotations

import importlib.util
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.llm.local.tool_text import Sieve, describe_tools, parse_calls, write_call
from medalist.llm.wire import chat
from medalist.llm.wire.exchange import ToolCall, Turn

needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="not installed: transformers"
)
TOOLS = [
    {"type": "function", "function": {"name": "weigh", "description": "In grams.", "parameters": {}}},
]
CONVERSATION: list[dict[str, Any]] = [
    {"role": "system", "content": "Be exact."},
    {"role": "user", "content": "Weigh it."},
    {
        "role": "assistant",
        "content": "I weigh.",
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "weigh", "arguments": '{"what": "it"}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "a", "content": "7 g"},
    {"role": "user", "content": "Again."},
]
NATIVE = (
    "{% for t in tools or [] %}[tool {{ t.function.name }}]{% endfor %}"
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}"
    "{% for c in m.tool_calls or [] %}[{{ c.function.name }} {{ c.function.arguments.what }}]{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
)
WITHOUT_TOOLS = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
STRICT = (
    "{% for m in messages %}{% if m.role == 'system' or (loop.index0 % 2 == 0) != (m.role == 'user') %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}"
)


def prompt(template: str, messages: list[dict[str, Any]] = CONVERSATION, **more: Any) -> str:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    from medalist.llm.local.prompt import write_prompt

    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"?": 0}, unk_token="?")))
    tokenizer.chat_template = template or None
    raw = {"model": "m", "messages": messages, **more}
    said = chat.read(raw)
    return write_prompt(tokenizer, Turn("chat", "m", said.system, said.messages, said.tools, False, raw))


@needs_transformers
def test_a_template_with_tools_gets_them_as_they_are() -> None:
    text = prompt(NATIVE, tools=TOOLS)
    assert text == (
        "[tool weigh][system]Be exact.[user]Weigh it.[assistant]I weigh.[weigh it][tool]7 g[user]Again.[assistant]"
    )


@needs_transformers
@pytest.mark.parametrize("template", ["", WITHOUT_TOOLS, STRICT], ids=["none", "without tools", "strict"])
def test_a_template_without_tools_gets_them_in_words(template: str) -> None:
    text = prompt(template, tools=TOOLS)
    told = ["Be exact.", "In grams.", "Weigh it.", "I weigh.", '{"name": "weigh"', "7 g", "Again."]
    places = [text.rindex(words) for words in told]
    assert places == sorted(places)
    assert "<tool_response>\n7 g\n</tool_response>" in text


@needs_transformers
def test_a_template_that_refuses_is_quoted() -> None:
    with pytest.raises(ValueError, match="roles must alternate"):
        prompt(STRICT, [{"role": "assistant", "content": "I begin."}])


@needs_transformers
def test_the_form_asked_for_is_told_in_words() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "v", "schema": {"required": ["verdict"]}}}
    assert '{"required": ["verdict"]}' in prompt("", response_format=form)


@given(st.text("<tol_ca>x", max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_a_mark_is_found_however_the_text_is_cut(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(text)]
    sieve = Sieve(["<tool", "ax"])
    passed = "".join(sieve.feed(text[a:b]) for a, b in itertools.pairwise(places) if a < len(text))
    first = min((p for mark in ("<tool", "ax") if (p := text.find(mark)) >= 0), default=None)
    if first is None:
        assert passed + sieve.rest() == text
        assert not sieve.found
    else:
        assert (passed, sieve.found) == (text[:first], True)
        assert text.startswith(passed + sieve.rest())


def test_calls_are_read_back_as_they_were_written() -> None:
    calls = [ToolCall("weigh", {"what": "naïve </b>"}), ToolCall("list_files", {})]
    text, read = parse_calls("I weigh.\n" + "\n".join(map(write_call, calls)))
    assert text == "I weigh."
    assert [(call.name, dict(call.arguments)) for call in read] == [
        (call.name, call.arguments) for call in calls
    ]


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "weigh", "arguments": {"what": "it"}}',
        '<tool_call>\n{"name": "weigh", "parameters": {"what": "it"}} and so on</tool_call>',
        '<tool_call>{"name": "weigh", "arguments": "{\\"what\\": \\"it\\"}"}</tool_call>',
    ],
    ids=["no end", "Llama's word", "arguments as text"],
)
def test_common_misspellings_are_understood(text: str) -> None:
    _, (call,) = parse_calls(text)
    assert (call.name, call.arguments) == ("weigh", {"what": "it"})


@pytest.mark.parametrize("inside", ["weigh it", '{"name": "weigh"', "[1]", '{"arguments": {}}'])
def test_what_is_no_call_stays_in_the_text(inside: str) -> None:
    text = f"See <tool_call>{inside}</tool_call>"
    assert parse_calls(text) == (text, ())


def test_tools_are_described_with_their_schemas() -> None:
    assert '"description": "In grams."' in describe_tools(tool["function"] for tool in TOOLS)
