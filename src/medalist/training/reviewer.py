"""Reading a command before launch: its kind, its review and its batch, in a process of Medalist's own.

Scripts are long and a search launches many, so the reading is done by a child that outlives them
(``python -m medalist.training.reviewer``) and the process that supervises stays light. The child is
trusted, runs outside every sandbox, opens no file (it asks for each text) and never runs what it
reads. Without it the same reading happens here, with the same result: nothing is launched unread.

One question is one line of JSON on its stdin. It answers with ``{"read": path}`` for each text it
wants, which is answered with ``{"text": ...}``, and at last with ``{"said": ...}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from medalist.core.errors import InputError
from medalist.hints.review import Finding, check_script
from medalist.machine import children
from medalist.machine.hardware import Gpu, Hardware
from medalist.source.tree import parse
from medalist.training.kind import Kind, Reader, kind_of_command, script_of
from medalist.training.recovery import batch_in_use
from medalist.training.review import Review, ScriptFacts, review


@dataclass(frozen=True)
class Question:
    """A command to be read. ``hardware`` is what the job gets; ``use_hints`` asks the knowledge base too;
    without ``review`` only the kind is told.

    ``beside`` names what lies in the job's folder, so that nobody asks for other modules' texts; None
    where that is not known.
    """

    argv: tuple[str, ...]
    hardware: Hardware
    facts: ScriptFacts = field(default_factory=ScriptFacts)
    use_hints: bool = True
    beside: tuple[str, ...] | None = None
    review: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def may_lie_there(self, path: str) -> bool:
        """Whether a path relative to the job's folder may name something."""
        first = PurePosixPath(path).parts[:1]
        return self.beside is None or not first or first[0] in (*self.beside, "..", "/")

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Question:
        machine = data["hardware"]
        gpus = tuple(Gpu(**gpu) for gpu in machine["gpus"])
        hardware = Hardware(**{**machine, "core_ids": tuple(machine["core_ids"]), "gpus": gpus})
        beside = data["beside"] if data["beside"] is None else tuple(data["beside"])
        return Question(
            tuple(data["argv"]),
            hardware,
            ScriptFacts(**data["facts"]),
            data["use_hints"],
            beside,
            data["review"],
        )


@dataclass(frozen=True)
class Said:
    """What reading found. ``review`` is None where nothing trains, or no script in Python is the command's own;
    ``batch`` is the command line's where it gives one, else the script's."""

    kind: Kind
    review: Review | None = None
    batch: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Said:
        found = data["review"]
        if found is not None:
            findings = tuple(Finding(**{**each, "span": tuple(each["span"])}) for each in found["findings"])
            found = Review(**{**found, "kind": Kind(found["kind"]), "findings": findings})
        return Said(Kind(data["kind"]), found, data["batch"])


def read_command(question: Question, read: Reader) -> Said:
    """Read a command in this process; ``read`` gives the texts of its script and of the files beside it."""
    kind = kind_of_command(question.argv, read)
    if not kind.trains or not question.review:
        return Said(kind)
    script = script_of(question.argv, read)
    code = read(script) if script else None
    if code is None:
        return Said(kind)
    try:
        hints = check_script(code, hardware=question.hardware) if question.use_hints else []
        found = review(code, question.hardware, question.facts, kind=kind, hint_findings=hints)
        return Said(kind, found, batch_in_use(parse(code), question.argv))
    except InputError:  # not Python: running it will say so, with a traceback
        return Said(kind)


class Reviewer:
    """The reading of one attempt's commands, by a child once ``start`` was called. For one thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the child and return at once; where that is not possible, reading happens here."""
        arguments = ["medalist.training.reviewer", str(os.getpid())]
        with contextlib.suppress(OSError):
            self._child = children.start(
                arguments, cwd=Path("/"), log=subprocess.DEVNULL, stdin=subprocess.PIPE
            )

    def ask(self, question: Question, read: Reader) -> Said:
        """As ``read_command``; a child that has died is given up and the reading happens here."""
        if self._child is not None:
            answered = False
            try:
                said = self._ask(self._child, question, read)
                answered = True
                return said
            except (OSError, ValueError, KeyError, TypeError):
                pass
            finally:
                if not answered:  # dead, or interrupted and still waiting for what will not come
                    self.close()
        return read_command(question, read)

    def close(self) -> None:
        """End the child."""
        if self._child is None:
            return
        child, self._child = self._child, None
        for pipe in (child.stdin, child.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        children.stop(child, grace_seconds=1.0)

    def _ask(self, child: subprocess.Popen[bytes], question: Question, read: Reader) -> Said:
        assert child.stdin is not None
        assert child.stdout is not None
        message = question.as_dict()
        while True:
            child.stdin.write(json.dumps(message).encode() + b"\n")
            child.stdin.flush()
            answer = json.loads(child.stdout.readline())
            if "said" in answer:
                return Said.from_dict(answer["said"])
            message = {"text": read(answer["read"])}


def main() -> None:
    """The child: answers questions until its stdin ends or its parent dies."""
    children.die_with_parent(int(sys.argv[1]))
    children.hide_this_process()

    for line in sys.stdin.buffer:
        question = Question.from_dict(json.loads(line))
        _say({"said": read_command(question, partial(_read, question)).as_dict()})


def _read(question: Question, path: str) -> str | None:
    if not question.may_lie_there(path):
        return None
    _say({"read": path})
    return json.loads(sys.stdin.buffer.readline())["text"]


def _say(message: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
