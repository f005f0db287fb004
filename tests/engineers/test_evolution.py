"""Evolution against a scripted provider: on a family of numbers, where candidates cost nothing, start to end."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from numbers_family import NumbersFamily, guess
from open_session import events_of, open_session

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import LlmError, UsageError
from medalist.core.event import Event
from medalist.core.score import Direction, Score
from medalist.engineers.evolution import EvolutionEngineer
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, cast, fail, give, say
from medalist.llm.settings import LlmSettings

KEY = "sk-test-0123456789abcdef0123456789"
_OPERATORS = {
    "different in kind": "draft",
    "Improve the parent": "improve",
    "The parent failed": "debug",
    "Join the two parents": "crossover",
    "combines the parents": "ensemble",
}


@dataclass
class Evolved:
    """What an evolution left behind."""

    events: list[Event]
    requests: list[Turn]
    best: float | None
    product: str

    def of(self, *kinds: str) -> list[dict]:
        return [event.data for event in self.events if event.kind in kinds]

    @property
    def told(self) -> str:
        return "\n".join(e["text"] for e in self.of("note", "warning"))

    @property
    def prompts(self) -> dict[str, list[str]]:
        """The requests' last messages, by operator."""
        found: dict[str, list[str]] = {}
        for turn in self.requests:
            found.setdefault(operator_of(turn), []).append(turn.messages[-1].text)
        return found


def operator_of(turn: Turn) -> str:
    text = turn.messages[0].text
    return next(operator for words, operator in _OPERATORS.items() if words in text[-600:])


def answer(turn: Turn, number: float, *, before: str = "", notes: str = "closer") -> Reply:
    files = [{"name": "solve.py", "content": guess(number, before=before)}]
    return give(turn, title=f"the model's {number}", files=files, notes=notes)


def countdown(start: float = 100.0) -> Callable[[Turn], Reply]:
    """Every answer comes a step closer."""
    lock, number = threading.Lock(), [start]

    def reply(turn: Turn) -> Reply:
        with lock:
            number[0] -= 3.7
            return answer(turn, round(number[0], 2))

    return reply


@pytest.fixture
def evolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Evolved]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def run(
        reply: Callable[[Turn], Reply],
        *,
        own: tuple[float, ...] = (),
        seconds: float = 12.0,
        llm: dict | None = None,
        oracle: bool = False,
        **settings: object,
    ) -> Evolved:
        task = tmp_path / "task"
        task.mkdir()
        with (
            ScriptedProvider(reply) as provider,
            open_session(NumbersFamily(own), task, tmp_path / "attempt", seconds=seconds) as session,
        ):
            model, wise, critic = (
                f"openai:{name}@{provider.base_url_openai}" for name in ("scripted", "wise", "critic")
            )
            asked = {"panel": (wise,), "critic": critic} if oracle else {}
            engineer = EvolutionEngineer(LlmSettings(model=model, **asked, **(llm or {})), settings)
            engineer.work(session)
            product = session.submission_dir / "answer.txt"
            best = session.best.value if session.best else None
            text = product.read_text().strip() if product.exists() else ""
            return Evolved(events_of(session), provider.requests, best, text)

    return run


# ------------------------------------------------------------------- side by side


def test_family_and_language_model_make_one_population(evolve):
    """Enough is given up at last for the search to end by itself: the countdown's end repeats its answer."""
    evolved = evolve(ending(countdown(), 14), own=(90.0, 80.0, 70.0), model_share=0.5)
    titles = [c["title"] for c in evolved.of("candidate_created")]
    assert sum("family" in title for title in titles) == 3
    assert sum("model" in title for title in titles) >= 10
    by_id = {c["candidate"]: c for c in evolved.of("candidate_created")}
    mixed = [
        c
        for c in by_id.values()
        if "model" in c["title"] and any("family" in by_id[p]["title"] for p in c["parents"])
    ]
    assert mixed, "the language model works on what the family made"
    scores = [e["score"]["value"] for e in evolved.of("candidate_finished")]
    assert evolved.best == min(scores)
    assert abs(float(evolved.product) - 42) == evolved.best


def ending(reply: Callable[[Turn], Reply], after: int) -> Callable[[Turn], Reply]:
    """After so many answers the language model only repeats itself."""
    lock, count = threading.Lock(), [0]

    def limited(turn: Turn) -> Reply:
        with lock:
            count[0] += 1
            done = count[0] > after
        return answer(turn, 7.0) if done else reply(turn)

    return limited


