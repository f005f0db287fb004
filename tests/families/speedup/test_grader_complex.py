"""The judge on the built-in task: every cheat is refused for a reason it names, every honest program accepted.

At full size on request; test_grader_small holds the same at an eighth of it. What needs no clock is held in
test_task_complex, on small inputs; what needs no such task in test_grader_refuses.
"""

import os

import pytest
from speedup_candidates import CHEATS, EXPECTED, HONEST, lacking, laid_out, refused_as
from speedup_grading import SPEEDUP, grade

from medalist.families.speedup.contract import CONTRACT_FILE, find_task

pytest.importorskip("torch", reason="the task's program is written in torch")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("MEDALIST_GRADINGS"),
        reason="a quarter of an hour of gradings: set MEDALIST_GRADINGS=1 to run them",
    ),
]

CONTRACT = find_task("complex").folder / CONTRACT_FILE
BRIEFLY = ("--seconds", "8")


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_every_cheat_is_refused_and_the_reason_named(path, tmp_path):
    report = grade(CONTRACT, laid_out(path, tmp_path), *BRIEFLY)
    assert report["status"] != "grader_error", report["reason"]
    assert not report["passed"]
    assert report["refusal"] in refused_as(path), report["reason"]
    assert report["reason"].startswith(f"{report['refusal']}: ")


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.stem)
def test_every_honest_program_is_accepted(path, tmp_path):
    if lacking(path):
        pytest.skip(f"{path.name} needs {lacking(path)}, which is not here")
    report = grade(CONTRACT, laid_out(path, tmp_path), *BRIEFLY)
    assert report["equal"], report["reason"]
    assert report["passed"], report["reason"]


@pytest.mark.parametrize("semantics", ["preserve", "quality"])
@pytest.mark.parametrize("name", EXPECTED)
def test_the_well_known_rewrites_are_judged_as_expected(name, semantics):
    file = SPEEDUP / "rewrites" / f"{name}.py"
    report = grade(CONTRACT, file, "--semantics", semantics, *BRIEFLY)
    assert report["refusal"] in EXPECTED[name][semantics], report["reason"]
    assert report["passed"] == (report["refusal"] == "")
