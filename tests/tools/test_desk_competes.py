"""A competition worked on at a desk, from the first look to the submission."""

from __future__ import annotations

import asyncio
from pathlib import Path

from open_session import events_of, open_session
from small_competition import logistic, write_competition

from medalist.tools.desk import Desk
from medalist.tools.tool import call


async def work(desk: Desk) -> dict[str, str]:
    """Every answer by the tool that gave it, the last one where a tool was used twice."""
    answers: dict[str, str] = {}

    async def use(name: str, **arguments: object) -> str:
        answers[name] = await call(desk, name, arguments)
        return answers[name]

    async with desk:
        await use("list_files", path="input")
        await use("read_hints", section="1")
        files = logistic()
        await use("write_file", path="candidates/mine/train.py", content=files["train.py"])
        await use("ask_oracle", question="Sound?", kind="review", files="candidates/mine/train.py")
        await use("start_job", command="python train.py", folder="candidates/mine")
        await use("write_file", path="candidates/mine/predict.py", content=files["predict.py"])
        while desk.running:
            await use("wait", seconds=60)
        await use("run_command", command="python predict.py", folder="candidates/mine")
        await use("validate", path="candidates/mine/submission.csv")
        await use("submit", folder="candidates/mine", title="logistic regression")
        await use("finish", summary="one model")
    return answers


def test_a_competition_is_won_by_hand(tmp_path: Path) -> None:
    task = write_competition(tmp_path / "task")
    with open_session("compete", task, tmp_path / "attempt") as session:
        workshop = session.family.workshop(session)
        workshop.prepare()
        answers = asyncio.run(work(Desk(session, workshop)))
        kinds = [event.kind for event in events_of(session)]
        reviewed = events_of(session, "script_reviewed")
    assert "train.csv" in answers["list_files"]
    assert "the review by hints stands in" in answers["ask_oracle"]
    assert "candidates/mine/predict.py is missing" in answers["start_job"]
    assert "is valid (100 rows)" in answers["validate"]
    assert "validation accuracy 0.9" in answers["submit"], answers["submit"]
    assert answers["submit"].endswith("It is in place now.")
    assert answers["finish"].startswith("Finished")
    submitted = tmp_path / "attempt" / "submission"
    assert {"submission.csv", "train.py", "predict.py"} <= {path.name for path in submitted.iterdir()}
    assert (submitted / "submission.csv").read_text() == (
        tmp_path / "attempt" / "workspace" / "candidates" / "mine" / "submission.csv"
    ).read_text()
    assert "approved" in [event.data["verdict"] for event in reviewed]
    last = [
        len(kinds) - kinds[::-1].index(kind)
        for kind in ("explored", "hints_read", "script_reviewed", "candidate_created", "submitted")
    ]
    assert last == sorted(last)