@pytest.mark.parametrize("policy", ["shinka", "tree"])
def test_operators_get_what_they_need(evolve, policy):
    """Improve: the parent's files and score; crossover: both parents'; all: how the population stands."""
    evolved = evolve(ending(countdown(), 40), policy=policy, model_share=1.0, seconds=30.0)
    prompts = evolved.prompts
    assert {"draft", "improve"} <= set(prompts)
    assert policy == "tree" or "crossover" in prompts
    for operator in ("improve", "crossover"):
        for text in prompts.get(operator, []):
            parents = re.findall(r"## The parent (c\d+)", text)
            assert len(set(parents)) == (2 if operator == "crossover" else 1)
            assert text.count("answer.txt") >= len(parents), "their files"
            assert all(re.search(rf"parent {name}: the model's .*distance [\d.]+", text) for name in parents)
            assert re.search(r"- c\d+: the model's .*distance [\d.]+", text), "how the population stands"
    system = evolved.requests[0].system
    assert "Find a number." in system
    assert "solve.py" in system
    assert "CPU cores" in system


# ------------------------------------------------------------------------ failures


def failing_first(before: str) -> Callable[[Turn], Reply]:
    reply, lock, drafts = countdown(), threading.Lock(), [0]

    def broken(turn: Turn) -> Reply:
        with lock:
            drafts[0] += operator_of(turn) == "draft"
            first = drafts[0] == 1 and operator_of(turn) == "draft"
        return answer(turn, 99.0, before=before) if first else reply(turn)

    return broken


def test_a_failure_comes_back_with_its_traceback_and_the_matching_hint(evolve):
    error = "raise TypeError(\"OneHotEncoder.__init__() got an unexpected keyword argument 'sparse'\")\n"
    evolved = evolve(ending(failing_first(error), 8), model_share=1.0)
    (failed, *_) = evolved.of("candidate_failed")
    assert failed["reason"].startswith("TypeError")
    (prompt,) = evolved.prompts["debug"]
    assert f"## The parent {failed['candidate']}" in prompt
    assert "Traceback (most recent call last)" in prompt
    assert "sparse_output=False" in prompt
    mended = [c for c in evolved.of("candidate_created") if c["operator"] == "debug"]
    assert [c["parents"] for c in mended] == [[failed["candidate"]]]


def test_a_script_that_must_be_fixed_is_never_started_and_comes_back_with_the_reason(evolve):
    leak = (
        "import pandas as pd\nfrom sklearn.preprocessing import StandardScaler\n"
        "from sklearn.model_selection import cross_val_score\nfrom sklearn.svm import SVC\n"
        "train = pd.read_csv('t.csv')\nX = StandardScaler().fit_transform(train[['a']])\n"
        "print(cross_val_score(SVC(), X, train['y']))\n"
    )
    evolved = evolve(ending(failing_first(leak), 6), model_share=1.0)
    (failed, *_) = evolved.of("candidate_failed")
    assert failed["candidate"] not in [job["candidate"] for job in evolved.of("job_started")]
    assert "Fix:" in evolved.prompts["debug"][0]


def test_a_misshapen_answer_goes_back_with_the_reason(evolve):
    """A file is missing, another is no Python: the language model is told, and mends its answer."""
    reply = countdown()

    def careless(turn: Turn) -> Reply:
        if turn.number == 1:
            return give(turn, title="half", files=[{"name": "notes.md", "content": "later"}])
        if turn.number == 2:
            return give(turn, title="half", files=[{"name": "solve.py", "content": "print("}])
        return reply(turn)

    evolved = evolve(ending(careless, 9), model_share=1.0)
    said = "\n".join(str(turn.raw) for turn in evolved.requests)
    assert "solve.py is missing" in said
    assert "solve.py is not Python" in said
    assert evolved.of("candidate_finished")


@pytest.mark.parametrize(
    "reply",
    [
        lambda turn: fail(401, "no such key"),
        lambda turn: say("I would rather talk about it."),
        lambda turn: give(turn, title="x", files=[{"name": "../solve.py", "content": ""}]),
        lambda turn: answer(turn, 7.0),
    ],
    ids=["refused", "talks", "outside", "repeats"],
)
def test_a_useless_language_model_is_given_up_and_the_family_goes_on(evolve, reply):
    """Each failed proposal is told with its reason; nothing outside the candidate's folder is written."""
    evolved = evolve(reply, own=(60.0, 50.0, 41.0), model_share=0.9)
    assert "came to nothing" in evolved.told
    assert "asked no more" in evolved.told
    assert evolved.best <= 1.0
    assert evolved.product == "41.0"
    assert KEY not in evolved.told


def test_the_limit_in_tokens_ends_the_language_models_part_alone(evolve):
    evolved = evolve(countdown(), own=(60.0, 45.0), model_share=1.0, llm={"max_tokens": 500})
    assert "asked no more" in evolved.told
    assert evolved.requests == []
    assert evolved.best == 3.0


