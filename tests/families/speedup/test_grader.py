"""What the judge says of honest programs, and that it says the same of them in every sandbox."""

import json
import os

import docker_on_bubblewrap
import pytest
from speedup_grading import TOY, grade

from medalist.core.errors import SandboxUnavailable
from medalist.workspace.sandbox import SANDBOXES, choose_sandbox

SLOWER = """
slow = run

def run(points, labels, steps):
    for _ in range(400):
        answer = slow(points, labels, steps)
    return answer
"""
NATIVE = '''
import ctypes, gc, os, subprocess, tempfile
gc.disable()
SOURCE = """
#include <math.h>
void mean_distances(const double *x, long n, long d, double *out) {
    for (long i = 0; i < n; i++) {
        double total = 0;
        for (long j = 0; j < n; j++) {
            double square = 0;
            for (long k = 0; k < d; k++) square += (x[i*d+k]-x[j*d+k]) * (x[i*d+k]-x[j*d+k]);
            total += sqrt(square);
        }
        out[i] = total / n;
    }
}
"""
folder = tempfile.mkdtemp()
with open(f"{folder}/fast.c", "w") as file:
    file.write(SOURCE)
subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", f"{folder}/fast.so", f"{folder}/fast.c", "-lm"], check=True)
fast = ctypes.CDLL(f"{folder}/fast.so")

def extract(self, points):
    points = np.ascontiguousarray(points)
    means = np.empty(len(points))
    place = ctypes.POINTER(ctypes.c_double)
    n, d = map(ctypes.c_long, points.shape)
    fast.mean_distances(points.ctypes.data_as(place), n, d, means.ctypes.data_as(place))
    return np.column_stack([points, means])

Features.extract = extract
'''
OTHER_FEATURES = """
honest = Features.extract
Features.extract = lambda self, points: honest(self, points) * 1.0001
"""
SCALED = """
honest = Features.extract
Features.extract = lambda self, points: honest(self, points) * [1.0, 0.9, 0.9, 1.0]
"""
BLIND = """
honest = run
def run(points, labels, steps):
    answer = honest(points, labels, steps)
    answer["scores"] = answer["scores"] * 0 + [1.0, 0.0]
    return answer
"""


STAND_IN = "docker, its engine stood in for by bubblewrap"


@pytest.fixture(params=[*(sandbox.name for sandbox in SANDBOXES), STAND_IN])
def sandbox(request, tmp_path, monkeypatch):
    if request.param == STAND_IN:
        variables = {"PATH": os.environ["PATH"]}
        docker_on_bubblewrap.install(tmp_path / "engine", variables)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return "docker"
    try:
        choose_sandbox(request.param)
    except SandboxUnavailable as error:
        pytest.skip(error.what)
    return request.param


def test_a_fast_equal_program_passes_in_every_sandbox(grade_toy, sandbox):
    report = grade_toy(None, "--sandbox", sandbox)
    assert report["passed"], report
    assert (report["status"], report["equal"], report["refusal"], report["reason"]) == (
        "scored",
        True,
        "",
        "",
    )
    assert report["target"] <= report["low"] <= report["ratio"] <= report["high"]
    assert report["score"] == report["ratio"]
    assert report["isolation"] == choose_sandbox(sandbox)[0].isolation
    assert ("+docker-1c-" in report["fingerprint"]) == (sandbox == "docker")
    assert report["calibration"]["slow_seconds"] > report["calibration"]["fast_seconds"] > 0


def test_a_right_but_slow_program_is_scored_and_has_not_passed(grade_toy):
    report = grade_toy(after=SLOWER)
    assert (report["status"], report["passed"], report["equal"]) == ("scored", False, True)
    assert report["reason"].startswith("too slow: ")
    assert report["high"] < report["target"]


def test_native_code_from_source_is_accepted(grade_toy):
    report = grade_toy(after=NATIVE)
    assert report["passed"], report


def test_another_function_is_refused_with_the_output_and_how_far_it_is_off(grade_toy):
    report = grade_toy(after=OTHER_FEATURES)
    assert (report["status"], report["score"], report["equal"]) == ("invalid", None, False)
    assert report["reason"].startswith("other function: features is off by ")


