"""The command line around language models: options that explain themselves, wrong names and missing keys, compare."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from medalist.llm.keys import KEY_VARIABLES
from medalist.llm.scripted import ScriptedProvider, script

NO_KEYS = dict.fromkeys(KEY_VARIABLES, "")
SECRET = "sk-command-line-0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A competition of a few rows."""
    path = tmp_path / "competition"
    path.mkdir()
    (path / "train.csv").write_text("id,x,y\n" + "\n".join(f"{i},{i % 7},{i % 2}" for i in range(60)) + "\n")
    (path / "test.csv").write_text("id,x\n" + "\n".join(f"{i},{i % 7}" for i in range(60, 80)) + "\n")
    (path / "sample_submission.csv").write_text("id,y\n" + "\n".join(f"{i},0" for i in range(60, 80)) + "\n")
    return path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--engineer", "agent"], ["needs a language model", "--model"]),
        (["--engineer", "evolution"], ["needs a language model", "--model"]),
        (["--engineer", "playbook,agent"], ["needs a language model", "--model"]),
        (["--engineer", "team"], ["no engineer 'team'", "playbook, agent, evolution"]),
        (["--engineer", ""], ["at least one engineer"]),
        (["--engineer", "agent", "--model", "wizard"], ["'wizard' does not name", "openai:MODEL@http"]),
        (["--engineer", "agent", "--model", "nobody:x"], ["'nobody:x' does not name", "anthropic"]),
        (["--engineer", "agent", "--model", "openai:x@http://u:p@h/v1"], ["password"]),
        (["--engineer", "agent", "--model", "openai:gpt-5"], ["no key for openai:gpt-5", "OPENAI_API_KEY"]),
        (["--engineer", "agent", "--model", "claude-x"], ["ANTHROPIC_API_KEY"]),
        (["--engineer", "evolution", "--model", "deepseek:r1"], ["DEEPSEEK_API_KEY"]),
        (["--engineer", "agent", "--model", "ollama:x", "--panel", "wizard"], ["'wizard' does not name"]),
        (["--engineer", "agent", "--model", "ollama:x", "--max-cost", "-1"], ["--max-cost"]),
        (["--engineer", "agent", "--model", "ollama:x", "--max-tokens", "many"], ["--max-tokens"]),
        (["--critic", "o3"], ["playbook asks no language model"]),
    ],
)
def test_what_cannot_be_asked_is_a_sentence_and_starts_nothing(
    medalist: Callable, folder: Path, options: list[str], said: list[str]
) -> None:
    told = medalist("compete", folder, *options, "--json", env=NO_KEYS)
    assert told.status == 2, told.err
    assert [words for words in said if words not in told.err] == []
    assert "Traceback" not in told.err
    assert not (folder.parent / "runs").exists()


def test_a_set_is_refused_like_a_competition(medalist: Callable, folder: Path) -> None:
    (folder.parent / "set.yaml").write_text("tasks: [competition]\nengineers: [agent]\n")
    assert "--model" in medalist("run", "set.yaml", env=NO_KEYS).err
    told = medalist("run", "set.yaml", "--model", "o3", "--json", env=NO_KEYS)
    assert told.status == 2
    assert "OPENAI_API_KEY" in told.err
    assert told.json["run_dir"] is None


@pytest.mark.parametrize("verb", ["compete", "run"])
def test_the_options_explain_themselves(medalist: Callable, verb: str) -> None:
    said = " ".join(medalist(verb, "--help", env={"COLUMNS": "200"}).out.split())
    for words in ("--engineer", "--model", "--panel", "--critic", "--max-cost", "--max-tokens"):
        assert words in said
    for words in ("http://HOST:PORT/v1", "hf:/FOLDER", "each attempt"):
        assert words in said


def test_help_and_the_playbook_stay_free_of_language_models(medalist: Callable, tmp_path: Path) -> None:
    (tmp_path / "blocked").mkdir()
    for name in ("pydantic_ai", "openai", "anthropic", "mcp", "httpx", "transformers", "uvicorn"):
        (tmp_path / "blocked" / f"{name}.py").write_text(
            "raise RuntimeError('a language model was loaded')\n"
        )
    blocked = {"PYTHONPATH": str(tmp_path / "blocked")}
    for arguments in (["--help"], ["compete", "--help"], ["runs"], ["hints", "list"], ["compare", "--help"]):
        told = medalist(*arguments, env=blocked)
        assert told.status == 0, told.err


