"""Asking every transformation for edits: a process in which one that fails, or never ends, costs only its own edits.

``python -m medalist.families.speedup.optimiser.proposals REQUEST`` reads a program and its facts as JSON and writes
beside it, as ``REQUEST.reply``, what each transformation offers or how it failed.
"""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from medalist.families.speedup.optimiser.all import transformations
from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.facts_json import facts_as_json, facts_from_json
from medalist.families.speedup.optimiser.transformation import Edit, Program, Transformation

PROPOSALS = "medalist.families.speedup.optimiser.proposals"

_MOST_EDITS_EACH = 40
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Proposals:
    """Edits worth trying, and for each transformation that failed the last line of what it said."""

    edits: tuple[Edit, ...]
    failures: Mapping[str, str]

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Proposals:
        return Proposals(tuple(Edit(**each) for each in data["edits"]), data["failures"])


def question(text: str, entry: str, facts: Facts, threads: int) -> dict[str, Any]:
    """What is handed to the process, as JSON values."""
    return {"text": text, "entry": entry, "facts": facts_as_json(facts), "threads": threads}


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
            edits += [edit for edit in found if edit.text != program.text]
    return Proposals(tuple(edits), failures)


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
            channel.send(traceback.format_exc().strip().splitlines()[-1][:300])


def main(request_file: str) -> None:
    data = json.loads(Path(request_file).read_text())
    program = Program(data["text"], data["entry"], facts_from_json(data["facts"]), data["threads"])
    found = propose(program, transformations())
    reply = {"edits": [asdict(edit) for edit in found.edits], "failures": found.failures}
    Path(f"{request_file}.reply").write_text(json.dumps(reply))


if __name__ == "__main__":
    main(*sys.argv[1:])
