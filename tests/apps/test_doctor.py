"""Doctor says which keys are seen and what the oracle's panel lacks, with what to set; it asks nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from medalist.llm.keys import KEY_VARIABLES

NO_KEYS = dict.fromkeys(KEY_VARIABLES, "") | {"MEDALIST_PANEL": ""}


def oracle_of(told: object) -> dict[str, dict]:
    return {each["name"]: each for each in told.json["findings"] if each["topic"] == "oracle"}  # type: ignore[attr-defined]


def test_the_customary_pair_lacks_what_is_not_set(medalist: Callable) -> None:
    found = oracle_of(medalist("doctor", "--json", env={**NO_KEYS, "OPENAI_API_KEY": "sk-0123456789"}))
    assert found["O3"]["good"]
    assert not found["DeepSeek-R1"]["good"]
    assert found["DeepSeek-R1"]["mend"] == "export DEEPSEEK_API_KEY=..."


def test_a_panel_of_ones_own_is_looked_at_member_by_member(medalist: Callable) -> None:
    panel = "claude-sonnet-4-5, openai:mine@http://gpu:8000/v1, nonsense, hf:/no/such/folder"
    found = oracle_of(medalist("doctor", "--json", env={**NO_KEYS, "MEDALIST_PANEL": panel}))
    assert found["claude-sonnet-4-5"]["mend"] == "export ANTHROPIC_API_KEY=..."
    assert found["mine"]["good"]
    assert "openai:MODEL@http" in found["nonsense"]["mend"]
    assert not found["hf:/no/such/folder"]["good"]


@pytest.mark.parametrize("variable", ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
def test_either_of_two_variables_will_do(medalist: Callable, variable: str) -> None:
    told = medalist("doctor", "--json", env={**NO_KEYS, variable: "0123456789"})
    keys = {each["name"]: each["good"] for each in told.json["findings"] if each["topic"] == "keys"}
    assert keys[variable]
    assert "0123456789" not in told.out
