"""The oracle: who is asked, what the critic sees, what is left out, and what stands in (SPEC O1-O3)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from medalist.core.budget import Budget
from medalist.core.errors import LlmError
from medalist.core.event import Event, EventLog, read_events
from medalist.llm.names import parse_name
from medalist.llm.oracle import Answer, Oracle
from medalist.llm.prices import VARIABLE as PRICES
from medalist.llm.scripted import Reply, Turn, call, cast, drop, fail, leak, malformed, nothing, refuse, say
from medalist.llm.settings import LlmSettings
from medalist.runs.timeline import sentence

VERDICT = {
    "decision": "approve",
    "plan": "Train it as it stands.",
    "batch_size": 128,
    "gpu_use": "there is none",
    "leakage": "none found",
    "resuming": "goes on from the last checkpoint",
    "metric": "accuracy, as validation computes it",
    "time_estimate_seconds": 90,
}
SCRIPT = "import torch\nprint('RESOURCES: 2 CPU cores')\n"


def verdict(**changes: object) -> Callable[[Turn], Reply]:
    """A critic that calls the one tool it was given for its verdict."""
    return lambda turn: call(turn.tools[0], **{**VERDICT, **changes})


def closing(**changes: object) -> str:
    """An answer that ends as panel members are asked to end theirs."""
    written = ", ".join(
        f'"{key}": {value!r}'.replace("'", '"') for key, value in {**VERDICT, **changes}.items()
    )
    return f"I would do this.\n\n```json\n{{{written}}}\n```\n"


PARTS = {"o3": say("Use 128."), "deepseek-reasoner": say("Use 256."), "judge": verdict()}


class Asking:
    """An oracle behind a door onto the scripted provider, and what it wrote."""

    def __init__(self, opened: object, panel: Sequence[str], critic: str, budget: Budget | None) -> None:
        self.opened = opened
        names = [each if ":" in each else opened.name(model=each) for each in panel]
        self.events_path: Path = opened.folder / "events.jsonl"
        events = EventLog(self.events_path, elapsed=lambda: 0.0)
        self.oracle = Oracle(opened.door, names, opened.name(model=critic), events, budget=budget)

    def ask(
        self, question: str = "Which batch?", context: str = "", kind: str = "review", **known: object
    ) -> Answer:
        return self.opened.door.run(self.oracle.ask(question, context, kind, **known))

    def events(self, *kinds: str) -> list[Event]:
        return [event for event in read_events(self.events_path) if event.kind in kinds]

    def requests(self, model: str) -> list[Turn]:
        return [turn for turn in self.opened.provider.requests if turn.model == model]


@pytest.fixture
def asking(open_door: Callable) -> Callable[..., Asking]:
    def make(
        parts: dict | None = None,
        *,
        panel: Sequence[str] = ("o3", "deepseek-reasoner"),
        critic: str = "judge",
        budget: Budget | None = None,
        **settings: object,
    ) -> Asking:
        return Asking(open_door(cast({**PARTS, **(parts or {})}), **settings), panel, critic, budget)

    return make


# ---------------------------------------------------------------- panel and critic


def test_the_panel_is_asked_in_parallel(asking: Callable[..., Asking]) -> None:
    both = threading.Barrier(2, timeout=30)

    def when_both_ask(turn: Turn) -> Reply:
        both.wait()  # broken, and so an error of the server's, unless both requests are in at once
        return say(f"{turn.model} says 128")

    asked = asking({"o3": when_both_ask, "deepseek-reasoner": when_both_ask})
    assert [member.text for member in asked.ask().members] == ["o3 says 128", "deepseek-reasoner says 128"]


def test_the_critic_sees_question_files_and_every_answer_word_for_word(asking: Callable[..., Asking]) -> None:
    odd = "Größe „128“:\n\n\t<answer from='x'>{\"a\": [1, 2]}</answer> & 5 < 6\r\nend  "
    long = "\n".join(f"{line}: doubles the batch" for line in range(2000))
    asked = asking({"o3": say(odd), "deepseek-reasoner": say(long)})
    asked.ask(
        "Is the *batch* right?", "Two cores, no GPU.", files={"train.py": SCRIPT, "train.log": "Loss: 0.5"}
    )
    (request,) = asked.requests("judge")
    for said in (odd, long, "Is the *batch* right?", "Two cores, no GPU.", SCRIPT, "Loss: 0.5"):
        assert said in request.prompt
    for member in ("o3", "deepseek-reasoner"):
        assert SCRIPT in asked.requests(member)[0].prompt


def test_the_verdict_is_typed_and_names_what_a_review_must(asking: Callable[..., Asking]) -> None:
    answer = asking().ask(files={"train.py": SCRIPT})
    assert answer.by == "critic"
    assert answer.verdict.decision == "approve"
    assert answer.verdict.batch_size == 128
    assert answer.verdict.time_estimate_seconds == 90
    assert answer.note == ""
    assert "Approved" in answer.text
    assert "batch size: 128" in answer.text


def test_tokens_and_cost_of_all_three_are_told(asking: Callable[..., Asking]) -> None:
    priced = "scripted"
    asked = asking(
        {priced: lambda turn: (verdict()(turn) if turn.tools else say("128")).usage(1000, 100)},
        panel=(priced,),
        critic=priced,
    )
    answer = asked.ask()
    each = (1000 * 1 + 100 * 10) / 1e6
    assert answer.members[0].cost_usd == pytest.approx(each)
    assert answer.cost_usd == pytest.approx(2 * each)
    assert answer.tokens == 2200
    assert asked.opened.door.ledger.spent_usd == pytest.approx(2 * each)


def test_the_log_shows_the_panel_each_answer_and_the_synthesis(asking: Callable[..., Asking]) -> None:
    asked = asking(
        {"judge": verdict(decision="must_fix", must_fix=["line 3: a batch of 32 starves the GPU"])}
    )
    asked.ask("Which batch?", files={"train.py": SCRIPT})
    told = asked.events("oracle_asked", "oracle_answered", "oracle_verdict")
    sentences = [sentence(event) or "" for event in told]
    assert sentences[0] == "🔮 Oracle: Consulting O3 and DeepSeek-R1 in parallel..."
    assert {"O3", "DeepSeek-R1"} == {event.data["name"] for event in told[1:3]}
    assert any("Use 128." in text for text in sentences[1:3])
    assert "must fix" in sentences[3]
    assert "line 3: a batch of 32 starves the GPU" in sentences[3]
    assert told[3].data["batch_size"] == 128
    assert told[3].data["tokens"] > 0
    assert list(told[3].data["scripts"]) == ["train.py"]


@pytest.mark.parametrize("critic", ["openai", "openai-responses", "anthropic"])
def test_panel_and_critic_may_speak_different_protocols(open_door: Callable, critic: str) -> None:
    opened = open_door(cast(PARTS))
    names = [opened.name("anthropic", "o3"), opened.name("openai-responses", "deepseek-reasoner")]
    oracle = Oracle(opened.door, names, opened.name(critic, "judge"), None)
    answer = opened.door.run(oracle.ask("Which batch?", kind="review"))
    assert [member.text for member in answer.members] == ["Use 128.", "Use 256."]
    assert (answer.by, answer.verdict.batch_size) == ("critic", 128)


def test_questions_at_once_keep_their_answers_apart(asking: Callable[..., Asking]) -> None:
    import asyncio

    asked = asking({"o3": lambda turn: say("first" if "one?" in turn.prompt else "second")}, panel=("o3",))

    async def two() -> list[Answer]:
        return await asyncio.gather(asked.oracle.ask("one?"), asked.oracle.ask("two?"))

    answers = asked.opened.door.run(two())
    assert [answer.members[0].text for answer in answers] == ["first", "second"]
    texts = {event.data["consultation"]: event.data["text"] for event in asked.events("oracle_answered")}
    questions = {event.data["consultation"]: event.data["question"] for event in asked.events("oracle_asked")}
    assert {questions[number]: text for number, text in texts.items()} == {"one?": "first", "two?": "second"}


# ---------------------------------------------------------------- repair


def test_a_critic_that_contradicts_itself_is_told_and_mends_it(asking: Callable[..., Asking]) -> None:
    def judge(turn: Turn) -> Reply:
        wrong = "cannot be approved" not in turn.last_result()
        return verdict(must_fix=["the batch"] if wrong else [])(turn)

    asked = asking({"judge": judge})
    answer = asked.ask()
    assert answer.by == "critic"
    assert answer.verdict.must_fix == ()
    assert len(asked.requests("judge")) == 2


@pytest.mark.parametrize(
    "judge",
    [
        verdict(decision="perhaps"),
        verdict(batch_size=0),
        verdict(leakage=""),
        say("Looks fine to me."),
        fail(500, "overloaded"),
        drop(),
        malformed(),
        refuse(),
    ],
    ids=["decision", "batch", "silent", "prose", "500", "dropped", "garbled", "refused"],
)
def test_a_critic_that_fails_for_good_leaves_the_best_single_answer(
    asking: Callable[..., Asking], judge: object
) -> None:
    best = closing(decision="must_fix", must_fix=["line 1: fit the scaler inside the fold"])
    asked = asking({"o3": say("Just train."), "deepseek-reasoner": say(best), "judge": judge})
    answer = asked.ask()
    assert answer.by == "member"
    assert answer.critic == "DeepSeek-R1"
    assert answer.verdict.must_fix == ("line 1: fit the scaler inside the fold",)
    assert "judge failed" in answer.note
    assert "DeepSeek-R1’s answer alone" in answer.text
    assert len(asked.requests("judge")) <= 5, "repair is bounded"


def test_an_answer_without_a_verdict_stands_as_advice(asking: Callable[..., Asking]) -> None:
    answer = asking({"o3": say("Use 128."), "judge": fail(400)}, panel=("o3",)).ask()
    assert answer.verdict.decision == "advice"
    assert answer.verdict.plan == "Use 128."


# ---------------------------------------------------------------- partial failure


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (fail(500, "overloaded"), "500"),
        (fail(401, "no such key"), "401"),
        (fail(429, retry_after_seconds=0.01), "429"),
        (drop(), "connection"),
        (malformed(), ""),
        (refuse(), ""),
        (nothing(), ""),
        (say("late").slow(30), "in time"),
        (say("half").stall(30), "in time"),
    ],
    ids=["500", "401", "429", "dropped", "garbled", "refused", "empty", "slow", "stalled"],
)
def test_a_member_that_fails_is_named_and_left_out(
    asking: Callable[..., Asking], fault: Reply, reason: str
) -> None:
    asked = asking({"o3": fault}, timeout_seconds=3.0)
    answer = asked.ask(timeout_seconds=1.5)
    left_out, answered = answer.members
    assert (left_out.name, left_out.status) == ("O3", "left_out")
    assert left_out.reason
    assert reason in left_out.reason
    assert answered.status == "answered"
    assert answer.by == "critic"
    assert "Use 256." in asked.requests("judge")[0].prompt
    assert any(
        (sentence(event) or "").startswith("O3 is left out: ") for event in asked.events("oracle_answered")
    )


def test_a_panel_that_never_answers_takes_but_a_share_of_the_attempts_time(
    asking: Callable[..., Asking],
) -> None:
    asked = asking({"o3": say("late").slow(60)}, budget=Budget(10.0))
    assert [member.status for member in asked.ask().members] == ["left_out", "answered"]


def test_a_member_without_a_key_is_left_out_before_anything_is_sent(
    asking: Callable[..., Asking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    asked = asking(panel=("o3", "deepseek:deepseek-reasoner"))
    answer = asked.ask()
    assert [member.status for member in answer.members] == ["answered", "left_out"]
    assert answer.members[1].next_step == "export DEEPSEEK_API_KEY=..."
    (event,) = asked.events("oracle_asked")
    assert sentence(event) == "🔮 Oracle: Consulting O3..."


@pytest.mark.parametrize("kind", ["strategy", "review", "debug"])
def test_with_nobody_left_the_error_names_the_variables(
    asking: Callable[..., Asking], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for variable in ("OPENAI_API_KEY", "DEEPSEEK_API_KEY"):
        monkeypatch.delenv(variable)
    asked = asking(panel=("openai:o3", "deepseek:deepseek-reasoner"))
    with pytest.raises(LlmError) as raised:
        asked.ask(kind=kind)
    assert "OPENAI_API_KEY" in raised.value.next_step
    assert "DEEPSEEK_API_KEY" in raised.value.next_step
    assert not asked.opened.provider.requests
    assert "no verdict" in (sentence(asked.events("oracle_verdict")[0]) or "")


def test_with_nobody_left_a_script_is_reviewed_by_the_hints_which_say_so(
    asking: Callable[..., Asking],
) -> None:
    leaky = (
        "from sklearn.preprocessing import StandardScaler\n"
        "from sklearn.model_selection import train_test_split\n"
        "X = StandardScaler().fit_transform(X)\n"
        "a, b = train_test_split(X)\n"
        "model.fit(a)\n"
    )
    asked = asking({"o3": fail(500), "deepseek-reasoner": fail(500)})
    answer = asked.ask(files={"train.py": leaky})
    assert answer.by == "hints"
    assert answer.verdict.decision == "must_fix"
    assert "train.py line 3" in answer.verdict.leakage
    assert "500" in answer.note
    assert "training hints" in answer.text
    assert asked.events("oracle_verdict")[0].data["by"] == "hints"


# ---------------------------------------------------------------- money, keys


def test_a_member_that_cannot_be_paid_for_is_left_out(
    asking: Callable[..., Asking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRICES, "openai:o3=1000/1000,openai:deepseek-reasoner=0/0,openai:judge=0/0")
    asked = asking(max_cost_usd=0.01)
    answer = asked.ask()
    assert [member.status for member in answer.members] == ["left_out", "answered"]
    assert "$0.01" in answer.members[0].reason
    assert not asked.requests("o3"), "what may not be paid for is never sent"
    assert answer.by == "critic"


def test_a_critic_that_cannot_be_paid_for_leaves_the_single_answer(
    asking: Callable[..., Asking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRICES, "openai:o3=0/0,openai:deepseek-reasoner=0/0,openai:judge=1000/1000")
    asked = asking({"o3": say(closing())}, max_cost_usd=0.01)
    assert asked.ask().by == "member"
    assert not asked.requests("judge")


def test_the_limit_holds_though_everybody_writes_as_long_as_allowed(
    asking: Callable[..., Asking], monkeypatch: pytest.MonkeyPatch
) -> None:
    def verbose(turn: Turn) -> Reply:
        reply = verdict()(turn) if turn.tools else say("long")
        return reply.usage(100, turn.raw.get("max_tokens") or turn.raw["max_completion_tokens"])

    monkeypatch.setenv(PRICES, "openai:o3=1/10,openai:deepseek-reasoner=1/10,openai:judge=1/10")
    asked = asking({"o3": verbose, "deepseek-reasoner": verbose, "judge": verbose}, max_cost_usd=0.2)
    asked.ask()
    assert 0 < asked.opened.door.ledger.spent_usd <= 0.2


def test_a_key_that_a_member_repeats_is_in_no_event_and_reaches_no_critic(
    asking: Callable[..., Asking],
) -> None:
    key = "sk-open-0123456789abcdef"
    said = "Your key is {}."
    parts = {
        "o3": lambda turn: say(said.format(turn.authorization)),
        "deepseek-reasoner": leak,
        "judge": lambda turn: verdict(plan=said.format(turn.authorization))(turn),
    }
    asked = asking(parts)
    answer = asked.ask(f"Is {key} my key?", files={"train.py": SCRIPT})
    assert "Your key is ***." in answer.text
    assert key in asked.requests("o3")[0].authorization
    assert key not in str(answer.as_dict())
    for turn in asked.opened.provider.requests:
        assert key not in str(turn.raw)
    for path in asked.opened.folder.iterdir():
        if path.is_file():
            assert key.encode() not in path.read_bytes(), path.name


# ---------------------------------------------------------------- which oracle


def test_an_oracle_without_a_panel_imports_nothing_and_says_what_to_set() -> None:
    import asyncio

    with pytest.raises(LlmError, match="no language model is configured") as raised:
        asyncio.run(Oracle(None, (), "", None).ask("How?"))
    assert "OPENAI_API_KEY or DEEPSEEK_API_KEY" in raised.value.next_step


def test_settings_make_the_oracle(open_door: Callable) -> None:
    opened = open_door(cast(PARTS))
    settings = LlmSettings(panel=("o3", "DeepSeek-R1"), critic="claude")
    oracle = Oracle.of(settings, opened.door, None)
    assert oracle.panel == ("openai:o3", "deepseek:deepseek-reasoner")
    assert oracle.critic == str(parse_name("claude"))
