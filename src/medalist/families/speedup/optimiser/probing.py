"""Asking the probe and the transformations: requests go out as files of a workspace, jobs answer them, replies are data."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from medalist.core.errors import JobError, SubmissionInvalid
from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.facts_json import facts_from_json
from medalist.families.speedup.optimiser.requests import Proposals, Question, Reply, Request
from medalist.workspace.workspace import Completed

_PACKAGE = "medalist.families.speedup.optimiser"


class Bench(Protocol):
    """Where the probe works: a folder with files, in which commands of ``python`` run. A session is one."""

    def write(self, relative: str | Path, text: str) -> Path: ...

    def read(self, relative: str | Path) -> str: ...

    def run(
        self, argv: Sequence[str], *, timeout_seconds: float | None, cores: Sequence[int]
    ) -> Completed: ...


class Probing:
    """Runs the optimiser's jobs on a bench, in files of ``folder``."""

    def __init__(self, bench: Bench, folder: str, cores: Sequence[int] = ()) -> None:
        self._bench = bench
        self._folder = folder
        self._cores = tuple(cores)
        self._numbers = itertools.count(1)
        self._programs: dict[str, str] = {}

    def program(self, text: str) -> str:
        """The path of a file that holds ``text``, for a request; the same for the same text."""
        if text not in self._programs:
            path = f"{self._folder}/programs/{len(self._programs) + 1:03d}/program.py"
            self._bench.write(path, text)
            self._programs[text] = path
        return self._programs[text]

    def ask(self, request: Request, limit_seconds: float) -> Reply:
        """The probe's reply; one with a ``failure`` where it gave none in time."""
        found = self._job("probe", request.as_json(), limit_seconds)
        if isinstance(found, str):
            return Reply(failure=found)
        try:
            return Reply.from_json(found)
        except (ValueError, TypeError, KeyError, AttributeError):
            return Reply(failure="its reply cannot be read")

    def propose(self, question: Question, limit_seconds: float) -> Proposals:
        """What all transformations offer; nothing, and the reason, where their job failed as a whole."""
        found = self._job("proposals", question.as_json(), limit_seconds)
        if isinstance(found, str):
            return Proposals((), {"all transformations": found})
        try:
            return Proposals.from_json(found)
        except (ValueError, TypeError, KeyError, AttributeError):
            return Proposals((), {"all transformations": "their reply cannot be read"})

    def _job(self, module: str, question: Mapping[str, Any], limit_seconds: float) -> dict[str, Any] | str:
        """The reply of one of the optimiser's own commands, or why there is none."""
        path = f"{self._folder}/requests/{next(self._numbers):03d}-{module}.json"
        self._bench.write(path, json.dumps(question))
        argv = ("-m", f"{_PACKAGE}.{module}", path)
        done = self._bench.run(argv, timeout_seconds=limit_seconds, cores=self._cores)
        try:
            return json.loads(self._bench.read(f"{path}.reply"))
        except (SubmissionInvalid, JobError, OSError):
            pass
        except ValueError:
            return "its reply cannot be read"
        if done.timed_out:
            return f"it took longer than {limit_seconds:.0f} s"
        said = (done.output.strip().splitlines() or ["it said nothing"])[-1][:300]
        return f"it ended with {done.returncode}: {said}"


def facts_of_reply(reply: Reply) -> Facts | None:
    """The facts of a reply; None where it has none that can be read."""
    try:
        return facts_from_json(reply.facts) if reply.facts else None
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
