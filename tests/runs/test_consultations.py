"""What the oracle said, whether it was right, and what language models took, as reports tell it (SPEC O5, R3, R10)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medalist.core.budget import Budget, Limits
from medalist.core.event import Event, EventLog, read_events
from medalist.llm.questions import Question
from medalist.machine.hardware import read_hardware
from medalist.runs.attempt import run_attempt
from medalist.runs.checklist import checklist
from medalist.runs.consultations import consultations, share_trained
from medalist.runs.figures import fold
from medalist.runs.language_models import dollars, language_models
from medalist.runs.report import figure_rows, markdown, read_story, write_page
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore
from medalist.runs.timeline import sentence
from medalist.session.supervisor import LaunchRequest, Supervisor
from medalist.workspace.sandbox import choose_sandbox
from medalist.workspace.workspace import Workspace

HASH = "a" * 64
ASKED = ("oracle_asked", {"consultation": 1, "use": "review", "names": ["O3"], "question": "May <it> go?"})
ANSWERED = (
    "oracle_answered",
    {
        "consultation": 1, "name": "O3", "status": "answered", "text": "Yes & no.\n<b>", "took_seconds": 2.0,
        "tokens": 480, "cost_usd": 0.012,
    },
)  # fmt: skip
LEFT_OUT = (
    "oracle_answered",
    {"consultation": 1, "name": "DeepSeek-R1", "status": "left_out", "reason": "no answer in time"},
)
APPROVED = (
    "oracle_verdict",
    {
        "consultation": 1, "use": "review", "by": "critic", "critic": "Judge", "decision": "approve", "plan": "Go.",
        "batch_size": 256, "gpu_use": "kept busy", "cost_usd": 0.034, "tokens": 900, "scripts": {"train.py": HASH},
    },
)  # fmt: skip
JOB = {"folder": "candidates/c01", "candidate": "c01", "name": "train"}
REVIEWED = ("script_reviewed", {**JOB, "sha256": HASH, "verdict": "approved", "script": "train.py"})
STARTED = ("job_started", JOB)
TRAINED = ("job_ended", {**JOB, "returncode": 0, "killed_reason": ""})


def events(*told: tuple[str, dict]) -> list[Event]:
    return [Event(kind, float(moment), float(moment), dict(data)) for moment, (kind, data) in enumerate(told)]


def ended(returncode: int, killed_reason: str = "") -> tuple[str, dict]:
    return "job_ended", {**JOB, "returncode": returncode, "killed_reason": killed_reason}


# ---------------------------------------------------------------- was it right?


@pytest.mark.parametrize(
    ("followed", "trained", "outcome"),
    [
        ([REVIEWED, STARTED, TRAINED], True, "trained"),
        ([], None, "never launched"),
        ([REVIEWED, STARTED], None, "still ran"),
        (
            [("script_reviewed", {**REVIEWED[1], "sha256": "b" * 64}), STARTED, TRAINED],
            None,
            "never launched",
        ),
        ([("script_reviewed", {**REVIEWED[1], "verdict": "refused"})], False, "refused by the checks"),
        ([("script_reviewed", {**REVIEWED[1], "verdict": "mended"}), STARTED, TRAINED], False, "mended by"),
        ([REVIEWED, STARTED, ("relaunch", {**JOB, "why": "double_batch"}), TRAINED], False, "double batch"),
        ([REVIEWED, STARTED, ended(1)], False, "failed with status 1"),
        ([REVIEWED, STARTED, ended(-9, "stop_nan")], False, "stopped (stop nan)"),
        ([REVIEWED, STARTED, ended(-9, "time limit of 60 s")], False, "time limit"),
        ([REVIEWED, STARTED, ended(-9, "killed by the engineer")], None, "ended early"),
        ([REVIEWED, STARTED, ended(1), REVIEWED, STARTED, TRAINED], False, "failed with status 1"),
        ([("job_ended", {**JOB, "folder": "candidates/c02", "returncode": 1})], None, "never launched"),
    ],
)
def test_an_approved_script_is_followed_to_the_end_of_its_first_launch(
    followed: list, trained: bool | None, outcome: str
) -> None:
    (found,) = consultations(events(ASKED, ANSWERED, APPROVED, *followed))
    (approval,) = found.approvals
    assert approval.trained is trained
    assert outcome in approval.outcome
    assert share_trained([found]) == (int(trained is True), int(trained is not None))


@pytest.mark.parametrize(
    "changes", [{"decision": "must_fix", "must_fix": ["x"]}, {"by": "hints"}, {"use": "strategy"}]
)
def test_only_what_the_panel_approved_in_a_review_is_followed(changes: dict) -> None:
    told = events(ASKED, ("oracle_verdict", {**APPROVED[1], **changes}), REVIEWED, STARTED, TRAINED)
    assert share_trained(consultations(told)) == (0, 0)


def test_a_launch_before_the_approval_is_none_of_its() -> None:
    told = events(REVIEWED, STARTED, ended(1), ASKED, APPROVED, REVIEWED, STARTED, TRAINED)
    assert share_trained(consultations(told)) == (1, 1)


def test_questions_at_once_and_after_a_resumption_keep_their_answers() -> None:
    other = ("oracle_asked", {"consultation": 2, "use": "debug", "question": "Why?"})
    again = ("oracle_asked", {"consultation": 1, "use": "strategy", "question": "How?"})
    found = consultations(events(ASKED, other, ANSWERED, APPROVED, again, LEFT_OUT))
    assert [len(each.answers) for each in found] == [1, 0, 1]
    assert [bool(each.verdict) for each in found] == [True, False, False]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    hardware = read_hardware()
    sandbox, _ = choose_sandbox("plain", cache=None)
    (tmp_path / "public").mkdir()
    workspace = Workspace.open(
        tmp_path / "workspace",
        tmp_path / "public",
        sandbox=sandbox,
        hardware=hardware,
        cores=hardware.core_ids[:1],
    )
    log = EventLog(tmp_path / "events.jsonl", elapsed=time.monotonic)
    yield Supervisor(workspace, hardware, log, Budget(60.0))
    workspace.close()


@pytest.mark.parametrize(("ending", "trained"), [("", True), ("raise SystemExit(3)", False)])
def test_what_was_approved_is_recognised_when_it_is_really_launched(
    supervisor: Supervisor, tmp_path: Path, ending: str, trained: bool
) -> None:
    code = f"from sklearn.linear_model import Ridge\nRidge().fit([[0.0], [1.0]], [0, 1])\nname = 'Größe'\n{ending}\n"
    folder = tmp_path / "workspace" / "candidates" / "c01"
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(code, encoding="utf-8")
    approved = {**APPROVED[1], "scripts": Question("ok?", "review", files={"train.py": code}).script_hashes}
    watched = supervisor.launch(
        LaunchRequest(("train.py",), cwd="candidates/c01", name="train", candidate_id="c01")
    )
    while not watched.ended:
        supervisor.wait(1.0)
    told = [*events(ASKED, ("oracle_verdict", approved)), *read_events(tmp_path / "events.jsonl")]
    assert share_trained(consultations(told)) == (int(trained), 1)


# ---------------------------------------------------------------- reports


@pytest.fixture
def store(scripted_task: Callable[..., Path], tmp_path: Path) -> FileStore:
    """A finished attempt, with a consultation and calls written behind it."""
    made = FileStore(tmp_path / "run")
    made.create(
        RunSpec(tasks=(TaskSpec(scripted_task("submit 3"), "scripted"),), limits=Limits(attempt_seconds=30))
    )
    attempt = made.attempts()[0].spec.id
    run_attempt(made, attempt)
    log = EventLog(made.folder(attempt) / "events.jsonl", elapsed=lambda: 9.0)
    call = {"role": "critic", "model": "openai:o3", "name": "O3", "input_tokens": 1200, "output_tokens": 34}
    for kind, data in (
        ASKED, LEFT_OUT, ANSWERED, APPROVED, REVIEWED, STARTED, TRAINED,
        ("llm_call", {**call, "cost_usd": 0.05, "priced": True, "took_seconds": 1.5}),
        ("llm_failed", {**call, "again": True}),
        ("llm_call", {**call, "role": "oracle", "cost_usd": 0.0, "priced": False, "took_seconds": 0.5}),
    ):  # fmt: skip
        log.append(kind, **data)
    return made


def test_the_page_tells_questions_answers_verdict_and_what_followed(store: FileStore, tmp_path: Path) -> None:
    page = write_page(store, tmp_path / "page.html").read_text()
    for wanted in (
        "May &lt;it&gt; go?",
        "Yes &amp; no.\n&lt;b&gt;",
        "approved, by Judge",
        "DeepSeek-R1 was left out: no answer in time",
        "<dt>batch size</dt><dd>256</dd>",
        "train.py was approved; it trained.",
        "of 1 approved and launched, 1 trained at the first launch",
        "<h2>Language models</h2>",
        "$0.05 and 1 of unknown price",
    ):
        assert wanted in page, wanted
    assert "<b>" not in page.replace('<b class="approve">', "")


def test_the_markdown_tells_the_same(store: FileStore) -> None:
    text = markdown(store)
    for wanted in (
        "### Oracle",
        "May <it> go?",
        "batch size: 256",
        "DeepSeek-R1 was left out",
        "### Language models",
    ):
        assert wanted in text, wanted


def test_an_attempt_without_language_models_has_no_such_parts(
    scripted_task: Callable[..., Path], tmp_path: Path
) -> None:
    made = FileStore(tmp_path / "plain")
    made.create(
        RunSpec(tasks=(TaskSpec(scripted_task("submit 3"), "scripted"),), limits=Limits(attempt_seconds=30))
    )
    run_attempt(made, made.attempts()[0].spec.id)
    text = markdown(made) + write_page(made, tmp_path / "page.html").read_text()
    assert "Oracle</h2>" not in text
    assert "Language models" not in text


def test_figures_hold_cost_tokens_and_the_oracles_record(store: FileStore) -> None:
    story = read_story(store, store.attempts()[0].spec.id)
    rows = dict(figure_rows(story))
    assert rows["language models"] == "$0.05, 2,468 tokens"
    assert rows["approvals that trained at once"] == "1 of 1"
    (use,) = language_models(story.figures.events)
    assert (use.calls, use.repeated, use.failed, use.unpriced) == (2, 1, 0, 1)
    assert use.roles == {"critic", "oracle"}


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("critic", "Oracle’s review: approve, batch 256 – Go."),
        ("member", "The critic failed; Judge’s review: approve"),
        ("hints", "Nobody could be asked; review by the training hints: approve"),
    ],
)
def test_a_verdict_is_told_with_who_gave_it(by: str, said: str) -> None:
    assert (sentence(Event("oracle_verdict", 1, 1, {**APPROVED[1], "by": by})) or "").startswith(said)


@pytest.mark.parametrize(
    ("usd", "text"), [(0.0, "$0"), (0.00001, "< $0.0001"), (0.0123, "$0.012"), (1.005, "$1.00"), (12.345, "$12.35")]
)  # fmt: skip
def test_money_reads_as_money(usd: float, text: str) -> None:
    assert dollars(usd) == text


@pytest.mark.parametrize(
    ("batch", "held"), [(256, True), (None, None)], ids=["named", "no network, no batch to name"]
)
def test_the_checklist_asks_whether_the_verdict_names_the_batch(
    tmp_path: Path, batch: int | None, held: bool | None
) -> None:
    told = events(ASKED, ("oracle_verdict", {**APPROVED[1], "batch_size": batch}))
    ticks = {tick.habit: tick for tick in checklist(fold(told), tmp_path)}
    assert ticks["Oracle's verdict names the batch size"].held is held


def test_a_network_trained_on_a_verdict_without_a_batch_is_crossed(tmp_path: Path) -> None:
    folder = tmp_path / "candidates" / "c01"
    folder.mkdir(parents=True)
    (folder / "train.log").write_text("RESOURCES: 8 CPU cores, batch=32, GPU=none, Mixed Precision=OFF\n")
    reviewed = ("script_reviewed", {**REVIEWED[1], "trains": "network"})
    told = events(ASKED, ("oracle_verdict", {**APPROVED[1], "batch_size": None}), reviewed)
    ticks = {tick.habit: tick for tick in checklist(fold(told), tmp_path)}
    assert ticks["Oracle's verdict names the batch size"].held is False
    assert ticks["Oracle's verdict names the batch size"].evidence == "batch never named"
