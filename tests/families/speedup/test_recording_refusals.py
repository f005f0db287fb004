"""Scripts that cannot be recorded: each is refused with a sentence that says why, and what to do."""

from pathlib import Path

import pytest

from medalist.core.errors import InputError
from medalist.families.speedup.recording import Limits, record_task

WORK = "def work():\n    total = 0\n    for n in range(300_000):\n        total += n * n % 7\n\n\nwork()\n"
REFUSED = {
    "asks for input": (WORK + "print(input('how many? '))\n", "EOFError", "asks for input"),
    "a file that is not there": (
        WORK + "print(open('/data/train.csv').read())\n",
        "/data/train.csv",
        "beside the script",
    ),
    "a package that is missing": (
        "import no_such_package\n" + WORK,
        "no_such_package",
        "Install the missing package",
    ),
    "no network": (
        WORK + "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=5)\n",
        "fails when it is run",
        "",
    ),
    "ends badly": (WORK + "raise SystemExit('no data')\n", "no data", "exit status 0"),
    "nothing to compare": (WORK, "Nothing of the script can be compared", "print or return"),
    "other numbers each time": (
        "import os\n\n\ndef draw(n):\n    return [os.urandom(1)[0] for _ in range(n)]\n\n\n"
        + WORK
        + "for value in draw(50_000)[:2000]:\n    print('x' * value)\n",
        "not the same from run to run",
        "seeds",
    ),
    "quick": ("print(1 + 1)\n", "nothing to speed up", "data it is slow on"),
    "nothing happens": ("def f():\n    return 1\n", "does nothing when it is started", "__main__"),
    "no Python": ("print 'hello'\n", "is not Python", ""),
    "endless": ("while True:\n    pass\n", "time limit", "less data"),
}


@pytest.mark.parametrize(("text", "what", "advice"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_said_why_a_script_cannot_be_recorded(text: str, what: str, advice: str, tmp_path: Path):
    script = tmp_path / "mine" / "train.py"
    script.parent.mkdir()
    script.write_text(text)
    with pytest.raises(InputError) as error:
        record_task(script, tmp_path / "task", limits=Limits(seconds=4.0 if "while True" in text else 60.0))
    assert what in error.value.what
    assert advice in error.value.next_step
    assert script.read_text() == text
    assert not (tmp_path / "task").exists()


def test_a_missing_script_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(InputError) as error:
        record_task(tmp_path / "none.py", tmp_path / "task")
    assert "No such file" in error.value.what
