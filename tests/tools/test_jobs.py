"""Jobs at a desk: their news, their limits, the time that is left, and calls side by side."""

from __future__ import annotations

import asyncio
import time

import pytest

from medalist.core.budget import Budget
from medalist.core.errors import BudgetSpent
from medalist.tools.desk import DeskSettings
from medalist.tools.tool import all_tools, call
from medalist.workspace import jobs

FOLDS = """\
import time
model = type("Model", (), {"fit": lambda self: time.sleep(0.5)})()
for fold in range(1, 4):
    model.fit()
    print(f"Fold {fold}/3, score 0.5", flush=True)
"""
NAN = """\
import time
print("RESOURCES: 2 CPU cores, batch=8, GPU=none, Mixed Precision=OFF", flush=True)
print("CPU Memory Used: 1.0 GB / 24.0 GB (4.2%)", flush=True)
type("Loss", (), {"backward": lambda self: None})().backward()
print("Fold 1/5, Epoch 1/10, Loss: nan", flush=True)
time.sleep(60)
"""
SLEEPS = "import time\ntime.sleep(60)\n"


def test_waiting_returns_with_each_piece_of_news(office):
    office.write("work/train.py", FOLDS)
    office.write("work/predict.py", "")
    office.do("read_hints")
    office.do("start_job", command="python train.py", folder="work")
    heard = []
    while "ended after" not in (heard or [""])[-1]:
        heard.append(office.do("wait", seconds=30))
        assert "missing" not in heard[-1]
    assert any("fold" in each for each in heard[:-1])
    assert "return code 0" in heard[-1]
    assert "nothing to wait for" in office.do("wait")


def test_a_verdict_is_told_with_the_next_answer_whatever_was_called(office):
    office.write("train.py", NAN)
    office.do("read_hints")
    office.do("start_job", command="python train.py")

    async def look_meanwhile() -> list[str]:
        answers = []
        while office.desk.running:
            answers.append(await call(office.desk, "list_files", {}))
            await asyncio.sleep(0.2)
        answers.append(await call(office.desk, "list_files", {}))
        await office.desk.rest()
        return answers

    told = [answer for answer in asyncio.run(look_meanwhile()) if "News: " in answer]
    assert len(told) == 1
    assert "was stopped by a check: The loss is nan" in told[0]
    assert office.events("checkpoint")[-1]["verdict"] == "stop_nan"


def test_no_more_jobs_run_than_may(make_office):
    office = make_office(settings=DeskSettings(max_jobs=2))
    office.write("sleeps.py", SLEEPS)
    answers = office.use(*[("start_job", {"command": "python sleeps.py"})] * 50)
    assert [answer.startswith("Job ") for answer in answers] == [True] * 2 + [False] * 48
    assert all("kill_job" in answer for answer in answers[2:])
    assert len(office.session.supervisor.running) == 2
    assert len({watched.job.spec.log_file for watched in office.desk.jobs.values()}) == 2
    assert "was ended" in office.do("kill_job", job=office.desk.running[0])
    assert office.do("start_job", command="python sleeps.py").startswith("Job ")
    listed = office.do("list_jobs")
    assert "killed by the engineer" in listed
    assert listed.count("running for") == 2


def test_a_command_that_takes_long_becomes_a_job(make_office):
    office = make_office(settings=DeskSettings(command_seconds=0.5))
    office.write("slow.py", "import time\nprint('begun', flush=True)\ntime.sleep(1.5)\nprint('done')\n")
    answer = office.do("run_command", command="python slow.py | cat")
    assert "goes on in the background as job j1" in answer
    assert "return code 0" in office.do("wait", seconds=30)
    assert "begun\ndone" in office.do("read_job", job="j1")


def test_commands_are_no_jobs_until_they_take_long(make_office):
    office = make_office(settings=DeskSettings(max_jobs=1, command_seconds=1.0))
    office.write("sleeps.py", SLEEPS)
    started, looked, ended = office.use(
        ("start_job", {"command": "python sleeps.py"}),
        ("run_command", {"command": "echo here"}),
        ("run_command", {"command": "python sleeps.py"}),
    )
    assert started.startswith("Job j1")
    assert looked == "here"
    assert ended.startswith("Refused: It took longer than 1 s and was ended")
    assert office.desk.running == ["j1"]


def test_a_flood_of_output_is_ended_and_told_in_part(office, monkeypatch):
    monkeypatch.setattr(jobs, "LARGEST_LOG_BYTES", 4 << 20)
    flood = office.do("run_command", command="yes | head -c 8000000; sleep 4")
    assert "it printed more than" in flood
    assert len(flood) < 13_000
    assert not list((office.root / ".tmp").glob("command-*"))
    lost = office.do("run_command", command="head -c 1000000 /dev/zero | tr '\\0' 'x'; echo; echo end")
    assert "bytes it printed are left out" in lost
    assert lost.rstrip().endswith("end")


