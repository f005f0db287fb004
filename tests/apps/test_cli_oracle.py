"""`medalist oracle` from the command line: what stands on stdout and stderr, what is kept, and how it exits."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from medalist.core.event import read_events
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, call, cast, fail, say

KEY = "sk-test-0123456789abcdef"
JSON_KEYS = [
    "kind", "verdict", "by", "members", "critic", "note", "tokens", "cost_usd", "took_seconds", "transcript",
]  # fmt: skip
LEAKY = (
    "from sklearn.preprocessing import StandardScaler\n"
    "from sklearn.model_selection import train_test_split\n"
    "X = StandardScaler().fit_transform(X)\n"
    "a, b = train_test_split(X)\n"
    "model.fit(a)\n"
)


def judge(turn: Turn) -> Reply:
    return call(
        turn.tools[0],
        decision="must_fix",
        must_fix=["train.py line 3: the scaler sees every row"],
        plan="Fit it **inside** the fold.",
        batch_size=None,
        gpu_use="none needed",
        leakage="the scaler",
        resuming="quick enough without",
        metric="accuracy",
    )


PARTS = {"o3": say("The scaler leaks."), "deepseek-reasoner": say("Yes, line 3."), "judge": judge}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """No key of this machine's, and a home of the test's own."""
    absent = dict.fromkeys(("ANTHROPIC_API_KEY", "DEEPSEEK_API_KEY", "OPENAI_API_KEY", "MEDALIST_PANEL"), "")
    return {**absent, "MEDALIST_HOME": str(tmp_path / "home"), "COLUMNS": "120"}


@pytest.fixture
def serve() -> Iterator[Callable[..., list[str]]]:
    """Starts a scripted provider; gives the options that make its models panel and critic."""
    with ExitStack() as stack:

        def start(**parts: object) -> list[str]:
            reply = cast({**PARTS, **{name.replace("_", "-"): part for name, part in parts.items()}})
            provider = stack.enter_context(ScriptedProvider(reply))
            at = f"@{provider.base_url_openai}"
            panel = f"openai:o3{at},openai:deepseek-reasoner{at}"
            return ["--panel", panel, "--critic", f"openai:judge{at}"]

        yield start


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(LEAKY)
    return path


def test_answers_and_verdict_on_stdout_progress_on_stderr(
    medalist: Callable, serve: Callable, env: dict, script: Path
) -> None:
    told = medalist("oracle", "Ready?", "--file", script, *serve(), env={**env, "OPENAI_API_KEY": KEY})
    assert told.status == 0
    for shown in (
        "O3",
        "The scaler leaks.",
        "DeepSeek-R1",
        "Yes, line 3.",
        "Verdict by judge",
        "Must be fixed",
        "inside",
    ):
        assert shown in told.out, shown
    assert "🔮 Oracle: Consulting O3 and DeepSeek-R1 in parallel..." in told.err
    assert "🔮" not in told.out
    assert KEY not in told.out + told.err


def test_json_is_the_last_line_and_the_transcript_is_kept(
    medalist: Callable, serve: Callable, env: dict, script: Path
) -> None:
    told = medalist(
        "oracle", "Ready?", "--file", script, *serve(), "--json", env={**env, "OPENAI_API_KEY": KEY}
    )
    assert told.status == 0
    assert len(told.out.splitlines()) == 1
    assert list(told.json) == JSON_KEYS
    assert told.json["kind"] == "review"
    assert told.json["by"] == "critic"
    assert told.json["verdict"]["must_fix"] == ["train.py line 3: the scaler sees every row"]
    assert [(each["name"], each["status"]) for each in told.json["members"]] == [
        ("O3", "answered"),
        ("DeepSeek-R1", "answered"),
    ]
    assert told.json["tokens"] > 0
    folder = Path(told.json["transcript"])
    assert folder.parent == Path(env["MEDALIST_HOME"]) / "oracle"
    kinds = [event.kind for event in read_events(folder / "events.jsonl")]
    assert kinds.count("oracle_answered") == 2
    lines = [json.loads(line) for line in (folder / "llm.jsonl").read_text().splitlines()]
    assert {line["role"] for line in lines} == {"oracle", "critic"}
    assert not any(KEY in path.read_text() for path in folder.iterdir())


def test_the_panel_may_come_from_the_environment(medalist: Callable, serve: Callable, env: dict) -> None:
    _, panel, *critic = serve()
    told = medalist("oracle", "How?", *critic, "--json", env={**env, "MEDALIST_PANEL": panel})
    assert [each["name"] for each in told.json["members"]] == ["O3", "DeepSeek-R1"]
    assert told.json["kind"] == "strategy"


def test_a_model_alone_is_panel_and_critic(medalist: Callable, env: dict) -> None:
    def alone(turn: Turn) -> Reply:
        return judge(turn) if turn.tools else say("Alone.")

    with ScriptedProvider(alone) as provider:
        name = f"openai:mine@{provider.base_url_openai}"
        # The key belongs to that server: nothing may be sent to the provider it is named after.
        told = medalist("oracle", "How?", "--model", name, "--json", env={**env, "OPENAI_API_KEY": KEY})
    assert [each["model"] for each in told.json["members"]] == [name]
    assert told.json["critic"] == "mine"


def test_without_any_model_the_hints_review_a_script_and_say_so(
    medalist: Callable, env: dict, script: Path
) -> None:
    told = medalist("oracle", "Ready?", "--file", script, env=env)
    assert told.status == 0
    assert "no language model is configured" in told.out
    assert "Verdict by the training hints" in told.out
    assert "line 3" in told.out
    as_json = medalist("oracle", "Ready?", "--file", script, "--json", env=env)
    assert list(as_json.json) == JSON_KEYS
    assert as_json.json["by"] == "hints"
    assert as_json.json["verdict"]["decision"] == "must_fix"


@pytest.mark.parametrize(
    "arguments", [[], ["--panel", "o3,DeepSeek-R1"]], ids=["no model", "no member has a key"]
)
def test_with_nobody_to_answer_it_says_what_to_set(medalist: Callable, env: dict, arguments: list) -> None:
    told = medalist("oracle", "How?", *arguments, "--json", env=env)
    assert told.status == 1
    assert "OPENAI_API_KEY" in told.err
    assert "DEEPSEEK_API_KEY" in told.err
    assert list(told.json) == JSON_KEYS
    assert told.json["verdict"] is None
    assert [each["status"] for each in told.json["members"]] == ["left_out"] * (2 if arguments else 0)


@pytest.mark.parametrize("kind", ["review", "debug"])
def test_a_panel_that_cannot_answer_leaves_the_hint_review_and_status_1(
    medalist: Callable, env: dict, script: Path, kind: str
) -> None:
    told = medalist("oracle", "Why?", "--panel", "o3", "--kind", kind, "--file", script, env=env)
    assert told.status == 1
    assert "Verdict by the training hints" in told.out
    assert "export OPENAI_API_KEY" in told.out


def test_a_failing_member_is_named_and_the_rest_give_a_verdict(
    medalist: Callable, serve: Callable, env: dict
) -> None:
    told = medalist("oracle", "How?", *serve(o3=fail(401, "no such key")), env=env)
    assert told.status == 0
    assert "O3 was left out" in told.out
    assert "Verdict by judge" in told.out


def test_the_limit_in_money_is_kept(medalist: Callable, serve: Callable, env: dict) -> None:
    prices = "openai:o3=1000/1000,openai:deepseek-reasoner=0/0,openai:judge=0/0"
    told = medalist(
        "oracle", "How?", *serve(), "--max-cost", "0.01", "--json", env={**env, "MEDALIST_PRICES": prices}
    )
    assert told.status == 0
    assert [each["status"] for each in told.json["members"]] == ["left_out", "answered"]
    assert told.json["cost_usd"] <= 0.01


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "poem"], "strategy, review, debug"),
        (["--panel", "nobody"], "does not name a language model"),
        (["--file", "missing.py"], "no such file"),
        (["--file", "."], "folder"),
    ],
)
def test_wrong_usage_is_status_2(medalist: Callable, env: dict, arguments: list, said: str) -> None:
    told = medalist("oracle", "How?", *arguments, "--json", env=env)
    assert told.status == 2
    assert said in told.err
    assert list(told.json) == JSON_KEYS


def test_ctrl_c_ends_in_the_json_line_with_what_was_answered(
    start_medalist: Callable, serve: Callable, env: dict
) -> None:
    process = start_medalist(
        "oracle", "How?", *serve(deepseek_reasoner=say("late").slow(60)), "--json", env=env
    )
    assert process.stderr is not None
    while "The scaler leaks." not in (line := process.stderr.readline()):
        assert line, "it ended before a member had answered"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert [each["text"] for each in json.loads(out.splitlines()[-1])["members"]] == ["The scaler leaks."]
