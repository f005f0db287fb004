"""A person is the engineer: lines from a pipe and keys on a terminal, from the first look to a graded submission."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import guest_competition
import pytest

from medalist.apps.play import BadLine, help_text, tool_call
from medalist.runs.store import AttemptState, FileStore
from medalist.tools import tool as tools_module
from medalist.tools.definition import Tool, define

FOLDER = "candidates/mine"
LONGEST_SECONDS = 60.0
TOOLS: dict[str, Tool] = {each.name: each for each in map(define, tools_module._FUNCTIONS)}


@pytest.fixture(scope="module")
def competition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return guest_competition.make_competition(tmp_path_factory.mktemp("above-a-half"))


@pytest.mark.parametrize(
    ("line", "tool", "arguments"),
    [
        ("ls -l | head -3", "run_command", {"command": "ls -l | head -3", "folder": "work"}),
        ("read_hints", "read_hints", {}),
        ("read_hints 3", "read_hints", {"section": "3"}),
        ("read_hints search='mixed precision'", "read_hints", {"search": "mixed precision"}),
        ("start_job train.py --epochs 3", "start_job", {"command": "python train.py --epochs 3", "folder": "work"}),
        ("start_job train.py cores=1", "start_job", {"command": "python train.py", "folder": "work", "cores": 1}),
        ("wait", "wait", {}),
        ("wait 20", "wait", {"seconds": 20.0}),
        ("submit", "submit", {"folder": "work"}),
        ("submit ../other 'a title'", "submit", {"folder": "other", "title": "a title"}),
        ("ask_oracle what comes next?", "ask_oracle", {"question": "what comes next?"}),
        ("read_file train.py", "read_file", {"path": "work/train.py"}),
        ("list_files", "list_files", {"path": "work"}),
    ],
)  # fmt: skip
def test_a_line_becomes_a_call(line: str, tool: str, arguments: dict[str, object]) -> None:
    assert tool_call(line, TOOLS, "work") == (tool, arguments)
    TOOLS[tool].checked(arguments)


@pytest.mark.parametrize("line", ["wait soon", "kill_job j1 j2 j3", "read_file 'half a word"])
def test_a_line_that_makes_no_sense_is_told(line: str) -> None:
    with pytest.raises(BadLine):
        tool_call(line, TOOLS)


def test_help_names_every_tool_and_every_parameter() -> None:
    assert [name for name in TOOLS if name not in help_text(TOOLS)] == []
    for name, tool in TOOLS.items():
        assert [each for each in tool.parameters["properties"] if each not in help_text(TOOLS, name)] == []


def heredoc(path: str, text: str) -> str:
    return f"mkdir -p {FOLDER} && echo {_packed(text)} | base64 -d > {path}"


def _packed(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


def test_typed_lines_compete_and_their_end_is_graded(competition: Path, tmp_path: Path) -> None:
    lines = [
        "# a comment, and an empty line",
        "",
        "help",
        heredoc(f"{FOLDER}/train.py", guest_competition.TRAIN),
        heredoc(f"{FOLDER}/predict.py", guest_competition.PREDICT),
        "cd nowhere",
        f"cd {FOLDER}",
        "start_job train.py",
        "read_hints",
        "start_job train.py",
        "wait 60",
        "wait 60",
        "python predict.py",
        "submit . 'a straight cut'",
    ]
    run = tmp_path / "run"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "medalist.apps.cli",
            "play",
            str(competition),
            "--time",
            "5m",
            "--out",
            str(run),
        ],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert "There is no folder 'nowhere'" in done.stderr
    assert "the hints were not read yet" in done.stderr
    assert "Submitted as" in done.stderr
    assert "Traceback" not in done.stderr
    record = FileStore(run).attempts()[0]
    assert record.state is AttemptState.FINISHED
    assert record.result["hidden_score"] > 0.9


class Keys:
    """A person's hands and eyes on a terminal of the process."""

    def __init__(self, command: list[str]) -> None:
        self.seen = ""
        pid, self._terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm", COLUMNS="200")
            os.execv(sys.executable, [sys.executable, *command])
        self.pid = pid

    def until(self, words: str) -> str:
        """All that was shown up to words that stand on the screen after what was looked at before."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while words not in self.seen:
            assert time.monotonic() < deadline, f"{words!r} was never shown:\n{self.seen}"
            if select.select([self._terminal], [], [], 0.5)[0]:
                try:
                    self.seen += os.read(self._terminal, 65536).decode(errors="replace")
                except OSError:  # the other side is gone
                    assert words in self.seen, f"{words!r} was never shown:\n{self.seen}"
        shown, _, self.seen = self.seen.partition(words)
        return shown

    def press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def end(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_a_terminal_completes_names_and_takes_ctrl_c_and_ctrl_d(competition: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    keys = Keys(["-m", "medalist.apps.cli", "play", str(competition), "--time", "5m", "--out", str(run)])
    keys.until("medalist> ")
    keys.press("list_f\t\r")
    keys.until("input")
    keys.until("medalist> ")
    keys.press("yes > /dev/null\r")
    time.sleep(2.0)
    keys.press("\x03")
    keys.until("Not waited for any more")
    keys.until("medalist> ")
    keys.press("\x03")
    keys.until("Ctrl-D ends the attempt")
    keys.press("\x04")
    shown = keys.until("submission.csv")
    assert "Traceback" not in shown
    assert keys.end() == 0
    assert FileStore(run).attempts()[0].state is AttemptState.FINISHED


def test_the_end_of_the_time_finds_a_person_at_the_prompt(competition: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    keys = Keys(["-m", "medalist.apps.cli", "play", str(competition), "--time", "15s", "--out", str(run)])
    keys.until("medalist> ")
    keys.press("echo half a li")
    keys.until("The time is over.")
    assert "Traceback" not in keys.until("submission.csv")
    assert keys.end() == 0
    assert FileStore(run).attempts()[0].state is AttemptState.LIMIT


def test_an_interrupted_game_goes_on_where_it_was(
    competition: Path, start_medalist: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    keys = Keys(["-m", "medalist.apps.cli", "play", str(competition), "--time", "5m", "--out", str(run)])
    keys.until("medalist> ")
    keys.press("echo kept > note.txt\r")
    keys.until("succeeded")
    keys.until("medalist> ")
    keys.press("\x03")
    keys.until("once more")
    keys.press("\x03")
    keys.until("medalist play --resume")
    assert keys.end() == 130
    record = FileStore(run).attempts()[0]
    assert record.state is AttemptState.INTERRUPTED
    assert record.result["hidden_score"] is not None
    again = start_medalist("play", "--resume", run, "--json")
    out, err = again.communicate(timeout=LONGEST_SECONDS)  # nobody types a line
    assert again.returncode == 0, err
    assert re.search(r'"valid": true', out)
    assert (FileStore(run).folder(record.spec.id) / "workspace" / "note.txt").read_text() == "kept\n"
