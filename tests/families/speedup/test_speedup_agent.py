"""An agent at the speed-up's own desk, its language model played: what it is offered, told, and graded for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from speedup_attempts import FAST, OTHER, RENAMED, SLOW, Ended, play

from medalist.llm.scripted import Reply, Turn, call, cast, give, say, script

BY_HAND = ["run", "profile", "submit_intermediate_answer", "submit_answer"]


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    return lambda reply, **settings: play(tmp_path, monkeypatch, "agent", reply, **settings)


def write(text: str, path: str = "program.py") -> Reply:
    return call("write_file", path=path, content=text)


def test_one_that_profiles_writes_asks_and_hands_in_passes(agent) -> None:
    heard: list[str] = []

    def after(step: Reply) -> Callable[[Turn], Reply]:
        return lambda turn: heard.append(turn.last_result()) or step

    ended = agent(
        script(
            call("profile", by="lines"),
            after(write(OTHER)),
            after(call("submit_intermediate_answer")),
            after(write(FAST)),
            after(call("submit_intermediate_answer")),
            after(call("submit_answer")),
        )
    )
    assert ended.state == "finished", ended.reason
    profiled, _, refused, _, accepted = heard
    assert "total += square**0.5" in profiled
    assert "other function: features is off" in refused
    assert re.search(r"\d+\.\d times as fast as the original", accepted)
    assert ended.submitted == FAST
    assert ended.grade["passed"]
    assert ended.verdict["steps"] == 6
    assert ended.result["validation_score"] > 4, "judged before, and unchanged since"
    assert not ended.all("rescued")


def test_what_it_may_do_and_what_it_is_told_follow_the_switches(agent) -> None:
    ended = agent(
        script(write(FAST), call("submit_intermediate_answer"), call("submit_answer")),
        profiler=False,
        intermediate=False,
    )
    first, *_, last = ended.requests
    assert [tool for tool in first.tools if tool in BY_HAND] == ["run", "submit_answer"]
    assert "profile" not in first.system
    assert "intermediate" not in first.system
    assert "There is no tool 'submit_intermediate_answer'" in last.last_result()
    assert ended.grade["passed"]
    assert ended.result["validation_score"] is None, "nobody has judged it before the end"


def test_the_prompt_says_what_is_asked_and_neither_the_limit_nor_the_oracle(agent) -> None:
    ended = agent(script(call("submit_answer")), target=7)
    (first,) = ended.requests
    assert [tool for tool in first.tools if tool in BY_HAND] == BY_HAND
    assert all(f"`{tool}`" in first.system for tool in first.tools)
    assert "**7 times** as fast" in first.system
    assert "total += square**0.5" in first.system
    assert not re.search(r"\b15\b|step limit|train\.py|read_hints", first.system)
    assert "np.sqrt(((points" not in str(first.raw)
    assert ended.verdict["kind"] == "too slow", "handed in as it was"


def test_a_panel_is_asked_for_a_strategy_and_again_on_request(agent) -> None:
    heard: list[str] = []

    def critic(turn: Turn) -> Reply:
        return give(turn, decision="advice", plan="Take the loop apart.", batch_size=None)

    def hand_in(turn: Turn) -> Reply:
        heard.append(turn.last_result())
        return call("submit_answer")

    steps = script(call("ask_oracle", question="And now?", files="program.py"), hand_in)
    parts = {"scripted": steps, "wise": say("Arrays."), "wary": say("Measure.")}
    ended = agent(cast({**parts, "critic": critic}), panel=("wise", "wary"), critic="critic")
    first = next(turn for turn in ended.requests if turn.model == "scripted")
    assert "ask_oracle" in first.tools
    assert "asked for a strategy, which you are given" in first.system
    assert "Take the loop apart." in first.messages[-1].text
    assert "Take the loop apart." in heard[0]
    asked = str([turn.raw for turn in ended.requests if turn.model == "wise"])
    assert "Name the estimators" not in asked


def test_a_file_in_another_place_that_was_never_handed_in_is_found(agent) -> None:
    ended = agent(script(write(FAST, "work/quick.py"), then=say("It is done.")))
    (rescued,) = ended.all("rescued")
    assert (rescued["reason"], rescued["file"]) == ("wrong place", "work/quick.py")
    assert ended.submitted == FAST
    assert ended.verdict["passed"]


def test_an_intermediate_answer_counts_where_nothing_is_handed_in(agent) -> None:
    ended = agent(
        script(write(FAST), call("submit_intermediate_answer"), write(SLOW), then=say("It is done."))
    )
    (rescued,) = ended.all("rescued")
    assert rescued["reason"] == "never submitted"
    assert ended.submitted == FAST
    assert ended.verdict["passed"]


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([call("read_file", path="program.py")], "never submitted"),
        ([write(RENAMED), call("submit_answer")], "renamed classes"),
    ],
)
def test_nothing_to_count_has_a_reason_that_can_be_counted(agent, steps, kind) -> None:
    ended = agent(script(*steps, then=say("It is done.")))
    assert ended.all("rescued")[0]["file"] == ""
    assert ended.submitted == SLOW, "the program as it was stands"
    assert not ended.verdict["passed"]
    assert ended.verdict["kind"] == kind


def test_fifteen_steps_are_all_it_gets(agent) -> None:
    def look(turn: Turn) -> Reply:
        return write(FAST) if turn.number == 15 else call("run", command=f"echo {turn.number}")

    ended = agent(look)
    assert (ended.state, len(ended.requests)) == ("limit", 15)
    assert "15 steps" in ended.reason
    assert ended.all("rescued")[0] | {"text": ""} == {
        "reason": "never submitted",
        "file": "program.py",
        "text": "",
    }
    assert ended.verdict["passed"], "what lay in the workspace counts"
    assert ended.verdict["steps"] == 15


def test_what_is_run_is_neither_reviewed_nor_mended(agent) -> None:
    """A training with a tiny batch and no line of monitoring: it is what the task is about."""
    training = (
        "import torch\nfrom torch.utils.data import DataLoader\nloader = DataLoader(range(64), batch_size=2)\n"
        "model = torch.nn.Linear(1, 1)\noptimiser = torch.optim.SGD(model.parameters(), lr=0.1)\n"
        "for epoch in range(2):\n    for rows in loader:\n        loss = model(rows[:, None].float()).mean()\n"
        "        loss.backward()\n        optimiser.step()\nprint('trained')\n"
    )
    ended = agent(
        script(write(training, "train.py"), call("run", command="python train.py"), call("submit_answer"))
    )
    assert "trained" in ended.requests[2].last_result()
    assert (ended.folder / "workspace" / "train.py").read_text() == training
    assert not ended.all("script_reviewed")
