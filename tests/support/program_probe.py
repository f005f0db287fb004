"""The optimiser's probe on a program's text, as a real process without a sandbox: for tests of transformations.

``maker`` is the text of a file that defines ``make_inputs(seed)``, with a ``size`` where it likes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.probing import Probing, facts_of_reply
from medalist.families.speedup.optimiser.requests import Call, Reply, Request, Source
from medalist.workspace.workspace import Completed

ANY_ARRAY = (("*", 1e-6, 1e-9),)
_LIMIT_SECONDS = 120.0


class PlainBench:
    """A folder in which commands run as they are."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, relative: str | Path, text: str) -> Path:
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def read(self, relative: str | Path) -> str:
        return (self.root / relative).read_text()

    def run(self, argv: Sequence[str], *, timeout_seconds: float | None, cores: Sequence[int]) -> Completed:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        done = subprocess.run(
            [sys.executable, *argv],
            cwd=self.root,
            env={**os.environ, **threads, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        return Completed(done.returncode, done.stdout, 0.0, 0.0, False)


def facts_of(text: str, maker: str, *, entry: str = "run", seed: int = 1) -> Facts:
    """What is seen of one call of ``entry``."""
    with tempfile.TemporaryDirectory() as folder:
        probing, source = _at(Path(folder), maker, entry, ANY_ARRAY)
        reply = probing.ask(Request("facts", source, probing.program(text), (Call(seed),)), _LIMIT_SECONDS)
        facts = facts_of_reply(reply)
        assert facts is not None, reply.failure
        return facts


def trial_of(
    original: str,
    edited: str,
    maker: str,
    *,
    entry: str = "run",
    seeds: Sequence[int] = (1, 2),
    rules: Sequence[tuple[str, float, float]] = ANY_ARRAY,
    rounds: int = 0,
) -> Reply:
    """The edited program beside the original: ``failure``, ``excess`` (equal: none above 1) and, with rounds, ``turns``."""
    with tempfile.TemporaryDirectory() as folder:
        probing, source = _at(Path(folder), maker, entry, rules)
        calls = tuple(map(Call, seeds))
        first = probing.program(original)
        reference = probing.ask(Request("answers", source, first, calls), _LIMIT_SECONDS)
        assert not reference.failure, reference.failure
        request = Request("trial", source, probing.program(edited), calls, rival=first, rounds=rounds)
        return probing.ask(request, _LIMIT_SECONDS)


def _at(
    folder: Path, maker: str, entry: str, rules: Sequence[tuple[str, float, float]]
) -> tuple[Probing, Source]:
    bench = PlainBench(folder)
    bench.write("inputs.py", maker)
    return Probing(bench, "optimiser"), Source(entry, "inputs.py", "make_inputs", tuple(rules), "answers")
