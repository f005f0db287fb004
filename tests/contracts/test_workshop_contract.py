"""What every family's workshop promises any engineer, held in a real session on a tiny task.

A new family adds a ``Case``: how its task is written, and the files of a candidate that works.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from open_session import events_of, open_session
from small_competition import logistic, write_competition
from speedup_grading import TOY as SLOW_TOY

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.search.policy import Proposal
from medalist.session.session import Session
from medalist.session.workshop import Draft, Workshop
from medalist.training.review import ScriptFacts

TOY = Path(__file__).parents[2] / "examples" / "toy_family" / "task"
FAST = (SLOW_TOY / "oracle.py").read_text()


@dataclass(frozen=True)
class Case:
    """A family's tiny task, and files of a candidate for it; ``begins`` is what those that fail need before that."""

    write_task: Callable[[Path], Path]
    files: Mapping[str, str]
    begins: str = ""


def write_puzzle(folder: Path) -> Path:
    folder.mkdir()
    pair = {"input": [[1, 2]], "output": [[2, 1]]}
    (folder / "tasks.json").write_text(json.dumps({"ab": {"train": [pair, pair], "test": [pair]}}))
    return folder / "tasks.json"


TURNS = """
import json

tasks = json.load(open("../../input/challenges.json"))
answers = json.load(open("../../submission.json"))
turned = lambda grid: [row[::-1] for row in grid]
for name, task in tasks.items():
    for number, test in enumerate(task["test"]):
        answers[name][number]["attempt_2"] = turned(test["input"])
json.dump(answers, open("submission.json", "w"))
given = {name: [turned(pair["input"]) for pair in task["train"]] for name, task in tasks.items()}
json.dump(given, open("training.json", "w"))
"""

CASES = {
    "arc": Case(write_puzzle, {"solve.py": TURNS}),
    "compete": Case(write_competition, logistic()),
    "mean": Case(lambda _: TOY, {"solve.py": "print(5, file=open('mean.txt', 'w'))\n"}),
    "speedup": Case(lambda _: SLOW_TOY, {"program.py": FAST}, begins=FAST),
}


@pytest.fixture(params=CASES)
def name(request) -> str:
    return request.param


@pytest.fixture(autouse=True)
def a_cache_of_its_own(name, tmp_path, monkeypatch):
    """Where the judge is a timing, nobody else's on this machine is waited for."""
    if name == "speedup":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def session(name, tmp_path, installed_families) -> Iterator[Session]:
    with open_session(name, CASES[name].write_task(tmp_path / "task"), tmp_path / "attempt") as session:
        yield session


def end(workshop: Workshop) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while workshop.busy:
        outcomes += workshop.collect(0.5)
    return outcomes


def test_from_opening_to_closing(name, session, tmp_path):
    """One attempt, since opening costs seconds: each step holds a promise of the protocol."""
    workshop = session.family.workshop(session)
    assert isinstance(workshop, Workshop)
    assert set(workshop.scripts) <= set(CASES[name].files)
    prepares_once_and_says_what_is_asked(session, workshop)
    candidate = runs_what_works(session, workshop, CASES[name].files)
    tells_why_something_failed(session, workshop, CASES[name].files, candidate)
    takes_in_what_others_submitted(session, workshop, tmp_path)
    keeps_what_stands(session, workshop)
    closes(session, workshop, CASES[name].files)


def prepares_once_and_says_what_is_asked(session: Session, workshop: Workshop) -> None:
    workshop.prepare()
    prepared = len(events_of(session))
    workshop.prepare()
    assert len(events_of(session)) == prepared, "preparing twice is preparing once"
    assert not workshop.busy
    assert 0 < workshop.seconds_left <= session.budget.remaining + 1
    assert isinstance(workshop.script_facts(), ScriptFacts)
    brief = workshop.brief()
    assert all(words in brief for words in (*workshop.scripts, session.family.product, "candidates/"))
    assert "private" not in brief


def runs_what_works(session: Session, workshop: Workshop, files: Mapping[str, str]) -> Candidate:
    draft = Draft("draft", "one that works", files, at_most_seconds=60.0)
    assert workshop.has_free_cores
    assert workshop.room_for(draft)
    candidate = workshop.start(draft)
    assert workshop.busy
    assert candidate.id in workshop.population
    assert [outcome.candidate for outcome in end(workshop)] == [candidate]
    assert workshop.population[candidate.id].state is CandidateState.FINISHED
    assert workshop.files_of(candidate) == dict(files)
    assert isinstance(workshop.log_of(candidate), str)
    assert session.submissions >= 1
    return candidate


def tells_why_something_failed(
    session: Session, workshop: Workshop, files: Mapping[str, str], sound: Candidate
) -> None:
    placed = session.best
    breaks = f"{CASES[session.family.name].begins}\nraise ValueError('broken on purpose')\n"
    workshop.start(Draft("draft", "one that breaks", dict.fromkeys(files, breaks)))
    (failed,) = end(workshop)
    assert failed.state is CandidateState.FAILED
    assert "broken on purpose" in failed.reason
    assert "broken on purpose" in workshop.log_of(failed.candidate)
    assert session.best == placed
    for operator, parents in (("debug", (failed.candidate.id,)), ("crossover", (sound.id, sound.id))):
        proposed = workshop.propose(Proposal(operator, parents))
        assert proposed is None or set(workshop.scripts) <= set(proposed.files)


def takes_in_what_others_submitted(session: Session, workshop: Workshop, nowhere: Path) -> None:
    adopted = workshop.adopt(session.attempt_dir / "submission", "another attempt's")
    assert adopted.state is CandidateState.FINISHED
    assert adopted.candidate.id in workshop.population
    assert workshop.adopt(nowhere / "submission", "nothing").state is CandidateState.FAILED


def keeps_what_stands(session: Session, workshop: Workshop) -> None:
    session.write("mine/notes.txt", "nothing to score")
    score = workshop.score("mine")
    assert score.value is None
    assert score.reason
    standing = (session.submission_dir / session.family.product).read_bytes()
    stranger = Candidate("stranger", "agent", folder="mine", title="no product in it")
    session.created(stranger)
    assert not workshop.submit(stranger, score)
    assert (session.submission_dir / session.family.product).read_bytes() == standing


def closes(session: Session, workshop: Workshop, files: Mapping[str, str]) -> None:
    sleeps = f"{CASES[session.family.name].begins}\nimport time\ntime.sleep(60)\n"
    workshop.start(Draft("draft", "one too slow", dict.fromkeys(files, sleeps)))
    workshop.close()
    assert not workshop.busy
    assert not session.supervisor.running
    assert not workshop.population.running
    ended = {e.data["candidate"] for e in events_of(session, "candidate_finished", "candidate_failed")}
    created = {e.data["candidate"] for e in events_of(session, "candidate_created")} - {"stranger"}
    assert ended == created


def test_an_earlier_processes_candidates_are_known(name, tmp_path, installed_families):
    earlier = Outcome(
        Candidate("c01", "draft", folder="candidates/c01"), CandidateState.FAILED, reason="killed"
    )
    task = CASES[name].write_task(tmp_path / "task")
    with open_session(name, task, tmp_path / "attempt", history=[earlier]) as session:
        population = session.family.workshop(session).population
    assert population["c01"] == earlier
    assert population.next_id() != "c01"
