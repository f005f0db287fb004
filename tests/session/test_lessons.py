"""A failure that a real job had and got over is kept, and answers the next job that fails alike."""

from pathlib import Path

import pytest

from medalist.core.budget import Budget
from medalist.core.event import EventLog, read_events
from medalist.hints.learned import LearnedHints
from medalist.machine.hardware import read_hardware
from medalist.session.lessons import Lessons
from medalist.session.supervisor import LaunchRequest, Supervisor, Watched
from medalist.workspace.sandbox import choose_sandbox
from medalist.workspace.workspace import Workspace

TOO_LARGE = """\
batch_size = 8


class Model:
    def fit(self):
        return bytearray(1 << 60) if batch_size > 4 else None


print("RESOURCES: 1 CPU cores, batch=8, GPU=none", flush=True)
Model().fit()
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lessons")
    (folder / "public").mkdir()
    sandbox, _ = choose_sandbox("plain", cache=None)
    with Workspace.open(
        folder / "workspace", folder / "public", sandbox=sandbox, hardware=read_hardware()
    ) as opened:
        yield opened


@pytest.fixture
def run(workspace, tmp_path):
    """Runs a script to its end under a supervisor of its own; ``hints`` as ``--no-hints`` has it."""

    def start(code: str, *, hints: bool = True, store: Path | None = None) -> tuple[Watched, list[dict]]:
        (workspace.root / "train.py").write_text(code)
        attempt = tmp_path / "run-1" / "attempt-1"
        attempt.mkdir(parents=True, exist_ok=True)
        events = EventLog(attempt / "events.jsonl", elapsed=lambda: 0.0)
        learned = LearnedHints(store or tmp_path / "home" / "hints.sqlite")
        supervisor = Supervisor(workspace, read_hardware(), events, Budget(600), hints=hints, learned=learned)
        watched = supervisor.launch(
            LaunchRequest(("train.py",), name="train", candidate_id="c01", warm=False)
        )
        last: list[dict] = []
        while not watched.ended:
            last += [dict(news.data) for news in supervisor.wait(1.0) if news.kind == "ended"]
        return watched, last

    return start


def learned_in(tmp_path: Path):
    return LearnedHints(tmp_path / "home" / "hints.sqlite").list()


def events_of(tmp_path: Path, kind: str) -> list[dict]:
    return [e.data for e in read_events(tmp_path / "run-1/attempt-1/events.jsonl") if e.kind == kind]


def test_what_was_mended_and_ran_answers_the_same_failure_first(run, tmp_path):
    watched, _ = run(TOO_LARGE)
    assert watched.completed().returncode == 0
    (hint,) = learned_in(tmp_path)
    assert hint.error == "MemoryError"
    assert "batch size 8 -> 4" in hint.fix
    assert hint.evidence == "run-1/attempt-1: c01 train ran to its end after it"
    assert [event["times"] for event in events_of(tmp_path, "hint_learned")] == [1]

    _, (end,) = run("raise MemoryError\n")
    assert end["hints"][0].hint_id == f"learned-{hint.number}"
    assert events_of(tmp_path, "hint_fired")[-len(end["hints"])]["fix"] == hint.fix


def test_the_same_lesson_is_counted(run, tmp_path):
    for _ in range(2):
        run(TOO_LARGE)
    assert [hint.times for hint in learned_in(tmp_path)] == [2]


def test_without_hints_nothing_is_learned_and_nothing_answered(run, tmp_path):
    watched, _ = run(TOO_LARGE, hints=False)
    assert watched.relaunches == 1
    assert learned_in(tmp_path) == []
    LearnedHints(tmp_path / "home" / "hints.sqlite").add("MemoryError", "less", "seen", now=0.0)
    _, (end,) = run("raise MemoryError\n", hints=False)
    assert end["hints"] == []


def test_a_failure_that_was_not_got_over_teaches_nothing(run, tmp_path):
    watched, _ = run(TOO_LARGE.replace("> 4", "> 0"))
    assert watched.completed().returncode != 0
    assert watched.relaunches > 0
    assert learned_in(tmp_path) == []


def test_a_broken_file_of_lessons_is_a_warning(run, tmp_path):
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"this is no database" * 100)
    watched, _ = run(TOO_LARGE, store=broken)
    assert watched.completed().returncode == 0
    assert "cannot be used" in events_of(tmp_path, "warning")[0]["text"]


def test_a_log_that_names_no_error_teaches_nothing(tmp_path):
    learned = LearnedHints(tmp_path / "hints.sqlite")
    Lessons(learned, EventLog(tmp_path / "e.jsonl", elapsed=lambda: 0.0)).learn("Epoch 1/3\n", "less", "seen")
    assert learned.list() == []
