"""Verdicts hold together, panels are chosen as asked, and the review by hints judges what it can."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from medalist.core.errors import UsageError
from medalist.hints.book import load_hints, template_text
from medalist.llm.panel import Panel, choose_panel
from medalist.llm.questions import Question
from medalist.llm.settings import LlmSettings
from medalist.llm.stand_in import LEAKAGE, PRECISION, SAVING, review_by_hints
from medalist.llm.verdict import FIELDS, ReviewVerdict, Verdict, closing_verdict
from medalist.machine.hardware import Gpu, Hardware
from medalist.training.review import ScriptFacts

REVIEWED = {"gpu_use": "none", "leakage": "none", "resuming": "yes", "metric": "f1"}
APPROVED = {"decision": "approve", "plan": "Go.", "batch_size": 64, **REVIEWED}


def machine(*gpus: Gpu) -> Hardware:
    return Hardware(8, tuple(range(8)), 32 * 2**30, gpus, "linux", "", "test")


# ---------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"decision": "must_fix", "plan": "x"}, "at least one item"),
        ({"decision": "approve", "plan": "x", "must_fix": ("y",)}, "cannot be approved"),
        ({"decision": "advice", "plan": "  "}, "the plan is empty"),
        ({"decision": "advice", "plan": "x", "batch_size": 0}, "batch_size"),
        ({"decision": "advice", "plan": "x", "time_estimate_seconds": -1.0}, "time_estimate_seconds"),
        ({"decision": "advice", "plan": "x", "time_estimate_seconds": float("nan")}, "time_estimate_seconds"),
    ],
)
def test_a_verdict_that_contradicts_itself_is_none(fields: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Verdict(**fields)


def test_every_field_of_a_verdict_is_explained_to_those_who_fill_it_in() -> None:
    assert FIELDS.keys() == Verdict(decision="advice", plan="x").as_dict().keys()
    prompt = Question("q", "review", files={"train.py": "pass"}).for_panel()
    assert all(f"- {name}: " in prompt for name in FIELDS)


@pytest.mark.parametrize("unsaid", list(REVIEWED))
def test_a_review_answers_every_question_of_a_review(unsaid: str) -> None:
    with pytest.raises(ValueError, match=unsaid):
        ReviewVerdict(decision="approve", plan="Go.", **{**REVIEWED, unsaid: " "})


@pytest.mark.parametrize(
    ("text", "batch"),
    [
        (json.dumps(APPROVED), 64),
        (f"Fine.\n```json\n{json.dumps(APPROVED, indent=2)}\n```\nGood luck!", 64),
        (f"{{braces}} {{'a': 1}} {json.dumps({**APPROVED, 'batch_size': 1})} no: {json.dumps(APPROVED)}", 64),
        (f"{json.dumps(APPROVED)} and {json.dumps({'decision': 'perhaps'})}", 64),
        (json.dumps({**APPROVED, "confidence": 0.9}), 64),
        (json.dumps({**APPROVED, "batch_size": None}), None),
    ],
)
def test_a_verdict_is_found_at_an_answers_end(text: str, batch: int | None) -> None:
    found = closing_verdict(text, "review")
    assert found is not None
    assert found.batch_size == batch


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "{",
        "{}",
        "[1, 2]",
        '{"decision": "approve"}',
        json.dumps({**APPROVED, "batch_size": "many"}),
    ],
)
def test_what_is_no_verdict_is_not_taken_for_one(text: str) -> None:
    assert closing_verdict(text, "review") is None


def test_a_verdict_reads_as_text() -> None:
    text = Verdict(decision="must_fix", plan="Then go.", must_fix=("a: b", "c: d"), batch_size=9).as_text()
    assert text == "Must be fixed before launch:\n1. a: b\n2. c: d\n\n- batch size: 9\n\nThen go."


# ---------------------------------------------------------------- panels

BOTH = {"OPENAI_API_KEY": "x", "DEEPSEEK_API_KEY": "y"}
SERVER = "openai:m@http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("settings", "env", "panel"),
    [
        ({}, {}, Panel()),
        ({}, BOTH, Panel(("openai:o3", "deepseek:deepseek-reasoner"), "openai:o3")),
        ({}, {"DEEPSEEK_API_KEY": "y"}, Panel(("deepseek:deepseek-reasoner",), "deepseek:deepseek-reasoner")),
        ({"panel": ("o3", "claude-x")}, {}, Panel(("openai:o3", "anthropic:claude-x"), "openai:o3")),
        (
            {"panel": ("o3", "claude-x")},
            {"ANTHROPIC_API_KEY": "z"},
            Panel(("openai:o3", "anthropic:claude-x"), "anthropic:claude-x"),
        ),
        ({}, {"MEDALIST_PANEL": "o3, DeepSeek-R1,"}, Panel(("openai:o3", "deepseek:deepseek-reasoner"), "openai:o3")),
        ({"panel": ("o3",)}, {"MEDALIST_PANEL": "claude-x"}, Panel(("openai:o3",), "openai:o3")),
        ({"panel": ("o3", "openai:o3")}, BOTH, Panel(("openai:o3",), "openai:o3")),
        ({"model": SERVER}, {}, Panel((SERVER,), SERVER)),
        (
            {"model": "claude-x"},
            {**BOTH, "ANTHROPIC_API_KEY": "z"},
            Panel(("openai:o3", "deepseek:deepseek-reasoner"), "anthropic:claude-x"),
        ),
        ({"model": "claude-x", "critic": "o3"}, {}, Panel(("anthropic:claude-x",), "openai:o3")),
    ],
)  # fmt: skip
def test_who_is_asked(settings: dict, env: Mapping[str, str], panel: Panel) -> None:
    assert choose_panel(LlmSettings(**settings), env) == panel


def test_a_key_for_a_server_of_ones_own_sends_nothing_to_the_provider() -> None:
    assert choose_panel(LlmSettings(model=SERVER), {"OPENAI_API_KEY": "local"}).members == (SERVER,)


def test_a_panel_of_nonsense_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="does not name a language model"):
        choose_panel(LlmSettings(panel=("o3", "nobody")), {})


# ---------------------------------------------------------------- the review by hints


def test_the_hints_approve_the_books_own_template() -> None:
    verdict = review_by_hints({"train.py": template_text(), "train.log": "{"}, machine())
    assert verdict.decision == "approve"
    assert verdict.gpu_use == "there is no GPU on this machine"
    assert "not judged" in verdict.metric


def test_the_hints_name_every_script_and_what_is_wrong_with_it() -> None:
    broken, leaky = (
        "def f(:\n",
        "X = StandardScaler().fit_transform(X)\na, b = train_test_split(X)\nm.fit(a)\n",
    )
    imports = "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
    verdict = review_by_hints({"a.py": broken, "b.py": imports + leaky}, machine())
    assert verdict.decision == "must_fix"
    assert any(item.startswith("a.py") or "a.py" in item for item in verdict.must_fix)
    assert verdict.leakage.startswith("b.py line 3: ")


NETWORK = (
    "import torch, torchvision\n"
    "loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)\n"
    "net, device = torchvision.models.resnet18(), torch.device('cuda')\n"
    "for x, y in loader:\n"
    "    loss = net(x.to(device)).mean()\n"
    "    loss.backward()\n"
)


def test_the_hints_name_the_batch_that_the_table_gives_this_machine() -> None:
    facts = ScriptFacts(rows=50_000, image_pixels=224)
    on_gpu = review_by_hints({"train.py": NETWORK}, machine(Gpu(0, "A10", 24 * 2**30)), facts)
    assert on_gpu.decision == "must_fix"
    assert on_gpu.batch_size is not None
    assert on_gpu.batch_size >= 128
    assert review_by_hints({"train.py": NETWORK}, machine(), facts).batch_size == 32


def test_the_sections_that_answer_a_review_are_in_the_book() -> None:
    assert {LEAKAGE, SAVING, PRECISION} <= set(load_hints().sections)


def test_reading_verdicts_and_standing_in_needs_no_language_model_library() -> None:
    code = (
        "import sys, medalist.llm.oracle, medalist.runs.report_oracle, medalist.apps.cli_oracle\n"
        "print([m for m in ('pydantic_ai', 'pydantic', 'openai', 'anthropic', 'httpx', 'mcp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
