"""Names of language models: every customary spelling is read, and each says which key it needs."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.core.errors import UsageError
from medalist.llm.names import (
    CUSTOMARY_PANEL,
    PROVIDERS,
    LlmName,
    base_url_of,
    display,
    key_of,
    key_variable,
    missing_key,
    parse_name,
)

WRITTEN = {
    "anthropic:claude-sonnet-4-5": LlmName("anthropic", "claude-sonnet-4-5"),
    "openai:gpt-4o": LlmName("openai", "gpt-4o"),
    "openai:org/model@http://gpu:8000/v1/": LlmName("openai", "org/model", "http://gpu:8000/v1"),
    "anthropic:claude-x@https://proxy:4000": LlmName("anthropic", "claude-x", "https://proxy:4000"),
    "google-gla:gemini-2.5-pro": LlmName("google", "gemini-2.5-pro"),
    "ollama:qwen3:8b": LlmName("ollama", "qwen3:8b"),
    "hf:/models/tiny?tokenizer=/tok&dtype=bf16": LlmName(
        "hf", "/models/tiny", options={"tokenizer": "/tok", "dtype": "bf16"}
    ),
    "hf:models/tiny": LlmName("hf", "models/tiny"),
    "o3": LlmName("openai", "o3"),
    "O3": LlmName("openai", "o3"),
    "DeepSeek-R1": LlmName("deepseek", "deepseek-reasoner"),
    "GPT-4o": LlmName("openai", "gpt-4o"),
    "claude-opus-4-1": LlmName("anthropic", "claude-opus-4-1"),
    "gemini-2.5-flash": LlmName("google", "gemini-2.5-flash"),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_customary_spellings_are_read(text: str) -> None:
    assert parse_name(text) == WRITTEN[text]


@pytest.mark.parametrize("text", WRITTEN)
def test_the_canonical_spelling_is_read_as_the_same(text: str) -> None:
    assert parse_name(str(parse_name(text))) == parse_name(text)


@given(
    st.sampled_from(["openai", "anthropic", "ollama"]),
    st.from_regex(r"[a-z][a-z0-9./:_-]{0,30}", fullmatch=True),
)
def test_any_model_of_a_provider_comes_through_whole(provider: str, model: str) -> None:
    assert parse_name(f"{provider}:{model}") == LlmName(provider, model)


@pytest.mark.parametrize(
    "text", ["", "nothing", "openai:", "closedai:gpt", "hf:", "hf:/m?weights=/w", "openai:m@http://"]
)
def test_what_names_nothing_is_answered_by_how_to_write_it(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_name(text)
    assert ":" in raised.value.next_step


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as raised:
        parse_name("openai:m@http://me:hunter22@gpu:8000/v1")
    assert "hunter22" not in str(raised.value)


def test_each_name_knows_the_variable_of_its_key() -> None:
    assert key_variable("anthropic:claude-x") == "ANTHROPIC_API_KEY"
    assert key_variable("o3") == key_variable("openai-chat:o3") == "OPENAI_API_KEY"
    assert key_variable("DeepSeek-R1") == "DEEPSEEK_API_KEY"
    assert key_variable("google:gemini-2.5-pro") == "GOOGLE_API_KEY"
    assert not any(map(key_variable, ["ollama:q", "hf:/m", "openai:m@http://gpu:8000/v1"]))


def test_a_key_is_missing_only_where_one_is_needed() -> None:
    assert missing_key("o3", {}) == "OPENAI_API_KEY"
    assert missing_key("o3", {"OPENAI_API_KEY": "k"}) == ""
    assert missing_key("gemini-2.5-pro", {"GEMINI_API_KEY": "k"}) == ""
    assert missing_key("openai:m@http://gpu:8000/v1", {}) == ""
    assert key_of("openai:m@http://gpu:8000/v1", {"OPENAI_API_KEY": "k"}) == "k"


def test_an_address_in_the_name_wins_over_the_environment() -> None:
    env = {"OPENAI_BASE_URL": "http://proxy/v1", "ANTHROPIC_BASE_URL": "http://proxy"}
    assert base_url_of("o3", env) == "http://proxy/v1"
    assert base_url_of("claude-x-1", env) == "http://proxy"
    assert base_url_of("openai:m@http://gpu:8000/v1", env) == "http://gpu:8000/v1"
    assert base_url_of("o3", {}) == ""


def test_names_are_shown_as_people_say_them() -> None:
    assert [display(name) for name in CUSTOMARY_PANEL] == ["O3", "DeepSeek-R1"]
    assert display("openai:gpt-4o") == "GPT-4o"
    assert display("hf:/models/tiny/") == "tiny"
    assert display("openai:my-model@http://gpu:8000/v1") == "my-model"


def test_every_provider_can_be_named() -> None:
    for provider in PROVIDERS:
        assert parse_name(f"{provider}:m").provider == provider


LIGHT = ["names", "keys", "usage", "settings", "prices", "panel", "local_server"]
HEAVY = [
    "pydantic",
    "pydantic_ai",
    "openai",
    "anthropic",
    "httpx",
    "httpx2",
    "genai_prices",
    "tenacity",
    "torch",
]


def test_reading_names_and_limits_loads_nothing_heavy() -> None:
    modules = ", ".join(f"medalist.llm.{module}" for module in LIGHT)
    code = f"import sys, {modules}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
