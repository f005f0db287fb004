"""A team: what several attempts submitted becomes one ensemble, chosen on predictions for unseen rows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from open_session import events_of, open_session
from small_competition import TEST_ROWS, logistic, write_competition

from medalist.core.score import Score
from medalist.engineers.team import TeamEngineer
from medalist.session.session import Session
from medalist.session.workshop import Draft


def only(column: str) -> dict[str, str]:
    """A candidate that sees one of the two columns: alone it is poor, with its other half it is good."""
    return {name: text.replace('[["a", "b"]]', f'[["{column}"]]') for name, text in logistic(5.0).items()}


@pytest.fixture(scope="module")
def competition(tmp_path_factory) -> Path:
    return write_competition(tmp_path_factory.mktemp("team") / "competition")


@pytest.fixture(scope="module")
def members(competition, tmp_path_factory) -> list[Path]:
    """Attempts that have ended: two that each saw half of it, one that left a guess, one that left nothing."""
    root = tmp_path_factory.mktemp("members")
    for name in ("sees-a", "sees-b"):
        with open_session("compete", competition, root / name) as session:
            workshop = session.family.workshop(session)
            workshop.explore()
            workshop.start(Draft("draft", name, only(name[-1])))
            while workshop.busy:
                workshop.collect(0.5)
    (root / "guessed" / "submission").mkdir(parents=True)
    sample = competition / "sample_submission.csv"
    shutil.copy(sample, root / "guessed" / "submission" / "submission.csv")
    (root / "crashed").mkdir()
    return [root / name for name in ("sees-a", "sees-b", "guessed", "crashed")]


@pytest.fixture(scope="module")
def team(competition, members, tmp_path_factory) -> Iterator[Session]:
    attempt = tmp_path_factory.mktemp("joined") / "attempt"
    with open_session("compete", competition, attempt) as session:
        TeamEngineer(members, {}).work(session)
        yield session


def scores(session: Session) -> dict[str, float]:
    return {
        e.data["title"]: Score.from_dict(e.data["score"]).value
        for e in events_of(session, "candidate_finished")
        if e.data["score"]
    }


def test_the_ensemble_is_better_than_any_member(team):
    found = scores(team)
    (blend,) = [value for title, value in found.items() if title.startswith("ensemble")]
    assert blend > max(found["sees-a"], found["sees-b"])
    assert team.best.value == blend
    assert (team.submission_dir / "submission.csv").read_text().count("\n") == TEST_ROWS + 1


def test_a_members_product_stands_before_anything_is_looked_at(team):
    kinds = [event.kind for event in events_of(team, "submitted", "explored")]
    assert kinds[0] == "submitted"
    assert events_of(team, "submitted")[0].data["title"] == "sees-a"


def test_every_member_is_named_with_what_became_of_it(team):
    told = " ".join(e.data["text"] for e in events_of(team, "note"))
    assert "2 of 4 members' submissions can be scored" in told
    assert "guessed is left out" in told
    assert "crashed is left out: There is no submission" in told
    weights = events_of(team, "submitted")[-1].data["weights"]
    assert len(weights) == 2
    assert "sees-a" in told.split("blend")[-1]


def test_what_was_handed_over_makes_the_submission_again(team, competition, tmp_path):
    """Copied away, with the competition's files alone: members' scripts and models travelled along."""
    copy = tmp_path / "a" / "b" / "taken-away"
    shutil.copytree(team.submission_dir.resolve(), copy)
    (tmp_path / "a" / "input").symlink_to(competition)
    before = (copy / "submission.csv").read_text()
    for made in [copy / "submission.csv", *copy.glob("members/*/artifacts/test.npz")]:
        made.unlink()
    for member in (copy / "members").iterdir():
        (member / "predict.py").write_text(
            (member / "predict.py").read_text().replace("../../input", str(competition))
        )
    command = [sys.executable, "predict.py", "--data", str(competition)]
    subprocess.run(command, cwd=copy, check=True, capture_output=True, env=os.environ)
    assert (copy / "submission.csv").read_text() == before


def test_a_team_of_one_hands_in_what_that_one_made(competition, members, tmp_path):
    with open_session("compete", competition, tmp_path / "attempt") as session:
        TeamEngineer([members[0], members[3]], {}).work(session)
        expected = (members[0] / "submission" / "submission.csv").read_text()
        assert (session.submission_dir / "submission.csv").read_text() == expected


def test_a_team_in_which_nobody_left_anything_still_hands_in_something_better_than_a_constant(
    competition, members, tmp_path
):
    with open_session("compete", competition, tmp_path / "attempt") as session:
        TeamEngineer(members[2:], {}).work(session)
        assert session.best is not None


def test_a_resumed_team_takes_nobody_in_twice(competition, members, tmp_path):
    with open_session("compete", competition, tmp_path / "attempt") as first:
        workshop = first.family.workshop(first)
        history = [workshop.adopt(members[0] / "submission", members[0].name)]
    with open_session("compete", competition, tmp_path / "attempt", history=history) as session:
        TeamEngineer(members[:2], {}).work(session)
        adopted = [e for e in events_of(session, "candidate_created") if e.data["operator"] == "member"]
    assert [e.data["title"] for e in adopted] == ["sees-a", "sees-b"]
