"""Language models in runs: who is made of a spec, what is refused before anything is made, and what it came to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medalist.core.errors import UsageError
from medalist.core.family import find_family
from medalist.llm.keys import KEY_VARIABLES
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, call
from medalist.llm.settings import LlmSettings
from medalist.runs import api
from medalist.runs.engineers import (
    engineer_for,
    modules_to_preload,
    refuse_unused_models,
    refuse_what_cannot_work,
)
from medalist.runs.sets import read_set
from medalist.runs.spec import TEAM_SHARE, AttemptSpec, RunSpec, TaskSpec
from medalist.runs.store import FileStore

MEAN = TaskSpec(Path("/tasks/mean"), "mean")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in KEY_VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def mean_task(tmp_path: Path, installed_families: None) -> Path:
    """The toy task: five numbers, three of them public."""
    folder = tmp_path / "mean-task"
    (folder / "public").mkdir(parents=True)
    (folder / "private").mkdir()
    (folder / "public" / "numbers.txt").write_text("1\n2\n3\n")
    (folder / "private" / "mean.txt").write_text("3\n")
    return folder


def guess(turn: Turn) -> Reply:
    """A language model that guesses, hands in and leaves."""
    steps = (
        call("write_file", path="candidates/guess/mean.txt", content="2"),
        call("submit", folder="candidates/guess", title="a guess"),
    )
    return steps[turn.number - 1] if turn.number <= len(steps) else call("finish", summary="done")


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider(guess) as server:
        yield server


@pytest.fixture
def write_set(tmp_path: Path, mean_task: Path, provider: ScriptedProvider) -> Callable[..., Path]:
    """A set on the toy task by agents that ask the provider."""

    def write(**keys: object) -> Path:
        file = tmp_path / "set.yaml"
        content = {
            "tasks": [{"path": str(mean_task), "family": "mean"}],
            "engineers": ["agent"],
            "models": [f"openai:scripted@{provider.base_url_openai}"],
            "time": "60s",
        }
        file.write_text(json.dumps({**content, **keys}))
        return file

    return write


def read(run: Path, attempt: str) -> tuple[dict, list]:
    store = FileStore(run)
    return dict(store.read(attempt).result), list(store.events(attempt))


# ------------------------------------------------------------------ specs


def test_engineers_models_and_hints_become_attempts_and_the_playbook_is_not_repeated() -> None:
    spec = RunSpec(
        (MEAN,),
        engineers=("playbook", "agent"),
        models=("openai:small@http://h:1/v1", "o3"),
        hints=(False, True),
        llm=LlmSettings(panel=("o3",), max_cost_usd=2.0),
    )
    attempts = spec.attempts()
    assert len({each.id for each in attempts}) == len(attempts) == 6
    asked = {(each.engineer, each.llm.model, each.hints) for each in attempts}
    assert asked == {
        ("playbook", "", False), ("agent", "openai:small@http://h:1/v1", False), ("agent", "o3", False),
        ("playbook", "", True), ("agent", "openai:small@http://h:1/v1", True), ("agent", "o3", True),
    }  # fmt: skip
    assert {each.llm.max_cost_usd for each in attempts if each.engineer == "agent"} == {2.0}
    assert attempts[1].id == "mean-agent-openai-small-nohints-seed0"


def test_a_team_follows_its_members_with_a_share_of_their_time() -> None:
    attempts = RunSpec(
        (MEAN,),
        engineers=("playbook", "agent"),
        seeds=(0, 1),
        llm=LlmSettings(model="o3"),
        team=True,
    ).attempts()
    assert [each.engineer for each in attempts] == ["playbook", "agent", "team"] * 2
    assert attempts[2].members == ("mean-playbook-seed0", "mean-agent-seed0")
    assert attempts[2].limits.attempt_seconds == TEAM_SHARE * attempts[0].limits.attempt_seconds


def test_specs_survive_json_and_old_ones_are_read() -> None:
    llm = LlmSettings(model="o3", panel=("o3", "DeepSeek-R1"), critic="o3", max_cost_usd=1.5, max_tokens=10)
    spec = RunSpec((MEAN,), engineers=("agent",), llm=llm, models=("o3",), hints=(True, False), team=True)
    assert RunSpec.from_dict(json.loads(json.dumps(spec.as_dict()))) == spec
    for attempt in spec.attempts():
        assert AttemptSpec.from_dict(json.loads(json.dumps(attempt.as_dict()))) == attempt
    old = {"tasks": [{"path": "/a", "family": "compete", "settings": {}}], "engineers": ["playbook"]}
    old |= {"seeds": [0], "limits": {}, "sandbox": "auto", "hints": False, "jobs": None}
    assert RunSpec.from_dict(old).hints == (False,)
    attempt = {"id": "x", "task": old["tasks"][0], "limits": {}, "engineer": "playbook", "seed": 0}
    assert AttemptSpec.from_dict(attempt).llm == LlmSettings()


def test_a_set_says_what_may_be_asked_and_how_much(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    file = tmp_path / "set.yaml"
    file.write_text(
        "tasks: [one]\nengineers: [agent]\nmodels: o3\npanel: [o3, DeepSeek-R1]\ncritic: o3\n"
        "max_cost: 2\nmax_tokens: 1000\ncache: true\nrequest_time: 90s\nteam: true\nhints: [true, false]\n"
    )
    spec = read_set(file, None)
    assert spec.llm == LlmSettings("", ("o3", "DeepSeek-R1"), "o3", 2.0, 1000, True, 90.0)
    assert (spec.models, spec.team, spec.hints) == (("o3",), True, (True, False))


@pytest.mark.parametrize(
    "line",
    [
        "max_cost: -1",
        "max_cost: much",
        "models: [1]",
        "cache: 3",
        "panel: {a: b}",
        "critic: 3",
        "jobs: 0",
        "jobs: few",
    ],
)
def test_a_wrong_line_about_language_models_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "set.yaml").write_text(f"tasks: [one]\n{line}\n")
    with pytest.raises(UsageError, match=line.split(":")[0]):
        read_set(tmp_path / "set.yaml", None)


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (AttemptSpec("a", MEAN, "agent"), "--model"),
        (AttemptSpec("a", MEAN, "evolution"), "--model"),
        (AttemptSpec("a", MEAN, "agent", llm=LlmSettings("anthropic:claude-x")), "ANTHROPIC_API_KEY"),
        (AttemptSpec("a", MEAN, "evolution", llm=LlmSettings("o3")), "OPENAI_API_KEY"),
        (AttemptSpec("a", MEAN, "agent", llm=LlmSettings("wizardry")), "does not name a language model"),
        (
            AttemptSpec("a", MEAN, "agent", llm=LlmSettings("ollama:x", panel=("nobody:x",))),
            "does not name a language model",
        ),
        (AttemptSpec("a", MEAN, "guest"), "door"),
    ],
)
def test_what_cannot_work_is_refused_with_what_is_missing(
    installed_families: None, attempt: AttemptSpec, said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        refuse_what_cannot_work([attempt])
    assert said in str(refused.value)


def test_a_family_without_a_workshop_is_left_to_its_playbook(
    installed_families: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(type(find_family("mean")), "workshop")
    with pytest.raises(UsageError, match="workshop"):
        refuse_what_cannot_work([AttemptSpec("a", MEAN, "agent", llm=LlmSettings("ollama:x"))])
    refuse_what_cannot_work([AttemptSpec("a", MEAN)])


@pytest.mark.parametrize(
    "llm",
    [
        LlmSettings("ollama:x"),
        LlmSettings("openai:x@http://127.0.0.1:1/v1"),
        LlmSettings("hf:/models/x"),
        LlmSettings("ollama:x", panel=("o3",)),  # a member without a key is left out when it is asked
    ],
)
def test_what_needs_no_key_is_not_refused(installed_families: None, llm: LlmSettings) -> None:
    refuse_what_cannot_work([AttemptSpec("a", MEAN, "agent", llm=llm)])


def test_language_models_that_nobody_would_ask_are_refused() -> None:
    with pytest.raises(UsageError, match="playbook asks no"):
        refuse_unused_models(RunSpec((MEAN,), models=("o3",)))


def test_a_refused_run_leaves_nothing(write_set: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no key for anthropic:claude-x"):
        api.run(write_set(models=["anthropic:claude-x"]), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


# ------------------------------------------------------------------- at work


def test_every_engineer_that_can_be_named_is_made(installed_families: None, tmp_path: Path) -> None:
    family, store = find_family("mean"), FileStore(tmp_path)
    for name in ("playbook", "agent", "evolution", "team"):
        spec = AttemptSpec("a", MEAN, name, llm=LlmSettings("ollama:x"))
        assert engineer_for(spec, family, {}, store).name == name
    with pytest.raises(UsageError):
        engineer_for(AttemptSpec("a", MEAN, "guest"), family, {}, store)


def test_what_was_asked_is_counted_in_money_and_tokens(
    write_set: Callable[..., Path],
    provider: ScriptedProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEDALIST_PRICES", "openai:scripted=1000/1000")
    assert api.run(write_set(), out=tmp_path / "run").valid
    figures, events = read(tmp_path / "run", "mean-task-agent-seed0")
    calls = [event.data for event in events if event.kind == "llm_call"]
    assert len(calls) == len(provider.requests) == 3
    assert figures["cost_usd"] == pytest.approx(sum(each["cost_usd"] for each in calls))
    assert figures["cost_usd"] > 0
    assert figures["tokens"] == sum(each["input_tokens"] + each["output_tokens"] for each in calls) > 0


def test_a_limit_in_money_ends_an_attempt_and_is_told(
    write_set: Callable[..., Path],
    provider: ScriptedProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEDALIST_PRICES", "openai:scripted=1000/1000")
    api.run(write_set(), llm={"max_cost_usd": 0.0001}, out=tmp_path / "run")
    record = FileStore(tmp_path / "run").attempts()[0]
    assert record.spec.llm.max_cost_usd == 0.0001
    assert record.state == "limit"
    assert "$0.0001 is left" in record.reason
    assert provider.requests == []


def test_more_attempts_than_cores_share_them_when_asked_for(
    write_set: Callable[..., Path], tmp_path: Path
) -> None:
    many = len(os.sched_getaffinity(0)) + 2
    file = write_set(seeds=many, jobs=many)
    result = api.run(file, out=tmp_path / "run")
    assert result.valid
    spans = []
    for name in result.states:
        _, events = read(tmp_path / "run", name)
        started = next(event for event in events if event.kind == "attempt_started")
        assert started.data["hardware"]["cores"] == 1
        spans.append((started.time, events[-1].time))
    assert max(begin for begin, _ in spans) < min(end for _, end in spans), "all at work at one moment"


def test_several_engineers_are_joined_by_a_team_that_waits_for_them(
    write_set: Callable[..., Path], tmp_path: Path
) -> None:
    file = write_set(engineers=["playbook", "agent"], team=True, jobs=3)
    result = api.run(file, out=tmp_path / "run")
    *members, team = result.states
    assert team == "mean-task-team-seed0"
    assert set(result.states.values()) == {"finished"}
    ended = [read(tmp_path / "run", name)[1][-1].time for name in members]
    assert read(tmp_path / "run", team)[1][0].time >= max(ended)
    assert result.results[team].valid


def test_a_resumed_run_asks_for_its_key_again(write_set: Callable[..., Path], tmp_path: Path) -> None:
    file = write_set()
    api.run(file, out=tmp_path / "run")
    for path in [tmp_path / "run" / "run.json", *(tmp_path / "run").glob("*/attempt.json")]:
        text = path.read_text().replace("openai:scripted@", "openai:scripted-elsewhere@")
        data = json.loads(text)
        if "state" in data:
            data["state"], data["spec"]["llm"]["model"] = "interrupted", "o3"
        path.write_text(json.dumps(data))
    with pytest.raises(UsageError, match="no key"):
        api.resume(tmp_path / "run")


def test_the_playbook_asks_nobody_and_loads_nothing_of_language_models(
    scripted_task: Callable[..., Path], tmp_path: Path
) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom medalist.runs.attempt import run_attempt\n"
        "from medalist.runs.spec import RunSpec, TaskSpec\nfrom medalist.runs.store import FileStore\n"
        f"store = FileStore(Path({str(tmp_path / 'run')!r}))\n"
        f"store.create(RunSpec((TaskSpec(Path({str(scripted_task('submit 3'))!r}), 'scripted'),)))\n"
        "print(run_attempt(store, store.attempts()[0].spec.id).record.state)\n"
        "heavy = {'pydantic', 'pydantic_ai', 'openai', 'anthropic', 'mcp', 'httpx', 'httpx2', 'transformers'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split("\n")[:2] == ["finished", "[]"], told


def test_only_what_is_asked_is_imported_before_attempts_fork() -> None:
    def preloaded(name: str) -> tuple[str, ...]:
        return modules_to_preload([AttemptSpec("a", MEAN, "agent", llm=LlmSettings(name))])

    assert modules_to_preload([AttemptSpec("a", MEAN)]) == ()
    assert preloaded("o3") == ("pydantic_ai.models.openai", "medalist.engineers.agent")
    assert preloaded("claude-x") == ("pydantic_ai.models.anthropic", "medalist.engineers.agent")
    assert "pydantic_ai.models.openai" in modules_to_preload(
        [AttemptSpec("a", MEAN, "agent", llm=LlmSettings("claude-x", ("deepseek-r1",)))]
    )
