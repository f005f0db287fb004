"""Evolution on a competition, as a run does it: playbook and language model in one population, to a graded end."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest
from small_competition import logistic, write_competition

from medalist.core.budget import Limits
from medalist.core.score import Score
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, give
from medalist.llm.settings import LlmSettings
from medalist.runs.attempt import Attempted, run_attempt
from medalist.runs.figures import Figures, fold
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore

pytestmark = pytest.mark.slow
KEY = "sk-test-fedcba9876543210fedcba9876"
BUDGET_SECONDS = 24.0


def writes_logistic_regressions() -> tuple[ScriptedProvider, list[Turn]]:
    """The second answer fails at its end; every other one is a sound candidate with a strength of its own."""
    numbers, lock = itertools.count(1), threading.Lock()

    def reply(turn: Turn) -> Reply:
        with lock:
            number = next(numbers)
        after = "raise RuntimeError('broken on purpose')\n" if number == 2 else ""
        files = [{"name": n, "content": text} for n, text in logistic(number / 2, after=after).items()]
        return give(
            turn, title=f"logistic regression {number}", files=files, notes="a simple model fits a line"
        )

    provider = ScriptedProvider(reply, latency_seconds=0.2)
    return provider, provider.requests


@pytest.fixture(scope="module")
def attempt(tmp_path_factory) -> tuple[Path, Attempted, Figures, list[Turn]]:
    root = tmp_path_factory.mktemp("evolved")
    competition = write_competition(root / "competition")
    provider, requests = writes_logistic_regressions()
    with pytest.MonkeyPatch.context() as patch, provider:
        patch.setenv("OPENAI_API_KEY", KEY)
        store = FileStore(root / "run")
        store.create(
            RunSpec(
                tasks=(TaskSpec(competition, settings={"model_share": 0.7}),),
                engineers=("evolution",),
                limits=Limits(attempt_seconds=BUDGET_SECONDS),
                llm=LlmSettings(model=f"openai:scripted@{provider.base_url_openai}"),
            )
        )
        name = store.attempts()[0].spec.id
        attempted = run_attempt(store, name)
    return store.folder(name), attempted, fold(store.events(name)), requests


def test_it_ends_with_a_valid_submission_better_than_a_constant(attempt):
    _, attempted, figures, _ = attempt
    result = attempted.record.result
    assert attempted.record.state.value in ("finished", "limit"), attempted.record.reason
    assert result["valid"]
    assert result["validation_score"] > figures.explored["facts"]["constant_score"]
    placed = [score for _, score in figures.submitted if score is not None]
    assert all(later.better_than(earlier) for earlier, later in itertools.pairwise(placed))


def test_the_playbooks_and_the_language_models_candidates_stand_side_by_side(attempt):
    """The baseline comes first; a written candidate is scored on its own predictions and enters a blend."""
    _, _, figures, _ = attempt
    created = [event.data for event in figures.of("candidate_created")]
    kits = [c for c in created if c["recipe"] and c["operator"] != "ensemble"]
    written = {c["candidate"] for c in created if not c["recipe"] and c["operator"] != "constant"}
    assert kits[0]["operator"] == "draft"
    assert written
    finished = {
        event.data["candidate"]: Score.from_dict(event.data["score"])
        for event in figures.of("candidate_finished")
        if event.data["score"]
    }
    assert written & set(finished)
    assert all(finished[name].value > 0.8 for name in written & set(finished))
    blends = [set(c["parents"]) for c in created if c["operator"] == "ensemble"]
    assert any(members & written for members in blends)


def test_hints_are_read_before_the_first_launch_and_requests_are_counted(attempt):
    _, attempted, figures, requests = attempt
    kinds = [event.kind for event in figures.of("hints_read", "explored", "job_started", "llm_call")]
    assert kinds[0] == "hints_read"
    calls = figures.of("llm_call")
    assert calls
    assert {event.data["role"] for event in calls} == {"operator"}
    assert len(requests) >= len(calls)
    assert attempted.record.result["cost_usd"] == 0.0, "a server of one's own costs nothing"


def test_no_file_of_the_attempt_holds_the_key(attempt):
    folder, *_ = attempt
    texts = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.name == "llm.jsonl" for path in texts)
    assert not [path for path in texts if KEY.encode() in path.read_bytes()]
