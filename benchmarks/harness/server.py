"""The language model that every system asks: a scripted provider that calls one tool a step and notes the time.

``python -m benchmarks.harness.server --steps N --latency SECONDS --log FILE`` prints its port and
answers until its stdin ends. The log holds one line a request: conversation, step, seconds. The gap
between an answer and the next request is what a system takes for a step, its tool included.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

from medalist.llm.scripted import Reply, ScriptedProvider, Turn, call, say

TOOL = "list_files"
"""Every system has it: the names of a few files, so that the loop is measured and not the tool."""


ENDING = 3
"""How many answers more an attempt of Medalist's takes, to hand in and leave."""


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True)
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    lock = threading.Lock()
    conversations: dict[str, int] = {}

    def reply(turn: Turn) -> Reply:
        now = time.monotonic()
        with lock, options.log.open("a") as log:
            number = conversations.setdefault(turn.conversation, len(conversations))
            log.write(f"{number} {turn.number} {now:.6f}\n")
        if turn.number <= options.steps:
            return call(TOOL, path=".", depth=turn.number)  # never the same call twice
        return _ending(turn, turn.number - options.steps) if "finish" in turn.tools else say("done")

    with ScriptedProvider(reply, latency_seconds=options.latency) as provider:
        print(provider.port, flush=True)
        sys.stdin.read()


def _ending(turn: Turn, number: int) -> Reply:
    """Medalist's agent may not leave without a submission of its own."""
    answers = (
        call("write_file", path="candidates/guess/mean.txt", content="2"),
        call("submit", folder="candidates/guess", title="a guess"),
        call("finish", summary="done"),
    )
    return answers[min(number, ENDING) - 1]


if __name__ == "__main__":
    main()
