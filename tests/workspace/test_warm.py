"""The warm interpreter: a fork is as good as a fresh interpreter, and its death is nobody else's."""

import contextlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from medalist.workspace.interpreter import WarmInterpreter
from medalist.workspace.jobs import JobSpec
from medalist.workspace.policy import Wrapped
from medalist.workspace.process import Child
from medalist.workspace.workspace import Workspace


@pytest.fixture
def warmed(open_workspace: Callable[..., Workspace]) -> Workspace:
    workspace = open_workspace(preload=["numpy", "no_such_module", "threadpoolctl"])
    workspace.warm_up()
    return workspace


def run(workspace: Workspace, code: str, *, warm: bool = True, arguments: tuple[str, ...] = ()) -> str:
    (workspace.root / "script.py").write_text(code)
    done = workspace.run(["script.py", *arguments], timeout_seconds=60, warm=warm)
    assert done.returncode == 0, done.output
    return done.output


def test_modules_are_there_already(warmed: Workspace) -> None:
    code = "import sys; print('numpy' in sys.modules)"
    assert (run(warmed, code), run(warmed, code, warm=False)) == ("True\n", "False\n")


SELF_PORTRAIT = """
import multiprocessing, os, pickle, sys, __main__
from dataclasses import dataclass
@dataclass
class Model:
    weight: float
def double(x):
    return 2 * x
if __name__ == "__main__":
    print(sys.argv, os.path.basename(__file__), os.path.basename(sys.path[0]), __spec__, __package__)
    print(pickle.loads(pickle.dumps(Model(1.5))), __main__.Model is Model, Model.__module__)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(double, range(4)))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(double, range(2)))
    pickle.dump(Model(2.5), open("model.pkl", "wb"))
    print(os.getcwd() == os.environ["HOME"], sys.stdin.read() == "", annotation.__annotations__)
"""


def test_a_script_sees_no_difference(warmed: Workspace) -> None:
    code = SELF_PORTRAIT.replace("def double", "def annotation(x: int): pass\ndef double")
    warm, cold = (run(warmed, code, warm=warm, arguments=("--folds", "5")) for warm in (True, False))
    assert warm == cold
    assert "['script.py', '--folds', '5'] script.py workspace None None" in warm
    assert "[0, 2, 4, 6]" in warm
    assert b"__main__" in (warmed.root / "model.pkl").read_bytes()


def test_modules_run_by_name(warmed: Workspace) -> None:
    (warmed.root / "tool.py").write_text("import sys; print(__name__, __spec__.name, sys.argv[1:])")
    for warm in (True, False):
        done = warmed.run(["-m", "tool", "x"], timeout_seconds=60, warm=warm)
        assert done.output == "__main__ tool ['x']\n"
    missing = warmed.run(["-m", "absent_tool"], timeout_seconds=60)
    assert (missing.returncode, "No module named absent_tool" in missing.output) == (1, True)


def test_exit_handlers_run_and_threads_are_joined(warmed: Workspace) -> None:
    code = "import atexit, threading, time\natexit.register(print, 'bye')\n"
    code += "threading.Thread(target=lambda: (time.sleep(.2), print('thread'))).start()"
    assert run(warmed, code) == "thread\nbye\n"


def test_forks_do_not_share_their_luck(warmed: Workspace) -> None:
    code = "import numpy, random; print(numpy.random.rand(), random.random())"
    assert run(warmed, code) != run(warmed, code)


def test_libraries_loaded_before_the_fork_keep_to_the_jobs_cores(warmed: Workspace) -> None:
    code = "import numpy, threadpoolctl; print({pool['num_threads'] for pool in threadpoolctl.threadpool_info()})"
    (warmed.root / "script.py").write_text(code)
    done = warmed.run(["script.py"], timeout_seconds=60, cores=warmed.cores[:1])
    assert done.output == "{1}\n"


def test_a_job_that_kills_its_keeper_harms_itself_alone(warmed: Workspace) -> None:
    (warmed.root / "script.py").write_text("import os, time; os.kill(os.getppid(), 9); time.sleep(60)")
    job = warmed.jobs.start(JobSpec(("script.py",)))
    assert job.wait(20) == -9
    assert run(warmed, "import sys; print('numpy' in sys.modules)") == "True\n"


