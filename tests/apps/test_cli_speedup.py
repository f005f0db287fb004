"""``medalist speedup`` as a process: what it prints and answers with, attempts at once and in turn, nuisances among them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from trying_family import make_tries

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other grading of this machine is waited for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tries(tmp_path: Path, installed_families: None) -> Make:
    return lambda *lines: make_tries(tmp_path / "toy", *lines)


def test_attempts_at_once_and_in_turn_come_to_the_same(tries: Make, medalist: Callable) -> None:
    task = tries("fast", "slow", "other", "burn 3")
    lines = {}
    for order, word in (("--concurrent", "concurrently"), ("--sequential", "sequentially")):
        told = medalist("speedup", task, "--attempts", "4", order, "--time", "60s", "--out", word)
        assert told.status == 0, told.err
        first, rule, *between = told.out.splitlines()
        assert (first, rule) == (f"Running 4 test iterations {word}...", "=" * 60)
        lines[word] = sorted(line.split(" - ")[0] for line in between if line[0:1] in "✓✗" and line)
        block = told.out[told.out.index("\n\n") + 1 :]
        assert block.startswith(
            "\n"
            "============================================================\n"
            "Test Results:\n"
            "  Passed: 2/4\n"
            "  Failed: 2/4\n"
            "  Pass Rate: 50.0%\n"
            "  Average Steps: 1.0\n"
            "============================================================\n"
        )
    assert lines["concurrently"] == lines["sequentially"]
    assert lines["concurrently"] == [
        "✓ Run 1: SUCCESS",
        "✓ Run 4: SUCCESS",
        "✗ Run 2: FAILURE",
        "✗ Run 3: FAILURE",
    ]
    runs = {word: json.loads(medalist("resume", word, "--json").out)["runs"] for word in lines}
    for at_once, in_turn in zip(runs["concurrently"], runs["sequentially"], strict=True):
        assert (at_once["passed"], at_once["kind"], at_once["equal"]) == (
            in_turn["passed"],
            in_turn["kind"],
            in_turn["equal"],
        )
        if at_once["ratio"] is not None:
            assert 0.5 < at_once["ratio"] / in_turn["ratio"] < 2.0


def test_the_last_line_is_one_object_and_the_status_says_passed(
    tries: Make, medalist: Callable, tmp_path: Path
) -> None:
    task = tries("fast", "idle")
    told = medalist("speedup", task, "--time", "60s", "--out", "mine", "--json")
    assert told.status == 0, told.err
    assert told.out.count("\n") == 1
    assert (told.json["attempts"], told.json["pass_rate"]) == (2, 0.5), "as often as its family says"
    assert told.json["reasons"] == {"never submitted": 1}
    best = told.json["best"]
    assert best["low"] <= best["ratio"] <= best["high"]
    assert best["equal"]
    assert Path(best["file"]) == tmp_path / "mine" / "run_1" / "submission" / "program.py"
    assert medalist("grade", tmp_path / "toy" / "task", best["file"], "--json").json["passed"]
    summary = (tmp_path / "mine" / "run_summary.md").read_text()
    assert "  Pass Rate: 50.0%" in summary
    assert "| 2 | never submitted | – | 0 |" in summary
    assert "run_1/submission/program.py" in summary
    assert medalist("speedup", task, "--attempts", "1", "--seed", "1", "--out", "none", "--json").status == 1


def test_what_the_command_line_says_reaches_the_task(tries: Make, medalist: Callable, tmp_path: Path) -> None:
    options = ["--target", "1e6", "--steps", "7", "--no-intermediate", "--no-profiler", "--sandbox", "plain"]
    told = medalist("speedup", tries("fast"), "--attempts", "1", *options, "--out", "mine", "--json")
    assert told.status == 1
    assert told.json["runs"][0]["kind"] == "too slow"
    assert told.json["best"]["equal"]
    asked = json.loads((tmp_path / "mine" / "run.json").read_text())["spec"]["tasks"][0]["settings"]
    assert asked == {
        "target": 1e6,
        "steps": 7,
        "intermediate": False,
        "profiler": False,
        "sandbox": "plain",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["speedup:nothing"], "complex"),
        (["nowhere.py"], "no such folder or file"),
        (["--attempts", "0"], "too few"),
        (["--steps", "0"], "too few"),
        (["--target", "-1"], "target"),
        (["--semantics", "other"], "preserve or quality"),
        (["--engineer", "wizard"], "wizard"),
        (["--engineer", "playbook,agent"], "one engineer"),
        (["--engineer", "agent"], "--model"),
        (["--model", "openai:gpt"], "asks no language model"),
        (["--time", "soon"], "duration"),
    ],
)
def test_wrong_usage_is_a_sentence_and_makes_nothing(
    medalist: Callable, tmp_path: Path, arguments: list[str], said: str
) -> None:
    told = medalist("speedup", *arguments, "--json")
    assert told.status == 2
    assert said in told.err
    assert "Traceback" not in told.err
    assert told.json["run_dir"] is None
    assert not (tmp_path / "runs").exists()


def test_a_competition_is_no_program(scripted_task: Make, medalist: Callable) -> None:
    told = medalist("speedup", scripted_task("submit 3"), "--attempts", "2")
    assert told.status == 2
    assert "scored, not passed" in told.err


def test_ctrl_c_keeps_what_was_made_and_resume_goes_on(
    tries: Make, start_medalist: Callable[..., subprocess.Popen[str]], medalist: Callable, tmp_path: Path
) -> None:
    process = start_medalist(
        "speedup", tries("fast", "hang"), "--sequential", "--time", "60s", "--out", "mine", "--json"
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("✓ Run 1"):
            break
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    told = json.loads(out.splitlines()[-1])
    assert (told["passed"], told["attempts"], told["pass_rate"]) == (True, 2, 1.0)
    assert [run["kind"] for run in told["runs"]] == ["", "stopped"]
    assert "SUCCESS" not in err.split("Stopped.")[-1]
    assert "Not decided: 1 of 2" in (tmp_path / "mine" / "run_summary.md").read_text()
    (tmp_path / "toy" / "tries.txt").write_text("fast\nother\n")
    told = medalist("resume", "mine", "--json")
    assert told.status == 0
    assert [run["kind"] for run in told.json["runs"]] == ["", "other function"]
    assert "✗ Run 2: FAILURE - other function" in told.err


def test_reports_tell_ratio_and_reason_and_no_medal(tries: Make, medalist: Callable, tmp_path: Path) -> None:
    told = medalist("speedup", tries("fast", "other"), "--time", "60s", "--out", "runs/mine", "--json")
    assert told.status == 0, told.err
    ratio = f"{told.json['best']['ratio']:.1f}x"
    shown = medalist("report", "mine", "--html", "page.html", "--markdown", "page.md").out
    page, text = (tmp_path / "page.html").read_text(), (tmp_path / "page.md").read_text()
    for words in (shown, page, text, medalist("runs").out):
        assert ratio in words
    for words in (shown, page, text):
        assert "other function" in words
        assert "medal" not in words.replace("medalist", "")
    assert re.search(r"1 of 2", medalist("runs").out)
    listed = medalist("runs", "--json").json["runs"][0]["attempts"]
    assert [each["verdict"]["passed"] for each in listed] == [True, False]


def test_from_python(tries: Make, tmp_path: Path) -> None:
    import medalist

    heard: list[tuple[int, bool]] = []
    trials = medalist.speedup(
        tries("fast", "idle"),
        out=tmp_path / "mine",
        time="60s",
        on_trial=lambda trial: heard.append((trial.number, trial.verdict.passed)),
    )
    assert trials.passed
    assert trials.pass_rate == 0.5
    assert sorted(heard) == [(1, True), (2, False)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", disk], capture_output=True, check=False
        ).returncode
    )
    if not mounted:
        pytest.skip("mounting a small disk needs root, and a container that may mount")
    yield disk
    subprocess.run(["umount", "-l", disk], check=False)


def test_no_attempt_harms_another(tries: Make, medalist: Callable) -> None:
    task = tries("crash", "burn 4", "hang", "fork", "fast", "idle")
    told = medalist("speedup", task, "--attempts", "6", "--time", "40s", "--out", "mine", "--json")
    assert told.status == 0, told.err
    assert [run["kind"] for run in told.json["runs"]] == [
        "crashed",
        "",
        "never submitted",
        "never submitted",
        "",
        "never submitted",
    ]


def test_one_that_fills_the_disk_is_stopped_and_the_others_go_on(
    tries: Make, medalist: Callable, small_disk: Path
) -> None:
    task = tries("burn 4", "fill", "fast")
    told = medalist(
        "speedup", task, "--attempts", "3", "--time", "40s", "--out", small_disk / "mine", "--json"
    )
    assert told.status == 0, told.err
    assert [run["passed"] for run in told.json["runs"]] == [True, False, True]
    events = (small_disk / "mine" / "run_2" / "events.jsonl").read_text()
    assert "disk" in events


def test_ctrl_c_while_graded_ends_the_grader_too_and_resume_grades(
    tries: Make, start_medalist: Callable[..., subprocess.Popen[str]], medalist: Callable, tmp_path: Path
) -> None:
    process = start_medalist("speedup", tries("fast"), "--attempts", "1", "--out", "mine", "--json")
    assert process.stderr is not None
    for line in process.stderr:
        if "Attempt ended" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out.splitlines()[-1])["runs"][0]["kind"] == "stopped"
    graders = [
        each for each in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(each.info["cmdline"])
    ]
    assert [each for each in graders if "grader" in str(each.info["cmdline"])] == []
    told = medalist("resume", "mine", "--json")
    assert told.status == 0, told.err
    assert told.json["passed"]