def test_a_family_given_several_engineers_answers_with_the_teams_product(
    medalist: Callable, folder: Path
) -> None:
    with ScriptedProvider(script()) as provider:  # a language model that fails at once
        told = medalist(
            "compete", folder, "--engineer", "playbook,agent", "--time", "24s", "--out", "runs/both", "--json",
            "--model", f"openai:broken@{provider.base_url_openai}", env={"OPENAI_API_KEY": SECRET},
        )  # fmt: skip
    assert told.status == 0, told.err
    run = folder.parent / "runs" / "both"
    assert Path(told.json["submission"]) == run / "competition-team-seed0" / "submission" / "submission.csv"
    assert told.json["valid"]
    assert sorted(path.parent.name for path in run.glob("*/attempt.json")) == [
        "competition-agent-seed0", "competition-playbook-seed0", "competition-team-seed0",
    ]  # fmt: skip
    assert SECRET not in told.out + told.err
    kept = [path for path in run.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []


# ------------------------------------------------------------------- compare


def simulate(run: Path, scores: Mapping[str, float]) -> None:
    """A run of one seed an entry, on disk as ``medalist run`` leaves it."""
    task = {"path": "/tasks/taxi", "family": "compete", "settings": {}}
    run.mkdir(parents=True)
    spec = {"tasks": [task], "engineers": ["playbook"], "seeds": list(range(len(scores))), "limits": {}}
    (run / "run.json").write_text(json.dumps({"spec": spec, "created": 0, "attempts": list(scores)}))
    for seed, (name, score) in enumerate(scores.items()):
        attempt = {"id": name, "task": task, "seed": seed, "limits": {}}
        result = {"valid": True, "metric": "rmse", "direction": "min", "hidden_score": score, "seconds": 60.0}
        (run / name).mkdir()
        (run / name / "attempt.json").write_text(
            json.dumps({"spec": attempt, "state": "finished", "reason": "", "result": result})
        )


@pytest.fixture
def two_runs(tmp_path: Path) -> Path:
    """``runs/stored``, and ``runs/today``, which is worse on every seed."""
    wobble = [0.0, 0.4, 0.1, 0.3, 0.2, 0.15]
    simulate(tmp_path / "runs" / "stored", {f"a{i}": 10 + each for i, each in enumerate(wobble)})
    simulate(tmp_path / "runs" / "today", {f"a{i}": 11.2 - each for i, each in enumerate(wobble)})
    return tmp_path


def test_compare_has_status_one_when_worse_and_shows_by_how_much(medalist: Callable, two_runs: Path) -> None:
    told = medalist("compare", "stored", "today")
    assert told.status == 1, told.err
    for words in ("today against stored: worse", "taxi", "rmse ↓", "0 of 6", "+0.817"):
        assert words in told.out
    page = (two_runs / "runs" / "today" / "compare.html").read_text()
    assert "<svg" in page
    assert re.search(r"(src|href)=\"http", page) is None


def test_compare_is_one_line_of_json_with_status_zero_when_better(medalist: Callable, two_runs: Path) -> None:
    told = medalist("compare", "today", "stored", "--json", "--html", "page.html")
    assert (told.status, told.out.count("\n")) == (0, 1)
    only = told.json["comparisons"][0]
    assert (told.json["worse"], only["a"], only["b"], only["pairs"]) == (False, "today", "stored", 6)
    assert only["score"]["verdict"] == "better"
    assert only["score"]["tasks"][0]["wins"] == 6
    assert only["score"]["low"] > 0
    assert Path(told.json["html"]) == two_runs / "page.html"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stored"], "two runs"),
        (["stored", "nowhere"], "nowhere"),
        (["stored", "missing.yaml"], "no such set"),
        (["stored", "--by", "engineer"], "alike"),
        (["stored", "--by", "moon"], "moon"),
        (["stored", "today", "--hold", "beauty"], "beauty"),
    ],
)
def test_compare_says_what_it_cannot_compare(
    medalist: Callable, two_runs: Path, arguments: list[str], said: str
) -> None:
    told = medalist("compare", *arguments, "--json")
    assert told.status == 2, told.err
    assert said in told.err
    assert told.json == {"worse": None, "comparisons": [], "html": None}


def test_sets_are_run_first_and_then_compared(
    medalist: Callable, scripted_task: Callable[..., Path], tmp_path: Path
) -> None:
    for name, value in (("strong", 9), ("weak", 2)):
        task = scripted_task(f"submit {value}", name=f"{name}/job")
        (tmp_path / f"{name}.yaml").write_text(
            f"tasks: [{{path: {task}, family: scripted}}]\nseeds: 2\ntime: 30s\n"
        )
    told = medalist(
        "compare", "strong.yaml", "weak.yaml", "--json", env={"MEDALIST_RUNS": str(tmp_path / "kept")}
    )
    assert told.status == 0, told.err
    assert told.json["comparisons"][0]["score"]["tasks"][0]["losses"] == 2
    assert len(os.listdir(tmp_path / "kept")) == 2