KILL_THE_INTERPRETER = """
import os, time
keeper = open(f"/proc/{os.getppid()}/stat").read()
os.kill(int(keeper.rpartition(")")[2].split()[1]), 9)
time.sleep(60)
"""


def test_jobs_go_on_cold_when_the_interpreter_dies(warmed: Workspace) -> None:
    (warmed.root / "suicide.py").write_text(KILL_THE_INTERPRETER)
    job = warmed.jobs.start(JobSpec(("suicide.py",)))
    assert job.wait(20) == -9
    assert job.ended is not None
    assert job.ended.killed_reason == "the interpreter it was forked from died"
    assert run(warmed, "import sys; print('numpy' in sys.modules)") == "False\n"


def test_a_job_that_waits_for_the_interpreter_starts_cold_when_it_dies(warmed: Workspace) -> None:
    (warmed.root / "script.py").write_text("print('here all the same')")
    job = warmed.jobs.start(JobSpec(("script.py",)))
    interpreter = warmed._interpreter
    assert interpreter is not None
    if job.pid == 0:
        interpreter.child.kill(grace_seconds=0.0)
    assert job.wait(20) == 0
    assert job.tail() == "here all the same\n"


def test_jobs_run_side_by_side(warmed: Workspace) -> None:
    code = "import os, sys, time\nopen(sys.argv[1], 'w').close()\n"
    code += "while not os.path.exists(sys.argv[2]): time.sleep(.01)"
    (warmed.root / "script.py").write_text(code)
    jobs = [warmed.jobs.start(JobSpec(("script.py", a, b), name=a)) for a, b in (("x", "y"), ("y", "x"))]
    assert [job.wait(20) for job in jobs] == [0, 0]


@pytest.mark.parametrize(
    "lie",
    [
        b"not json\n",
        b"[1, 2]\n",
        b'{"id": "j9", "returncode": 0, "cpu_seconds": 0, "max_rss_bytes": 0}\n',
        b'{"id": "j1", "returncode": "zero", "cpu_seconds": 0, "max_rss_bytes": 0}\n',
        b'{"id": "j1", "returncode": Infinity, "cpu_seconds": 0, "max_rss_bytes": 0}\n',
        b'{"id": "j1", "returncode": 0, "cpu_seconds": NaN, "max_rss_bytes": 0}\n',
        b"[" * 60_000 + b"\n",
        b"x" * 100_000,
    ],
)
def test_a_reply_that_is_none_ends_the_conversation(lie: bytes) -> None:
    interpreter, say = interpreter_over_a_pipe()
    process = interpreter.start({"id": "j1"})
    assert process is not None
    speaker = threading.Thread(target=speak, args=(say, lie))
    speaker.start()
    while process.poll() is None:
        select.select([interpreter.wake_descriptor], [], [], 1.0)
    speaker.join()
    end = process.poll()
    assert end is not None
    assert end.lost
    assert not interpreter.alive
    assert interpreter.start({"id": "j2"}) is None


def test_a_forged_pid_points_at_nobody() -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    interpreter, say = interpreter_over_a_pipe()
    process = interpreter.start({"id": "j1"})
    assert process is not None
    os.write(say, b'{"id": "j1", "pid": %d}\n' % stranger.pid)
    interpreter.listen()
    assert process.pid == 0
    os.close(say)
    process.kill(grace_seconds=0.0)
    assert stranger.poll() is None
    stranger.communicate()


def speak(descriptor: int, words: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(descriptor, "wb") as mouth:
        mouth.write(words)


def interpreter_over_a_pipe() -> tuple[WarmInterpreter, int]:
    """An interpreter that is a sleeping process; what it says is written to the descriptor."""
    child = Child(Wrapped(("sleep", "60"), {"PATH": os.environ["PATH"]}), cwd=Path.cwd())
    _, requests = os.pipe()
    replies, say = os.pipe()
    return WarmInterpreter(child, os.fdopen(requests, "wb"), os.fdopen(replies, "rb", buffering=0)), say