def test_a_task_of_good_make_is_found_sound():
    report = grade(TOY / "contract.toml", None)
    assert report == {"task": "toy", "sound": True, "faults": []}, report


def test_a_constant_that_was_measured_wrong_is_measured_again_before_a_task_is_called_unsound(tmp_path):
    """As beside other work that is over by now: the unchanged program seems half as fast as itself."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    oracle = grade(TOY / "contract.toml", TOY / "oracle.py", environment=environment)
    (kept,) = tmp_path.rglob("toy-*.json")
    constant = json.loads(kept.read_text())
    halved = {name: constant[name] / 2 for name in ("wall", "cpu")}
    kept.write_text(json.dumps({**constant, **halved}))
    report = grade(TOY / "contract.toml", None, environment=environment)
    assert oracle["passed"], oracle
    assert not [fault for fault in report["faults"] if "does not score 1.0" in fault], report
    assert json.loads(kept.read_text())["measured"] > constant["measured"]


def test_a_task_whose_oracle_is_another_function_is_the_graders_error(tmp_path):
    for path in TOY.glob("*.*"):
        (tmp_path / path.name).write_text(path.read_text())
    oracle = tmp_path / "oracle.py"
    oracle.write_text(oracle.read_text() + OTHER_FEATURES)
    report = grade(tmp_path / "contract.toml", oracle)
    assert (report["status"], report["passed"]) == ("grader_error", False)
    assert "not its program's function" in report["reason"]


def test_a_task_whose_oracle_fails_is_the_graders_error(tmp_path):
    for path in TOY.glob("*.*"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "oracle.py").write_text("def run(**given):\n    raise ValueError('broken')\n")
    report = grade(tmp_path / "contract.toml", TOY / "oracle.py")
    assert report["status"] == "grader_error"
    assert "broken" in report["reason"]


def test_a_task_without_an_oracle_is_measured_against_its_own_program(tmp_path):
    for path in TOY.glob("*.*"):
        text = path.read_text().replace('[oracle]\nfunction = "oracle.py:run"\n', "")
        (tmp_path / path.name).write_text(text)
    report = grade(tmp_path / "contract.toml", TOY / "oracle.py")
    assert report["passed"], report
    assert report["calibration"]["key"] == ""


def test_quality_accepts_another_function_that_learns_as_well(grade_toy):
    assert grade_toy(after=SCALED)["refusal"] == "other function"
    report = grade_toy(None, "--semantics", "quality", after=SCALED)
    assert report["passed"], report
    assert report["quality"]["draws"] >= 5
    assert report["quality"]["accuracy"] > 0.75


def test_quality_refuses_what_has_not_learned(grade_toy):
    report = grade_toy(None, "--semantics", "quality", after=BLIND)
    assert (report["status"], report["refusal"]) == ("invalid", "did not train")


def test_the_command_line_grades_and_prints_one_object(medalist, tmp_path):
    told = medalist("grade", TOY, TOY / "oracle.py", "--json")
    assert told.status == 0, told.err
    assert json.loads(told.out)["passed"]
    assert "Timing" in told.err


def test_built_in_tasks_are_named_wherever_a_task_is(medalist, tmp_path):
    empty = tmp_path / "empty.py"
    empty.touch()
    told = medalist("grade", "speedup:complex", empty, "--json")
    assert told.json["refusal"] == "never submitted"
    assert medalist("validate", "speedup:complex", empty, "--json").json["valid"] is False
    wrong = medalist("grade", "speedup:nothing", empty)
    assert wrong.status == 2
    assert "complex" in wrong.err


def test_unknown_semantics_are_wrong_usage(medalist):
    told = medalist("grade", TOY, TOY / "oracle.py", "--semantics", "other")
    assert told.status == 2
    assert "preserve or quality" in told.err


def test_an_engineer_sees_the_public_files_and_no_oracle():
    from medalist.core.family import find_family

    opened = find_family("speedup").open(TOY, {})
    names = {path.name for path in opened.task.public.iterdir()}
    assert names == {"program.py", "data.py", "contract.toml"}
    assert opened.answers is not None
    assert not opened.answers.path.is_relative_to(opened.task.public)
