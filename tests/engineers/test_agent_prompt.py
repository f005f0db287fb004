"""What an agent is told before it begins: all that it may know, in words the checks agree with, and nothing hidden."""

from __future__ import annotations

import re

import pytest
from honest_agent import honest

from medalist.engineers.agent_prompt import TRAINING_LINES
from medalist.training.lines import Loader, MemoryUsed, Rate, Resources, Step, parse_line


@pytest.fixture
def ended(attempt, tiny_task):
    return attempt(honest, tiny_task, seconds=600)


def test_it_holds_task_budget_machine_workflow_and_tools(ended) -> None:
    system = ended.requests[0].system
    assert "10 minutes in all" in system
    assert "mean absolute error: lower is better" in system
    assert re.search(r"\d+ CPU cores", system)
    workflow = [
        "explored",
        "read_hints",
        "`train.py`",
        "start_job",
        "`predict.py` at once",
        "wait",
        "submit",
        "finish",
    ]
    numbered = system[system.index("# How to work") : system.index("# Sizes")]
    assert [numbered.index(word) for word in workflow] == sorted(numbered.index(word) for word in workflow)
    assert all(f"`{tool}`" in system for tool in ended.requests[0].tools)
    assert "images, 224 px: batch" in system
    assert "ask_oracle` when" not in numbered


def test_it_holds_nothing_hidden(ended, tiny_task) -> None:
    """No path to the task, no answer, no limit on steps."""
    text = str(ended.requests[0].raw)
    assert str(tiny_task.path) not in text
    assert "private" not in text
    assert not re.search(r"\b500\b|step limit", text)


def test_without_hints_it_does_not_speak_of_them(attempt, tiny_task) -> None:
    ended = attempt(honest, tiny_task, hints=False)
    assert "read_hints" not in ended.requests[0].tools
    assert "read_hints" not in ended.requests[0].system
    assert ended.told.count("hints were not read") == 0


def test_the_lines_it_asks_for_are_those_that_the_checks_read() -> None:
    said = [parse_line(line) for line in TRAINING_LINES]
    assert {type(line) for line in said if line} == {Resources, Loader, MemoryUsed, Rate, Step}
    resources = next(line for line in said if isinstance(line, Resources))
    assert (resources.batch, resources.gpu, resources.mixed_precision) == (128, "NVIDIA A10", True)
