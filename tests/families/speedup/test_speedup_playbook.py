"""The playbook on a whole task, in a real session: what it hands in passes the judge, and it says what it did."""

import shutil
from pathlib import Path

import pytest
from open_session import events_of, open_session
from speedup_grading import TOY, grade

from medalist.families.speedup.playbook import REPORT, SpeedupPlaybook

FAST_ALREADY = """
import numpy as np

def run(points, labels, steps):
    return {"features": np.asarray(points) * 2.0, "losses": np.arange(3.0), "weights": np.ones(2)}
"""


@pytest.mark.slow
def test_it_hands_in_a_faster_program_that_the_judge_finds_equal(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    with open_session("speedup", TOY, tmp_path / "attempt", seconds=400) as session:
        SpeedupPlaybook({}).work(session)
        kept = [event for event in events_of(session, "family.edit_tried") if event.data["kept"]]
    assert kept
    handed_in = tmp_path / "attempt" / "submission"
    report = (handed_in / REPORT).read_text()
    assert all(event.data["title"] in report for event in kept if event.data["gain"] > 1.5)
    grading = grade(TOY / "contract.toml", handed_in / "program.py")
    assert grading["equal"], grading
    assert grading["ratio"] > 1.5, grading


def test_where_it_finds_nothing_it_hands_in_the_original_and_says_so(tmp_path: Path) -> None:
    shutil.copytree(TOY, tmp_path / "task")
    (tmp_path / "task" / "program.py").write_text(FAST_ALREADY)
    contract = tmp_path / "task" / "contract.toml"
    contract.write_text(contract.read_text().replace('["Features", "run"]', '["run"]'))
    with open_session("speedup", tmp_path / "task", tmp_path / "attempt", seconds=200) as session:
        SpeedupPlaybook({}).work(session)
        notes = [event.data["text"] for event in events_of(session, "note")]
        report = session.read(REPORT)
    assert (tmp_path / "attempt" / "submission" / "program.py").read_text() == FAST_ALREADY
    assert "Nothing was found" in notes[-1]
    assert notes[-1] in report