def test_what_must_be_fixed_is_the_answer_and_nothing_starts(office):
    office.write(
        "train.py",
        "from sklearn.linear_model import LogisticRegression\n"
        "from sklearn.model_selection import train_test_split\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "scaled = StandardScaler().fit_transform(features)\n"
        "train, test, train_y, test_y = train_test_split(scaled, labels)\n"
        "LogisticRegression().fit(train, train_y)\n",
    )
    office.do("read_hints")
    answer = office.do("start_job", command="python train.py")
    assert answer.startswith("Refused: Line 4:")
    assert "Fix:" in answer
    assert not office.events("job_started")


def test_what_the_review_edits_is_told_and_stands_on_disk(office):
    office.write("train.py", "import numpy as np\nif False:\n    model.fit(1)\nx = np.float(1)\n")
    office.do("read_hints")
    answer = office.do("start_job", command="python train.py")
    assert "The review edited train.py:" in answer
    assert "-x = np.float(1)\n+x = float(1)" in answer
    assert "x = float(1)" in (office.root / "train.py").read_text()


def test_a_module_and_a_launcher_with_a_script_are_jobs_too(office):
    restarts = "import subprocess, sys, time\n" + FOLDS
    restarts += (
        "if len(sys.argv) == 1:\n    subprocess.run([sys.executable, 'work/train.py', 'again'], check=True)\n"
    )
    office.write("work/train.py", restarts)
    office.write("work/__init__.py", "")
    office.do("read_hints")
    for command in ("python -m work.train", "python -m cProfile -o profile work/train.py"):
        assert office.do("start_job", command=command).startswith("Job ")
        while office.desk.running:
            told = office.do("wait", seconds=30)
        assert "return code 0" in told, told
    for command in ("python -m nothing", "python -m pip list", "python -m medalist.workspace.warm"):
        assert office.do("start_job", command=command).startswith("Refused: ")


def test_calls_of_one_turn_run_side_by_side(office):
    async def together() -> float:
        started = time.monotonic()
        slow = [call(office.desk, "run_command", {"command": "sleep 1; echo slept"}) for _ in range(2)]
        answers = await asyncio.gather(*slow, call(office.desk, "list_files", {}))
        await office.desk.rest()
        assert answers[:2] == ["slept", "slept"]
        return time.monotonic() - started

    asyncio.run(together())
    started, ended = office.events("job_started"), office.events("job_ended")
    assert len(started) == len(ended) == 2
    names = [event.kind for event in office.read_events() if event.kind in ("job_started", "job_ended")]
    assert names == ["job_started", "job_started", "job_ended", "job_ended"]


def test_near_the_end_every_answer_says_so_and_what_stands(make_office):
    now = [0.0]
    office = make_office(budget=Budget(100.0, clock=lambda: now[0]))
    assert "Time left" not in office.do("list_files")
    now[0] = 60.0
    assert "Time left: 40 s of 1 min 40 s." in office.do("list_files")
    assert "Time left" not in office.do("list_files")
    now[0] = 92.0
    for _ in range(2):
        assert "The end is near: No submission is in place." in office.do("list_files")
    office.write("work/answer.txt", "7")
    office.write("work/points.txt", "3")
    assert "In place is a submission with validation points 3" in office.do("submit", folder="work")
    now[0] = 101.0
    with pytest.raises(BudgetSpent):
        office.do("list_files")


def test_finishing_waits_for_what_still_runs_without_a_way_to_use_it(office):
    office.write("work/answer.txt", "7")
    office.write("work/points.txt", "3")
    office.write("more/train.py", FOLDS.replace("0.5))", "60))"))
    office.do("read_hints")
    office.do("submit", folder="work")
    office.do("start_job", command="python train.py", folder="more")
    refused = office.do("finish")
    assert refused.startswith("Refused: ")
    assert "more/predict.py" in refused
    assert not office.desk.submitted_finally
    office.do("kill_job", job="j1")
    assert office.do("finish").startswith("Finished")


def test_without_hints_nothing_waits_for_them(make_office):
    office = make_office(hints=False)
    office.write("train.py", FOLDS)
    assert "read_hints" not in [tool.name for tool in all_tools(office.desk)]
    assert office.do("start_job", command="python train.py").startswith("Job ")


def test_a_worse_or_unscored_product_stays_out(office):
    for folder, points in (("a", "5"), ("b", "4"), ("c", "many")):
        office.write(f"{folder}/answer.txt", points if points.isdigit() else "1")
        office.write(f"{folder}/points.txt", points)
    assert "in place now" in office.do("submit", folder="a")
    assert "not better than the submission in place" in office.do("submit", folder="b")
    assert office.do("submit", folder="c").startswith("Refused: There is no validation score")
    assert (office.session.submission_dir / "answer.txt").read_text() == "5"
    assert [outcome.state.value for outcome in office.desk.workshop.population.outcomes] == [
        "finished",
        "finished",
        "failed",
    ]


def test_keys_are_in_no_event(office, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret-secret")
    said = office.do("run_command", command="echo sk-secret-secret-secret; env")
    assert "OPENAI_API_KEY" not in said
    assert "sk-secret-secret-secret" not in str(office.events("tool_called"))
