"""Bad input and bad moments end in sentences and the right exit status, with what was made kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from processes_here import listens, until

Medalist = Callable[..., object]

COMPETE_KEYS = [
    "run_dir", "submission", "valid", "metric", "direction", "validation_score", "hidden_score", "medal",
    "seconds", "first_valid_seconds", "first_better_than_constant_seconds", "failures", "relaunches", "cost_usd",
    "tokens",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small competition: does a number exceed a half?"""
    path = tmp_path / "competition"
    path.mkdir()
    rows = [(i, (i * 37 % 101) / 101, i % 7) for i in range(200)]
    train = "\n".join(f"{i},{x:.4f},{c},{int(x > 0.5)}" for i, x, c in rows)
    test = "\n".join(f"{i + 1000},{x:.4f},{c}" for i, x, c in rows[:50])
    sample = "\n".join(f"{i + 1000},0" for i, _, _ in rows[:50])
    (path / "train.csv").write_text(f"id,x,c,above\n{train}\n")
    (path / "test.csv").write_text(f"id,x,c\n{test}\n")
    (path / "sample_submission.csv").write_text(f"id,above\n{sample}\n")
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing"], "no such folder"),
        (["competition/train.csv"], ""),
        (["."], ""),
        (["competition", "--time", "0"], "not above zero"),
        (["competition", "--time", "soon"], "not a duration"),
        (["competition", "--time", "-5s"], "not a duration"),
        (["competition", "--metric", "beauty"], "beauty"),
        (["competition", "--leaderboard", "none.csv"], "no such file"),
        (["competition", "--weights", "none"], "no such file"),
        (["competition", "--engineer", "wizard"], "no engineer"),
        (["competition", "--engineer", "agent"], "needs a language model"),
        (["competition", "--sandbox", "paper"], "no sandbox"),
        (["competition", "--executor", "ray"], "not part of this version"),
        (["competition", "--executor", "cloud"], "no executor"),
        (["competition", "--model", "openai:gpt-5"], "playbook asks no language model"),
        (["competition", "--panel", "o3,DeepSeek-R1"], "playbook asks no language model"),
    ],
)
def test_competing_on_bad_input_starts_nothing(
    medalist: Medalist, folder: Path, arguments: list[str], said: str
) -> None:
    told = medalist("compete", *arguments, "--json")
    assert told.status == 2, told.err
    assert said in told.err
    assert "Traceback" not in told.err
    assert list(told.json) == COMPETE_KEYS
    assert told.json["run_dir"] is None
    assert not (folder.parent / "runs").exists()


@pytest.mark.parametrize("verb", [["compete", "competition"], ["speedup", "speedup:quick"]])
def test_a_sandbox_that_does_not_hold_is_said_before_anything_is_made(
    medalist: Medalist, folder: Path, verb: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/no.sock")
    told = medalist(*verb, "--sandbox", "docker", "--json")
    assert told.status == 1
    assert "The sandbox 'docker' does not hold here" in told.err
    assert told.json["run_dir"] is None
    assert not (folder.parent / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["compete"], 2),
        (["compete", "competition", "--tiem", "3s"], 2),
        (["dance"], 2),
        (["resume", "nowhere", "--json"], 2),
        (["report", "nowhere"], 2),
        (["grade", "missing", "file.csv"], 2),
        (["grade", "competition", "missing.csv"], 2),
        (["validate", "competition", "missing.csv"], 2),
        (["validate", ".", "competition/train.csv"], 2),
        (["run", "missing.yaml"], 2),
        (["run", "competition/train.csv"], 2),
    ],
)
def test_wrong_usage_has_status_two(
    medalist: Medalist, folder: Path, arguments: list[str], status: int
) -> None:
    told = medalist(*arguments)
    assert told.status == status, told.err
    assert told.err.strip()
    assert "Traceback" not in told.err


def test_an_output_folder_that_cannot_be_made_is_named(medalist: Medalist, folder: Path) -> None:
    (folder.parent / "file").write_text("in the way")
    told = medalist("compete", folder, "--out", "file/run", "--json")
    assert told.status == 1
    assert "cannot be written" in told.err
    assert "Traceback" not in told.err


def test_a_run_is_never_overwritten(medalist: Medalist, folder: Path) -> None:
    (folder.parent / "run").mkdir()
    (folder.parent / "run" / "run.json").write_text("{}")
    told = medalist("compete", folder, "--out", "run", "--json")
    assert told.status == 2
    assert "resume" in told.err


@pytest.mark.parametrize("text", ["{", "[]", '{"spec": 3}', "", "\x00\x01"])
def test_a_damaged_run_is_told_apart_from_a_missing_one(medalist: Medalist, folder: Path, text: str) -> None:
    (folder.parent / "run").mkdir()
    (folder.parent / "run" / "run.json").write_text(text)
    told = medalist("resume", "run", "--json")
    assert told.status == 1
    assert "cannot be read" in told.err
    assert "Traceback" not in told.err
    assert told.json["run_dir"]


def test_a_malformed_submission_is_told_why(medalist: Medalist, folder: Path) -> None:
    (folder.parent / "short.csv").write_text("id,above\n1000,0\n")
    told = medalist("validate", folder, "short.csv", "--json")
    assert told.status == 1
    assert not told.json["valid"]
    assert told.json["reason"]


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.25, 0.45, 0.85, 2.85, 5.85])
def test_ctrl_c_at_any_moment_leaves_a_sentence_and_the_object(
    start_medalist: Callable[..., subprocess.Popen[str]], folder: Path, seconds: float
) -> None:
    """``seconds`` from when it listens, which is the first thing it does; before, Python is still starting."""
    process = start_medalist("compete", folder, "--time", "60s", "--out", "run", "--json")
    until(lambda: listens(process.pid))
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    said = json.loads(out.strip().splitlines()[-1])
    assert list(said) in (COMPETE_KEYS, [])
    if said and said["submission"]:
        assert Path(said["submission"]).is_file()
        assert said["valid"]
    assert not _children_of(folder.parent / "run")


def _children_of(run: Path) -> list[str]:
    """Command lines of living processes that name the run's folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(run) in text:
            found.append(text)
    return found
