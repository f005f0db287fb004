"""A collection is worked on by playbook and language model together: a real session, server, solver and workers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import stand_in_solver as stand_in
from open_session import open_session

from medalist.core.errors import UsageError
from medalist.core.family import find_family
from medalist.families.arc.results import TaskResult, read_results
from medalist.families.arc.roles.engineer import ArcMinds
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, fail, give
from medalist.llm.settings import LlmSettings

MIRROR = "def solve(grid):\n    return grid[:, ::-1]\n"


def reply(turn: Turn) -> Reply:
    if "the analyst" in turn.system:
        return give(turn, observations="", rule="mirror")
    return (
        give(turn, techniques=["flip"])
        if "the tagger" in turn.system
        else give(turn, rule="mirrored", code=MIRROR)
    )


@pytest.fixture
def work(
    tmp_path: Path, installed_families: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[TaskResult]]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    tasks = {f"t{number}": stand_in.task(stand_in.SOLVES, 23 + 11 * number) for number in range(3)}
    challenges = tmp_path / "some_challenges.json"
    challenges.write_text(json.dumps({**tasks, "ragged": {"train": [], "test": []}}))

    def run(reply: Callable[[Turn], Reply], **llm) -> list[TaskResult]:
        settings = {"solver": stand_in.NAME, "population": 1, "generations": 2, "jobs": 2}
        with (
            ScriptedProvider(reply) as provider,
            open_session(find_family("arc"), challenges, tmp_path / "attempt", settings=settings) as session,
        ):
            model = f"openai:scripted@{provider.base_url_openai}"
            ArcMinds(LlmSettings(model=model, **llm), settings).work(session)
            submission = json.loads((session.submission_dir / "submission.json").read_text())
        assert set(submission) == {*tasks, "ragged"}
        results = list(read_results(tmp_path / "attempt"))
        for result in results[:3]:
            assert submission[result.task][0]["attempt_1"] == result.attempts[0][0]
        return results

    return run


def test_what_the_playbook_does_not_believe_in_is_asked(work):
    results = work(reply)
    for result in results[:3]:
        wanted = stand_in.task(stand_in.SOLVES, 23 + 11 * result.number)["test"][0]["output"]
        assert result.attempts[0][0] == wanted
        answering = result.programs[result.answered_by[0][0]]
        assert (answering["source"], answering["stage"], answering["fits"]) == (
            MIRROR,
            "language model",
            True,
        )
        assert {"analyst", "programmer", "evaluation"} <= set(result.stages)
    assert results[3].state == "malformed"


@pytest.mark.parametrize(("answer", "llm"), [(reply, {"max_tokens": 5}), (lambda turn: fail(400), {})])
def test_when_the_model_cannot_be_asked_the_playbook_goes_on(work, answer, llm):
    results = work(answer, **llm)
    assert [result.state for result in results[:3]] != []
    assert all(len(result.attempts) == 1 for result in results[:3])


def test_without_a_model_there_is_a_sentence():
    with pytest.raises(UsageError, match="needs a language model"):
        ArcMinds(LlmSettings(), {})
