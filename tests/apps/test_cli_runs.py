"""The command line over runs that succeed: what it prints, writes and answers with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

VERBS = [
    "demo",
    "compete",
    "speedup",
    "grade",
    "validate",
    "run",
    "resume",
    "runs",
    "report",
    "compare",
    "oracle",
    "mcp",
    "play",
    "hints",
    "doctor",
]


@pytest.fixture
def finished(scripted_task: Callable[..., Path], medalist: Callable, tmp_path: Path) -> Path:
    """A run of two finished attempts, in ``tmp_path/runs/mine``."""
    (tmp_path / "set.yaml").write_text(
        f"tasks: [{{path: {scripted_task('submit 3', 'submit 5')}, family: scripted}}]\nseeds: 2\ntime: 30s\n"
    )
    told = medalist("run", "set.yaml", "--out", "runs/mine", "--json")
    assert told.status == 0, told.err
    return tmp_path / "runs" / "mine"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(medalist: Callable, verb: str) -> None:
    told = medalist(verb, "--help")
    assert told.status == 0, told.err
    assert "Usage" in told.out


def test_help_names_every_verb(medalist: Callable) -> None:
    told = medalist("--help")
    assert [verb for verb in VERBS if verb not in told.out] == []


def test_help_loads_nothing_heavy() -> None:
    heavy = ["numpy", "pandas", "sklearn", "torch", "lightgbm", "pydantic", "yaml", "rich"]
    code = f"import sys, medalist.apps.commands; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_set_ends_with_one_line_and_an_entry_for_each_attempt(finished: Path, medalist: Callable) -> None:
    told = medalist("resume", "mine", "--json")
    assert told.status == 0
    assert told.out.count("\n") == 1
    assert [entry["state"] for entry in told.json["attempts"]] == ["finished", "finished"]
    assert [entry["hidden_score"] for entry in told.json["attempts"]] == [998, 998]


def test_what_the_command_line_says_goes_before_the_set(
    scripted_task: Callable[..., Path], medalist: Callable, tmp_path: Path
) -> None:
    (tmp_path / "set.yaml").write_text(
        f"tasks: [{{path: {scripted_task('submit 3')}, family: scripted}}]\nseeds: 2\nsandbox: auto\ntime: 30s\n"
    )
    told = medalist(
        "run", "set.yaml", "--no-hints", "--sandbox", "plain", "--seed", "5", "--out", "mine", "--json"
    )
    assert told.status == 0, told.err
    asked = json.loads((tmp_path / "mine" / "run.json").read_text())["spec"]
    assert (asked["seeds"], asked["hints"], asked["sandbox"]) == ([5], [False], "plain")
    assert medalist("run", "set.yaml", "--sandbox", "paper").status == 2
    assert medalist("run", "set.yaml", "--engineer", "wizard").status == 2


def test_resuming_a_finished_run_changes_nothing(finished: Path, medalist: Callable) -> None:
    before = {path: path.read_bytes() for path in finished.glob("*/*.json*")}
    assert medalist("resume", finished, "--json").status == 0
    assert {path: path.read_bytes() for path in finished.glob("*/*.json*")} == before


def test_runs_are_listed_and_found_by_name_or_as_latest(finished: Path, medalist: Callable) -> None:
    listed = medalist("runs", "--json").json["runs"]
    assert [Path(each["run_dir"]).name for each in listed] == ["mine"]
    for name in ("mine", "latest", str(finished), str(finished / "job-playbook-seed1")):
        assert medalist("report", name, "--json").json["run_dir"] == str(finished)


def test_a_report_is_shown_and_written(finished: Path, medalist: Callable) -> None:
    told = medalist("report", "mine", "--html", "page.html", "--markdown", "page.md", "--checklist")
    assert told.status == 0, told.err
    assert "Submission valid" in told.out
    assert "998" in (finished.parents[1] / "page.html").read_text()
    assert "998" in (finished.parents[1] / "page.md").read_text()


def test_a_submission_is_graded_and_validated(finished: Path, medalist: Callable, tmp_path: Path) -> None:
    product = finished / "job-playbook-seed0" / "submission" / "answer.txt"
    told = medalist("grade", tmp_path / "job", product, "--json")
    assert (told.status, told.json["status"], told.json["score"]) == (0, "scored", 998)
    told = medalist("validate", tmp_path / "job", product, "--json")
    assert (told.status, told.json["valid"]) == (0, True)


def test_a_grade_is_readable_without_json(finished: Path, medalist: Callable, tmp_path: Path) -> None:
    product = finished / "job-playbook-seed0" / "submission" / "answer.txt"
    assert "998" in medalist("grade", tmp_path / "job", product).out


def test_an_attempt_that_leaves_nothing_has_status_one(
    scripted_task: Callable[..., Path], medalist: Callable, tmp_path: Path
) -> None:
    (tmp_path / "set.yaml").write_text(
        f"tasks: [{{path: {scripted_task('crash')}, family: scripted}}]\ntime: 9s\n"
    )
    told = medalist("run", "set.yaml", "--out", "run", "--json")
    assert told.status == 1
    assert told.json["attempts"][0]["state"] == "failed"
    assert "Traceback" not in told.err


def test_doctor_names_keys_and_never_their_values(medalist: Callable) -> None:
    told = medalist("doctor", "--json", env={"OPENAI_API_KEY": "sk-very-secret"})
    assert told.status == 0, told.err
    assert "sk-very-secret" not in told.out + told.err
    findings = {each["name"]: each for each in told.json["findings"]}
    assert findings["OPENAI_API_KEY"]["good"]
    assert findings["hardware"]["good"]
    assert all(each["mend"] or each["good"] for each in findings.values() if each["topic"] == "libraries")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_a_sentence_and_what_was_made_is_kept(
    scripted_task: Callable[..., Path], medalist: Callable, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("this container may not mount")
    try:
        task = scripted_task("submit 3", "fill", "submit 5")
        (tmp_path / "set.yaml").write_text(f"tasks: [{{path: {task}, family: scripted}}]\ntime: 30s\n")
        told = medalist("run", "set.yaml", "--out", disk / "run", "--json")
        folder = disk / "run" / "job-playbook-seed0"
        assert (folder / "submission" / "answer.txt").read_text() == "3"
        assert "Traceback" not in told.err
        assert "No space left" in (folder / "process.log").read_text() + told.err
        assert json.loads(told.out.strip().splitlines()[-1])["run_dir"]
    finally:
        subprocess.run(["umount", "-l", disk], check=False)
