"""The search's laboratory: a program under optimisation, its reference answers, and the jobs that try edits of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.probing import Probing, facts_of_reply
from medalist.families.speedup.optimiser.requests import Call, Proposals, Question, Reply, Request, Source
from medalist.families.speedup.optimiser.transformation import Program

MARGIN = 0.5
"""The share of a tolerance that an edit may use up while it is developed: the judge draws other inputs."""

_PATIENCE_SECONDS = 120.0
_PATIENCE_FACTOR = 12.0
"""Limits are wide: a machine may be shared, and an edited program may compile itself first."""

_FEWEST_TURNS, _MOST_TURNS = 2, 49


class Laboratory:
    """``original`` is the program whose answers are the reference; ``remaining`` says how many seconds are left."""

    def __init__(
        self,
        probing: Probing,
        source: Source,
        original: str,
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self.original = original
        self._probing = probing
        self._source = source
        self._remaining = remaining
        self.kept_back_seconds = 0.0
        """Of what remains, nothing that is asked for may use these."""

    def makers_size(self) -> Reply:
        """A reply whose ``size`` is what the task's maker makes by itself; fails when the program cannot be imported."""
        return self._ask(Request("answers", self._source, self._probing.program(self.original), ()), 1.0)

    def reference(self, calls: Sequence[Call], expected_seconds: float, *, facts: bool = False) -> Reply:
        """Run the original on ``calls`` and keep its answers; look into the last call where ``facts`` are wanted."""
        program = self._probing.program(self.original)
        mode = "facts" if facts else "answers"
        return self._ask(Request(mode, self._source, program, tuple(calls)), expected_seconds)

    def facts(self, text: str, calls: Sequence[Call], expected_seconds: float) -> tuple[Facts, str]:
        """What is seen of a program during the last of ``calls``; nothing, and why, where it bears no looking into."""
        own = replace(self._source, answers=f"{self._source.answers}-own")
        reply = self._ask(
            Request("facts", own, self._probing.program(text), tuple(calls)), expected_seconds * len(calls)
        )
        return facts_of_reply(reply) or Facts(expected_seconds), reply.failure

    def edits(self, text: str, facts: Facts) -> Proposals:
        """What the transformations offer."""
        program = Program(text, self._source.entry, facts, self._source.threads)
        return self._probing.propose(Question(program), self._limit(60.0))

    def trial(
        self, text: str, calls: Sequence[Call], rival: str, rival_seconds: float, turns_seconds: float
    ) -> Reply:
        """A program's answers beside the reference's, and its time beside a rival's that takes ``rival_seconds``.

        They take as many turns as ``turns_seconds`` hold, within bounds.
        """
        turns = max(_FEWEST_TURNS, min(_MOST_TURNS, int(turns_seconds / max(rival_seconds, 1e-3) / 2)))
        request = Request(
            mode="trial",
            source=self._source,
            program=self._probing.program(text),
            calls=tuple(calls),
            rival=self._probing.program(rival),
            rival_seconds=rival_seconds,
            rounds=turns,
            margin=MARGIN,
        )
        return self._ask(request, rival_seconds * (len(calls) + 2 * turns))

    def check(
        self, text: str, calls: Sequence[Call], expected_seconds: float, margin: float = MARGIN
    ) -> Reply:
        """A program's answers beside the reference's, without a rival."""
        request = Request("trial", self._source, self._probing.program(text), tuple(calls), margin=margin)
        return self._ask(request, expected_seconds * len(calls))

    def _ask(self, request: Request, expected_seconds: float) -> Reply:
        return self._probing.ask(request, self._limit(expected_seconds))

    def _limit(self, expected_seconds: float) -> float:
        left = self._remaining() - self.kept_back_seconds
        return max(1.0, min(left, _PATIENCE_SECONDS + _PATIENCE_FACTOR * expected_seconds))


def is_equal(reply: Reply, margin: float = MARGIN) -> bool:
    """Whether a trial ended with every answer within ``margin`` of its tolerance."""
    return not reply.failure and bool(reply.excess) and max(reply.excess.values()) <= margin
