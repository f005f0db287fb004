"""Prices: known models cost what the price list says, local ones nothing, and anybody can name a price."""

import pytest

from medalist.core.errors import LlmError, UsageError
from medalist.llm.names import parse_name
from medalist.llm.prices import VARIABLE, Prices

KNOWN = ["o3", "DeepSeek-R1", "claude-sonnet-4-5", "gemini-2.5-pro", "gpt-4o-mini"]


@pytest.mark.parametrize("text", KNOWN)
def test_well_known_models_have_a_price(text: str) -> None:
    prices, name = Prices({}), parse_name(text)
    assert prices.cost_usd(name, 1000, 0) > 0
    assert prices.cost_usd(name, 0, 1000) > prices.cost_usd(name, 1000, 0)


@pytest.mark.parametrize("text", KNOWN)
def test_no_mix_of_cached_tokens_costs_more_than_the_worst_case(text: str) -> None:
    prices, name = Prices({}), parse_name(text)
    worst = prices.worst_usd(name, 1000, 500)
    for read, written in [(0, 0), (1000, 0), (0, 1000), (300, 700)]:
        cost = prices.cost_usd(name, 1000, 500, cache_read_tokens=read, cache_write_tokens=written)
        assert cost <= worst + 1e-12


@pytest.mark.parametrize("text", KNOWN)
def test_as_many_output_tokens_are_afforded_as_the_money_pays_for(text: str) -> None:
    prices, name = Prices({}), parse_name(text)
    tokens = prices.output_tokens_for(name, 1000, 0.02)
    assert prices.worst_usd(name, 1000, tokens) <= 0.02 < prices.worst_usd(name, 1000, tokens + 2)
    assert prices.output_tokens_for(name, 1000, 0.0) == 0


def test_what_runs_here_costs_nothing() -> None:
    for text in ("hf:/models/tiny", "ollama:qwen3"):
        Prices({}).require(parse_name(text))
        assert Prices({}).worst_usd(parse_name(text), 10**6, 10**6) == 0


def test_a_price_can_be_named_for_any_address_or_one() -> None:
    prices = Prices({VARIABLE: "openai:mine=1/2, openai:mine@http://free:1/v1=0/0"})
    assert prices.cost_usd(parse_name("openai:mine"), 10**6, 10**6) == 3
    assert prices.cost_usd(parse_name("openai:mine@http://other:1/v1"), 10**6, 0) == 1
    assert prices.cost_usd(parse_name("openai:mine@http://free:1/v1"), 10**6, 10**6) == 0


def test_an_unknown_price_is_unknown_and_says_how_to_name_it() -> None:
    name = parse_name("openai:mine@http://gpu:8000/v1")
    assert Prices({}).cost_usd(name, 1, 1) is None
    with pytest.raises(LlmError) as raised:
        Prices({}).require(name)
    assert f'{VARIABLE}="openai:mine=' in raised.value.next_step


@pytest.mark.parametrize(
    "text", ["openai:mine", "openai:mine=1", "openai:mine=a/b", "=1/2", "openai:mine=-1/2"]
)
def test_a_price_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(UsageError, match=VARIABLE):
        Prices({VARIABLE: text})
