"""Optimising one program from the first look to the proof: what is run when, so that a slow program is run seldom.

The original runs on its full inputs once, to be looked into and to give reference answers, and once more at the end,
on inputs drawn then. In between, while the program is slow, edits are tried on small inputs where the task's maker
takes a ``size``; what stands then is verified on full inputs, and the search goes on there.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.laboratory import MARGIN, Laboratory, is_equal
from medalist.families.speedup.optimiser.probing import facts_of_reply
from medalist.families.speedup.optimiser.requests import Call, Reply
from medalist.families.speedup.optimiser.search import Search, Stage, Teller
from medalist.families.speedup.optimiser.steps import LetGo, Proof, Step

_SMALL_SHARE = 10
_LEAST_SMALL = 16
_QUICK_SECONDS = 4.0
"""A program that takes no longer is tried on full inputs from the beginning."""

_QUICKENED = 12.0
"""Small inputs are left when the program is so many times as fast on them."""

_PROOF_SECONDS = 40.0
_MOST_PROOFS, _MOST_FULL_CALLS = 3, 3
_SEED_BITS = 31


@dataclass
class Result:
    """What came of optimising. ``text`` is the original where nothing held; ``said`` is why, in a sentence."""

    text: str
    said: str = ""
    steps: tuple[Step, ...] = ()
    let_go: tuple[LetGo, ...] = ()
    failures: dict[str, str] = field(default_factory=dict)
    proof: Proof | None = None
    original_seconds: float = 0.0


class Optimising:
    """One program's optimisation; ``work`` does it all."""

    def __init__(
        self,
        laboratory: Laboratory,
        teller: Teller,
        *,
        seed: int,
        remaining: Callable[[], float],
    ) -> None:
        """``seed`` draws the inputs of development; ``remaining`` says how many seconds are left."""
        self._laboratory = laboratory
        self._teller = teller
        self._random = random.Random(seed)
        self._remaining = remaining
        self._reserve = 0.0
        self._small: int | None = None
        self._full_seconds = 0.0
        self._search = Search(laboratory, teller, lambda: remaining() > self._reserve)

    def work(self) -> Result:
        """Find what can be found in the time there is. Raises nothing for a program that cannot be helped."""
        reply = self._laboratory.makers_size()
        if reply.failure:
            return self._unchanged(f"The program cannot be run on inputs of its own: {reply.failure}.")
        if reply.size and reply.size >= _LEAST_SMALL * 2:
            self._small = max(_LEAST_SMALL, reply.size // _SMALL_SHARE)
        small, small_seconds = self._look_at_small()
        full, facts, failure = self._look_at_full(small)
        if failure:
            return self._unchanged(f"The program cannot be run on inputs of its own: {failure}.")
        if small and self._full_seconds > _QUICK_SECONDS:
            stage = Stage(f"inputs of size {self._small}", small, 0.03, 1.05, 2.0)
            self._search.climb(stage, small_seconds, facts, small_seconds / _QUICKENED)
            facts = None if self._search.steps else facts
        self._climb_on_full(full, facts)
        return self._proven(full)

    # ---- before

    def _draw(self, size: int | None = None) -> Call:
        return Call(self._random.getrandbits(_SEED_BITS), size)

    def _look_at_small(self) -> tuple[tuple[Call, ...], float]:
        """Calls on small inputs with their reference answers, and the seconds of the last; none where they fail."""
        if self._small is None:
            return (), 0.0
        calls = (self._draw(self._small), self._draw(self._small))
        self._teller.say(f"Running the program on small inputs (size {self._small}).")
        reply = self._laboratory.reference(calls, 1.0)
        if reply.failure:
            self._small = None
            return (), 0.0
        return calls, reply.seconds[-1]

    def _look_at_full(self, small: tuple[Call, ...]) -> tuple[tuple[Call, ...], Facts | None, str]:
        """Calls with reference answers, the last on full inputs; what was seen of that; or why it failed."""
        first = small[:1] or (self._draw(),)
        calls = (*first, self._draw())
        self._teller.say(
            "Looking into the program on full inputs, for its answers and for where its time goes."
        )
        began = time.monotonic()
        reply = self._laboratory.reference(calls, 60.0, facts=True)
        if reply.failure:
            self._teller.say(f"The program bears no looking into: {reply.failure}.")
            reply = self._laboratory.reference(calls, 60.0)
        self._full_seconds = reply.seconds[-1] if reply.seconds else 0.0
        self._reserve = self._laboratory.kept_back_seconds = 20.0 + 2.0 * (time.monotonic() - began)
        if not reply.failure:
            self._teller.say(f"The program takes {self._full_seconds:.2f} s on full inputs.")
        return calls, facts_of_reply(reply), reply.failure

    # ---- on full inputs

    def _climb_on_full(self, calls: tuple[Call, ...], facts: Facts | None) -> None:
        stage = Stage("full inputs", calls, 0.004, 1.015, 4.0)
        self._search.climb(stage, self._verified_on(calls), facts)

    def _verified_on(self, calls: tuple[Call, ...]) -> float:
        """Seconds on full inputs; steps from the first on that is not equal there are taken back."""
        if not self._search.steps:
            return self._full_seconds
        self._teller.say("Verifying on full inputs what was found on small ones.")
        count, reply = self._longest_equal(calls)
        if count < len(self._search.steps):
            self._search.take_back(count, f"not equal on full inputs: {reply.worst or reply.failure}")
            reply = self._check(count, calls, MARGIN)
        return reply.seconds[-1]

    def _longest_equal(self, calls: tuple[Call, ...], margin: float = MARGIN) -> tuple[int, Reply]:
        """How many of the steps stay equal on ``calls``, and what was said of the first that does not, or of all."""
        steps = self._search.steps
        reply = self._check(len(steps), calls, margin)
        if is_equal(reply, margin):
            return len(steps), reply
        good, bad = 0, len(steps)
        while bad - good > 1:
            middle = (good + bad) // 2
            found = self._check(middle, calls, margin)
            good, bad, reply = (middle, bad, reply) if is_equal(found, margin) else (good, middle, found)
        return good, reply

    def _check(self, count: int, calls: tuple[Call, ...], margin: float) -> Reply:
        text = self._search.steps[count - 1].text if count else self._laboratory.original
        return self._laboratory.check(text, calls, self._full_seconds, margin)

    # ---- after

    def _proven(self, full: tuple[Call, ...]) -> Result:
        """What holds on inputs drawn now. A step that does not is taken back, and what can be found without it proven."""
        for _ in range(_MOST_PROOFS):
            if not self._search.steps:
                return self._unchanged(
                    "Nothing was found that makes it faster and leaves it the same program."
                )
            self._laboratory.kept_back_seconds = 0.0
            calls = self._draw_afterwards()
            self._teller.say(f"Running the original on {len(calls)} inputs drawn now, for the proof.")
            reference = self._laboratory.reference(calls, self._full_seconds * len(calls))
            if reference.failure:
                return self._unchanged(f"The original fails on inputs drawn afterwards: {reference.failure}.")
            count, reply = self._longest_equal(calls, 1.0)
            if count == len(self._search.steps):
                return self._result(_proof(calls, reference, reply))
            where = "not equal on inputs drawn afterwards"
            self._search.take_back(count, f"{where}: {reply.worst or reply.failure}")
            self._laboratory.kept_back_seconds = self._reserve
            self._climb_on_full(full, None)
        return self._unchanged("What was found did not hold on inputs drawn afterwards.")

    def _draw_afterwards(self) -> tuple[Call, ...]:
        """The first is not timed, unless it is the only one."""
        full = max(1, min(_MOST_FULL_CALLS, int(_PROOF_SECONDS / max(self._full_seconds, 0.01))))
        sizes = [self._small, self._small] if self._small else [None] if full > 1 else []
        return tuple(Call(secrets.randbits(_SEED_BITS), size) for size in (*sizes, *[None] * full))

    def _unchanged(self, said: str) -> Result:
        result = self._result(None)
        result.text, result.said = self._laboratory.original, f"{said} The original is returned."
        return result

    def _result(self, proof: Proof | None) -> Result:
        search = self._search
        return Result(
            text=search.text,
            steps=tuple(search.steps) if proof else (),
            let_go=tuple(search.let_go.values()),
            failures=search.failures,
            proof=proof,
            original_seconds=self._full_seconds,
        )


def _proof(calls: tuple[Call, ...], reference: Reply, reply: Reply) -> Proof:
    timed = [place for place, call in enumerate(calls) if call.size is None][-max(1, len(calls) - 1) :]
    return Proof(
        calls=calls,
        excess=reply.excess,
        worst=reply.worst,
        seconds=tuple(reply.seconds[place] for place in timed),
        original_seconds=tuple(reference.seconds[place] for place in timed),
    )