def test_the_oracle_gives_a_strategy_and_reviews_the_first_script(evolve):
    """Every request knows the strategy; what must be fixed goes back before anything of it is launched."""
    judged = {
        "gpu_use": "none",
        "resuming": "none",
        "metric": "distance",
        "leakage": "none",
        "batch_size": 64,
    }

    def critic(turn: Turn) -> Reply:
        asked = turn.messages[0].text
        if "98.0" in asked:
            return give(turn, decision="must_fix", plan="", must_fix=["98 is far too much"], **judged)
        if "<file name=" in asked:
            return give(turn, decision="approve", plan="Launch it.", **judged)
        return give(turn, decision="advice", plan="Look below fifty.", batch_size=64)

    reply, lock, count = countdown(), threading.Lock(), [0]

    def careless(turn: Turn) -> Reply:
        with lock:
            count[0] += 1
            first = count[0] == 1
        return answer(turn, 98.0) if first else reply(turn)

    parts = {"wise": say("Smaller."), "critic": critic, "scripted": ending(careless, 8)}
    evolved = evolve(cast(parts), oracle=True, model_share=1.0, requests=1, seconds=20.0)
    operators = [turn for turn in evolved.requests if turn.model == "scripted"]
    assert all("Look below fifty." in turn.system for turn in operators)
    assert "98 is far too much" in operators[1].messages[0].text
    assert "print(98.0" in operators[1].messages[0].text, "what it wrote"
    assert "the model's 98.0" not in [c["title"] for c in evolved.of("candidate_created")]
    decisions = [event["decision"] for event in evolved.of("oracle_verdict")]
    assert decisions == ["advice", "must_fix", "approve"]


# ----------------------------------------------------------------------- at once


def test_requests_are_made_at_once_and_while_candidates_run(evolve, tmp_path):
    """Two requests meet in the provider; a candidate runs until a later request has come."""
    together, flag = threading.Barrier(2, timeout=30), tmp_path / "attempt" / "workspace" / "asked-meanwhile"
    reply, lock, count = countdown(), threading.Lock(), [0]
    patient = f"import os, time\nwhile not os.path.exists({str(flag)!r}):\n    time.sleep(0.02)\n"

    def meeting(turn: Turn) -> Reply:
        with lock:
            count[0] += 1
            mine = count[0]
        if mine <= 2:
            together.wait()
            return answer(turn, 90.0 + mine, before=patient if mine == 1 else "")
        flag.touch()
        return reply(turn)

    evolved = evolve(ending(meeting, 8), model_share=1.0, requests=2, seconds=40.0)
    assert not together.broken
    finished = [e["title"] for e in evolved.of("candidate_finished")]
    assert "the model's 91.0" in finished


def test_a_resumed_attempt_goes_on_with_the_population_it_had(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    (tmp_path / "task").mkdir()
    score = Score("distance", Direction.MINIMIZE, "validation", 5.0)
    known = Candidate("c01", "draft", folder="candidates/c01", title="from before")
    lost = Candidate("c02", "improve", ("c01",), "candidates/c02", "lost with its process")
    history = [
        Outcome(known, CandidateState.FINISHED, score),
        Outcome(lost, CandidateState.FAILED, reason="its process was killed"),
    ]
    with (
        ScriptedProvider(ending(countdown(), 14)) as provider,
        open_session(
            NumbersFamily(), tmp_path / "task", tmp_path / "attempt", seconds=30.0, history=history
        ) as session,
    ):
        for candidate in (known, lost):
            session.write(f"{candidate.folder}/solve.py", guess(47))
        model = f"openai:scripted@{provider.base_url_openai}"
        EvolutionEngineer(LlmSettings(model=model), {"model_share": 1.0, "policy": "tree"}).work(session)
        made = {e.data["candidate"]: e.data for e in events_of(session, "candidate_created")}
    assert not {"c01", "c02"} & set(made)
    assert ["c02"] in [c["parents"] for c in made.values() if c["operator"] == "debug"]
    assert any("its process was killed" in turn.messages[0].text for turn in provider.requests)


# ------------------------------------------------------------------------ opening


def test_without_a_language_model_it_says_what_to_set(monkeypatch):
    with pytest.raises(UsageError, match="needs a language model") as caught:
        EvolutionEngineer(LlmSettings(), {})
    assert "--model" in caught.value.next_step


def test_without_a_key_nothing_is_begun(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "task").mkdir()
    with open_session(NumbersFamily(), tmp_path / "task", tmp_path / "attempt") as session:
        with pytest.raises(LlmError, match="no key"):
            EvolutionEngineer(LlmSettings(model="openai:gpt-x"), {}).work(session)
        assert events_of(session) == []


@pytest.mark.parametrize("settings", [{"policy": "random"}, {"model_share": 1.5}])
def test_settings_that_cannot_be_used_are_refused(settings):
    with pytest.raises(UsageError):
        EvolutionEngineer(LlmSettings(model="openai:gpt-x"), settings)
