"""The toy speed-up task, tried by an engineer that does what its try's line says: passes, failures and nuisances.

``tries.txt`` beside the folder ``task`` holds a line for each try, by its seed: ``fast`` and ``slow`` hand in a right
program, ``other`` one of another function, ``idle`` nothing; ``crash`` and ``hang`` are the engineer's own; ``fork``
and ``fill`` start a job that forks, or writes, without end; ``burn S`` keeps a core busy for S seconds, then passes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from medalist.core.answers import Answers
from medalist.core.candidate import Candidate
from medalist.core.errors import InputError
from medalist.core.family import Opened
from medalist.core.task import Task
from medalist.families.speedup.family import Speedup

FILE = "tries.txt"
TOY = Path(__file__).parents[1] / "families" / "speedup" / "toy"
SLOWER = """
slow = run

def run(points, labels, steps):
    for _ in range(400):
        answer = slow(points, labels, steps)
    return answer
"""
OTHER = """
honest = Features.extract
Features.extract = lambda self, points: honest(self, points) * 1.0001
"""
FORKS = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""
FILLS = """
number = 0
while True:
    with open(f"filler-{number}.bin", "wb") as file:
        file.write(bytes(1 << 20))
    number += 1
"""
BURNS = """
import sys, time
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    pass
"""


def make_tries(folder: Path, *lines: str) -> Path:
    """A task to be tried as ``lines`` say."""
    (folder / "task").mkdir(parents=True)
    for path in TOY.glob("*.*"):
        (folder / "task" / path.name).write_text(path.read_text())
    (folder / FILE).write_text("\n".join(lines) + "\n")
    return folder


class Trying(Speedup):
    name = "trying"
    preload: Sequence[str] = ()

    def recognises(self, path: Path) -> bool:
        return (path / FILE).is_file()

    def tries(self, engineer: str) -> int:
        return 2

    def open(self, path: Path, settings: Mapping[str, Any]) -> Opened:
        if not self.recognises(path):
            raise InputError("There is nothing to try.", where=str(path))
        opened = super().open(path / "task", settings)
        lines = (path / FILE).read_text().splitlines()
        return replace(opened, task=replace(opened.task, settings={**opened.task.settings, "tries": lines}))

    def playbook(self, settings: Mapping[str, Any]) -> Any:
        return Trier()

    def grader_command(self, task: Task, answers: Answers, product: Path) -> Sequence[str]:
        return [*super().grader_command(task, answers, product), "--seconds", "2"]


class Trier:
    name = "playbook"

    def work(self, session: Any) -> None:
        verb, _, argument = session.task.settings["tries"][session.seed].partition(" ")
        session.note(f"This try: {verb}")
        getattr(self, verb)(session, argument)

    def fast(self, session: Any, argument: str) -> None:
        self._hand_in(session, "")

    def slow(self, session: Any, argument: str) -> None:
        self._hand_in(session, SLOWER)

    def other(self, session: Any, argument: str) -> None:
        self._hand_in(session, OTHER)

    def idle(self, session: Any, argument: str) -> None:
        pass

    def crash(self, session: Any, argument: str) -> None:
        raise ZeroDivisionError("a bug of the engineer's own")

    def hang(self, session: Any, argument: str) -> None:
        while True:
            time.sleep(0.5)

    def fork(self, session: Any, argument: str) -> None:
        self._start(session, FORKS)
        self._watch(session)

    def fill(self, session: Any, argument: str) -> None:
        self._start(session, FILLS)
        self._watch(session)

    def burn(self, session: Any, seconds: str) -> None:
        self._start(session, BURNS, seconds)
        self._watch(session)
        self._hand_in(session, "")

    def _start(self, session: Any, text: str, *arguments: str) -> None:
        session.write("job.py", text)
        session.launch(["job.py", *arguments], name="job")

    def _watch(self, session: Any) -> None:
        while session.supervisor.running:
            session.wait(0.2)

    def _hand_in(self, session: Any, after: str) -> None:
        folder = "candidates/c01"
        session.write(f"{folder}/program.py", (TOY / "oracle.py").read_text() + after)
        candidate = Candidate("c01", "rewrite", folder=folder, title="what the line says")
        session.created(candidate)
        session.submit(candidate, None)


family = Trying()
