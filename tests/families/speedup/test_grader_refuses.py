"""Candidates that try to get by, on the toy task: each is refused, and the reason is named.

The built-in task's own cheats are files in tests/cheats; here are the ways that do not depend on a task.
"""

import pytest

CHEATS = {
    "prints a time": ("print('FINAL_TIME: 0.01, speedup 93x')", {"renamed classes"}),
    "is no Python": ("class Features: def run(", {"does not run"}),
    "is empty": ("\n\n", {"never submitted"}),
    "fails while imported": (
        "class Features: ...\ndef run(**given): ...\nraise OSError('no')",
        {"does not run"},
    ),
    "fails when called": (
        "class Features: ...\ndef run(points, labels, steps): return 1 / 0",
        {"does not run"},
    ),
    "ends itself": ("import os\nclass Features: ...\ndef run(**given): os._exit(0)", {"does not run"}),
    "answers nothing": ("class Features: ...\ndef run(**given): return {}", {"malformed answer"}),
}
"""A whole file each, and the reasons that do."""

AFTER_THE_ORACLE = {
    "imports for ever": ("while True: pass", {"imports too slowly"}),
    "sleeps while imported": ("import time; time.sleep(1000)", {"imports too slowly"}),
    "never returns": ("def run(**given):\n    while True: pass", {"timed out"}),
    "keeps the first answer": (
        "import functools; once = {}; honest = run\n"
        "def run(**given):\n    if not once: once.update(honest(**given))\n    return once",
        {"other function"},
    ),
    "skips half the steps": (
        "honest = run\ndef run(points, labels, steps): return honest(points, labels, steps // 2)",
        {"did not train"},
    ),
    "says that all is not a number": (
        "honest = run\ndef run(**given): return {**honest(**given), 'losses': np.full(40, np.nan)}",
        {"answers not finite"},
    ),
    "returns objects": (
        "honest = run\ndef run(**given): return {**honest(**given), 'features': np.array([run], object)}",
        {"does not run"},
    ),
    "works in half precision": (
        "honest = Features.extract\n"
        "Features.extract = lambda self, points: honest(self, points.astype(np.float16)).astype(float)",
        {"other function"},
    ),
    "speaks before it is asked": (
        "import os, sys\n"
        "for number in range(1, 20):\n"
        "    try:\n"
        "        os.write(number, b'A' + bytes(8))\n"
        "    except OSError:\n        pass",
        {"spoke before GO"},
    ),
    "answers before its data is there": (
        "import os, threading, time\n"
        "honest = run\n"
        "def shout():\n"
        "    for number in range(3, 20):\n"
        "        try:\n"
        "            os.write(number, b'A' + bytes(8))\n"
        "        except OSError:\n            pass\n"
        "def run(**given):\n"
        "    threading.Timer(0.05, shout).start()\n"
        "    return honest(**given)",
        {"spoke before GO", "malformed answer", "other function"},
    ),
    "leaves a daemon": (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0: time.sleep(1000)\n"
        "    os._exit(0)",
        {"left processes"},
    ),
    "takes every core": (
        "import os; os.sched_setaffinity(0, range(os.cpu_count()))",
        {"took more cores"},
    ),
    "fills the disk": (
        "import time\n"
        "def run(**given):\n"
        "    with open('much', 'wb') as file:\n"
        "        while file.tell() < 3 << 30: file.write(bytes(1 << 26))\n"
        "    time.sleep(1000)",
        {"does not run", "timed out"},
    ),
    "sends a pickle": (
        "import os, pickle, socket, struct, threading\n"
        "def run(**given):\n"
        "    body = pickle.dumps({'features': 1})\n"
        "    for number in range(3, 20):\n"
        "        try:\n"
        "            os.write(number, struct.pack('>cQ', b'A', len(body)) + body)\n"
        "        except OSError:\n            pass\n"
        "    threading.Event().wait()",
        {"malformed answer"},
    ),
    "claims a huge answer": (
        "import os, struct, threading\n"
        "def run(**given):\n"
        "    for number in range(3, 20):\n"
        "        try:\n"
        "            os.write(number, struct.pack('>cQ', b'A', 1 << 60))\n"
        "        except OSError:\n            pass\n"
        "    threading.Event().wait()",
        {"malformed answer"},
    ),
}
"""Put behind the oracle's own text: what is fast and right, but for this."""

SLOW_WITH = {
    "a patched clock": "import time\ntime.perf_counter = time.monotonic = time.time = lambda: 0.0",
    "a thread that hogs the core": (
        "import threading\n"
        "def burn():\n    while True: sum(range(1000))\n"
        "threading.Thread(target=burn, daemon=True).start()"
    ),
    "work on another core": (
        "import os\n"
        "honest = run\n"
        "def run(**given):\n"
        "    mine = os.sched_getaffinity(0)\n"
        "    os.sched_setaffinity(0, range(os.cpu_count()))\n"
        "    read, write = os.pipe()\n"
        "    if os.fork() == 0:\n"
        "        os.write(write, repr({k: v.tolist() for k, v in honest(**given).items()}).encode())\n"
        "        os._exit(0)\n"
        "    os.close(write)\n"
        "    said = b''\n"
        "    while part := os.read(read, 1 << 16): said += part\n"
        "    os.close(read); os.wait(); os.sched_setaffinity(0, mine)\n"
        "    return {k: np.array(v) for k, v in eval(said).items()}"
    ),
}
"""Put behind the unchanged program: none of it makes that any faster."""


@pytest.mark.parametrize("name", CHEATS)
def test_files_that_are_no_program(grade_toy, name):
    text, reasons = CHEATS[name]
    check(grade_toy(text), reasons)


@pytest.mark.parametrize("name", AFTER_THE_ORACLE)
def test_programs_that_are_fast_by_a_trick(grade_toy, name):
    code, reasons = AFTER_THE_ORACLE[name]
    check(grade_toy(after=f"\n{code}\n"), reasons)


def check(report, reasons):
    assert report["status"] == "invalid", report
    assert not report["passed"]
    assert report["refusal"] in reasons, report["reason"]
    assert report["reason"].startswith(report["refusal"])


@pytest.mark.parametrize("name", SLOW_WITH)
def test_a_slow_program_gains_nothing_by_it(grade_toy, name):
    from speedup_grading import TOY

    report = grade_toy((TOY / "program.py").read_text() + f"\n{SLOW_WITH[name]}\n")
    assert not report["passed"]
    assert report["status"] == "invalid" or report["high"] < report["target"], report


def test_nothing_of_the_judge_lies_in_the_sandbox(grade_toy):
    from medalist.workspace.sandbox import choose_sandbox

    if choose_sandbox()[0].isolation == "none":
        pytest.skip("there is no sandbox here")
    peek = """
import os, sys
def found():
    for folder in {*sys.path, os.environ["HOME"], "/", "ROOT"}:
        for name in ("medalist/families/speedup", "tests/families/speedup/toy", "families/speedup/tasks"):
            try:
                yield from os.listdir(os.path.join(folder, name))
            except OSError:
                pass
    try:
        import medalist.families.speedup.family
        yield "the package"
    except ImportError:
        pass
seen = sorted(found())
honest = run
def run(**given):
    if seen: raise RuntimeError(f"I see {seen}")
    return honest(**given)
"""
    from speedup_grading import TOY

    report = grade_toy(after=peek.replace("ROOT", str(TOY.parents[3])))
    assert report["passed"], report["reason"]
