"""No command gets training past the checks: proved by what stands, or does not stand, on disk afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from medalist.core.errors import SandboxUnavailable
from medalist.machine.process_tree import read_command

MARK = "import pathlib\npathlib.Path('trained.txt').touch()\n"
TRAINS = f"from sklearn.dummy import DummyClassifier\nDummyClassifier().fit([[0], [1]], [0, 1])\n{MARK}"


@pytest.fixture
def workplace(office):
    office.write("train.py", TRAINS)
    office.write("work/train.py", TRAINS)
    office.write("run.sh", "python train.py\n")
    office.write("starter.py", "import os\nos.system('python train.py')\n")
    office.write("starter2.py", "import subprocess, sys\nsubprocess.run([sys.executable, 'train.py'])\n")
    office.write("hidden.py", "exec(open('train.py').read())\n")
    office.write("runs_any.py", "import subprocess, sys\nsubprocess.run(['python', *sys.argv[1:]])\n")
    return office


def trained(office) -> bool:
    return any(office.root.rglob("trained.txt"))


@pytest.mark.parametrize(
    "command",
    [
        "python train.py",
        'bash -c "python train.py"',
        "cd work && python train.py | tee log",
        f"python - <<'EOF'\n{TRAINS}EOF",
        f'python -c "{TRAINS}"',
        "nohup python train.py &",
        "bash run.sh",
        "python starter.py",
        "python starter2.py",
        "python hidden.py",
        "python runs_any.py train.py",
        "python -m train",
        "python -m medalist.workspace.warm",
    ],
)
def test_before_the_hints_were_read_nothing_trains(workplace, command):
    answer = workplace.do("run_command", command=command)
    assert answer.startswith("Refused: "), answer
    assert not trained(workplace)
    assert not workplace.events("job_started")
    assert workplace.events("tool_refused")


@pytest.mark.parametrize("script", ["starter.py", "starter2.py", "runs_any.py train.py"])
def test_a_script_that_starts_a_training_nobody_reviewed_is_stopped(workplace, script):
    slow = TRAINS.replace(MARK, f"import time\ntime.sleep(20)\n{MARK}")
    workplace.write("train.py", slow)
    workplace.do("read_hints")
    answer = workplace.do("run_command", command=f"python {script}")
    assert "nobody had reviewed it" in answer
    assert "python train.py" in answer
    assert not trained(workplace)
    assert workplace.events("job_ended")[0]["killed_reason"] == "unreviewed"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"Makefile": "all:\n\tpython train.py\n"}, "make all"),
        ({}, "awk 'BEGIN { system(\"python train.py\") }'"),
        ({}, "perl -e 'system(\"cat train.py | python -\")'"),
        ({}, "find . -maxdepth 1 -name train.py | sed 's/^/python /e'"),
        ({}, "tar -cf /dev/null --checkpoint=1 --checkpoint-action=exec='python train.py' run.sh"),
    ],
)
def test_a_program_that_starts_python_by_itself_is_caught_while_it_runs(workplace, files, command):
    workplace.write("train.py", TRAINS.replace(MARK, f"import time\ntime.sleep(20)\n{MARK}"))
    for name, text in files.items():
        workplace.write(name, text)
    workplace.do("read_hints")
    answer = workplace.do("run_command", command=command)
    if "not found" in answer:
        pytest.skip("the program is not installed here")
    assert "nobody" in answer, answer
    assert not trained(workplace)


@pytest.mark.parametrize("name", ["bubblewrap", "landlock"])
def test_it_is_caught_inside_the_sandbox_too(make_office, name):
    try:
        office = make_office(sandbox=name)
    except SandboxUnavailable as missing:
        pytest.skip(str(missing.what))
    office.write("train.py", TRAINS.replace(MARK, f"import time\ntime.sleep(20)\n{MARK}"))
    office.write("starter.py", "import os\nos.system('python train.py')\n")
    office.do("read_hints")
    assert "nobody had reviewed it" in office.do("run_command", command="python starter.py")
    assert not trained(office)


def test_a_copy_of_the_interpreter_is_one(workplace):
    bare = "type('Model', (), {'fit': lambda self: None})().fit()\nimport time\ntime.sleep(20)\n"
    workplace.write("train.py", bare + MARK)
    workplace.do("read_hints")
    copied = workplace.do(
        "run_command", command="cp $(readlink -f $(which python)) ./interpreter; chmod +x interpreter"
    )
    assert "succeeded" in copied
    assert workplace.do("run_command", command="./interpreter train.py").startswith("Refused: ")
    hidden = workplace.do(
        "run_command", command="make -f - all <<'EOF'\nall:\n\t./interpreter train.py\nEOF\n"
    )
    assert not trained(workplace)
    assert "nobody" in hidden or "not found" in hidden


def test_workers_of_a_reviewed_job_are_left_alone(office):
    office.write(
        "train.py",
        "import multiprocessing, subprocess, sys, time\n"
        "def work(n):\n    time.sleep(1.5)\n    return n\n"
        "if __name__ == '__main__':\n"
        "    type('Model', (), {'fit': lambda self: None})().fit()\n"
        "    for method in ('fork', 'spawn'):\n"
        "        with multiprocessing.get_context(method).Pool(2) as pool:\n"
        "            assert pool.map(work, range(2)) == [0, 1]\n"
        "    from joblib import Parallel, delayed\n"
        "    assert Parallel(2)(delayed(work)(n) for n in range(2)) == [0, 1]\n"
        "    open('done.txt', 'w').close()\n",
    )
    office.do("read_hints")
    office.do("start_job", command="python train.py")
    answer = office.do("wait", seconds=60)
    assert "return code 0" in answer, answer
    assert (office.root / "done.txt").exists()


def test_a_file_named_like_medalists_own_is_not_run_in_its_stead(office):
    """A family's command is what decides about a score: nothing lying in the workspace may stand in for it."""
    office.write("medalist/families/compete/scoring.py", "print('mine')\n")
    office.write("medalist/__init__.py", "")
    office.write("json.py", "print('mine')\n")
    office.write(".local/lib/python3.11/site-packages/usercustomize.py", "print('mine')\n")
    completed = office.session.run(["-m", "medalist.families.compete.scoring", "--candidate", "x"])
    assert "mine" not in completed.output
    assert "could not be scored" in completed.output


def test_a_process_is_told_by_its_command_line():
    command = read_command(os.getpid())
    assert command is not None
    assert Path(command.program).name.startswith("python")
    assert command.folder == os.getcwd()
