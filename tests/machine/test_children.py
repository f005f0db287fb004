"""Asking a child of Medalist's own: what it says arrives, while it works and in the end."""

import pytest

from medalist.machine import children

TALKS = "import sys\nfor n in range(3): print('step', n, file=sys.stderr, flush=True)\nprint('done')"
HANGS = "import sys, time\nprint('before', file=sys.stderr, flush=True)\ntime.sleep(1000)"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that a child can be asked to run."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(code):
        (tmp_path / "asked_module.py").write_text(code)
        return ["asked_module"]

    return write


def test_each_line_of_its_progress_is_passed_on_and_kept(module, tmp_path):
    heard = []
    answer = children.ask(module(TALKS), cwd=tmp_path, timeout_seconds=60, tell=heard.append)
    assert (answer.returncode, answer.output) == (0, "done\n")
    assert heard == ["step 0", "step 1", "step 2"]
    assert answer.errors.split("\n")[:-1] == heard


def test_one_that_takes_too_long_is_killed_and_what_it_said_kept(module, tmp_path):
    answer = children.ask(module(HANGS), cwd=tmp_path, timeout_seconds=2)
    assert answer.returncode is None
    assert answer.errors == "before\n"
