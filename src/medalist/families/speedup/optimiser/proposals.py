"""Asking every transformation for edits: a process in which one that fails, or never ends, costs only its own edits.

``python -m medalist.families.speedup.optimiser.proposals REQUEST`` reads a program and its facts as JSON and writes
beside it, as ``REQUEST.reply``, what each transformation offers or how it failed.
"""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

from medalist.families.speedup.optimiser.all import transformations
from medalist.families.speedup.optimiser.failures import in_a_line
from medalist.families.speedup.optimiser.requests import Proposals, Question
from medalist.families.speedup.optimiser.transformation import Edit, Program, Transformation

_MOST_EDITS_EACH = 40
_PATIENCE_SECONDS = 20.0


def propose(program: Program, offered: Iterable[Transformation]) -> Proposals:
    """What each transformation makes of the program, one after the other, each in a fork of this process."""
    edits: list[Edit] = []
    failures: dict[str, str] = {}
    for each in offered:
        if any(importlib.util.find_spec(name) is None for name in each.needs):
            continue
        found = _ask(each, program)
        if isinstance(found, str):
            failures[each.name] = found
        else:
            edits += [_titled(edit) for edit in found if edit.text != program.text]
    return Proposals(tuple(edits), failures)


def _titled(edit: Edit) -> Edit:
    """The edit with a title that reads as a heading."""
    title = edit.title.rstrip(".")
    return replace(edit, title=title[:1].upper() + title[1:])


def _ask(transformation: Transformation, program: Program) -> list[Edit] | str:
    context = multiprocessing.get_context("fork")
    channel, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_offer, args=(transformation, program, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not channel.poll(_PATIENCE_SECONDS):
            return f"it thought for longer than {_PATIENCE_SECONDS:.0f} s"
        return channel.recv()
    except EOFError:
        return "its process ended before it had answered"
    finally:
        channel.close()
        process.kill()
        process.join()


def _offer(transformation: Transformation, program: Program, channel: Connection) -> None:
    try:
        channel.send(list(islice(transformation.edits(program), _MOST_EDITS_EACH)))
    finally:
        if sys.exception() is not None:
            channel.send(in_a_line(sys.exception()))


def main(request_file: str) -> None:
    question = Question.from_json(json.loads(Path(request_file).read_text()))
    found = propose(question.program, transformations())
    Path(f"{request_file}.reply").write_text(json.dumps(found.as_json()))


if __name__ == "__main__":
    main(*sys.argv[1:])
