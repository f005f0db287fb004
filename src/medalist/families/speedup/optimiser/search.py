"""The search: edits by what they may save, each joined to what was kept so far, verified, timed, and kept if faster.

Best first within a round, a round for every look at the program. Two edits of the same lines are two ways to do one
thing; the faster of them stays. Nothing here knows what an edit does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.laboratory import Laboratory, is_equal
from medalist.families.speedup.optimiser.merging import merged, overlap
from medalist.families.speedup.optimiser.requests import Call, Reply
from medalist.families.speedup.optimiser.steps import LetGo, Step, gain_of, is_surely_faster, seconds_of
from medalist.families.speedup.optimiser.touching import promise
from medalist.families.speedup.optimiser.transformation import Edit

_MOST_ALTERNATIVES = 3
_TRIED_AGAIN = 2.0
"""An edit that brought nothing is tried again when the program has become so many times as fast."""


@dataclass(frozen=True)
class Stage:
    """Inputs on which edits are verified and timed: on all of ``calls``, and on the last of them.

    Edits that may save less than ``least_share`` of the program's time are not tried, and those by which it does not
    become ``least_gain`` times as fast not kept; ``turns_seconds`` may go into telling that.
    """

    title: str
    calls: tuple[Call, ...]
    least_share: float
    least_gain: float
    turns_seconds: float


@dataclass(frozen=True)
class Teller:
    """Whom the search tells what it does: a sentence for a person, a record for the report."""

    say: Callable[[str], None]
    record: Callable[[Edit, str, float], None]
    """An edit that was tried: why it was let go ("" when kept), and its gain."""


class Search:
    """One program's way from the original to the fastest equal one that was found."""

    def __init__(self, laboratory: Laboratory, teller: Teller, has_time: Callable[[], bool]) -> None:
        self.steps: list[Step] = []
        self.let_go: dict[tuple[str, str], LetGo] = {}
        self.failures: dict[str, str] = {}
        """Transformations that failed on this program, with the last line of what they said."""
        self._laboratory = laboratory
        self._teller = teller
        self._has_time = has_time
        self._seconds = 0.0

    @property
    def text(self) -> str:
        """The program as it stands now."""
        return self.steps[-1].text if self.steps else self._laboratory.original

    @property
    def seconds(self) -> float:
        """What it takes on the last call of the stage."""
        return self._seconds

    def climb(
        self, stage: Stage, seconds: float, facts: Facts | None = None, until_seconds: float = 0.0
    ) -> None:
        """Go on until nothing more is found, or the program takes less than ``until_seconds``.

        ``seconds`` is what it takes now on the last call of ``stage``, ``facts`` what is known of it already.
        """
        self._seconds = seconds
        self.let_go = {key: each for key, each in self.let_go.items() if each.final}
        while self._has_time() and self._seconds > until_seconds:
            if facts is None:
                self._teller.say(
                    f"Looking into the program as it stands ({self._seconds:.2f} s on {stage.title})."
                )
                facts, failure = self._laboratory.facts(self.text, stage.calls, self._seconds)
                if failure:
                    self._teller.say(f"The program bears no looking into: {failure}.")
            edits = self._worth_trying(stage, facts)
            if not self._round(stage, edits, until_seconds):
                return
            facts = None

    def take_back(self, count: int, reason: str) -> None:
        """Keep the first ``count`` steps only. The next one was found to be wrong; those behind it may be found again."""
        wrong = self.steps[count].edit
        self._teller.say(f"Taken back: {wrong.title}, for the program is {reason}.")
        self.let_go[wrong.transformation, wrong.title] = LetGo(wrong, reason, final=True)
        del self.steps[count:]

    def _worth_trying(self, stage: Stage, facts: Facts) -> Sequence[Edit]:
        proposals = self._laboratory.edits(self.text, facts)
        for name, failure in proposals.failures.items():
            if self.failures.setdefault(name, failure) is failure:
                self._teller.say(f"The transformation {name!r} failed on this program: {failure}.")
        found = [edit for edit in proposals.edits if facts.share(edit.seconds) >= stage.least_share]
        return sorted(found, key=lambda edit: -promise(self.text, edit, facts))

    def _round(self, stage: Stage, edits: Sequence[Edit], until_seconds: float) -> bool:
        """Try edits of the text as it stands; whether any was kept."""
        base, count, waiting = self.text, len(self.steps), deque(edits)
        while waiting and self._has_time() and self._seconds > until_seconds:
            edit, before = waiting.popleft(), self.text
            if not self._try(edit, merged(base, before, edit.text), stage):
                continue
            ways = [other for other in waiting if overlap(base, edit.text, other.text)]
            waiting = deque(other for other in waiting if other not in ways)
            for other in ways[:_MOST_ALTERNATIVES]:
                self._try(other, merged(base, before, other.text), stage, instead=True)
        return len(self.steps) > count

    def _try(self, edit: Edit, text: str | None, stage: Stage, *, instead: bool = False) -> bool:
        """Keep the edit if it is equal and faster; ``instead`` of the last step where it is another way to do that."""
        known = self.let_go.get((edit.transformation, edit.title))
        if text is None or (known and (known.final or self._seconds * _TRIED_AGAIN > known.seconds)):
            return False
        self._teller.say(f"Trying: {edit.title}.")
        reply = self._laboratory.trial(text, stage.calls, self.text, self._seconds, stage.turns_seconds)
        gain, reason = gain_of(reply), _why_not(reply, stage.least_gain)
        if reason:
            final = not is_equal(reply)
            self.let_go[edit.transformation, edit.title] = LetGo(edit, reason, final, self._seconds)
        else:
            replaced = self.steps.pop() if instead else None
            self._seconds = seconds_of(reply)
            step = Step(edit, text, gain, stage.calls, stage.title, reply.excess, reply.worst)
            self.steps.append(replace(step, gain=gain * replaced.gain) if replaced else step)
        self._teller.record(edit, reason, gain)
        return not reason


def _why_not(reply: Reply, least_gain: float) -> str:
    """Why a tried edit is not kept; "" when it is."""
    if reply.failure:
        return f"does not run: {reply.failure}"
    if not is_equal(reply):
        return f"not equal: {reply.worst}"
    gain = gain_of(reply)
    if gain < least_gain:
        return f"not faster: {gain:.2f} times the speed"
    if not is_surely_faster(reply.turns):
        return f"not faster beyond noise: {gain:.2f} times the speed, by too few of the turns"
    return ""
