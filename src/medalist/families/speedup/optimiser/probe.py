"""The probe: runs a program where engineers' code runs, and tells what it answers, how long it takes and what it holds.

``python -m medalist.families.speedup.optimiser.probe REQUEST`` reads a ``Request`` as JSON and writes the ``Reply``
beside it, as ``REQUEST.reply``. What a program raises ends up in the reply; what ends the whole process does not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from medalist.families.speedup.optimiser.calling import Maker, load, load_instrumented, timed
from medalist.families.speedup.optimiser.compiling import keep_compiled
from medalist.families.speedup.optimiser.facts_json import facts_as_json
from medalist.families.speedup.optimiser.failures import in_a_line
from medalist.families.speedup.optimiser.requests import Reply, Request
from medalist.families.speedup.optimiser.trial import hold_trial


def main(request_file: str) -> None:
    request = Request.from_json(json.loads(Path(request_file).read_text()))
    reply = Reply(failure="it ended before it had answered")
    try:
        reply = hold_trial(request) if request.mode == "trial" else _reference(request)
    finally:  # also when the program leaves by sys.exit
        if sys.exception() is not None:
            reply = Reply(failure=in_a_line(sys.exception()))
        Path(f"{request_file}.reply").write_text(json.dumps(reply.as_json()))


def _reference(request: Request) -> Reply:
    """Call the program and keep its answers; of the last call the facts, where they are asked for."""
    source, maker, begin = request.source, Maker(request.source), None
    keep_compiled(request.program, source.compiled)
    if request.mode == "facts":
        entry, begin = load_instrumented(request.program, source.entry)
    else:
        entry = load(request.program, source.entry)
    folder = Path(source.answers)
    folder.mkdir(parents=True, exist_ok=True)
    seconds, recorder = [], None
    for call in request.calls:
        arguments = maker.arguments(call)
        recorder = begin() if begin else None
        spent, answer = timed(entry, arguments, source.threads)
        seconds.append(spent)
        (folder / call.name).write_bytes(answer)
    facts = facts_as_json(recorder.facts()) if recorder else None
    return Reply(seconds=tuple(seconds), size=maker.size, facts=facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
