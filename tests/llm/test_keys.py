"""No key is ever written, sent in a prompt, or raised: every file and every error is searched for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic_ai import Agent

from medalist.core.errors import LlmError
from medalist.llm.keys import HIDDEN, redact, secrets, seen_keys
from medalist.llm.scripted import call, fail, leak, say
from medalist.workspace.environment import child_environment


def assert_nowhere(keys: dict[str, str], folder: Path, *texts: object) -> None:
    """No file below ``folder`` and none of the texts holds a key."""
    told = {str(place): text for place, text in enumerate(map(str, texts))}
    told |= {
        str(path): path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file()
    }
    assert any(path.endswith(".jsonl") for path in told), "something was written"
    for place, text in told.items():
        for variable, key in keys.items():
            assert key not in text, f"{variable} in {place}"


def test_every_secret_is_hidden_wherever_it_stands() -> None:
    env = {"OPENAI_API_KEY": "sk-0123456789", "MY_TOKEN": 'to"ken-with-quote', "HOME": "/home/somebody"}
    text = f"a sk-0123456789 b {json.dumps(env['MY_TOKEN'])} {env['MY_TOKEN']} /home/somebody"
    hidden = redact(text, env)
    assert hidden == f'a {HIDDEN} b "{HIDDEN}" {HIDDEN} /home/somebody'


def test_a_key_within_a_longer_key_leaves_no_rest() -> None:
    env = {"OPENAI_API_KEY": "sk-01234567", "DEEPSEEK_API_KEY": "sk-01234567-and-more"}
    assert redact("x sk-01234567-and-more y", env) == f"x {HIDDEN} y"


def test_words_are_no_secrets() -> None:
    assert secrets({"OPENAI_API_KEY": "EMPTY", "SOME_TOKEN": ""}) == ()


def test_seen_keys_are_named_and_not_shown() -> None:
    assert seen_keys({"OPENAI_API_KEY": "sk-0123456789", "ANTHROPIC_API_KEY": ""}) == ("OPENAI_API_KEY",)


def test_no_key_gets_into_a_childs_environment(keys: dict[str, str], tmp_path: Path) -> None:
    environment = child_environment(tmp_path, 1)
    assert not set(keys.values()) & set(environment.values())
    assert not set(keys) & set(environment)


def test_a_provider_that_repeats_the_key_does_not_make_us_write_it(
    open_door: Callable, keys: dict[str, str], protocol: str
) -> None:
    opened = open_door(leak)
    with pytest.raises(LlmError) as raised:
        opened.ask(protocol=protocol)
    assert HIDDEN in raised.value.what
    assert_nowhere(keys, opened.folder, raised.value, repr(raised.value), vars(raised.value))


def test_a_failure_that_is_asked_again_tells_no_key(
    open_door: Callable, keys: dict[str, str], protocol: str
) -> None:
    replies = iter([True])
    opened = open_door(lambda turn: leak(turn, 503) if next(replies, None) else say("well"))
    opened.ask(protocol=protocol)
    assert HIDDEN in opened.events("llm_failed")[0]["reason"]
    assert_nowhere(keys, opened.folder)


def test_a_key_in_a_question_or_an_answer_goes_no_further(
    open_door: Callable, keys: dict[str, str], protocol: str
) -> None:
    key = keys["OPENAI_API_KEY"]
    opened = open_door(lambda turn: say(f"yours is {keys['OPENAI_API_KEY']}"), cache=True)
    answer = opened.ask(f"is {key} a key?", protocol=protocol, system=f"The key is {key}")
    assert answer == f"yours is {HIDDEN}"
    asked = opened.provider.requests[0]
    assert asked.text == f"is {HIDDEN} a key?"
    assert_nowhere(keys, opened.folder, asked.raw)


def test_a_key_in_a_tools_answer_goes_no_further(
    open_door: Callable, keys: dict[str, str], protocol: str
) -> None:
    opened = open_door(lambda turn: say("done") if turn.results else call("look"), cache=True)
    agent = Agent(opened.door.model(opened.name(protocol), role="engineer"))

    @agent.tool_plain
    def look() -> dict[str, str]:
        return {"environment": f"OPENAI_API_KEY={keys['OPENAI_API_KEY']}"}

    assert opened.door.run(agent.run("hello")).output == "done"
    assert HIDDEN in opened.provider.requests[1].last_result()
    assert_nowhere(keys, opened.folder, *(turn.raw for turn in opened.provider.requests))


def test_the_key_goes_to_the_provider_alone(open_door: Callable, keys: dict[str, str], protocol: str) -> None:
    opened = open_door(lambda turn: say("well"))
    opened.ask(protocol=protocol)
    variable = "ANTHROPIC_API_KEY" if protocol == "anthropic" else "OPENAI_API_KEY"
    assert opened.provider.requests[0].authorization == keys[variable]
    assert_nowhere(keys, opened.folder, opened.provider.requests[0].raw)


def test_a_failure_at_the_limit_tells_no_key(open_door: Callable, keys: dict[str, str]) -> None:
    opened = open_door(lambda turn: fail(400, f"bad {keys['OPENAI_API_KEY']}"), max_cost_usd=1.0)
    with pytest.raises(LlmError) as raised:
        opened.ask(output_type=int)
    assert_nowhere(keys, opened.folder, raised.value)


def test_asking_starts_no_process_for_the_processors_name() -> None:
    code = """
import platform, subprocess
from medalist.llm.names import parse_name
from medalist.llm.providers import build_model
import httpx2
build_model(parse_name("openai:x@http://127.0.0.1:9/v1"), httpx2.AsyncClient())
def refuse(*arguments, **options): raise AssertionError(arguments)
subprocess.Popen = subprocess.check_output = refuse
print(platform.processor(), platform.platform())
"""
    subprocess.run([sys.executable, "-c", code], check=True)
