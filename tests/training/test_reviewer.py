"""Reading commands in a child changes where the reading is done, and nothing of what it says."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medalist.machine.hardware import Gpu, Hardware
from medalist.training.kind import Kind
from medalist.training.review import ScriptFacts
from medalist.training.reviewer import Question, Reviewer, read_command

CPU = Hardware(8, tuple(range(8)), 2**35, (), "linux", "", "cpu")
GPU = Hardware(8, tuple(range(8)), 2**35, (Gpu(0, "NVIDIA A10", 24 * 2**30),), "linux", "", "gpu")
SCRIPTS = sorted(
    path for folder in ("clean_scripts", "cases") for path in Path("tests/hints", folder).glob("**/*.py")
)
BESIDE = {
    "train.py": "import part\npart.work()\n",
    "part.py": "def work():\n    model.fit(x, y)\n",
    "broken.py": "model.fit(\n",
    "odd.py": "model.fit('\udc80 \u00e9 \\n')  # \u2028\n",
    "starts.py": "import subprocess\nsubprocess.run(['python', 'train.py'])\n",
}


@pytest.fixture(scope="module")
def reviewer():
    started = Reviewer()
    started.start()
    yield started
    started.close()


def child_of(reviewer: Reviewer) -> subprocess.Popen[bytes]:
    child = reviewer._child
    assert child is not None
    return child


@pytest.mark.parametrize("hardware", [CPU, GPU], ids=["cpu", "gpu"])
def test_the_child_says_what_this_process_would(reviewer, hardware):
    assert len(SCRIPTS) > 30
    for path in SCRIPTS:
        text = path.read_text()
        question = Question((path.name, "--batch-size", "64"), hardware, ScriptFacts(rows=10_000, classes=3))
        assert reviewer.ask(question, {path.name: text}.get) == read_command(question, {path.name: text}.get)
    assert child_of(reviewer).poll() is None


@pytest.mark.parametrize("use_hints", [True, False])
@pytest.mark.parametrize(
    "argv",
    [
        *((name,) for name in BESIDE),
        ("-m", "part"),
        ("-c", "model.fit(x)"),
        ("-u", "train.py"),
        ("gone.py",),
        ("-m",),
    ],
    ids=" ".join,
)
def test_it_asks_for_what_lies_beside_the_script(reviewer, argv, use_hints):
    question = Question(argv, CPU, use_hints=use_hints)
    assert reviewer.ask(question, BESIDE.get) == read_command(question, BESIDE.get)
    assert child_of(reviewer).poll() is None


def test_only_what_lies_beside_the_script_is_asked_for(reviewer):
    code = "import numpy.linalg, part\nimport subprocess\nsubprocess.run(['python', '../other/train.py', './x.py'])\n"
    texts = {"main.py": code, "part.py": BESIDE["part.py"], "../other/train.py": "loss.backward()\n"}
    asked: list[str] = []

    def read(path):
        asked.append(path)
        return texts.get(path)

    question = Question(("main.py",), CPU, beside=("main.py", "part.py"))
    assert reviewer.ask(question, read) == read_command(question, texts.get)
    assert set(asked) == set(texts)


def test_a_child_that_dies_leaves_no_command_unread():
    reviewer = Reviewer()
    reviewer.start()
    child_of(reviewer).kill()
    assert reviewer.ask(Question(("train.py",), CPU), BESIDE.get).kind is Kind.ESTIMATOR
    assert reviewer._child is None


def test_a_child_that_cannot_start_leaves_no_command_unread(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    reviewer = Reviewer()
    reviewer.start()
    assert reviewer.ask(Question(("train.py",), CPU), BESIDE.get).kind is Kind.ESTIMATOR


def test_an_interrupted_question_does_not_answer_the_next():
    reviewer = Reviewer()
    reviewer.start()

    def interrupted(path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reviewer.ask(Question(("train.py",), CPU), interrupted)
    assert reviewer.ask(Question(("-c", "print(1)"), CPU), BESIDE.get).kind is Kind.NONE
    reviewer.close()


def test_the_child_dies_with_a_killed_parent():
    code = (
        "import time; from medalist.training.reviewer import *; r = Reviewer(); r.start();"
        "r.ask(Question(('-c', '1'), Hardware(1, (0,), 1, (), '', '', '')), lambda path: None);"
        "print(r._child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(pid)


@pytest.mark.skipif(os.geteuid() == 0, reason="to root every file below /proc looks its own")
def test_nobody_else_reads_the_childs_memory(reviewer):
    reviewer.ask(Question(("train.py",), CPU), BESIDE.get)
    assert os.stat(f"/proc/{child_of(reviewer).pid}/mem").st_uid == 0


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
